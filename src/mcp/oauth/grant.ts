// What an authorization server gave us for one user, in use: the access token to send, renewed ahead of its expiry and
// after a refusal. The only code that spends refresh tokens: one at a time, under the store's lock, and what comes for it
// is in the store before it is used. A server that cannot be reached ends nothing; one that says no ends the sign-in.

import { computeScopeUnion, isStrictScopeSuperset } from '@modelcontextprotocol/client';
import type { OAuthConfig } from '../../config/types.ts';
import { messageOf } from '../../errors.ts';
import type { Observe } from '../../events.ts';
import type { Fetch } from '../../net/fetch.ts';
import { AuthorizationServerDown, sameIssuer } from './authorization-server.ts';
import type { AuthorizationRequired, Authorizer, Challenge } from './authorizer.ts';
import type { Discovery } from './discovery.ts';
import type { KeptGrant, KeptGrants } from './kept-grants.ts';
import { Refusals } from './refusals.ts';
import type { Registrations } from './registration.ts';
import { isDue, isExpired, refreshTokens, TokenRefused } from './token-endpoint.ts';

/** What the grants of an upstream share. */
export interface GrantContext {
  readonly server: string;
  readonly config: OAuthConfig;
  readonly discovery: Discovery;
  readonly registrations: Registrations;
  readonly kept: KeptGrants;
  readonly fetch: Fetch;
  readonly observe: Observe;
  readonly now: () => number;
  /** What to throw where this user has to sign in, or to allow more. */
  readonly required: (user: string, onlyMoreScope: boolean) => Promise<AuthorizationRequired>;
  /** The sign-in of this user is over, against his will. */
  readonly onEnded: (user: string) => void;
}

/** What was read is believed for so long: another process may have signed the user out. */
const believedMs = 5_000;
/** After a failure to reach the authorization server it is left alone for a moment. */
const pauseMs = 5_000;

export class Grant implements Authorizer {
  readonly #user: string;
  readonly #context: GrantContext;
  #known: { readonly grant: KeptGrant | undefined; readonly readAt: number } | undefined;
  /** Of what is known: what was read before a change does not replace what the change came to. */
  #version = 0;
  #reading: Promise<KeptGrant | undefined> | undefined;
  #refreshing: Promise<KeptGrant | undefined> | undefined;
  #notingUse = false;
  #usedAt = 0;
  #pause: { readonly untilMs: number; readonly error: Error } | undefined;
  /** Scopes that the upstream missed, or that an earlier grant had. */
  #wanted: string | undefined;
  readonly #refusals = new Refusals();

  constructor(user: string, context: GrantContext) {
    this.#user = user;
    this.#context = context;
  }

  async token(): Promise<string | undefined> {
    const { config, required, now } = this.#context;
    const grant = await this.current();
    if (grant === undefined) {
      // Where one sign-in serves everybody the upstream itself says what it wants, if anything.
      if (config.multiUser) throw await required(this.#user, false);
      return undefined;
    }
    if (!isDue(grant, now())) return grant.accessToken;
    if (grant.refreshToken === undefined && !isExpired(grant, now())) return grant.accessToken;
    try {
      const fresh = await this.#refreshed(grant.accessToken);
      if (fresh !== undefined) return fresh.accessToken;
    } catch (error) {
      if (isExpired(grant, now())) throw error;
      return grant.accessToken;
    }
    throw await required(this.#user, false);
  }

  async refused(sent: string | undefined, challenge: Challenge): Promise<boolean> {
    const { discovery, required, now } = this.#context;
    if (challenge.status === 401) discovery.heard(challenge);
    const grant = await this.#read();
    if (grant === undefined) throw await required(this.#user, false);
    if (grant.accessToken !== sent) return true;
    if (challenge.status === 403) return this.#missScope(grant, challenge.scope);
    this.#refusals.add(grant, now());
    if (this.#refusals.hopeless) throw new Error(this.#refusalSentence(grant));
    const fresh = await this.#refreshed(sent, true);
    if (fresh === undefined) throw await required(this.#user, false);
    return true;
  }

  /** The upstream took this token. */
  accepted(sent: string | undefined): void {
    if (sent !== undefined) this.#refusals.clear();
  }

  /** As last read, a moment ago at most. */
  async current(): Promise<KeptGrant | undefined> {
    const { now } = this.#context;
    if (this.#known !== undefined && now() - this.#known.readAt < believedMs) return this.#known.grant;
    return this.#read();
  }

  /** What to ask for besides what the upstream says: nothing that was allowed before is lost. */
  async wantedScope(): Promise<string | undefined> {
    const grant = await this.current();
    return computeScopeUnion(grant?.asked, grant?.scope, this.#wanted);
  }

  /** The scopes may be why a sign-in failed. */
  wantNothing(): void {
    this.#wanted = undefined;
  }

  /** After a sign-in. */
  async adopt(grant: KeptGrant): Promise<void> {
    const { kept } = this.#context;
    await kept.locked(this.#user, async () => {
      await kept.save(this.#user, grant);
      this.#note(grant);
    });
    this.#usedAt = grant.usedAt;
    this.#pause = undefined;
    this.#wanted = undefined;
  }

  /** Forgets it, where `still` holds; gives what it was. */
  async remove(still: (grant: KeptGrant) => boolean = () => true): Promise<KeptGrant | undefined> {
    const { kept } = this.#context;
    const removed = await kept.locked(this.#user, async () => {
      const grant = await kept.load(this.#user);
      this.#note(grant);
      if (grant === undefined || !still(grant)) return undefined;
      await kept.remove(this.#user);
      this.#note(undefined);
      return grant;
    });
    if (removed !== undefined) this.#refusals.clear();
    return removed;
  }

  /** The user did something. */
  use(): void {
    const { kept, now, observe, server } = this.#context;
    this.#usedAt = now();
    const notedAt = this.#known?.grant?.usedAt ?? Infinity;
    if (this.#notingUse || now() - notedAt < kept.notedEveryMs) return;
    this.#notingUse = true;
    void this.#noteUse()
      .catch((error: unknown) =>
        observe({ type: 'warning', message: `${server}: a sign-in was not prolonged: ${messageOf(error)}` }),
      )
      .finally(() => (this.#notingUse = false));
  }

  /** When the user last did something, here or, as far as it was noted, in another process. */
  usedAt(grant: KeptGrant | undefined): number {
    return Math.max(this.#usedAt, grant?.usedAt ?? 0);
  }

  /** undefined: the sign-in is over. Rejects with AuthorizationServerDown, and with SignInError where it cannot be asked. */
  #refreshed(sent: string, refused = false): Promise<KeptGrant | undefined> {
    if (this.#refreshing !== undefined) return this.#refreshing;
    // The upstream may trust another authorization server by now.
    if (refused) this.#context.discovery.drop();
    const refreshing = this.#refresh(sent).finally(() => (this.#refreshing = undefined));
    this.#refreshing = refreshing;
    return refreshing;
  }

  async #refresh(sent: string): Promise<KeptGrant | undefined> {
    const { server, kept, now, observe, onEnded } = this.#context;
    if (this.#pause !== undefined && now() < this.#pause.untilMs) throw this.#pause.error;
    let ended: string | undefined;
    const fresh = await kept.locked(this.#user, async () => {
      const grant = await kept.load(this.#user);
      this.#note(grant);
      // Another process was faster.
      if (grant === undefined || grant.accessToken !== sent) return grant;
      const next = await this.#spend(grant);
      if (typeof next === 'string') {
        ended = next;
        await kept.remove(this.#user);
        this.#note(undefined);
        return undefined;
      }
      await kept.save(this.#user, next);
      this.#note(next);
      observe({ type: 'sign-in', server, change: 'refreshed', detail: '' });
      return next;
    });
    if (ended !== undefined) {
      observe({ type: 'sign-in', server, change: 'failed', detail: ended });
      onEnded(this.#user);
    }
    return fresh;
  }

  /** The next grant, or why there is none. */
  async #spend(grant: KeptGrant): Promise<KeptGrant | string> {
    const { server: name, config, discovery, registrations, fetch, now } = this.#context;
    if (grant.refreshToken === undefined) {
      this.#wanted = computeScopeUnion(this.#wanted, grant.asked, grant.scope);
      return `the access token is of no more use, and ${grant.issuer} gave none to renew it with`;
    }
    try {
      const server = await discovery.find();
      if (!sameIssuer(server.issuer, grant.issuer)) {
        return `${name} now names the authorization server ${server.issuer}, and no longer ${grant.issuer}`;
      }
      const client = registrations.current(grant.client);
      if (client === undefined) return 'its client is no longer the configured one';
      const request = { server: { ...server, resource: grant.resource }, client, config, fetch, now };
      const tokens = await refreshTokens(request, grant.refreshToken);
      registrations.answered(client);
      const { refreshToken = grant.refreshToken, scope = grant.scope } = tokens;
      return { ...grant, ...tokens, refreshToken, scope };
    } catch (error) {
      if (error instanceof TokenRefused) {
        this.#wanted = computeScopeUnion(this.#wanted, grant.asked, grant.scope);
        if (error.unknownClient) await registrations.forget(grant.issuer, grant.client);
        return error.message;
      }
      const sentence = `the sign-in to ${name} cannot be renewed just now: ${messageOf(error)}`;
      const later = new AuthorizationServerDown(sentence, { cause: error });
      this.#pause = { untilMs: now() + pauseMs, error: later };
      throw later;
    }
  }

  /** False: it was asked for already, and the user or the server did not give it. */
  async #missScope(grant: KeptGrant, missed: string | undefined): Promise<boolean> {
    const had = computeScopeUnion(grant.asked, grant.scope);
    if (!isStrictScopeSuperset(missed, had)) return false;
    this.#wanted = computeScopeUnion(this.#wanted, missed);
    throw await this.#context.required(this.#user, true);
  }

  #refusalSentence({ issuer }: KeptGrant): string {
    const { server } = this.#context;
    return `${server} refuses every token that ${issuer} gives for it: check that they belong together (url, server_url, scopes), then sign out and in again`;
  }

  #read(): Promise<KeptGrant | undefined> {
    const version = this.#version;
    this.#reading ??= this.#context.kept
      .load(this.#user)
      .then((grant) => {
        if (this.#version !== version) return this.#known?.grant;
        this.#note(grant);
        return grant;
      })
      .finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  #note(grant: KeptGrant | undefined): void {
    this.#version++;
    this.#known = { grant, readAt: this.#context.now() };
  }

  async #noteUse(): Promise<void> {
    const { kept } = this.#context;
    await kept.locked(this.#user, async () => {
      const grant = await kept.load(this.#user);
      const noted = grant && { ...grant, usedAt: this.#usedAt };
      if (noted !== undefined) await kept.save(this.#user, noted);
      this.#note(noted);
    });
  }
}
