// The address under which a caller reaches us, for documents and links: --public-url, else what a trusted proxy says
// (X-Forwarded-Proto, -Host, -Port and -Prefix, or Forwarded of RFC 7239), else the request's own Host. A header from anybody else is not believed.

import { isIPv6, type BlockList } from 'node:net';
import type { IncomingHttpHeaders } from 'node:http';
import type { Settings } from '../../config/types.ts';
import { parseHostPort, plainAddress } from './host.ts';
import type { AccessRules } from './rules.ts';

/** Origin and path before all of our routes. */
export interface Mount {
  /** Such as `https://tools.example`. */
  readonly origin: string;
  /** '' or '/path'. */
  readonly rootPath: string;
}

export interface Caller {
  readonly headers: IncomingHttpHeaders;
  readonly peer: string | undefined;
  readonly encrypted: boolean;
}

export function mountOf(settings: Settings, rules: AccessRules, caller: Caller): Mount {
  const forwarded = isTrusted(rules.proxies, caller.peer) ? forwardedBy(caller.headers) : {};
  const rootPath = forwarded.prefix ?? settings.rootPath;
  if (settings.publicUrl !== undefined) {
    // Whoever gives the whole address has given the root path too; whoever gives the origin has not.
    const { origin, pathname } = new URL(settings.publicUrl);
    const path = pathname.replace(/\/+$/, '');
    return { origin, rootPath: path.endsWith(rootPath) ? path : `${path}${rootPath}` };
  }
  const host = forwarded.host ?? caller.headers.host;
  const origin = `${forwarded.proto ?? (caller.encrypted ? 'https' : 'http')}://${host}`;
  // Not every host in that form is one of a URL: no address has a number above 255, no port one above 65535.
  const isAddress = parseHostPort(host) !== undefined && URL.canParse(origin);
  return { origin: isAddress ? origin : rules.ownOrigin, rootPath };
}

/** Whether a peer is a reverse proxy that was named: what it says of addresses counts. */
export function isTrusted(proxies: BlockList | undefined, peer: string | undefined): boolean {
  if (proxies === undefined || peer === undefined) return false;
  const address = plainAddress(peer);
  return proxies.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

interface Forwarded {
  readonly proto?: 'http' | 'https' | undefined;
  readonly host?: string | undefined;
  readonly prefix?: string | undefined;
}

function forwardedBy(headers: IncomingHttpHeaders): Forwarded {
  const standard = forwardedElement(headers.forwarded);
  const proto = standard.get('proto') ?? last(headers['x-forwarded-proto']);
  const host = standard.get('host') ?? withPort(last(headers['x-forwarded-host']), headers['x-forwarded-port'], proto);
  const prefix = last(headers['x-forwarded-prefix'])?.replace(/\/+$/, '');
  return {
    proto: proto === 'http' || proto === 'https' ? proto : undefined,
    host: parseHostPort(host) === undefined ? undefined : host,
    prefix: prefix !== undefined && plainPath.test(prefix) ? prefix : undefined,
  };
}

/** Some proxies name the port apart from the host; the usual one of the scheme is not shown. */
function withPort(host: string | undefined, header: string | string[] | undefined, proto: string | undefined) {
  const port = last(header);
  if (host === undefined || port === undefined || !/^\d{1,5}$/.test(port)) return host;
  if (parseHostPort(host)?.port !== undefined) return host;
  const usual = { http: ['80'], https: ['443'] }[proto ?? ''] ?? ['80', '443'];
  return usual.includes(port) ? host : `${host}:${port}`;
}

/** Path segments that need no encoding; `//host` would be another origin. */
const plainPath = /^(?:\/[\w.~%-]+)*$/;

/** The pairs of the last element: what the peer itself said, not what it was told. */
function forwardedElement(header: string | undefined): Map<string, string> {
  const pairs = new Map<string, string>();
  for (const pair of (last(header) ?? '').split(';')) {
    const equals = pair.indexOf('=');
    if (equals < 0) continue;
    pairs.set(pair.slice(0, equals).trim().toLowerCase(), unquoted(pair.slice(equals + 1).trim()));
  }
  return pairs;
}

function unquoted(value: string): string {
  return value.startsWith('"') && value.endsWith('"') && value.length >= 2 ? value.slice(1, -1) : value;
}

function last(header: string | string[] | undefined): string | undefined {
  const value = String(header ?? '')
    .split(',')
    .at(-1)
    ?.trim();
  return value === '' ? undefined : value;
}
