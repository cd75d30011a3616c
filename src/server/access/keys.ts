// The API key: where a caller may put it (Bearer, Basic with the key as password, X-API-Key), and the comparison, which
// takes the same time for every wrong key. No credentials is 401, wrong ones 403.

import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { AppError } from '../../errors.ts';
import { digestOf } from './rules.ts';

/** Throws unless one of the credentials sent is the key. */
export function checkKey(keyDigest: Buffer, headers: IncomingHttpHeaders): void {
  const given = headers['x-api-key'];
  const apiKey = typeof given === 'string' && given !== '' ? toBytes(given) : undefined;
  if (apiKey !== undefined && isKey(apiKey, keyDigest)) return;
  const credential = headers.authorization === undefined ? undefined : credentialOf(headers.authorization);
  if (credential !== undefined && isKey(credential, keyDigest)) return;
  if (credential === undefined && apiKey === undefined) {
    throw new AppError(
      'unauthenticated',
      'This needs the API key: send "Authorization: Bearer KEY" or "X-API-Key: KEY".',
    );
  }
  throw new AppError('forbidden', 'The API key is wrong: check it against the one the proxy was started with.');
}

/**
 * What a 401 asks for (RFC 9110, section 11.6.1). Where a browser shows the page Basic too, so that it can ask, and first,
 * since Chromium reads only one scheme of a line. Never for calls: the box would open over the docs page.
 */
export function challenge(forBrowsers: boolean): string {
  return forBrowsers ? 'Basic realm="mcpo", charset="UTF-8", Bearer realm="mcpo"' : 'Bearer realm="mcpo"';
}

function isKey(candidate: Buffer, keyDigest: Buffer): boolean {
  return timingSafeEqual(digestOf(candidate), keyDigest);
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

/** As they came: Node reads header values as Latin-1, whatever they are, and a key may have other letters. */
function toBytes(value: string): Buffer {
  return Buffer.from(value, 'latin1');
}
