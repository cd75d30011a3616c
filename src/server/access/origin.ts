// Who may reach us from a browser: the Host check against DNS rebinding, the Origin check against foreign pages, and the
// CORS answer. Without a key any web page could otherwise run this machine's tools. Own origins come from the settings
// and the socket, never from the Host header, which the page's author chooses.

import { AppError } from '../../errors.ts';
import { isLoopbackHost, isWildcardAddress, parseHostPort } from './host.ts';
import { ownOriginOf, type AccessRules, type OriginRules } from './rules.ts';

/** Throws `forbidden` for a host or an origin that may not call; where keys or tokens guard every server neither is asked. */
export function checkHostAndOrigin(
  rules: AccessRules,
  host: string | undefined,
  origin: string | undefined,
  localAddress: string | undefined,
): void {
  if (rules.guarded) return;
  if (rules.hosts !== undefined && !(acceptsHost(rules.hosts, host) && isLocal(localAddress))) {
    throw new AppError(
      'forbidden',
      `The host ${quoted(host)} is not accepted without authentication: use a loopback address, name the address ` +
        'people use with --public-url, bind it with --host, or set --api-key.',
    );
  }
  if (origin !== undefined && !allowsOrigin(rules.origins, origin, localAddress)) {
    throw new AppError(
      'forbidden',
      `Web pages of the origin ${quoted(origin)} may not call without authentication: allow it with ` +
        '--cors-allow-origins, or set --api-key.',
    );
  }
}

/** Whether pages of that origin may read our answers. */
export function allowsOrigin(rules: OriginRules, origin: string, localAddress: string | undefined): boolean {
  if (rules.any || rules.listed.has(origin) || rules.own.has(origin)) return true;
  return isAddressed(rules, origin, localAddress) || isLoopbackOrigin(rules, origin);
}

/** A page that came from the very address that this request came to: ours, where every interface is bound. */
function isAddressed({ binding }: OriginRules, origin: string, localAddress: string | undefined): boolean {
  if (localAddress === undefined || !isWildcardAddress(binding.address)) return false;
  return origin === ownOriginOf({ ...binding, address: localAddress });
}

function isLoopbackOrigin({ loopback, binding }: OriginRules, origin: string): boolean {
  if (loopback === 'none' || !URL.canParse(origin)) return false;
  const { protocol, hostname, origin: plain } = new URL(origin);
  if ((protocol !== 'http:' && protocol !== 'https:') || plain !== origin || !isLoopbackHost(hostname)) return false;
  return loopback === 'any-port' || origin === ownOriginOf({ ...binding, address: hostname });
}

function acceptsHost(hosts: ReadonlySet<string>, header: string | undefined): boolean {
  const host = parseHostPort(header)?.host;
  return host !== undefined && (isLoopbackHost(host) || hosts.has(host));
}

/** Always so where a loopback address is bound; the other way to come here is told in rules.ts. */
function isLocal(localAddress: string | undefined): boolean {
  return localAddress === undefined || isLoopbackHost(localAddress);
}

/** Short and harmless in a sentence, whatever was sent. */
function quoted(value: string | undefined): string {
  return value === undefined || value === '' ? '(none)' : JSON.stringify(value.slice(0, 200));
}
