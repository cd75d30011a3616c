// Requests to the token endpoint, and to the one that takes tokens back (RFC 6749, RFC 7009). Failures are told apart by
// what follows from them: the server is down and nothing is decided, or it said no. What it says is never passed on where
// a secret of ours is in it.

import {
  exchangeAuthorization,
  fetchToken,
  OAuthError,
  OAuthErrorCode,
  refreshAuthorization,
  type OAuthClientProvider,
  type OAuthTokens,
} from '@modelcontextprotocol/client';
import type { OAuthConfig } from '../../config/types.ts';
import type { Fetch } from '../../net/fetch.ts';
import {
  AuthorizationServerDown,
  insistent,
  quoted,
  reaching,
  type AuthorizationServer,
} from './authorization-server.ts';
import { clientAuthentication, type Client } from './client.ts';

export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
  /** Milliseconds since the epoch. */
  readonly issuedAt: number;
  /** undefined: used until it is refused. */
  readonly expiresAt: number | undefined;
  /** As granted; undefined: as asked (RFC 6749, section 5.1). */
  readonly scope: string | undefined;
}

/** The server decided against it. */
export class TokenRefused extends Error {
  override readonly name = 'TokenRefused';
  /** Whether it is we who are not known, and not what we asked for. */
  readonly unknownClient: boolean;

  constructor(sentence: string, { unknownClient }: { readonly unknownClient: boolean }) {
    super(sentence);
    this.unknownClient = unknownClient;
  }
}

/** Who asks which server. */
export interface TokenRequest {
  readonly server: AuthorizationServer;
  readonly client: Client;
  readonly config: OAuthConfig;
  readonly fetch: Fetch;
  readonly now: () => number;
}

/** Rejects with TokenRefused, AuthorizationServerDown, or the library's IssuerMismatchError. */
export async function exchangeCode(
  request: TokenRequest,
  {
    code,
    iss,
    verifier,
    redirectUrl,
  }: {
    readonly code: string;
    readonly iss: string | undefined;
    readonly verifier: string;
    readonly redirectUrl: string;
  },
): Promise<Tokens> {
  return tokensOf(request, [code, verifier], (common) =>
    exchangeAuthorization(request.server.url, {
      ...common,
      authorizationCode: code,
      ...(iss !== undefined && { iss }),
      codeVerifier: verifier,
      redirectUri: redirectUrl,
    }),
  );
}

/** The old refresh token stays where no new one comes. Rejects with TokenRefused, or with AuthorizationServerDown. */
export async function refreshTokens(request: TokenRequest, refreshToken: string): Promise<Tokens> {
  return tokensOf(request, [refreshToken], (common) =>
    refreshAuthorization(request.server.url, { ...common, refreshToken }),
  );
}

/** RFC 6749, section 4.4. Rejects with TokenRefused, or with AuthorizationServerDown. */
export async function machineTokens(request: TokenRequest, scope: string | undefined): Promise<Tokens> {
  const params = new URLSearchParams({ grant_type: 'client_credentials', ...(scope !== undefined && { scope }) });
  return tokensOf(request, [], ({ clientInformation, addClientAuthentication, ...common }) =>
    fetchToken(
      {
        ...noBrowser,
        clientInformation: () => ({ ...clientInformation, issuer: request.server.issuer }),
        addClientAuthentication,
        prepareTokenRequest: () => params,
      },
      request.server.url,
      common,
    ),
  );
}

/** Best effort: a server that does not answer keeps the token until it expires. */
export async function revokeTokens(
  { server, client, config, fetch }: TokenRequest,
  { refreshToken, accessToken }: Pick<Tokens, 'refreshToken' | 'accessToken'>,
): Promise<void> {
  const endpoint = server.revocationEndpoint;
  if (endpoint === undefined) return;
  for (const [token, hint] of [
    [refreshToken, 'refresh_token'],
    [accessToken, 'access_token'],
  ] as const) {
    if (token === undefined) continue;
    const headers = new Headers({ 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' });
    const body = new URLSearchParams({ token, token_type_hint: hint });
    await clientAuthentication(client, config)(headers, body, endpoint, server.metadata);
    const response = await reaching(fetch)(endpoint, { method: 'POST', headers, body, redirect: 'manual' });
    await response.text();
  }
}

/** Refreshed this long before it expires, so that no request meets the end of a token. */
const maxAheadMs = 60_000;

export function isDue({ issuedAt, expiresAt }: Tokens, now: number): boolean {
  return expiresAt !== undefined && now >= expiresAt - Math.min(maxAheadMs, (expiresAt - issuedAt) / 5);
}

export function isExpired({ expiresAt }: Tokens, now: number): boolean {
  return expiresAt !== undefined && now >= expiresAt;
}

/** What all token requests of the library have in common. */
interface Common {
  readonly metadata?: NonNullable<AuthorizationServer['metadata']>;
  readonly clientInformation: { readonly client_id: string };
  readonly addClientAuthentication: ReturnType<typeof clientAuthentication>;
  readonly resource?: string;
  readonly fetchFn: Fetch;
}

async function tokensOf(
  { server, client, config, fetch, now }: TokenRequest,
  secrets: readonly string[],
  ask: (common: Common) => Promise<OAuthTokens>,
): Promise<Tokens> {
  const issuedAt = now();
  try {
    const answer = await ask({
      ...(server.metadata && { metadata: server.metadata }),
      clientInformation: { client_id: client.id },
      addClientAuthentication: clientAuthentication(client, config),
      ...(server.resource !== undefined && { resource: server.resource }),
      fetchFn: insistent(fetch),
    });
    return toTokens(answer, issuedAt);
  } catch (error) {
    throw toError(error, server, [...secrets, client.secret]);
  }
}

function toTokens(answer: OAuthTokens, issuedAt: number): Tokens {
  const { access_token: accessToken, token_type: type, expires_in: seconds } = answer;
  // RFC 6750, section 2.1: anything else could not be sent.
  if (type.toLowerCase() !== 'bearer' || !/^[\x21-\x7e]+$/.test(accessToken)) throw new TypeError('no bearer token');
  return {
    accessToken,
    refreshToken: answer.refresh_token,
    issuedAt,
    expiresAt: seconds !== undefined && seconds > 0 ? issuedAt + seconds * 1000 : undefined,
    scope: answer.scope,
  };
}

const clientErrors: readonly string[] = [OAuthErrorCode.InvalidClient, OAuthErrorCode.UnauthorizedClient];
/** Said by servers that want to be asked later, and by the library of answers that are no OAuth errors. */
const undecided: readonly string[] = [
  OAuthErrorCode.ServerError,
  OAuthErrorCode.TemporarilyUnavailable,
  OAuthErrorCode.TooManyRequests,
];

function toError(error: unknown, { issuer }: AuthorizationServer, secrets: readonly (string | undefined)[]): unknown {
  if (error instanceof OAuthError) {
    if (undecided.includes(error.code)) return new AuthorizationServerDown(`${issuer} gives no token just now`);
    const code = quoted(error.code, secrets);
    const description = error.message === error.code ? '' : quoted(error.message, secrets);
    const why = [code, description].filter((part) => part !== '').join(': ');
    return new TokenRefused(`${issuer} gives no token (${why})`, { unknownClient: clientErrors.includes(error.code) });
  }
  // Parsers quote what they read.
  if (error instanceof SyntaxError || error instanceof TypeError || (error as Error).name === 'ZodError') {
    return new AuthorizationServerDown(`what ${issuer} answers is no bearer token`);
  }
  return error;
}

/** What a provider of the library must have; none of it is asked without a browser. */
const noBrowser: Pick<
  OAuthClientProvider,
  | 'redirectUrl'
  | 'clientMetadata'
  | 'tokens'
  | 'saveTokens'
  | 'redirectToAuthorization'
  | 'saveCodeVerifier'
  | 'codeVerifier'
> = {
  redirectUrl: undefined,
  clientMetadata: { redirect_uris: [] },
  tokens: () => undefined,
  saveTokens: () => {},
  redirectToAuthorization: () => {},
  saveCodeVerifier: () => {},
  codeVerifier: () => '',
};
