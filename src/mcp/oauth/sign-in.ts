// Signing in to one upstream: what routes and connections need of it, put together from its parts. Knows the grant of each
// user, ends those of users who do nothing any more, and begins the one that serves everybody by itself. Lives as long as
// the upstream's address and its `oauth` block stay the same, whatever a reload makes of the rest.

import type { OAuthConfig } from '../../config/types.ts';
import { messageOf } from '../../errors.ts';
import type { Observe } from '../../events.ts';
import type { Fetch } from '../../net/fetch.ts';
import type { Store } from '../../storage/store.ts';
import type { BeginSignIn, CallbackParams, SignedIn, SignIn, SignInStatus } from '../types.ts';
import { sameIssuer } from './authorization-server.ts';
import { AuthorizationRequired, SignInError, type Authorizer } from './authorizer.ts';
import type { CallbackPage, CallbackPlace } from './callback-place.ts';
import { Discovery } from './discovery.ts';
import { Flow, type BegunFlow } from './flow.ts';
import { Grant, type GrantContext } from './grant.ts';
import { KeptGrants, type KeptGrant } from './kept-grants.ts';
import { OwnSignIn } from './own-sign-in.ts';
import { ownRedirect } from './redirects.ts';
import { Registrations, serverIdOf, type Redirect } from './registration.ts';
import { isExpired, revokeTokens } from './token-endpoint.ts';

export interface SignInOptions {
  /** Its name. */
  readonly server: string;
  /** Of the MCP endpoint. */
  readonly url: string;
  readonly config: OAuthConfig;
  readonly store: Store;
  /** Guarded, and limited in size and time. */
  readonly fetch: Fetch;
  readonly observe: Observe;
  /** Whether a browser was started; undefined: there is none. */
  readonly openBrowser?: ((url: string) => boolean) | undefined;
  readonly callbacks: CallbackPlace;
  /** There is something new to connect with; or, where one sign-in serves everybody, a new address to ask for. */
  readonly onSignedIn: (user: string) => void;
  /** Resolves when what was connected for this user has ended: until then its tokens are not revoked. Never rejects. */
  readonly onSignedOut: (user: string) => Promise<void>;
  readonly now?: () => number;
}

/** For the upstream. */
export interface UpstreamSignIn extends SignIn {
  /** The tokens of a user; of '' where one sign-in serves everybody. */
  grantOf(user: string): Authorizer;
  /** Signs out whoever did nothing for too long. A timer asks for it as well. */
  sweep(): Promise<void>;
  /** Waits for nobody any more. Grants stay in the store. */
  close(): void;
}

/** Idle users are looked for so many times within their time. */
const sweepsPerTimeout = 10;
const maxSweepPauseMs = 60_000;
/** Revoking is a courtesy. */
const revokeWithinMs = 3_000;

export function createSignIn(options: SignInOptions): UpstreamSignIn {
  return new UpstreamSignInOverStore(options);
}

class UpstreamSignInOverStore implements UpstreamSignIn {
  readonly multiUser: boolean;
  readonly #options: SignInOptions & { readonly now: () => number };
  readonly #context: GrantContext;
  readonly #flow: Flow;
  readonly #own: OwnSignIn;
  /** Of users who did something of late. */
  readonly #grants = new Map<string, Grant>();
  readonly #sweeper: NodeJS.Timeout | undefined;

  constructor({ now = Date.now, ...given }: SignInOptions) {
    const { server, url, config, store, fetch, observe, callbacks, openBrowser } = given;
    this.multiUser = config.multiUser;
    this.#options = { ...given, now };
    const serverId = serverIdOf(server, url);
    const idleMs = config.multiUser ? config.sessionTimeoutMs : undefined;
    const discovery = new Discovery({ server, url, hint: config.serverUrl, fetch, now });
    const registrations = new Registrations({ server, serverId, config, store, fetch, now });
    const kept = new KeptGrants({ store, serverId, idleMs, now });
    const shared = { server, config, discovery, registrations, fetch, observe, now };
    this.#flow = new Flow(shared);
    this.#context = {
      ...shared,
      kept,
      required: (user, onlyMoreScope) => this.#required(user, onlyMoreScope),
      onEnded: (user) => void given.onSignedOut(user),
    };
    this.#own = new OwnSignIn({
      server,
      config,
      callbacks,
      openBrowser,
      observe,
      now,
      begin: (redirect) => this.#begin({ user: '', binding: undefined, returnTo: undefined }, redirect),
      take: (params) => this.#take(params),
    });
    if (idleMs !== undefined) {
      const pauseMs = Math.min(maxSweepPauseMs, Math.ceil(idleMs / sweepsPerTimeout));
      this.#sweeper = setInterval(() => void this.sweep(), pauseMs).unref();
    }
  }

  grantOf(user: string): Grant {
    const grant = this.#grants.get(user) ?? new Grant(user, this.#context);
    this.#grants.set(user, grant);
    return grant;
  }

  async begin(request: BeginSignIn): Promise<string> {
    const url = ownRedirect(this.#options.config, request.redirectUrl);
    try {
      return (await this.#begin(request, { url, kind: 'web' })).url;
    } catch (error) {
      throw error instanceof SignInError ? error : new SignInError(this.#cannotBegin(error), { cause: error });
    }
  }

  awaits(state: string): boolean {
    return this.#flow.awaits(state);
  }

  async finish(params: CallbackParams, binding: string | undefined): Promise<SignedIn> {
    const { server, observe, onSignedIn, onSignedOut } = this.#options;
    const pending = this.#flow.claim(params, binding);
    const { user, returnTo, insteadOf } = pending;
    try {
      const kept = await this.#flow.redeem(pending, params);
      await this.grantOf(user).adopt(kept);
    } catch (error) {
      observe({ type: 'sign-in', server, change: 'failed', detail: messageOf(error) });
      this.#grants.get(user)?.wantNothing();
      if (!this.multiUser) {
        // The address that everybody was told is of no more use.
        this.#own.close();
        onSignedIn(user);
      }
      throw error instanceof SignInError ? error : new SignInError(this.#cannotBegin(error), { cause: error });
    }
    // What the upstream trusts may have changed since the sign-in began.
    this.#context.discovery.drop();
    this.#own.finished();
    observe({ type: 'sign-in', server, change: 'signed-in', detail: '' });
    if (insteadOf !== undefined && insteadOf !== user && (await this.grantOf(insteadOf).remove()) !== undefined) {
      await onSignedOut(insteadOf);
    }
    onSignedIn(user);
    return { user, returnTo };
  }

  async status(user: string): Promise<SignInStatus> {
    const known = this.#grants.get(user);
    const grant = known ?? new Grant(user, this.#context);
    const kept = await grant.current();
    if (kept === undefined || this.#isOver(grant, kept)) {
      if (known !== undefined) await this.#endIfIdle(user, known);
      return { authenticated: false, expiresAt: undefined, scope: undefined };
    }
    // Of somebody who has no grant nothing is remembered: anybody can make up users.
    if (known === undefined) this.#grants.set(user, grant);
    grant.use();
    return { authenticated: true, expiresAt: kept.expiresAt, scope: kept.scope ?? kept.asked };
  }

  async signOut(user: string): Promise<void> {
    const { server, observe, onSignedOut } = this.#options;
    this.#flow.forgetUser(user);
    if (!this.multiUser) this.#own.finished();
    const removed = await this.grantOf(user).remove();
    if (this.multiUser) this.#grants.delete(user);
    if (removed === undefined) return;
    observe({ type: 'sign-in', server, change: 'signed-out', detail: '' });
    await onSignedOut(user);
    await this.#revoke(removed);
  }

  async sweep(): Promise<void> {
    await Promise.all([...this.#grants].map(([user, grant]) => this.#endIfIdle(user, grant)));
  }

  close(): void {
    clearInterval(this.#sweeper);
    this.#own.close();
  }

  async #begin(request: Omit<BeginSignIn, 'redirectUrl'>, redirect: Redirect): Promise<BegunFlow> {
    const { server, observe } = this.#options;
    const { user, binding, returnTo, insteadOf } = request;
    try {
      const wantedScope = await this.#wantedScope(insteadOf ?? user);
      return await this.#flow.begin({ user, redirect, binding, returnTo, insteadOf, wantedScope });
    } catch (error) {
      if (error instanceof SignInError) observe({ type: 'sign-in', server, change: 'failed', detail: error.message });
      throw error;
    }
  }

  /** Creates nothing for users that nobody knows. */
  #wantedScope(user: string): Promise<string | undefined> {
    return (this.#grants.get(user) ?? new Grant(user, this.#context)).wantedScope();
  }

  async #required(user: string, onlyMoreScope: boolean): Promise<AuthorizationRequired> {
    const { server } = this.#options;
    const what = onlyMoreScope ? 'asks for more rights than it was given' : 'asks for a sign-in';
    if (this.multiUser) return new AuthorizationRequired(`${server} ${what}`, { onlyMoreScope });
    try {
      const authorizationUrl = await this.#own.address(await this.#wantedScope(user));
      return new AuthorizationRequired(`${server} ${what}: open ${authorizationUrl}`, {
        authorizationUrl,
        onlyMoreScope,
      });
    } catch (error) {
      if (!(error instanceof SignInError)) throw error;
      return new AuthorizationRequired(error.message, { onlyMoreScope, cause: error });
    }
  }

  async #take(params: URLSearchParams): Promise<CallbackPage | undefined> {
    const { server } = this.#options;
    if (!this.awaits(params.get('state') ?? '')) return undefined;
    try {
      await this.finish(params, undefined);
      return { title: 'Signed in', detail: `${server} can be used now. You can close this window.`, ok: true };
    } catch (error) {
      return { title: 'Not signed in', detail: messageOf(error), ok: false };
    }
  }

  #isOver(grant: Grant, kept: KeptGrant): boolean {
    const nowMs = this.#options.now();
    return this.#isIdle(grant, kept) || (kept.refreshToken === undefined && isExpired(kept, nowMs));
  }

  #isIdle(grant: Grant, kept: KeptGrant | undefined): boolean {
    const { config, now } = this.#options;
    return config.multiUser && now() - grant.usedAt(kept) >= config.sessionTimeoutMs;
  }

  async #endIfIdle(user: string, grant: Grant): Promise<void> {
    const { server, observe, onSignedOut } = this.#options;
    try {
      if (!this.#isIdle(grant, undefined)) return;
      let isGone = true;
      const removed = await grant.remove((kept) => (isGone = this.#isIdle(grant, kept)));
      if (!isGone) return;
      this.#grants.delete(user);
      if (removed !== undefined) observe({ type: 'sign-in', server, change: 'expired', detail: '' });
      // What is connected ends in any case, also where the store was faster.
      await onSignedOut(user);
      if (removed !== undefined) await this.#revoke(removed);
    } catch (error) {
      observe({ type: 'warning', message: `${server}: an idle user was not signed out: ${messageOf(error)}` });
    }
  }

  /** Best effort, and not for long. */
  async #revoke(grant: KeptGrant): Promise<void> {
    const { config, now } = this.#options;
    const limit = AbortSignal.timeout(revokeWithinMs);
    const fetch: Fetch = (url, init) => this.#options.fetch(url, { ...init, signal: limit });
    const client = this.#context.registrations.current(grant.client);
    if (client === undefined) return;
    try {
      const server = await Promise.race([this.#context.discovery.find(), aborted(limit)]);
      if (!sameIssuer(server.issuer, grant.issuer)) return;
      await revokeTokens({ server, client, config, fetch, now }, grant);
    } catch {
      // The tokens are forgotten here; there they end by themselves.
    }
  }

  #cannotBegin(error: unknown): string {
    return `the sign-in to ${this.#options.server} is not possible just now: ${messageOf(error)}; try again later`;
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('too late')), { once: true });
  });
}
