// From a Snapshot and the upstreams' status to what the pages show, and the headers that every page goes out with.
// The HTML itself is made in pages/.

import { encodeSegment } from '../openapi/names.ts';
import type { Snapshot, ServerView } from '../snapshot.ts';
import { isGuarded } from '../config/guarded.ts';
import type { Exchange } from './exchange.ts';
import type { Access, PageModel, ServerModel, SignInModel } from './pages/model.ts';
import { toToolModel } from './pages/tool.ts';
import { personalHeaders } from './personal.ts';
import { accountOf, isTokenUser, oauthPath, type SignInState } from './sign-in.ts';
import type { Seen } from './status.ts';

/** Nothing from elsewhere, nothing inline: whatever text an upstream smuggles in, no script of it runs. */
function contentSecurityPolicy(formAction: "'self'" | "'none'"): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    `form-action ${formAction}`,
    "frame-ancestors 'none'",
  ].join('; ');
}

export function pageModel(exchange: Exchange): PageModel {
  const { settings } = exchange.snapshot.config;
  const { origin, rootPath } = exchange.mount();
  const { pathPrefix } = settings;
  return {
    title: settings.name ?? 'mcpo',
    version: exchange.program.version,
    rootPath,
    pathPrefix,
    baseUrl: `${origin}${rootPath}${pathPrefix}`,
  };
}

/** `view` with what it offers whoever asks. */
export function serverModel(exchange: Exchange, view: ServerView, { status, signIn }: Seen): ServerModel {
  const { state, detail, since, restarts, inFlight, queued, sessions, nextRetryAt, authorizationUrl } = status;
  const path = serverPath(view, exchange.snapshot);
  return {
    name: view.name,
    path,
    state,
    // The page has a link in its place.
    detail: authorizationUrl === undefined ? detail : detail.replace(`: open ${authorizationUrl}`, ''),
    since,
    restarts,
    inFlight,
    queued,
    sessions,
    nextRetryAt,
    tools: view.operations?.list.map(toToolModel),
    signIn: signIn && signInModel(exchange, view.name, path, signIn),
  };
}

function signInModel(exchange: Exchange, server: string, path: string, state: SignInState): SignInModel {
  const { multiUser, authenticated, principal, expiresAt, authorizationUrl } = state;
  const { rootPath, pathPrefix } = pageModel(exchange);
  const isNeeded = !authenticated || authorizationUrl !== undefined;
  const own = `${oauthPath(rootPath, server, 'authorize')}?return=${encodeURIComponent(`${rootPath}${pathPrefix}${path}/`)}`;
  // A ticket, and an address of the authorization server, are more than our own address can say.
  const known = !multiUser || isTokenUser(principal) ? authorizationUrl : undefined;
  return {
    multiUser,
    authenticated,
    account: accountOf(principal),
    expiresAt,
    signInUrl: isNeeded ? (known ?? own) : undefined,
    signOutPath: authenticated ? oauthPath(rootPath, server, 'logout') : undefined,
  };
}

/** '' for the server at the root, else '/name'. */
export function serverPath({ name }: ServerView, { root }: Snapshot): string {
  return name === root?.name ? '' : `/${encodeSegment(name)}`;
}

/**
 * Whether a browser was sent to sign in, because this page of a server whose users do so for themselves is not for just
 * anybody; it comes back to the page. `page`: '/' or '/docs'.
 */
export function sendToSignIn(exchange: Exchange, view: ServerView, { signIn }: Seen, page: '/' | '/docs'): boolean {
  if (signIn?.multiUser !== true || signIn.authenticated || isTokenUser(signIn.principal)) return false;
  const { rootPath, pathPrefix } = pageModel(exchange);
  const returnTo = `${rootPath}${pathPrefix}${serverPath(view, exchange.snapshot)}${page}`;
  exchange.send(
    302,
    {
      Location: `${oauthPath(rootPath, view.name, 'authorize')}?return=${encodeURIComponent(returnTo)}`,
      'Cache-Control': 'no-store',
      Vary: `Accept, ${personalHeaders.Vary}`,
    },
    '',
  );
  return true;
}

export function accessOf({ config }: Snapshot): Access {
  if (!isGuarded(config.settings)) return 'open';
  return config.settings.strictAuth ? 'key-everywhere' : 'key';
}

export interface PageOptions {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether it has forms, which lead to us alone. */
  readonly forms?: boolean;
}

export function sendPage(exchange: Exchange, html: string, options: PageOptions = {}): void {
  const { status = 200, headers, forms = false } = options;
  exchange.send(
    status,
    {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': contentSecurityPolicy(forms ? "'self'" : "'none'"),
      // Without a referrer browsers do not say whose a form is: then Origin is "null".
      'Referrer-Policy': forms ? 'same-origin' : 'no-referrer',
      'Cache-Control': 'no-store',
      ...headers,
    },
    html,
  );
}
