// A sign-in as mcp/oauth/ would do it, with an authorization server that says yes to everybody: keeps what was begun, and
// holds states and bindings together as the real one does.

import type { OAuthConfig } from '../../../src/config/types.ts';
import { SignInError } from '../../../src/mcp/oauth/authorizer.ts';
import type { BeginSignIn, SignIn, SignInStatus } from '../../../src/mcp/types.ts';

export interface FakeSignIn extends SignIn {
  readonly begun: BeginSignIn[];
  readonly signedOut: string[];
  /** Who is signed in. */
  readonly grants: Map<string, SignInStatus>;
}

export const authorizationServer = 'https://auth.example';

export interface FakeSignInOptions {
  readonly multiUser: boolean;
  /** What `begin` rejects with. */
  readonly cannotBegin?: string;
  /** Where the authorization server is. */
  readonly addressOf?: (state: string) => string;
  /** What `finish` rejects with, once state and binding are right. */
  readonly cannotFinish?: string;
}

export const signedIn: SignInStatus = { authenticated: true, expiresAt: undefined, scope: undefined };

export function fakeSignIn({ multiUser, cannotBegin, cannotFinish, addressOf }: FakeSignInOptions): FakeSignIn {
  const pending = new Map<string, BeginSignIn>();
  const begun: BeginSignIn[] = [];
  const signedOut: string[] = [];
  const grants = new Map<string, SignInStatus>();
  return {
    multiUser,
    begun,
    signedOut,
    grants,
    async begin(request) {
      begun.push(request);
      if (cannotBegin !== undefined) throw new SignInError(cannotBegin);
      const state = `state-${begun.length}`;
      pending.set(state, request);
      return addressOf?.(state) ?? `${authorizationServer}/authorize?state=${state}&prompt="'>`;
    },
    awaits: (state) => pending.has(state),
    async finish(params, binding) {
      const state = params.get('state') ?? '';
      const request = pending.get(state);
      pending.delete(state);
      if (request === undefined) throw new SignInError('the sign-in is not known here');
      if (request.binding !== undefined && request.binding !== binding) {
        throw new SignInError('the sign-in was begun in another browser');
      }
      if (cannotFinish !== undefined) throw new SignInError(cannotFinish);
      if (request.insteadOf !== undefined) grants.delete(request.insteadOf);
      grants.set(request.user, signedIn);
      return { user: request.user, returnTo: request.returnTo };
    },
    status: async (user) => grants.get(user) ?? { authenticated: false, expiresAt: undefined, scope: undefined },
    async signOut(user) {
      signedOut.push(user);
      grants.delete(user);
    },
  };
}

export function oauthConfig(changes: Partial<OAuthConfig> = {}): OAuthConfig {
  return {
    grant: 'authorization_code',
    multiUser: true,
    serverUrl: undefined,
    webuiSecretKey: undefined,
    webuiUserJwtSecret: undefined,
    storage: 'memory',
    sessionTimeoutMs: 30 * 60_000,
    callbackPort: 3030,
    useLoopback: true,
    clientId: undefined,
    clientSecret: undefined,
    clientMetadataUrl: undefined,
    tokenEndpointAuthMethod: undefined,
    privateKey: undefined,
    signingAlgorithm: undefined,
    scopes: undefined,
    clientMetadata: {},
    ...changes,
  };
}
