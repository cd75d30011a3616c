// Who is calling. Only what was proved counts: a token that its secret or key set verifies, a browser's session in which
// somebody signed in, the key. A token that should be verified and is not good is refused and never passed over for
// something weaker; where nothing verifies tokens they mean nothing. X-Session-Id tells the sessions of one user apart; it
// is a name, and gives no right to anything of another user's.

import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { OAuthConfig, ServerConfig } from '../../config/types.ts';
import { AppError } from '../../errors.ts';
import type { UpstreamHandle } from '../../mcp/types.ts';
import type { Principal } from '../../principal.ts';
import { sessionOf } from './cookie.ts';
import { verifyHmac, type Verdict } from './jwt.ts';
import { isKey, type KnownKey } from './keys.ts';
import type { Mount } from './proxies.ts';
import type { AccessRules } from './rules.ts';

/** What of a request says who calls. */
export interface Asking {
  readonly request: Pick<IncomingMessage, 'headers' | 'method'>;
  readonly rules: Pick<AccessRules, 'keys' | 'tokens' | 'origins'>;
  /** The key that it was admitted with. */
  readonly key: KnownKey | undefined;
  /** Where our routes lie for this caller. */
  mount(): Mount;
}

/** The server that it is about. */
export interface About {
  readonly config: Pick<ServerConfig, 'name' | 'oauth' | 'session'>;
  readonly upstream: Pick<UpstreamHandle, 'signIn'> | undefined;
}

const nobody: Principal = { user: '', sessionId: undefined };

/**
 * Of a request that was admitted; `about` is undefined where it is about no server in particular. A promise only where a
 * token's keys may have to be fetched, or a browser's session is looked up. Throws or rejects with `unauthenticated` for a
 * bad token, and with `malformed_request` for a session id that is none, where one is asked for.
 */
export function identify(asking: Asking, about: About | undefined): Principal | Promise<Principal> {
  const { headers } = asking.request;
  if (asking.rules.tokens === undefined && about?.config.oauth === undefined) {
    return inSession(asking.key?.holder ?? nobody, about, headers);
  }
  const user = userOf(asking, about);
  return user instanceof Promise
    ? user.then((known) => inSession(known, about, headers))
    : inSession(user, about, headers);
}

/** Throws or rejects with `unauthenticated` unless a good token of `mcpo.jwt` is in Authorization: for calls where no key is set. */
export function checkToken(
  rules: Pick<AccessRules, 'keys' | 'tokens'>,
  headers: IncomingHttpHeaders,
): Promise<void> | undefined {
  const { tokens } = rules;
  if (tokens === undefined) return undefined;
  const token = bearerOf(rules, headers);
  if (token === undefined) {
    throw new AppError(
      'unauthenticated',
      'This needs a token that says who you are: send "Authorization: Bearer TOKEN", with a JSON Web Token that "mcpo.jwt" ' +
        'of the configuration verifies.',
    );
  }
  const verdict = tokens(token);
  if (verdict instanceof Promise) return verdict.then((found) => void believed(found, 'jwt', 'Authorization'));
  believed(verdict, 'jwt', 'Authorization');
  return undefined;
}

function userOf(asking: Asking, about: About | undefined): Principal | Promise<Principal> {
  const oauth = about?.config.oauth;
  const named = oauth && namedByOpenWebui(oauth, asking.request.headers);
  const bearer = bearerUser(asking, oauth);
  if (bearer instanceof Promise) return bearer.then((known) => chosen(asking, about, named, known));
  return chosen(asking, about, named, bearer);
}

/** Open WebUI's word is about the user of a chat; a token of `mcpo.jwt` beside it may be the chat's own. */
function chosen(
  asking: Asking,
  about: About | undefined,
  named: Principal | undefined,
  bearer: Principal | undefined,
): Principal | Promise<Principal> {
  if (named !== undefined && bearer !== undefined && isWebui(bearer) && named.user !== bearer.user) {
    throw new AppError(
      'unauthenticated',
      'The tokens in Authorization and X-OpenWebUI-User-Jwt name different users: send only that of the user who calls.',
    );
  }
  const proved = named ?? bearer;
  if (proved !== undefined) return proved;
  return about?.config.oauth?.multiUser === true ? browserUser(asking, about) : (asking.key?.holder ?? nobody);
}

/** Header of Open WebUI with ENABLE_FORWARD_USER_INFO_HEADERS and FORWARD_USER_INFO_HEADER_JWT_SECRET. */
function namedByOpenWebui(oauth: OAuthConfig, headers: IncomingHttpHeaders): Principal | undefined {
  const secret = oauth.webuiUserJwtSecret ?? oauth.webuiSecretKey;
  const token = headers['x-openwebui-user-jwt'];
  if (token === undefined || secret === undefined) return undefined;
  // Two of these headers arrive as one with a comma, which no token has.
  return believed(webuiVerdict(String(token), secret, ['sub', 'id']), 'webui', 'X-OpenWebUI-User-Jwt');
}

/**
 * Of the token in Authorization: Open WebUI's session token where the server has its secret, or one of `mcpo.jwt`.
 * undefined where there is none, or nothing that could verify it.
 */
function bearerUser(
  { rules, request }: Asking,
  oauth: OAuthConfig | undefined,
): Principal | Promise<Principal> | undefined {
  const { tokens } = rules;
  const secret = oauth?.webuiSecretKey;
  if (tokens === undefined && secret === undefined) return undefined;
  const token = bearerOf(rules, request.headers);
  if (token === undefined) return undefined;
  const webui = secret === undefined ? undefined : webuiVerdict(token, secret, ['id']);
  if (tokens === undefined || (webui !== undefined && 'user' in webui)) {
    return webui && believed(webui, 'webui', 'Authorization');
  }
  const verdict = tokens(token);
  return verdict instanceof Promise
    ? verdict.then((found) => believed(found, 'jwt', 'Authorization'))
    : believed(verdict, 'jwt', 'Authorization');
}

function webuiVerdict(token: string, secret: string, userClaims: readonly string[]): Verdict {
  return verifyHmac(token, secret, ['HS256'], { userClaims, issuer: undefined, audience: undefined });
}

/** The token of Bearer; undefined for other schemes, and where it is one of the keys. */
function bearerOf({ keys }: Pick<AccessRules, 'keys'>, { authorization }: IncomingHttpHeaders): string | undefined {
  const found = authorization === undefined ? null : bearerForm.exec(authorization);
  if (found === null) return undefined;
  // An empty one is a bad one, not none.
  const token = (found[1] ?? '').trim();
  return isKey(keys, token) ? undefined : token;
}

const bearerForm = /^bearer(?:\s(.*))?$/is;

type Kind = 'webui' | 'jwt';

/** The user, told apart from those of other kinds of tokens. */
function believed(verdict: Verdict, kind: Kind, place: string): Principal {
  if ('user' in verdict) return { user: `${kind}:${verdict.user.id}`, sessionId: undefined, claims: verdict.user };
  throw new AppError('unauthenticated', `The ${tokenNames[kind]} in ${place} is refused: ${verdict.refusal}.`);
}

const tokenNames: Readonly<Record<Kind, string>> = { webui: 'token of Open WebUI', jwt: 'token' };

function isWebui({ user }: Principal): boolean {
  return user.startsWith('webui:');
}

/** A session counts while somebody is signed in with it: ids that nobody has are not taken over. */
function browserUser(asking: Asking, { config, upstream }: About): Principal | Promise<Principal> {
  const { method, headers } = asking.request;
  const signIn = upstream?.signIn;
  if (headers.cookie === undefined || signIn === undefined) return nobody;
  const id = sessionOf({ method, headers, mount: asking.mount(), origins: asking.rules.origins }, config.name);
  if (id === undefined) return nobody;
  const user = `session:${id}`;
  return signIn.status(user).then(({ authenticated }) => (authenticated ? { user, sessionId: undefined } : nobody));
}

/** Visible ASCII, as long as a key or a UUID with something around it needs. */
const sessionIdForm = /^[\x21-\x7e]{1,128}$/;

function inSession(principal: Principal, about: About | undefined, headers: IncomingHttpHeaders): Principal {
  if (about?.config.session !== 'caller') return principal;
  const sessionId = headers['x-session-id'];
  if (sessionId === undefined) return principal;
  // Two of these headers arrive as one, with a space in it.
  if (typeof sessionId !== 'string' || !sessionIdForm.test(sessionId)) {
    throw new AppError(
      'malformed_request',
      'X-Session-Id must be 1 to 128 visible ASCII characters, and be sent once: send a UUID, for example, or leave it out.',
      { server: about.config.name },
    );
  }
  return { ...principal, sessionId };
}
