// One sign-in from its beginning to its end (OAuth 2.1, authorization code with PKCE): where the browser is sent, and what
// comes of what it brings back. Whoever brings it is not trusted: the state is used up first, then browser and issuer are
// checked, and only then is anything believed that was said.

import type { CallbackParams } from '../types.ts';
import {
  IssuerMismatchError,
  startAuthorization,
  validateAuthorizationResponseIssuer,
} from '@modelcontextprotocol/client';
import type { OAuthConfig } from '../../config/types.ts';
import { messageOf } from '../../errors.ts';
import type { Fetch } from '../../net/fetch.ts';
import { isSecure, quoted, type AuthorizationServer } from './authorization-server.ts';
import { SignInError } from './authorizer.ts';
import type { Discovery } from './discovery.ts';
import type { KeptGrant } from './kept-grants.ts';
import { newState, PendingSignIns, pendingMs, type PendingSignIn } from './pending.ts';
import type { Redirect, Registrations } from './registration.ts';
import { scopeToAsk } from './scopes.ts';
import { exchangeCode, TokenRefused } from './token-endpoint.ts';

export interface FlowOptions {
  readonly server: string;
  readonly config: OAuthConfig;
  readonly discovery: Discovery;
  readonly registrations: Registrations;
  readonly fetch: Fetch;
  readonly now: () => number;
}

export interface BeginFlow {
  readonly user: string;
  readonly redirect: Redirect;
  readonly binding: string | undefined;
  readonly returnTo: string | undefined;
  /** Another user of ours, whose sign-in this one takes the place of. */
  readonly insteadOf: string | undefined;
  /** Besides what the upstream asks for. */
  readonly wantedScope: string | undefined;
}

export interface BegunFlow {
  /** The authorization server's. */
  readonly url: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

export class Flow {
  readonly #options: FlowOptions;
  readonly #pending: PendingSignIns;

  constructor(options: FlowOptions) {
    this.#options = options;
    this.#pending = new PendingSignIns(options.now);
  }

  /** Rejects with SignInError, or with AuthorizationServerDown. */
  async begin({ redirect, binding, wantedScope, ...request }: BeginFlow): Promise<BegunFlow> {
    const { config, discovery, registrations, now } = this.#options;
    if (!['http:', 'https:'].includes(new URL(redirect.url).protocol))
      throw this.#error('comes back to no web address');
    const server = await discovery.find();
    this.#checkAbilities(server);
    const scope = scopeToAsk(server, config, { challenged: discovery.scope, wanted: wantedScope });
    const client = await registrations.clientFor(server, redirect, scope);
    const state = newState();
    const { authorizationUrl, codeVerifier: verifier } = await startAuthorization(server.url, {
      ...(server.metadata && { metadata: server.metadata }),
      clientInformation: { client_id: client.id },
      redirectUrl: redirect.url,
      ...(scope !== undefined && { scope }),
      state,
      ...(server.resource !== undefined && { resource: server.resource }),
    });
    if (!isSecure(authorizationUrl.href)) throw this.#error('would begin at an address without https');
    const expiresAt = now() + pendingMs;
    this.#pending.add(state, { ...request, server, client, redirectUrl: redirect.url, verifier, scope }, binding);
    return { url: authorizationUrl.href, expiresAt };
  }

  awaits(state: string): boolean {
    return this.#pending.has(state);
  }

  /** Uses up the state. Rejects with SignInError. */
  claim(params: CallbackParams, binding: string | undefined): PendingSignIn {
    const pending = this.#pending.take(params.get('state') ?? '', binding);
    if (pending === undefined)
      throw this.#error('is not known here, is over already, or took too long: begin it again');
    if (pending === 'other-browser') throw this.#error('was begun in another browser: begin it in this one');
    // RFC 6749, section 3.1: none of them may come twice.
    const twice = ['state', 'code', 'error', 'iss'].some((name) => params.getAll(name).length > 1);
    if (twice) throw this.#error('came back garbled: begin it again');
    return pending;
  }

  /** What the authorization server gave. Rejects with SignInError. */
  async redeem(pending: PendingSignIn, params: CallbackParams): Promise<KeptGrant> {
    const { config, registrations, fetch, now } = this.#options;
    const { server, client, verifier, redirectUrl, scope } = pending;
    const iss = params.get('iss') ?? undefined;
    this.#checkIssuer(server, iss);
    registrations.answered(client);
    const error = params.get('error');
    if (error !== null) throw this.#error(refusal(server, error, params.get('error_description')));
    const code = params.get('code');
    if (code === null || code === '') throw this.#error('came back without a code: begin it again');
    try {
      const tokens = await exchangeCode({ server, client, config, fetch, now }, { code, iss, verifier, redirectUrl });
      const { issuer, resource } = server;
      return { ...tokens, issuer, resource, client, asked: scope, usedAt: now() };
    } catch (failure) {
      if (failure instanceof TokenRefused && failure.unknownClient) await registrations.forget(server.issuer, client);
      throw this.#error(`came to nothing: ${messageOf(failure)}; begin it again`);
    }
  }

  /** Whatever this user began ends here. */
  forgetUser(user: string): void {
    this.#pending.forgetUser(user);
  }

  #checkAbilities({ issuer, metadata }: AuthorizationServer): void {
    const methods = metadata?.code_challenge_methods_supported;
    if (methods !== undefined && !methods.includes('S256')) {
      throw this.#error(`is not safe: ${issuer} does not support PKCE with S256`);
    }
    if (metadata !== undefined && !metadata.response_types_supported.includes('code')) {
      throw this.#error(`is not possible: ${issuer} gives no authorization codes`);
    }
  }

  /** RFC 9207. Nothing of an answer from somebody else is shown: he wrote it. */
  #checkIssuer({ metadata }: AuthorizationServer, iss: string | undefined): void {
    try {
      validateAuthorizationResponseIssuer({
        iss,
        expectedIssuer: metadata?.issuer,
        issParameterSupported: metadata?.authorization_response_iss_parameter_supported === true,
      });
    } catch (error) {
      if (!(error instanceof IssuerMismatchError)) throw error;
      throw this.#error(
        'was answered by another authorization server than the one it was begun at, and is not believed',
      );
    }
  }

  #error(what: string): SignInError {
    return new SignInError(`the sign-in to ${this.#options.server} ${what}`);
  }
}

function refusal({ issuer }: AuthorizationServer, error: string, description: string | null): string {
  if (error === 'access_denied') return 'was refused';
  const why = [quoted(error), quoted(description)].filter((part) => part !== '').join(': ');
  return `came to nothing: ${issuer} says ${why}`;
}
