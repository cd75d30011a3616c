// The server that a path below /oauth/ names, and what such a path can be besides. What the routes there have in common is
// here too: a request as cookies see it, and the headers of answers that are for one person.

import { AppError } from '../errors.ts';
import type { SignIn } from '../mcp/types.ts';
import type { ServerView } from '../snapshot.ts';
import type { Visit } from './access/cookie.ts';
import type { Exchange } from './exchange.ts';
import { findEnabledServer } from './find.ts';
import type { OAuthStep } from './sign-in.ts';

/** A server to which somebody signs in. */
export interface Place {
  readonly view: ServerView;
  readonly signIn: SignIn;
}

/** Of answers that are for one person, at addresses that tell something. */
export const noStore = { 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer' };

/** Throws for a server to which nobody signs in, and which has no credentials of its own either. */
export function oauthView({ snapshot }: Exchange, server: string): ServerView {
  const view = findEnabledServer(snapshot, server);
  if (view.config.oauth !== undefined) return view;
  throw new AppError(
    'not_found',
    `Nobody signs in to the server ${JSON.stringify(view.name)}: it has no "oauth" block in the configuration.`,
    { server: view.name },
  );
}

/** Throws for a server to which nobody signs in. */
export function placeOf(exchange: Exchange, server: string): Place {
  const view = oauthView(exchange, server);
  const signIn = view.upstream?.signIn;
  if (signIn !== undefined) return { view, signIn };
  throw new AppError(
    'not_found',
    `Nobody signs in to the server ${JSON.stringify(view.name)}: mcpo has credentials of its own for it ("grant": "client_credentials").`,
    { server: view.name },
  );
}

/** For cookies. */
export function visitOf(exchange: Exchange): Visit {
  const { request, rules } = exchange;
  return { method: request.method, headers: request.headers, mount: exchange.mount(), origins: rules.origins };
}

const allowed: Readonly<Record<OAuthStep, readonly string[]>> = {
  authorize: ['GET', 'POST'],
  callback: ['GET'],
  status: ['GET', 'HEAD'],
  logout: ['POST'],
};

/** Throws for a path below /oauth that no route takes with this method; returns for what is none of these paths. */
export function noOAuthRoute(exchange: Exchange): void {
  const [, first, server, step, ...rest] = exchange.path.split('?', 1).join().split('/');
  if (first !== 'oauth' || server === undefined || step === undefined || rest.length > 0) return;
  if (!Object.hasOwn(allowed, step)) return;
  const allow = allowed[step as OAuthStep];
  throw new AppError('method_not_allowed', `This path takes ${allow.join(' or ')} only.`, { allow });
}
