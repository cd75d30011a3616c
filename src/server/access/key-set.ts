// Tokens that are signed with a private key: their signature is verified with the public keys that the configuration names
// (JWK Set, RFC 7517), directly or by an issuer's metadata (OpenID Connect Discovery 1.0). Keys are fetched over https
// (or from this machine) when the first token comes, kept, and fetched again rarely, whatever is sent to us. What was
// verified once is remembered for minutes, so that calls with the same token cost a hash.

import type { JSONWebKeySet, LocalJWKSet } from 'jose';
import { hash } from 'node:crypto';
import type { JwtConfig } from '../../config/types.ts';
import { AppError, messageOf } from '../../errors.ts';
import { isObject, type JsonObject } from '../../json/value.ts';
import type { Agent } from '../../net/agent.ts';
import { isLoopbackHost } from './host.ts';

/** Where keys are, and the algorithms that they may be used with. */
export type KeySource = Pick<JwtConfig, 'jwks' | 'issuer' | 'algorithms'>;

/** What a genuine token says, or why its signature is not believed: words that go on "it ..." or "its ...". */
export type Signed = { readonly payload: string } | { readonly refusal: string };

/** `now` in milliseconds since the epoch. Rejects with AppError while there are no keys to verify with. */
export type VerifySignature = (token: string, now: number) => Signed | Promise<Signed>;

/** Genuine tokens that are remembered: the users of some minutes. */
const maxRemembered = 1_000;

/** How long a token goes on after its key was withdrawn. */
const rememberMs = 5 * 60_000;

export function createSignatureVerifier(source: KeySource): VerifySignature {
  const keys = new KeySet(source);
  const remembered = new Map<string, { readonly signed: Signed; readonly until: number }>();
  return (token, now) => {
    const digest = hash('sha256', token, 'base64');
    const known = remembered.get(digest);
    if (known !== undefined && now < known.until) return known.signed;
    return verifyOnce(token, keys, source.algorithms, now).then((signed) => {
      if ('refusal' in signed) return signed;
      remembered.delete(digest);
      if (remembered.size >= maxRemembered) remembered.delete(remembered.keys().next().value ?? '');
      remembered.set(digest, { signed, until: now + rememberMs });
      return signed;
    });
  };
}

async function verifyOnce(token: string, keys: KeySet, algorithms: readonly string[], now: number): Promise<Signed> {
  const { compactVerify, errors } = await import('jose');
  try {
    const { payload } = await compactVerify(
      token,
      async (header, input) => {
        const current = await keys.current(now);
        try {
          return await current(header, input);
        } catch (error) {
          if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
          const renewed = await keys.renewed(now);
          return await renewed(header, input);
        }
      },
      { algorithms: [...algorithms] },
    );
    return { payload: Buffer.from(payload).toString() };
  } catch (error) {
    if (error instanceof AppError) throw error;
    if (error instanceof errors.JOSEAlgNotAllowed)
      return { refusal: `its algorithm is not ${algorithms.join(' or ')}` };
    if (error instanceof errors.JWKSNoMatchingKey)
      return { refusal: 'it is signed with a key that its issuer does not publish' };
    if (error instanceof errors.JWKSMultipleMatchingKeys)
      return { refusal: 'its header does not say with which key it is signed ("kid")' };
    return { refusal: 'its signature does not fit the keys of its issuer' };
  }
}

/** Age at which keys are looked at again: those that were withdrawn go. */
const freshMs = 10 * 60_000;

/** Until then, keys that cannot be fetched again are used on: an issuer may restart. */
const staleMs = 60 * 60_000;

/** A token with an unknown key is free to send: it costs one fetch in this time, whoever sends how many. */
const pauseMs = 60_000;

/** While there are no keys at all. */
const pauseWithoutKeysMs = 5_000;

class KeySet {
  readonly #source: KeySource;
  #known: { readonly keys: LocalJWKSet; readonly at: number } | undefined;
  #pending: Promise<LocalJWKSet> | undefined;
  #attemptedAt = Number.NEGATIVE_INFINITY;
  #agent: Agent | undefined;

  constructor(source: KeySource) {
    this.#source = source;
  }

  /** Rejects with AppError while there are none. */
  async current(now: number): Promise<LocalJWKSet> {
    const known = this.#known;
    if (known === undefined) return this.#mayFetch(now, pauseWithoutKeysMs) ? this.#fetch(now) : this.#refuse();
    const age = now - known.at;
    if (age < freshMs) return known.keys;
    if (!this.#mayFetch(now, pauseMs)) return age < staleMs ? known.keys : this.#refuse();
    return this.#fetch(now).catch((error: unknown) => {
      if (age < staleMs) return known.keys;
      throw error;
    });
  }

  /** For a token whose key is not among them. */
  async renewed(now: number): Promise<LocalJWKSet> {
    const known = this.#known;
    if (known !== undefined && !this.#mayFetch(now, pauseMs)) return known.keys;
    return this.#fetch(now).catch((error: unknown) => {
      if (known !== undefined) return known.keys;
      throw error;
    });
  }

  #mayFetch(now: number, pause: number): boolean {
    return this.#pending !== undefined || now - this.#attemptedAt >= pause;
  }

  #refuse(): never {
    throw unavailable('the last attempt failed a moment ago');
  }

  /** One at a time: whoever asks meanwhile waits for the same. */
  #fetch(now: number): Promise<LocalJWKSet> {
    this.#pending ??= this.#load(now).finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  async #load(now: number): Promise<LocalJWKSet> {
    this.#attemptedAt = now;
    const { createLocalJWKSet } = await import('jose');
    try {
      const url = this.#source.jwks ?? (await this.#discovered(this.#source.issuer ?? ''));
      const keys = createLocalJWKSet((await this.#get(url)) as unknown as JSONWebKeySet);
      this.#known = { keys, at: now };
      return keys;
    } catch (error) {
      throw unavailable(messageOf(error), error);
    }
  }

  /** OpenID Connect Discovery 1.0, section 4: metadata that speaks for another issuer is not believed. */
  async #discovered(issuer: string): Promise<string> {
    const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const metadata = await this.#get(url);
    if (metadata['issuer'] !== issuer) throw new Error(`${shown(url)} speaks for another issuer`);
    const { jwks_uri: uri } = metadata;
    if (typeof uri !== 'string') throw new Error(`${shown(url)} names no key set`);
    return uri;
  }

  async #get(url: string): Promise<JsonObject> {
    if (!isSafe(url)) throw new Error(`${shown(url)} is neither https nor of this machine`);
    // Loaded here, because only some configurations fetch keys.
    const [{ createAgent }, { fetchOver }, { connectSentence }] = await Promise.all([
      import('../../net/agent.ts'),
      import('../../net/fetch.ts'),
      import('../../net/connect-error.ts'),
    ]);
    this.#agent ??= createAgent({ connectTimeoutMs: fetchTimeoutMs, tls: undefined });
    const signal = AbortSignal.timeout(fetchTimeoutMs);
    const fetch = fetchOver(this.#agent, () => {});
    let text: string;
    try {
      const response = await fetch(url, { headers: { accept: 'application/json' }, signal });
      text = await textWithin(response, url);
    } catch (error) {
      if (error instanceof UnusableAnswer) throw error;
      const reason = signal.aborted ? `${shown(url)} did not answer in time` : connectSentence(error, url);
      throw new Error(reason, { cause: error });
    }
    const value = objectIn(text);
    if (value === undefined) throw new UnusableAnswer(`${shown(url)} answered with no JSON object`);
    return value;
  }
}

/** A call waits for it, and its caller knows nothing of issuers. */
const fetchTimeoutMs = 5_000;

/** Key sets are of some kilobytes. */
const maxAnswerBytes = 1024 * 1024;

/** What came is no key set and no metadata. */
class UnusableAnswer extends Error {}

async function textWithin(response: Response, url: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > maxAnswerBytes) throw new UnusableAnswer(`${shown(url)} answered with too much`);
    chunks.push(chunk);
  }
  if (response.status !== 200) throw new UnusableAnswer(`${shown(url)} answered with status ${response.status}`);
  return Buffer.concat(chunks).toString();
}

function objectIn(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    // The parser's own message would quote the answer.
    return undefined;
  }
}

function isSafe(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || (protocol === 'http:' && isLoopbackHost(hostname));
}

/** Without credentials and query, which may be secret. */
function shown(url: string): string {
  if (!URL.canParse(url)) return 'the address of the key set';
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

/** Not the caller's fault: nobody can say now whether the token is good, and a guess is no answer. */
function unavailable(reason: string, cause?: unknown): AppError {
  const sentence = `The keys that verify users' tokens cannot be fetched: ${reason.replace(/\.$/, '')}. Try again in a moment.`;
  return new AppError('upstream_unavailable', sentence, { retryAfter: pauseWithoutKeysMs / 1000 }, { cause });
}
