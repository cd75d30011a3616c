// One configured server as requests see it: its catalogue, kept up to date; its leases, which keep it alive past a reload;
// its calls, of which only so many run at once, on the shared connection, on the least busy of several copies, or on the
// session of their user or caller. The connections themselves are supervisor.ts's.

import type { ServerConfig } from '../config/types.ts';
import type { Observe } from '../events.ts';
import type { Principal } from '../principal.ts';
import type { Trace } from '../trace.ts';
import { ask, callTool, type CallSource, type Extras } from './call.ts';
import type { AddressGuard } from '../net/address-guard.ts';
import type { ConnectMemory } from './connection.ts';
import { Copies, noStatus, statusOfCopies } from './copies.ts';
import { extrasOf, ownerOf } from './extras.ts';
import { Gate } from './gate.ts';
import { Learning } from './learning.ts';
import type { Authorizer } from './oauth/authorizer.ts';
import { Sessions, type SessionOwner } from './sessions.ts';
import { Supervisor, type SupervisorStatus } from './supervisor.ts';
import { fillTarget, hasTemplates, type CallerFacts } from './templates.ts';
import type {
  AskRequest,
  CallerFields,
  CallRequest,
  CancelSignal,
  Catalogue,
  Lease,
  Outcome,
  PersonalCatalogue,
  SignIn,
  UpstreamHandle,
  UpstreamStatus,
} from './types.ts';

export interface UpstreamDeps {
  readonly observe: Observe;
  /** The catalogue became another one. */
  readonly onChange: () => void;
  readonly version: string;
  readonly connectionTimeoutMs: number;
  readonly maxResultBytes: number;
  /** How one signs in to it; undefined: nobody needs to. */
  readonly access?: UpstreamAccess | undefined;
}

/** Of an upstream with an `oauth` block. */
export interface UpstreamAccess {
  /** undefined where the proxy signs in as itself. */
  readonly signIn: SignIn | undefined;
  /** The tokens of a user; of '' where one sign-in serves everybody. */
  authorizerOf(user: string): Authorizer;
  readonly guard: AddressGuard | undefined;
}

/** A call waits this long for its upstream to come back. */
const comeBackMs = 10_000;
/** When to try again where there was no room: a call ends at any moment, a session when it was not used for a while. */
const overloadedRetryMs = 1_000;

export class Upstream implements UpstreamHandle {
  readonly name: string;
  /** Resolves when every first attempt came to its end, good or bad. */
  readonly attempted: Promise<void>;
  /** Resolves when it is ready for the first time; never, where that does not come. */
  readonly ready: Promise<void>;

  readonly #deps: UpstreamDeps;
  readonly #copies: readonly Supervisor[];
  readonly #shared: CallSource;
  readonly #sessions: Sessions | undefined;
  readonly #gate: Gate;
  /** Of the tools that everybody is offered. */
  readonly #learning: Learning;
  /** Of the tools that each user is offered, where users sign in for themselves. */
  readonly #personal = new Map<string, Learning>();
  readonly #memory: ConnectMemory = {};
  readonly #isTemplated: boolean;
  #config: ServerConfig;
  /** Of some user, whoever that is: shared are only definitions with the same text. */
  #lastLearned: Catalogue | undefined;
  readonly #madeAt = Date.now();
  #leases = 0;
  #onIdle: (() => void) | undefined;
  #retired: Promise<void> | undefined;
  #onReady = (): void => {};

  constructor(config: ServerConfig, deps: UpstreamDeps) {
    this.name = config.name;
    this.#config = config;
    this.#deps = deps;
    this.#gate = new Gate(config);
    this.#isTemplated = hasTemplates(config.target);
    this.ready = new Promise((resolve) => {
      this.#onReady = resolve;
    });
    this.#learning = this.#learn(() => {
      this.#describeTools();
      deps.onChange();
    });
    const isPersonal = deps.access?.signIn?.multiUser === true;
    this.#copies = Array.from({ length: isPersonal ? 0 : config.instances }, () => this.#superviseCopy());
    this.#shared = onlyOf(this.#copies) ?? new Copies(this.#copies, comeBackMs);
    this.#learning.source = this.#shared;
    this.attempted = Promise.all(this.#copies.map((copy) => copy.attempted)).then(() => {});
    if (isPersonal) this.#onReady();
    this.#sessions =
      config.session === 'shared' && !isPersonal
        ? undefined
        : new Sessions({
            limits: config,
            open: (owner) => (isPersonal ? this.#supervisePersonal(owner) : this.#superviseSession(owner)),
            onChange: (change) => this.#observeSession(change),
          });
  }

  get config(): ServerConfig {
    return this.#config;
  }

  get catalogue(): Catalogue | undefined {
    return this.#learning.catalogue;
  }

  get signIn(): SignIn | undefined {
    return this.#deps.access?.signIn;
  }

  status(principal?: Principal): UpstreamStatus {
    const queued = this.#gate.queued;
    const personal = this.#isPersonal && principal !== undefined ? this.#personal.get(principal.user) : undefined;
    return {
      ...(this.#isPersonal ? this.#ofUser(principal) : statusOfCopies(this.#copies.map((copy) => copy.status()))),
      tools: (personal ?? this.#learning).catalogue?.tools.length ?? 0,
      inFlight: this.#leases - queued,
      queued,
      sessions: this.#sessions?.size ?? 0,
    };
  }

  async catalogueOf(principal: Principal, signal: CancelSignal): Promise<PersonalCatalogue> {
    const { user } = principal;
    if (user === '' || (await this.signIn?.status(user))?.authenticated !== true) return notSignedIn;
    const known = this.#personal.get(user)?.catalogue;
    if (known !== undefined) return { kind: 'catalogue', catalogue: known };
    const session = this.#sessions?.hold(ownerOf(this.#config.target, principal));
    if (session === undefined) return overloaded(this.#noSessionSentence());
    try {
      const { supervisor } = session;
      await supervisor.connected(Date.now() + supervisor.waitMs, signal);
      const catalogue = this.#personal.get(user)?.catalogue;
      if (catalogue !== undefined) return { kind: 'catalogue', catalogue };
      return signal.aborted ? { kind: 'cancelled' } : supervisor.unavailable();
    } finally {
      session.release();
    }
  }

  /** A sign-in came to its end; of '' where it serves everybody. */
  signedIn(user: string): void {
    for (const copy of this.#copies) copy.signedIn();
    // It may be another account: nothing of the earlier one is shown or used.
    void this.#forget(user, 'gently');
  }

  /** Resolves when what was connected for this user has ended. */
  async signedOut(user: string): Promise<void> {
    const copies = user === '' ? this.#copies : [];
    await Promise.all([...copies.map((copy) => copy.signedOut()), this.#forget(user, 'at-once')]);
  }

  lease(): Lease {
    this.#leases++;
    let held = true;
    return {
      call: (request: CallRequest) => this.#run(request, callTool),
      ask: (request: AskRequest) => this.#run(request, ask),
      release: () => {
        if (!held) return;
        held = false;
        this.#leases--;
        if (this.#leases === 0) this.#onIdle?.();
      },
    };
  }

  async retryNow(signal: CancelSignal): Promise<void> {
    await Promise.all(this.#copies.map((copy) => copy.retryNow(signal)));
  }

  /** Takes what may change without a new connection: limits, and how tools are shown. */
  retune(config: ServerConfig): void {
    this.#config = config;
    this.#gate.limits = config;
    if (this.#sessions !== undefined) this.#sessions.limits = config;
  }

  /** Lets calls in flight finish for at most `withinMs`, then closes. Idempotent; the shortest time that was given counts. */
  retire(withinMs: number): Promise<void> {
    const retired = (this.#retired ??= this.#retire());
    const timer = setTimeout(() => this.#onIdle?.(), withinMs);
    return retired.finally(() => clearTimeout(timer));
  }

  async #retire(): Promise<void> {
    if (this.#leases > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    this.#learning.stop();
    for (const learning of this.#personal.values()) learning.stop();
    await Promise.all([...this.#copies.map((copy) => copy.close()), this.#sessions?.close()]);
  }

  get #isPersonal(): boolean {
    return this.signIn?.multiUser === true;
  }

  #learn(onChange: () => void): Learning {
    return new Learning({
      server: this.name,
      observe: this.#deps.observe,
      learnsPrompts: this.#learnsPrompts,
      withinMs: this.#deps.connectionTimeoutMs,
      known: () => this.#lastLearned,
      onChange,
    });
  }

  #superviseCopy(): Supervisor {
    const copy: Supervisor = new Supervisor({
      ...this.#connecting(comeBackMs, this.#deps.access?.authorizerOf('')),
      keepsUp: true,
      prepare: (connection, deadlineAt, signal) => this.#learning.learn(connection, deadlineAt, signal),
      onStatus: (tookMs) => this.#observeStatus(copy, tookMs),
      onToolsChanged: () => this.#learning.ask(),
      onPromptsChanged: this.#learnsPrompts ? () => this.#learning.ask() : undefined,
    });
    return copy;
  }

  /** Knows its tools already: nothing is listed. It may take as long as any first connection. */
  #superviseSession({ facts }: SessionOwner): Supervisor {
    const waitMs = Math.max(comeBackMs, this.#deps.connectionTimeoutMs);
    const session: Supervisor = new Supervisor({
      ...this.#connecting(waitMs, this.#deps.access?.authorizerOf(''), facts),
      keepsUp: false,
      prepare: async () => {},
      onStatus: () => this.#observeFailure(session),
      onToolsChanged: () => {},
      onPromptsChanged: undefined,
    });
    return session;
  }

  /** Of a user who signed in: what it offers is this user's alone. */
  #supervisePersonal({ principal: { user }, facts }: SessionOwner): Supervisor {
    const learning = this.#personal.get(user) ?? this.#learn(() => (this.#lastLearned = learning.catalogue));
    this.#personal.set(user, learning);
    const waitMs = Math.max(comeBackMs, this.#deps.connectionTimeoutMs);
    const session: Supervisor = new Supervisor({
      ...this.#connecting(waitMs, this.#deps.access?.authorizerOf(user), facts),
      keepsUp: false,
      prepare: (connection, deadlineAt, signal) => learning.learn(connection, deadlineAt, signal),
      onStatus: () => {
        if (session.live !== undefined) {
          session.describe(learning.readySentence);
          learning.connected();
        }
        this.#observeFailure(session);
      },
      onToolsChanged: () => learning.ask(),
      onPromptsChanged: this.#learnsPrompts ? () => learning.ask() : undefined,
    });
    learning.source = session;
    return session;
  }

  async #forget(user: string, how: 'gently' | 'at-once'): Promise<void> {
    if (!this.#isPersonal) return;
    this.#personal.get(user)?.stop();
    this.#personal.delete(user);
    await this.#sessions?.end(user, how);
  }

  #connecting(waitMs: number, authorizer: Authorizer | undefined, facts?: CallerFacts) {
    const { version, connectionTimeoutMs, maxResultBytes, observe } = this.#deps;
    const target = fillTarget(this.#config.target, facts);
    const memory = this.#memory;
    const guard = this.#deps.access?.guard;
    const limits = { connectionTimeoutMs, maxResultBytes, waitMs };
    return { server: this.name, target, version, ...limits, memory, authorizer, guard, observe };
  }

  get #learnsPrompts(): boolean {
    return this.#config.expose.includes('prompts');
  }

  async #run<Request extends CallRequest | AskRequest>(
    request: Request,
    send: (source: CallSource, request: Request, extras: Extras | undefined) => Promise<Outcome>,
  ): Promise<Outcome> {
    if (!this.#gate.tryEnter()) {
      const turn = await this.#gate.enter(request.deadlineAt, request.signal);
      if (turn === 'cancelled') return { kind: 'cancelled' };
      if (turn !== 'entered') return overloaded(turn === 'full' ? this.#fullSentence() : lateSentence);
    }
    try {
      const { principal, fields, trace } = request;
      const hasExtras = this.#isTemplated || fields !== undefined || trace !== undefined;
      const extras = hasExtras ? this.#extrasOf(principal, fields, trace) : undefined;
      if (this.#sessions === undefined || isNobody(principal)) {
        return this.#isPersonal ? notSignedIn : await send(this.#shared, request, extras);
      }
      const session = this.#sessions.hold(ownerOf(this.#config.target, principal, fields));
      if (session === undefined) return overloaded(this.#noSessionSentence());
      try {
        return await send(session.supervisor, request, extras);
      } finally {
        session.release();
      }
    } finally {
      this.#gate.leave();
    }
  }

  #extrasOf(principal: Principal, fields: CallerFields | undefined, trace: Trace | undefined): Extras {
    return extrasOf(this.#config.target, principal, fields, trace, this.#deps.access !== undefined);
  }

  #fullSentence(): string {
    const { maxInFlight, maxQueued } = this.#config;
    return `as many calls as it takes are in flight (maxInFlight: ${maxInFlight}), and as many wait (maxQueued: ${maxQueued})`;
  }

  #noSessionSentence(): string {
    return `all of its sessions are in use (maxSessions: ${this.#config.maxSessions})`;
  }

  #observeStatus(copy: Supervisor, tookMs: number | undefined): void {
    if (copy.live !== undefined) {
      this.#describeTools();
      this.#onReady();
      this.#learning.connected();
    }
    const { state, detail, tools } = this.status();
    const took = tookMs === undefined ? {} : { tookMs };
    this.#deps.observe({ type: 'upstream-state', server: this.name, state, detail, tools, ...took });
  }

  /** Where users sign in for themselves: as well as what is connected for this one. */
  #ofUser(principal: Principal | undefined): SupervisorStatus {
    const session = principal && this.#sessions?.find(principal.user);
    const status = session?.status();
    if (status !== undefined && status.state !== 'authorization-required') return status;
    const count = this.#personal.size;
    const others = count === 0 ? 'nobody has' : count === 1 ? '1 user has' : `${count} users have`;
    return {
      ...noStatus,
      state: 'authorization-required',
      detail: `each user signs in; ${others} so far`,
      since: this.#madeAt,
      attempted: true,
    };
  }

  #describeTools(): void {
    for (const copy of this.#copies) copy.describe(this.#learning.readySentence);
  }

  #observeFailure(session: Supervisor): void {
    const { state, detail } = session.status();
    if (state !== 'ready') this.#observeSession('failed', detail);
  }

  #observeSession(change: 'opened' | 'closed' | 'failed', detail = ''): void {
    const open = this.#sessions?.size ?? 0;
    this.#deps.observe({ type: 'session', server: this.name, change, open, detail });
  }
}

const lateSentence = 'the time for this call ran out while it waited for its turn';

function overloaded(detail: string): Extract<Outcome, { kind: 'overloaded' }> {
  return { kind: 'overloaded', detail, retryAfterMs: overloadedRetryMs };
}

const notSignedIn: Extract<Outcome, { kind: 'unauthorized' }> = {
  kind: 'unauthorized',
  detail: 'this user has not signed in',
  authorizationUrl: undefined,
};

/** Nobody in particular uses the connection that everybody shares. */
function isNobody({ user, sessionId }: Principal): boolean {
  return user === '' && sessionId === undefined;
}

function onlyOf<T>(list: readonly T[]): T | undefined {
  return list.length === 1 ? list[0] : undefined;
}
