// Keeps one connection with an upstream: makes it, notices its end, makes it anew for ever, at the times that
// restart-policy.ts gives. What it is doing is one union; what people read about it is one sentence, which keeps the last
// reason while a retry runs. Does not know what the connection is used for: listing and calling are upstream.ts's.

import type { Target } from '../config/types.ts';
import { messageOf } from '../errors.ts';
import type { Observe } from '../events.ts';
import type { AddressGuard } from '../net/address-guard.ts';
import type { CallSource, Unavailable } from './call.ts';
import { connect } from './connect.ts';
import { ConnectionError } from './connection-error.ts';
import type { Connection, ConnectMemory } from './connection.ts';
import { watchLiveness, type Liveness } from './liveness.ts';
import type { AuthorizationRequired, Authorizer } from './oauth/authorizer.ts';
import { afterSetback, noFailures, retrySentence, stableMs, type History, type Setback } from './restart-policy.ts';
import type { CancelSignal, UpstreamStatus } from './types.ts';
import { settledBy } from './waiting.ts';
import { withholding } from './withheld.ts';

export interface SupervisorOptions {
  readonly server: string;
  readonly target: Target;
  readonly version: string;
  readonly connectionTimeoutMs: number;
  readonly maxResultBytes: number;
  /** Whether a lost connection is made anew by itself, or only when it is asked for. */
  readonly keepsUp: boolean;
  /** A call waits this long for a connection that is coming back. */
  readonly waitMs: number;
  /** Shared by all connections with the same server. */
  readonly memory: ConnectMemory;
  /** Of the user whose connection it is, or of everybody's sign-in. */
  readonly authorizer?: Authorizer | undefined;
  readonly guard?: AddressGuard | undefined;
  readonly observe: Observe;
  /** What a connection needs before it is used; what it throws fails the attempt. */
  readonly prepare: (connection: Connection, deadlineAt: number, signal: AbortSignal) => Promise<void>;
  /** The status became another one. `tookMs` of an attempt that ended. */
  readonly onStatus: (tookMs?: number) => void;
  readonly onToolsChanged: () => void;
  readonly onPromptsChanged: (() => void) | undefined;
}

export type SupervisorStatus = Pick<
  UpstreamStatus,
  'state' | 'detail' | 'since' | 'restarts' | 'lastError' | 'nextRetryAt' | 'attempted' | 'pid' | 'authorizationUrl'
>;

type State =
  | { readonly kind: 'connecting'; readonly attempt: Promise<void> }
  | {
      readonly kind: 'ready';
      readonly connection: Connection;
      readonly sinceMs: number;
      readonly liveness: Liveness | undefined;
    }
  | {
      readonly kind: 'waiting';
      readonly nextTryAt: number;
      /** undefined where only a request makes it try. */
      readonly timer: NodeJS.Timeout | undefined;
      /** The command cannot be started at all, as things are. */
      readonly hopeless: boolean;
      /** Nothing helps before somebody signed in. */
      readonly signIn: AuthorizationRequired | undefined;
      readonly pause: Pause;
    }
  | { readonly kind: 'closed' };

/** Over when the next attempt begins, early or not, or none will. */
interface Pause {
  readonly over: Promise<void>;
  readonly end: () => void;
}

/** What people see. */
type Told = Pick<SupervisorStatus, 'state' | 'detail' | 'since' | 'lastError' | 'attempted'>;

/** A remote server that was lost is tried again and again for so long while a call waits; later once for each call. */
const comingBackMs = 10_000;
/** A sign-in wakes it; an address to sign in at does not hold for ever. */
const signInRetryMs = 5 * 60_000;
/** While calls wait, pauses are no longer than this. */
const eagerPauseMs = 500;

export class Supervisor implements CallSource {
  /** Resolves when the first attempt came to its end, good or bad. */
  readonly attempted: Promise<void>;

  readonly #options: SupervisorOptions;
  /** Of what the server says, what may be told. */
  readonly #withheld: (text: string) => string;
  readonly #lifetime = new AbortController();
  /** Of no use any more, and not yet at their end. */
  readonly #leaving = new Set<Connection>();
  #state: State = { kind: 'closed' };
  #told: Told = { state: 'starting', detail: 'starting', since: Date.now(), lastError: undefined, attempted: false };
  #history: History = noFailures;
  #connections = 0;
  #lostAt = -Infinity;
  /** The end of what the last attempt left behind. */
  #leftOver: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#withheld = withholding(options.target);
    const attempt = this.#attempt();
    this.#state = { kind: 'connecting', attempt };
    this.attempted = attempt;
  }

  get live(): Connection | undefined {
    return this.#state.kind === 'ready' ? this.#state.connection : undefined;
  }

  get waitMs(): number {
    return this.#options.waitMs;
  }

  status(): SupervisorStatus {
    const { state, detail } = this.#told;
    const waiting = this.#state.kind === 'waiting' ? this.#state : undefined;
    const nextRetryAt = waiting?.timer && waiting.signIn === undefined ? waiting.nextTryAt : undefined;
    const retries = (state === 'down' || state === 'crash-looping') && (waiting === undefined || waiting.timer);
    return {
      ...this.#told,
      detail: retries ? detail + retrySentence((nextRetryAt ?? 0) - Date.now()) : detail,
      restarts: Math.max(0, this.#connections - 1),
      nextRetryAt,
      pid: this.live?.session.transport.pid,
      authorizationUrl: waiting?.signIn?.authorizationUrl,
    };
  }

  /** What "ready" says to people. */
  describe(detail: string): void {
    if (this.#state.kind === 'ready') this.#told = { ...this.#told, detail };
  }

  async connected(untilMs: number, signal: CancelSignal): Promise<Connection | undefined> {
    for (let tried = false; ; tried = true) {
      const state = this.#state;
      if (state.kind === 'ready') return state.connection;
      if (state.kind === 'closed' || signal.aborted || Date.now() >= untilMs) return undefined;
      if (state.kind === 'connecting') {
        await settledBy(state.attempt, untilMs, signal);
        continue;
      }
      if (state.signIn !== undefined && Date.now() < state.nextTryAt) return undefined;
      if (this.#isChild) {
        const hopeless = state.hopeless && Date.now() < state.nextTryAt;
        if (hopeless || state.nextTryAt >= untilMs) return undefined;
        await settledBy(state.pause.over, state.nextTryAt, signal);
      } else if (tried) {
        if (Date.now() - this.#lostAt > comingBackMs) return undefined;
        const eagerAt = Math.min(state.nextTryAt, untilMs, Date.now() + eagerPauseMs);
        await settledBy(state.pause.over, eagerAt, signal);
      }
      if (this.#state === state && !signal.aborted) void this.#begin();
    }
  }

  /** Tries a remote server that is down at once, whatever its pause. */
  async retryNow(signal: CancelSignal): Promise<void> {
    if (!this.#isChild) await this.connected(Date.now() + this.waitMs, signal);
  }

  /** Somebody signed in. */
  signedIn(): void {
    if (this.#state.kind === 'waiting' && this.#state.signIn !== undefined) void this.#begin();
  }

  /** The sign-in that it was made with is over. */
  async signedOut(): Promise<void> {
    const { live } = this;
    if (live === undefined) return;
    this.drop(live, 'signed out');
    await live.close();
  }

  drop(connection: Connection, reason: string): void {
    const state = this.#state;
    if (state.kind !== 'ready' || state.connection !== connection) return;
    state.liveness?.stop();
    connection.abandon();
    void this.#leave(connection, connection.session.ended);
    const now = Date.now();
    this.#lostAt = now;
    const heldMs = now - state.sinceMs;
    this.#setBack({ reason, heldMs, served: connection.served, crashed: this.#isChild }, { hopeless: false });
  }

  async examine(connection: Connection): Promise<void> {
    const state = this.#state;
    if (state.kind === 'ready' && state.connection === connection) await state.liveness?.look();
  }

  unavailable(): Unavailable {
    const current = this.#state;
    if (current.kind === 'closed') {
      return { kind: 'unavailable', detail: 'the connection was closed', retryAfterMs: 1_000 };
    }
    if (current.kind === 'waiting' && current.signIn !== undefined) {
      const { message, authorizationUrl } = current.signIn;
      return { kind: 'unauthorized', detail: message, authorizationUrl };
    }
    const { state, detail, lastError } = this.#told;
    const retryAfterMs = current.kind === 'waiting' ? Math.max(0, current.nextTryAt - Date.now()) : 1_000;
    return { kind: 'unavailable', detail: state === 'ready' ? (lastError ?? detail) : detail, retryAfterMs };
  }

  /** Ends the connection, whatever is in flight on it. Idempotent; bounded in time. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  get #isChild(): boolean {
    return this.#options.target.kind === 'stdio';
  }

  async #close(): Promise<void> {
    const state = this.#state;
    this.#state = { kind: 'closed' };
    this.#lifetime.abort();
    if (state.kind === 'waiting') endPause(state);
    if (state.kind === 'ready') {
      state.liveness?.stop();
      this.#leaving.add(state.connection);
    }
    await Promise.all([...this.#leaving].map((connection) => connection.close()));
    if (state.kind === 'connecting') await state.attempt;
    await this.#leftOver;
  }

  /** Closes a connection, after `when`. */
  async #leave(connection: Connection, when?: Promise<unknown>): Promise<void> {
    this.#leaving.add(connection);
    await when;
    await connection.close();
    this.#leaving.delete(connection);
  }

  /** Single-flight: whoever asks while an attempt runs waits for that one. */
  #begin(): Promise<void> {
    const state = this.#state;
    if (state.kind === 'connecting') return state.attempt;
    if (state.kind === 'waiting') endPause(state);
    const attempt = this.#attempt();
    this.#state = { kind: 'connecting', attempt };
    return attempt;
  }

  /** Always ends in another state than `connecting`; never in the turn that began it. */
  async #attempt(): Promise<void> {
    // Two of a kind at once may be one too many for what they share.
    await this.#leftOver;
    if (this.#lifetime.signal.aborted) return;
    const startedAt = Date.now();
    const { signal } = this.#lifetime;
    const deadlineAt = startedAt + this.#options.connectionTimeoutMs;
    let connection: Connection | undefined;
    let initialisedAt = 0;
    let doubted = false;
    try {
      connection = await this.#connect(deadlineAt, () => {
        doubted = true;
        if (connection !== undefined) void this.examine(connection);
      });
      initialisedAt = Date.now();
      await this.#options.prepare(connection, deadlineAt, signal);
      if (signal.aborted) return await connection.close();
      this.#adopt(connection, { initialisedAt, tookMs: Date.now() - startedAt, doubted });
    } catch (error) {
      this.#leftOver = connection && this.#leave(connection);
      if (signal.aborted) return;
      const ended = connection?.session.transport.endReason !== undefined;
      const crashedSoon = ended && Date.now() - initialisedAt < stableMs;
      const known = error instanceof ConnectionError ? error : undefined;
      if (known?.signIn !== undefined) return this.#awaitSignIn(known.signIn, Date.now() - startedAt);
      const setback = {
        reason: messageOf(error),
        heldMs: 0,
        served: false,
        crashed: crashedSoon || known?.crashed === true,
      };
      this.#setBack(setback, { hopeless: known?.hopeless ?? false, tookMs: Date.now() - startedAt });
    }
  }

  #connect(deadlineAt: number, onDoubt: () => void): Promise<Connection> {
    const { server, target, version, connectionTimeoutMs, maxResultBytes, memory, observe } = this.#options;
    const { authorizer, guard } = this.#options;
    return connect({
      target,
      deadlineAt,
      connectTimeoutMs: connectionTimeoutMs,
      maxMessageBytes: maxResultBytes,
      clientVersion: version,
      signal: this.#lifetime.signal,
      memory,
      authorizer,
      guard,
      onNoise: (excerpt) => observe({ type: 'upstream-noise', server, excerpt: this.#withheld(excerpt) }),
      onStderr: (line) => observe({ type: 'upstream-stderr', server, line: this.#withheld(line) }),
      onToolsChanged: this.#options.onToolsChanged,
      onPromptsChanged: this.#options.onPromptsChanged,
      onDoubt,
    });
  }

  #adopt(
    connection: Connection,
    { initialisedAt, tookMs, doubted }: { initialisedAt: number; tookMs: number; doubted: boolean },
  ): void {
    const onDead = (reason: string): void => this.drop(connection, reason);
    const liveness = this.#isChild ? undefined : watchLiveness(connection, onDead);
    if (doubted) void liveness?.look();
    this.#state = { kind: 'ready', connection, sinceMs: initialisedAt, liveness };
    this.#connections++;
    this.#tell('ready', 'ready', tookMs);
    void connection.session.ended.then((reason) => this.drop(connection, reason));
  }

  #setBack(said: Setback, { hopeless, tookMs }: { readonly hopeless: boolean; readonly tookMs?: number }): void {
    const setback = { ...said, reason: this.#withheld(said.reason) };
    const crashed = this.#isChild && setback.crashed;
    const { history, state, delayMs, sentence } = afterSetback(this.#history, { ...setback, crashed }, Math.random());
    this.#history = history;
    const { keepsUp } = this.#options;
    const timer = keepsUp ? setTimeout(() => void this.#begin(), delayMs) : undefined;
    this.#state = {
      kind: 'waiting',
      nextTryAt: Date.now() + delayMs,
      timer,
      hopeless,
      signIn: undefined,
      pause: toPause(),
    };
    this.#told = { ...this.#told, lastError: setback.reason };
    this.#tell(state, sentence, tookMs);
  }

  #awaitSignIn(signIn: AuthorizationRequired, tookMs: number): void {
    const timer = this.#options.keepsUp ? setTimeout(() => void this.#begin(), signInRetryMs) : undefined;
    const nextTryAt = Date.now() + signInRetryMs;
    this.#state = { kind: 'waiting', nextTryAt, timer, hopeless: false, signIn, pause: toPause() };
    this.#tell('authorization-required', signIn.message, tookMs);
  }

  #tell(state: SupervisorStatus['state'], detail: string, tookMs?: number): void {
    const since = state === this.#told.state ? this.#told.since : Date.now();
    this.#told = { ...this.#told, state, detail, since, attempted: true };
    this.#options.onStatus(tookMs);
  }
}

function toPause(): Pause {
  let end = (): void => {};
  const over = new Promise<void>((resolve) => (end = resolve));
  return { over, end };
}

function endPause({ timer, pause }: Extract<State, { kind: 'waiting' }>): void {
  clearTimeout(timer);
  pause.end();
}
