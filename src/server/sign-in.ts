// How the users of a server stand with it, where they sign in, and who may do so for everybody: what routes, pages and
// refusals of calls say of that. Addresses are our own ones, as this caller reaches us. What a sign-in consists of is
// mcp/oauth/'s.

import { AppError } from '../errors.ts';
import type { UpstreamStatus } from '../mcp/types.ts';
import { encodeSegment } from '../openapi/names.ts';
import type { Principal } from '../principal.ts';
import type { ServerView } from '../snapshot.ts';
import { isLoopbackHost, plainAddress, urlHost } from './access/host.ts';
import { checkKey } from './access/keys.ts';
import { checkToken, identify } from './access/principal.ts';
import { isTrusted } from './access/proxies.ts';
import { checkScope } from './access/scopes.ts';
import type { Exchange } from './exchange.ts';
import { ticketsOf } from './tickets.ts';

export type OAuthStep = 'authorize' | 'callback' | 'status' | 'logout';

/** A route of ours, as a path for this caller. The path prefix is not for these. */
export function oauthPath(rootPath: string, server: string, step: OAuthStep): string {
  return `${rootPath}/oauth/${encodeSegment(server)}/${step}`;
}

/** Where this user signs in to a server whose users do so for themselves; undefined where they do not. */
export function authorizationUrlOf(exchange: Exchange, view: ServerView, principal: Principal): string | undefined {
  if (view.upstream?.signIn?.multiUser !== true) return undefined;
  const url = ownAuthorizeUrl(exchange, view);
  return isTokenUser(principal) ? `${url}?ticket=${ticketsOf(exchange.program).issue(view.name, principal)}` : url;
}

function ownAuthorizeUrl(exchange: Exchange, { name }: ServerView): string {
  const { origin, rootPath } = exchange.mount();
  return `${origin}${oauthPath(rootPath, name, 'authorize')}`;
}

/**
 * What a call is told, which names the address of a sign-in for everybody: to somebody who may not sign in for everybody it
 * names our own one, which asks for a key that is good for that.
 */
export async function forCaller(
  exchange: Exchange,
  view: ServerView,
  { detail, authorizationUrl: url }: AddressedSentence,
): Promise<AddressedSentence> {
  if (url === undefined || (await mayOperate(exchange, view))) return { detail, authorizationUrl: url };
  const own = ownAuthorizeUrl(exchange, view);
  return { detail: detail.replaceAll(url, own), authorizationUrl: own };
}

interface AddressedSentence {
  readonly detail: string;
  readonly authorizationUrl: string | undefined;
}

/** Whom a verified token named; the others have a browser's session, a key or nothing. */
export function isTokenUser({ user }: Principal): boolean {
  return user.startsWith('webui:') || user.startsWith('jwt:');
}

export const sessionUserPrefix = 'session:';

/** Whoever has it can have signed in; holders of a key and nobody in particular cannot. */
function canSignIn(principal: Principal): boolean {
  return isTokenUser(principal) || principal.user.startsWith(sessionUserPrefix);
}

/** As people know it; undefined where nothing but an id of ours is known. */
export function accountOf({ claims }: Principal): string | undefined {
  return claims && (claims.email ?? claims.name ?? claims.id);
}

/** How a server stands with whoever asks. */
export interface SignInState {
  readonly multiUser: boolean;
  readonly principal: Principal;
  readonly authenticated: boolean;
  /** Of the access token, milliseconds since the epoch. */
  readonly expiresAt: number | undefined;
  readonly scope: string | undefined;
  /** Where to sign in, where that is needed and this caller may know. */
  readonly authorizationUrl: string | undefined;
  readonly status: UpstreamStatus;
}

/** undefined where nobody signs in. Rejects as `identify` does. */
export async function signInState(exchange: Exchange, view: ServerView): Promise<SignInState | undefined> {
  const { upstream } = view;
  const signIn = upstream?.signIn;
  if (upstream === undefined || signIn === undefined) return undefined;
  const principal = await identify(exchange, view);
  if (!signIn.multiUser) {
    const known = await signIn.status('');
    const full = upstream.status();
    const mayKnow = await mayOperate(exchange, view);
    const status = mayKnow ? full : withoutAddress(full);
    const isNeeded = !known.authenticated || status.state === 'authorization-required';
    return {
      ...known,
      multiUser: false,
      principal,
      status,
      authorizationUrl: isNeeded ? status.authorizationUrl : undefined,
    };
  }
  const known = canSignIn(principal) ? await signIn.status(principal.user) : notSignedIn;
  const status = upstream.status(principal);
  if (!known.authenticated) {
    const authorizationUrl = authorizationUrlOf(exchange, view, principal);
    return { ...known, multiUser: true, principal, status, authorizationUrl };
  }
  return { ...known, multiUser: true, principal, status: signedIn(status), authorizationUrl: undefined };
}

const notSignedIn = { authenticated: false, expiresAt: undefined, scope: undefined };

/** Nothing is connected for this user yet, or no more: that is all that is meant. */
function signedIn(status: UpstreamStatus): UpstreamStatus {
  if (status.state !== 'authorization-required') return status;
  return { ...status, state: 'ready', detail: 'signed in; it is connected with the next call' };
}

/** For those who may not call: with the address somebody could sign in as the one whom everybody then acts as. */
export function withoutAddress(status: UpstreamStatus): UpstreamStatus {
  const { authorizationUrl: url, detail, lastError, ...rest } = status;
  if (url === undefined) return status;
  const cut = (text: string): string => text.replaceAll(url, 'an address that holders of the API key are shown');
  return { ...rest, detail: cut(detail), lastError: lastError === undefined ? undefined : cut(lastError) };
}

/** Throws, or rejects, unless this caller may sign in for everybody: with a key that is good for all of this server. */
export async function checkOperator({ rules, request }: Exchange, { name }: ServerView): Promise<void> {
  if (rules.keys.length === 0) return checkToken(rules, request.headers);
  const key = checkKey(rules.keys, request.headers);
  checkScope(key, name, undefined);
  if (key.limits?.readOnly !== true) return undefined;
  const named = JSON.stringify(key.name);
  throw new AppError(
    'forbidden',
    `The API key ${named} is for tools that only read: use another key to sign in, or change "readOnly" of ${named} in "mcpo.keys".`,
  );
}

async function mayOperate(exchange: Exchange, view: ServerView): Promise<boolean> {
  try {
    await checkOperator(exchange, view);
    return true;
  } catch (error) {
    if (error instanceof AppError) return false;
    throw error;
  }
}

/**
 * Where the authorization server sends this caller's browser. Throws for an address that only the caller vouches for: a code
 * for somebody else's account would be sent wherever a Host header says.
 */
export function callbackUrl(exchange: Exchange, server: string): string {
  const { origin, rootPath } = exchange.mount();
  const { rules, snapshot, request } = exchange;
  const { localAddress = '' } = request.socket;
  const { hostname } = new URL(origin);
  const isVouchedFor =
    snapshot.config.settings.publicUrl !== undefined ||
    isTrusted(rules.proxies, request.socket.remoteAddress) ||
    isLoopbackHost(hostname) ||
    hostname === urlHost(plainAddress(localAddress)) ||
    rules.origins.own.has(origin);
  if (isVouchedFor) return `${origin}${oauthPath(rootPath, server, 'callback')}`;
  throw new AppError(
    'forbidden',
    `Nobody can sign in under the address ${origin}, which nothing but the request itself vouches for: start mcpo with ` +
      '--public-url and the address that people use, or name the reverse proxy in --trusted-proxies.',
  );
}
