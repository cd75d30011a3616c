// What asking an authorization server has in common: which failures decide nothing. A server that is down today may know
// its clients tomorrow, so that such a failure never costs a sign-in. What servers say reaches people only in part, and
// never with a secret of ours in it. Limits of size and time are those of the fetch that is given.

import type { AuthorizationServerMetadata } from '@modelcontextprotocol/client';
import { messageOf } from '../../errors.ts';
import { connectSentence } from '../../net/connect-error.ts';
import type { Fetch } from '../../net/fetch.ts';
import { isLoopbackName } from '../../net/guarded-fetch.ts';

/** As it was discovered for one upstream. */
export interface AuthorizationServer {
  /** What tokens and registrations are bound to. */
  readonly issuer: string;
  /** Its endpoints are below this one where it publishes no metadata. */
  readonly url: string;
  readonly metadata: AuthorizationServerMetadata | undefined;
  readonly revocationEndpoint: string | undefined;
  /** RFC 8707, as the upstream writes it; undefined: it does not say. */
  readonly resource: string | undefined;
  /** The scopes that the upstream names in its metadata. */
  readonly resourceScope: string | undefined;
}

/** An authorization server, or the upstream's own metadata, cannot be had just now: nothing is decided by that. */
export class AuthorizationServerDown extends Error {
  override readonly name = 'AuthorizationServerDown';
}

/** Of what a server says, for people. */
const maxQuotedCharacters = 200;
const tooManyRequests = 429;

/** Failures to reach the server become AuthorizationServerDown; what it answers is the caller's. */
export function reaching(fetch: Fetch): Fetch {
  return async (url, init) => {
    try {
      return await fetch(url, init);
    } catch (error) {
      throw new AuthorizationServerDown(unreachable(error, String(url)), { cause: error });
    }
  };
}

/** As `reaching`; an answer that says "later" is a failure to reach it, too. */
export function insistent(fetch: Fetch): Fetch {
  const reached = reaching(fetch);
  return async (url, init) => {
    const response = await reached(url, init);
    if (!saysLater(response.status)) return response;
    await response.text();
    throw new AuthorizationServerDown(laterSentence(url, response.status));
  };
}

export function saysLater(status: number): boolean {
  return status >= 500 || status === tooManyRequests;
}

export function laterSentence(url: string | URL, status: number): string {
  return `${new URL(url).host} answers HTTP ${status}`;
}

/** RFC 8414 has issuers without and libraries make them with a slash at the end. */
export function sameIssuer(a: string, b: string): boolean {
  return withoutSlash(a) === withoutSlash(b);
}

/** What a server said, for people: one line of printable characters; nothing at all where it says a secret. */
export function quoted(text: string | null | undefined, secrets: readonly (string | undefined)[] = []): string {
  if (text === null || text === undefined) return '';
  if (secrets.some((secret) => secret !== undefined && secret !== '' && text.includes(secret))) return '';
  const printable = text.replaceAll(/[^\p{L}\p{M}\p{N}\p{P}\p{S}]+/gu, ' ').trim();
  const cut = printable.slice(0, maxQuotedCharacters);
  // What was cut may end in half a character.
  return cut === printable ? cut : `${cut.replace(/\p{Cs}$/u, '')}…`;
}

/** Secrets travel over https alone; loopback addresses are excepted (RFC 8252, section 8.3). */
export function isSecure(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname } = new URL(address);
  return protocol === 'https:' || (protocol === 'http:' && isLoopbackName(hostname));
}

function withoutSlash(issuer: string): string {
  return issuer.endsWith('/') ? issuer.slice(0, -1) : issuer;
}

function unreachable(error: unknown, url: string): string {
  const late = error instanceof Error && error.cause instanceof DOMException;
  return late || !URL.canParse(url) ? messageOf(error) : connectSentence(error, url);
}
