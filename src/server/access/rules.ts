// What the settings and the bound address say about access, worked out once and read by every request: the keys'
// digests, whose tokens are believed, accepted hosts and origins, trusted proxies. A reload brings new Settings and so new
// rules.

import { BlockList, isIPv6 } from 'node:net';
import { isGuarded } from '../../config/guarded.ts';
import type { JwtConfig, Settings } from '../../config/types.ts';
import { isLoopbackHost, isWildcardAddress, plainAddress, urlHost } from './host.ts';
import { createTokenVerifier, type TokenVerifier } from './jwt.ts';
import { knownKeys, type KnownKey } from './keys.ts';

/** Where the program listens; before it does, where it would. */
export interface Binding {
  readonly address: string;
  readonly port: number;
  readonly scheme: 'http' | 'https';
}

export interface AccessRules {
  /** Calls need one of them, unless there is none. */
  readonly keys: readonly KnownKey[];
  /** Of users' tokens, everywhere; calls need one where no key is set. undefined: no token is believed. */
  readonly tokens: TokenVerifier | undefined;
  /** What they are verified by. */
  readonly jwt: JwtConfig | undefined;
  /** Whether keys or tokens guard every server. */
  readonly guarded: boolean;
  readonly strictAuth: boolean;
  /** undefined: any host is accepted. Otherwise loopback names are, and these. */
  readonly hosts: ReadonlySet<string> | undefined;
  readonly origins: OriginRules;
  /** undefined: no proxy is believed. */
  readonly proxies: BlockList | undefined;
  /** Our own address for those who send no usable Host header. */
  readonly ownOrigin: string;
}

export interface OriginRules {
  /** Every origin may call; then no other member matters. */
  readonly any: boolean;
  /** Named by --cors-allow-origins: these may send credentials too. */
  readonly listed: ReadonlySet<string>;
  /** Those under which our own pages are reached. */
  readonly own: ReadonlySet<string>;
  /** Pages of this machine: all of them, those on our port, or none. */
  readonly loopback: 'any-port' | 'our-port' | 'none';
  readonly binding: Binding;
}

/** `previous`: those in force before, whose fetched keys go on where their place did not change. */
export function accessRules(settings: Settings, binding: Binding, previous?: AccessRules): AccessRules {
  const guarded = isGuarded(settings);
  return {
    keys: knownKeys(settings),
    tokens: sameJwt(settings.jwt, previous?.jwt) ? previous?.tokens : settings.jwt && createTokenVerifier(settings.jwt),
    jwt: settings.jwt,
    guarded,
    strictAuth: settings.strictAuth,
    hosts: guarded || acceptsAnyHost(settings, binding) ? undefined : hostsOf(settings),
    origins: originRules(settings, binding),
    proxies: settings.trustedProxies.length === 0 ? undefined : blockListOf(settings.trustedProxies),
    ownOrigin: ownOriginOf(binding),
  };
}

function sameJwt(a: JwtConfig | undefined, b: JwtConfig | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Such as `http://127.0.0.1:8000`; a bind to every interface is shown by its loopback address. */
export function ownOriginOf({ address, port, scheme }: Binding): string {
  const host = isWildcardAddress(address) ? '127.0.0.1' : urlHost(plainAddress(address));
  return `${scheme}://${host}${port === defaultPorts[scheme] ? '' : `:${port}`}`;
}

const defaultPorts = { http: 80, https: 443 } as const;

/**
 * Only an address that somebody asked for by name. All interfaces without a key and without --host would be the work of
 * a reload that takes the key away, which is refused; come what may, this machine alone may call then.
 */
function acceptsAnyHost(settings: Settings, binding: Binding): boolean {
  return settings.host !== undefined && !isLoopbackHost(binding.address);
}

function hostsOf({ publicUrl }: Settings): ReadonlySet<string> {
  return new Set(publicUrl === undefined ? [] : [new URL(publicUrl).hostname]);
}

function originRules(settings: Settings, binding: Binding): OriginRules {
  const { corsAllowOrigins, publicUrl, host } = settings;
  const reachedByLoopback = isLoopbackHost(binding.address) || isWildcardAddress(binding.address);
  const own = new Set([ownOriginOf(binding)]);
  if (host !== undefined) own.add(ownOriginOf({ ...binding, address: host }));
  if (publicUrl !== undefined) own.add(new URL(publicUrl).origin);
  return {
    any: corsAllowOrigins?.includes('*') ?? isGuarded(settings),
    listed: new Set(corsAllowOrigins),
    own,
    loopback: corsAllowOrigins === undefined ? 'any-port' : reachedByLoopback ? 'our-port' : 'none',
    binding,
  };
}

function blockListOf(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', prefix] = entry.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
}
