// GET /oauth/{server}/status and POST .../logout: how whoever asks stands with an upstream, and the end of it. Both are about
// the user of this request alone; signing out takes a page of ours, or a program.

import { AppError } from '../../errors.ts';
import { wantsHtml } from '../../openapi/negotiate.ts';
import { isFromOwnPage, noSessionCookie } from '../access/cookie.ts';
import type { Exchange } from '../exchange.ts';
import { noStore, oauthView, placeOf, visitOf } from '../oauth-place.ts';
import { personalHeaders } from '../personal.ts';
import { accountOf, checkOperator, isTokenUser, signInState } from '../sign-in.ts';
import { sendJson } from './status.ts';

/** GET: how whoever asks stands with the server. */
export async function signInStatus(exchange: Exchange, server: string): Promise<void> {
  const view = oauthView(exchange, server);
  const state = await signInState(exchange, view);
  if (state === undefined) {
    const authenticated = view.upstream?.status().state === 'ready';
    return sendJson(
      exchange,
      200,
      { server: view.name, multiUser: false, authenticated },
      { Vary: personalHeaders.Vary },
    );
  }
  const { multiUser, principal, authenticated, expiresAt, scope, authorizationUrl } = state;
  const body = {
    server: view.name,
    multiUser,
    authenticated,
    user: multiUser ? accountOf(principal) : undefined,
    expiresAt: expiresAt === undefined ? undefined : new Date(expiresAt).toISOString(),
    scope,
    authorizationUrl,
  };
  sendJson(exchange, 200, body, { Vary: personalHeaders.Vary });
}

/** POST: revokes and forgets. */
export async function logout(exchange: Exchange, server: string): Promise<void> {
  const { view, signIn } = placeOf(exchange, server);
  if (signIn.multiUser) await exchange.admit('document');
  else await checkOperator(exchange, view);
  const state = await signInState(exchange, view);
  // Pages elsewhere can send a form with the cookies and the key that a browser keeps, but no token.
  const isToken = state !== undefined && isTokenUser(state.principal);
  if (!isToken && !isFromOwnPage(visitOf(exchange))) {
    throw new AppError(
      'forbidden',
      'Only a page of mcpo itself can sign somebody out: open its own page and do it there.',
    );
  }
  if (state?.authenticated === true) await signIn.signOut(signIn.multiUser ? state.principal.user : '');
  const mount = exchange.mount();
  const cookie = signIn.multiUser && !isToken ? { 'Set-Cookie': noSessionCookie(view.name, mount) } : {};
  const headers = { ...noStore, ...cookie, Vary: `Accept, ${personalHeaders.Vary}` };
  // To the overview: the server's own page would lead straight into the next sign-in.
  if (wantsHtml(exchange.request.headers.accept))
    exchange.send(303, { ...headers, Location: `${mount.rootPath}/` }, '');
  else sendJson(exchange, 200, { server: view.name, authenticated: false }, headers);
}
