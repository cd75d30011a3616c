// The API keys: where a caller may put one (Bearer, Basic with the key as password, X-API-Key), and the comparison, which
// takes the same time for every wrong key and tells nothing of which keys there are. No credentials is 401, wrong and
// expired ones are 403. What a key is good for is judged in scopes.ts.

import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { AccessKey, Settings } from '../../config/types.ts';
import { AppError } from '../../errors.ts';
import type { Principal } from '../../principal.ts';

/** A key that opens the door. */
export interface KnownKey {
  /** '' for the one of --api-key. */
  readonly name: string;
  /** SHA-256 of the key. */
  readonly digest: Buffer;
  /** Who has it, where nothing better says who calls: neither the key nor its digest. */
  readonly holder: Principal;
  /** undefined: everything, for ever. */
  readonly limits: AccessKey | undefined;
}

/** All keys in force; none: calls need no key. */
export function knownKeys({ apiKey, keys }: Pick<Settings, 'apiKey' | 'keys'>): readonly KnownKey[] {
  const named = keys.map((key) => ({
    name: key.name,
    digest: Buffer.from(key.digest, 'hex'),
    holder: { user: `key:${key.name}`, sessionId: undefined },
    limits: key,
  }));
  if (apiKey === undefined) return named;
  const digest = digestOf(Buffer.from(apiKey));
  return [{ name: '', digest, holder: { user: 'key', sessionId: undefined }, limits: undefined }, ...named];
}

/** The key that was sent. Throws unless one of the credentials is a key in force. */
export function checkKey(keys: readonly KnownKey[], headers: IncomingHttpHeaders, now = Date.now): KnownKey {
  const given = headers['x-api-key'];
  const apiKey = typeof given === 'string' && given !== '' ? toBytes(given) : undefined;
  const named = apiKey && keyOf(keys, apiKey);
  if (named !== undefined) return unexpired(named, now);
  const credential = headers.authorization === undefined ? undefined : credentialOf(headers.authorization);
  const carried = credential && keyOf(keys, credential);
  if (carried !== undefined) return unexpired(carried, now);
  if (credential === undefined && apiKey === undefined) {
    throw new AppError(
      'unauthenticated',
      'This needs the API key: send "Authorization: Bearer KEY" or "X-API-Key: KEY".',
    );
  }
  throw new AppError(
    'forbidden',
    'The API key is wrong: check it against the one the proxy was started with. The token of a user does not replace ' +
      'it; where Authorization carries one, send the key as X-API-Key.',
  );
}

/** Whether a bearer credential is one of the keys, and so no token of a user. */
export function isKey(keys: readonly KnownKey[], bearer: string): boolean {
  return keys.length > 0 && keyOf(keys, toBytes(bearer)) !== undefined;
}

/**
 * What a 401 asks for (RFC 9110, section 11.6.1). Where a browser shows the page Basic too, so that it can ask, and first,
 * since Chromium reads only one scheme of a line. Never for calls: the box would open over the docs page.
 */
export function challenge(forBrowsers: boolean): string {
  return forBrowsers ? 'Basic realm="mcpo", charset="UTF-8", Bearer realm="mcpo"' : 'Bearer realm="mcpo"';
}

/** The one that the call before brought, else each is compared, whether or not one fitted before. */
function keyOf(keys: readonly KnownKey[], candidate: Buffer): KnownKey | undefined {
  const last = lastFound.get(keys);
  if (last?.candidate.length === candidate.length && timingSafeEqual(last.candidate, candidate)) return last.key;
  const digest = digestOf(candidate);
  let found: KnownKey | undefined;
  for (const key of keys) if (timingSafeEqual(digest, key.digest)) found = key;
  if (found !== undefined) lastFound.set(keys, { candidate, key: found });
  return found;
}

/** Most calls bring the key that the one before brought: to hash it again costs ten times the comparison. */
const lastFound = new WeakMap<readonly KnownKey[], { readonly candidate: Buffer; readonly key: KnownKey }>();

function unexpired(key: KnownKey, now: () => number): KnownKey {
  const expiresAt = key.limits?.expiresAt;
  if (expiresAt === undefined || now() < expiresAt) return key;
  const when = new Date(expiresAt).toISOString().replace(/\.\d+Z$/, 'Z');
  throw new AppError('forbidden', `The API key ${JSON.stringify(key.name)} expired on ${when}: ask for a new one.`);
}

/** The token of Bearer, the password of Basic; undefined for other schemes and for nothing. */
function credentialOf(authorization: string): Buffer | undefined {
  const space = authorization.indexOf(' ');
  if (space < 0) return undefined;
  const value = authorization.slice(space + 1).trim();
  if (value === '') return undefined;
  switch (authorization.slice(0, space).toLowerCase()) {
    case 'bearer':
      return toBytes(value);
    case 'basic': {
      const decoded = Buffer.from(value, 'base64');
      return decoded.subarray(decoded.indexOf(':') + 1);
    }
    default:
      return undefined;
  }
}

function digestOf(bytes: Buffer): Buffer {
  return hash('sha256', bytes, 'buffer');
}

/** As they came: Node reads header values as Latin-1, whatever they are, and a key may have other letters. */
function toBytes(value: string): Buffer {
  return Buffer.from(value, 'latin1');
}
