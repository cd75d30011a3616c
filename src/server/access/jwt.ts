// Tokens of users (JWT, RFC 7519): whether one is genuine, and whom it names. The algorithm and the keys are the
// configuration's (RFC 8725): of a token's header only `alg` and `kid` are read, to compare and to choose among keys that are
// trusted anyway, and one with `crit` is refused. What a token is good for, and where it may stand, is principal.ts.

import { createHmac, timingSafeEqual } from 'node:crypto';
import type { JwtConfig } from '../../config/types.ts';
import { isObject, type JsonObject } from '../../json/value.ts';
import type { UserClaims } from '../../principal.ts';
import { createSignatureVerifier, type Signed } from './key-set.ts';

/** Whom a genuine token names, or why it is refused: words that go on "it ..." or "its ...". */
export type Verdict = { readonly user: UserClaims } | { readonly refusal: string };

/** Verifies tokens of one kind. What it gives at once needed no key from elsewhere. */
export type TokenVerifier = (token: string, now?: number) => Verdict | Promise<Verdict>;

/** What a token's claims have to say besides being in time. */
export interface Expected {
  /** The first of these claims that the token has names the user. */
  readonly userClaims: readonly string[];
  readonly issuer: string | undefined;
  readonly audience: readonly string[] | undefined;
}

/** More than any header line of ours holds with something beside it. */
const maxTokenLength = 8 * 1024;

/** Of `mcpo.jwt`. */
export function createTokenVerifier(config: JwtConfig): TokenVerifier {
  const expected: Expected = {
    userClaims: [config.userClaim],
    issuer: config.issuer,
    audience: config.audience,
  };
  const { secret, algorithms } = config;
  if (secret !== undefined) {
    const symmetric = algorithms.filter((name) => Object.hasOwn(hashes, name));
    return (token, now) => verifyHmac(token, secret, symmetric, expected, now);
  }
  // A public key must never be taken for a shared secret, whatever the file says.
  const asymmetric = algorithms.filter((name) => !Object.hasOwn(hashes, name));
  const verifySignature = createSignatureVerifier({ ...config, algorithms: asymmetric });
  return (token, now = Date.now()) => {
    const parts = partsOf(token);
    if ('refusal' in parts) return parts;
    const judge = (signed: Signed): Verdict =>
      'refusal' in signed ? signed : judgeClaims(signed.payload, expected, now);
    const signed = verifySignature(token, now);
    return signed instanceof Promise ? signed.then(judge) : judge(signed);
  };
}

const hashes: Readonly<Record<string, string>> = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' };

/** A token that is signed with a shared secret (RFC 7518, section 3.2). */
export function verifyHmac(
  token: string,
  secret: string,
  algorithms: readonly string[],
  expected: Expected,
  now = Date.now(),
): Verdict {
  const parts = partsOf(token);
  if ('refusal' in parts) return parts;
  const { header, payload, signature, signed } = parts;
  const algorithm = algorithms.find((name) => name === header['alg']);
  const hash = algorithm && hashes[algorithm];
  if (hash === undefined) return { refusal: `its algorithm is not ${algorithms.join(' or ')}` };
  const wanted = createHmac(hash, secret).update(signed).digest();
  const given = Buffer.from(signature, 'base64url');
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) {
    return { refusal: 'its signature does not fit the secret that the proxy was given' };
  }
  return judgeClaims(Buffer.from(payload, 'base64url').toString(), expected, now);
}

interface Parts {
  readonly header: JsonObject;
  readonly payload: string;
  readonly signature: string;
  /** What the signature is of. */
  readonly signed: string;
}

const malformed = { refusal: 'it is no JSON Web Token' };

/** Header, payload and signature, each in the alphabet of base64url; a token without a signature is none. */
const tokenForm = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/;

function partsOf(token: string): Parts | { readonly refusal: string } {
  if (token.length > maxTokenLength) return { refusal: `it is longer than ${maxTokenLength} characters` };
  const [, head = '', payload = '', signature = ''] = tokenForm.exec(token) ?? [];
  const header = objectIn(Buffer.from(head, 'base64url').toString());
  if (header === undefined) return malformed;
  // Extensions that must be understood (RFC 7515, section 4.1.11): none is.
  if (Object.hasOwn(header, 'crit'))
    return { refusal: 'its header asks for extensions that are not supported ("crit")' };
  return { header, payload, signature, signed: `${head}.${payload}` };
}

/** Clocks differ; a token that was issued a moment ago is not from the future. Its end is its end. */
const notBeforeLeewayMs = 30_000;

/** Of a token whose signature is good. `now` in milliseconds since the epoch. */
function judgeClaims(text: string, expected: Expected, now: number): Verdict {
  const claims = objectIn(text);
  if (claims === undefined) return malformed;
  const exp = ownClaim(claims, 'exp');
  const nbf = ownClaim(claims, 'nbf');
  if (!isTime(exp) || !isTime(nbf)) return { refusal: 'its times ("exp", "nbf") are no numbers' };
  if (exp !== undefined && now >= exp * 1000) {
    return { refusal: 'it has expired; get a new one where it came from, by signing in again' };
  }
  if (nbf !== undefined && now + notBeforeLeewayMs < nbf * 1000) return { refusal: 'it is not valid yet ("nbf")' };
  if (expected.issuer !== undefined && ownClaim(claims, 'iss') !== expected.issuer) {
    return { refusal: `its issuer ("iss") is not ${JSON.stringify(expected.issuer)}` };
  }
  if (expected.audience !== undefined && !isFor(ownClaim(claims, 'aud'), expected.audience)) {
    return { refusal: `it is not for ${expected.audience.map((each) => JSON.stringify(each)).join(' or ')} ("aud")` };
  }
  const claim = expected.userClaims.find((name) => ownClaim(claims, name) !== undefined);
  const id = claim === undefined ? undefined : printable(ownClaim(claims, claim));
  if (id === undefined) {
    const names = expected.userClaims.map((name) => JSON.stringify(name)).join(' or ');
    return { refusal: `its claim ${names} names no user: that takes 1 to ${maxClaimLength} printable characters` };
  }
  return { user: { id, email: printable(ownClaim(claims, 'email')), name: printable(ownClaim(claims, 'name')) } };
}

/** A claim is what the token has, not what every object has. */
function ownClaim(claims: JsonObject, name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : undefined;
}

function isTime(claim: unknown): claim is number | undefined {
  return claim === undefined || (typeof claim === 'number' && Number.isFinite(claim));
}

function isFor(aud: unknown, audience: readonly string[]): boolean {
  const given: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  return given.some((each) => typeof each === 'string' && audience.includes(each));
}

/** UUIDs, mail addresses and names are shorter. */
const maxClaimLength = 256;

/** Neither control characters, which would break a header or a log line, nor invisible or half ones. */
const printableForm = /^[^\p{C}\p{Zl}\p{Zp}]+$/u;

function printable(claim: unknown): string | undefined {
  if (typeof claim !== 'string' || claim.length > maxClaimLength) return undefined;
  return claim.trim() !== '' && printableForm.test(claim) ? claim : undefined;
}

function objectIn(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    // Not JSON: not a token.
    return undefined;
  }
}
