// Which header fields of a request go on to an upstream: those that the operator's lists name, or a template asks for by
// name. Never what concerns the way between the caller and us alone, and never our own keys and cookies. Where the fields
// go from here, and whose win, is mcp/forwarding.ts.

import type { IncomingHttpHeaders } from 'node:http';
import type { HeaderForwarding } from '../../config/types.ts';
import { matches, matchesAny } from '../../glob.ts';

/** Whether a text is one of the proxy's own keys. */
export type IsKey = (candidate: string) => boolean;

/** Names in lower case. undefined where nothing goes on. */
export type ForwardedHeaders = Readonly<Record<string, string>> | undefined;

/** What the lists let through. */
export function forwardedHeaders(
  forwarding: HeaderForwarding | undefined,
  headers: IncomingHttpHeaders,
  isKey: IsKey,
): ForwardedHeaders {
  if (forwarding === undefined) return undefined;
  const oneHop = namedIn(headers.connection);
  const names = Object.keys(headers).filter((name) => !oneHop.has(name) && isForwarded(forwarding, name));
  return collect(names, headers, isKey);
}

/** What templates such as `${header:X-Name}` ask for; `names` in lower case. */
export function namedHeaders(names: readonly string[], headers: IncomingHttpHeaders, isKey: IsKey): ForwardedHeaders {
  return names.length === 0 ? undefined : collect(names, headers, isKey);
}

/** Of names and values together: what servers take beside the fields of our own. */
const maxChars = 8 * 1024;

function collect(names: readonly string[], headers: IncomingHttpHeaders, isKey: IsKey): ForwardedHeaders {
  const fields: [string, string][] = [];
  let chars = 0;
  for (const name of names) {
    const value = valueOf(name, headers, isKey);
    if (value === undefined || chars + name.length + value.length > maxChars) continue;
    chars += name.length + value.length;
    fields.push([name, value]);
  }
  return fields.length === 0 ? undefined : Object.fromEntries(fields);
}

/** Between two hops only (RFC 9110, section 7.6.1, with names of older and other versions); `proxy-*` is beside them. */
const ofOneHop = ['connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'http2-settings'];
/** About our body, our address and our wait, or about MCP, which we speak ourselves; `content-*` and `mcp-*` are beside them. */
const ownFields = ['host', 'accept-encoding', 'expect', 'last-event-id'];
/** What some servers take for the method or the path, whatever the request line says. */
const overrides = ['x-http-method-override', 'x-http-method', 'x-method-override', 'x-original-url', 'x-rewrite-url'];
const never: ReadonlySet<string> = new Set([...ofOneHop, ...ownFields, ...overrides]);
const neverBeginnings = ['content-', 'mcp-', 'proxy-'];

/**
 * For these a pattern is too little. Credentials are given away by name alone, and the token of a user is one: whoever has it
 * is that user, here as well. An origin is a page's, and servers refuse those of pages that they do not know.
 */
const byNameAlone: ReadonlySet<string> = new Set(['authorization', 'cookie', 'x-openwebui-user-jwt', 'origin']);

function isForwarded({ whitelist, blacklist }: HeaderForwarding, name: string): boolean {
  const spelling = withHyphens(name);
  if (never.has(spelling) || neverBeginnings.some((beginning) => spelling.startsWith(beginning))) return false;
  if (blacklist.some((pattern) => matches(withHyphens(pattern), spelling))) return false;
  return byNameAlone.has(spelling) ? whitelist.includes(name) : matchesAny(whitelist, name);
}

/** Many servers take `x_user` for `x-user`: what is kept back in one spelling is kept back in the other. */
function withHyphens(name: string): string {
  return name.includes('_') ? name.replaceAll('_', '-') : name;
}

/** Fields that the sender calls his and ours alone. */
function namedIn(connection: string | undefined): ReadonlySet<string> {
  return new Set(connection?.split(',').map((name) => name.trim().toLowerCase()));
}

/** Bytes that a field can have; Node gives each as one character. */
const sendable = /^[\x20-\x7e\x80-\xff]*$/;

function valueOf(name: string, headers: IncomingHttpHeaders, isKey: IsKey): string | undefined {
  const value = headers[name];
  if (typeof value !== 'string' || !sendable.test(value)) return undefined;
  if (name === 'cookie') return foreignCookies(value, isKey);
  return carriesKey(value, isKey) ? undefined : value;
}

/** Our cookies are sessions and sign-ins: who has them is that user. */
const ownCookie = /^(?:__(?:Host|Secure)-)?mcpo_(?:session|signin)_/i;

function foreignCookies(value: string, isKey: IsKey): string | undefined {
  const pairs = value.split(';').map((pair) => pair.trim());
  const foreign = pairs.filter((pair) => pair !== '' && !ownCookie.test(pair) && !isKey(cookieValue(pair)));
  return foreign.length === 0 ? undefined : foreign.join('; ');
}

function cookieValue(pair: string): string {
  return pair.slice(pair.indexOf('=') + 1).replace(/^\s*"?|"?\s*$/g, '');
}

/** Fields that were sent more than once arrive as one, with commas; more often than this nobody does by mistake. */
const maxParts = 8;

/** In any of the forms in which a key is taken: bare, behind a scheme, as the password of Basic. */
function carriesKey(value: string, isKey: IsKey): boolean {
  return [value, ...value.split(',', maxParts)].some((part) => {
    const bare = part.trim();
    const credential = bare.slice(bare.indexOf(' ') + 1).trim();
    const decoded = Buffer.from(credential, 'base64').toString('latin1');
    return [bare, credential, decoded.slice(decoded.indexOf(':') + 1)].some((each) => each !== '' && isKey(each));
  });
}
