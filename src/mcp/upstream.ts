// One configured server as requests see it: its catalogue, kept up to date; its leases, which keep it alive past a reload;
// its calls, of which only so many run at once, on the shared connection, on the least busy of several copies, or on the
// session of their user or caller. The connections themselves are supervisor.ts's.

import type { ServerConfig } from '../config/types.ts';
import { messageOf } from '../errors.ts';
import type { Observe } from '../events.ts';
import type { Principal } from '../principal.ts';
import { ask, callTool, type CallSource } from './call.ts';
import { listCatalogue } from './catalogue.ts';
import type { Connection, ConnectMemory } from './connection.ts';
import { Copies } from './copies.ts';
import { Gate } from './gate.ts';
import { Refresh } from './refresh.ts';
import { Sessions } from './sessions.ts';
import { Supervisor, type SupervisorStatus } from './supervisor.ts';
import type {
  AskRequest,
  CallRequest,
  CancelSignal,
  Catalogue,
  Lease,
  Outcome,
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
  readonly #refresh = new Refresh(() => this.#relist());
  readonly #memory: ConnectMemory = {};
  readonly #lifetime = new AbortController();
  #config: ServerConfig;
  #catalogue: Catalogue | undefined;
  /** Listings are numbered as they begin; an older one never replaces a newer one. */
  #listings = 0;
  #learned = 0;
  /** Tools changed while there was nobody to ask for them. */
  #missed = false;
  #leases = 0;
  #onIdle: (() => void) | undefined;
  #retired: Promise<void> | undefined;
  #onReady = (): void => {};

  constructor(config: ServerConfig, deps: UpstreamDeps) {
    this.name = config.name;
    this.#config = config;
    this.#deps = deps;
    this.#gate = new Gate(config);
    this.ready = new Promise((resolve) => {
      this.#onReady = resolve;
    });
    this.#copies = Array.from({ length: config.instances }, () => this.#superviseCopy());
    this.#shared = onlyOf(this.#copies) ?? new Copies(this.#copies, comeBackMs);
    this.attempted = Promise.all(this.#copies.map((copy) => copy.attempted)).then(() => {});
    this.#sessions =
      config.session === 'shared'
        ? undefined
        : new Sessions({
            limits: config,
            open: () => this.#superviseSession(),
            onChange: (change) => this.#observeSession(change),
          });
  }

  get config(): ServerConfig {
    return this.#config;
  }

  get catalogue(): Catalogue | undefined {
    return this.#catalogue;
  }

  status(): UpstreamStatus {
    const queued = this.#gate.queued;
    return {
      ...this.#ofCopies(),
      tools: this.#catalogue?.tools.length ?? 0,
      inFlight: this.#leases - queued,
      queued,
      sessions: this.#sessions?.size ?? 0,
    };
  }

  lease(): Lease {
    this.#leases++;
    let held = true;
    return {
      call: (request: CallRequest) => this.#run(request, (source) => callTool(source, request)),
      ask: (request: AskRequest) => this.#run(request, (source) => ask(source, request)),
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
    this.#lifetime.abort();
    this.#refresh.stop();
    await Promise.all([...this.#copies.map((copy) => copy.close()), this.#sessions?.close()]);
  }

  #superviseCopy(): Supervisor {
    const copy: Supervisor = new Supervisor({
      ...this.#connecting(comeBackMs),
      keepsUp: true,
      prepare: (connection, deadlineAt, signal) => this.#learn(connection, deadlineAt, signal),
      onStatus: (tookMs) => this.#observeStatus(copy, tookMs),
      onToolsChanged: () => this.#refresh.ask(),
      onPromptsChanged: this.#learnsPrompts ? () => this.#refresh.ask() : undefined,
    });
    return copy;
  }

  /** Knows its tools already: nothing is listed. It may take as long as any first connection. */
  #superviseSession(): Supervisor {
    const session: Supervisor = new Supervisor({
      ...this.#connecting(Math.max(comeBackMs, this.#deps.connectionTimeoutMs)),
      keepsUp: false,
      prepare: async () => {},
      onStatus: () => {
        const { state, detail } = session.status();
        if (state !== 'ready') this.#observeSession('failed', detail);
      },
      onToolsChanged: () => {},
      onPromptsChanged: undefined,
    });
    return session;
  }

  #connecting(waitMs: number) {
    const { version, connectionTimeoutMs, maxResultBytes, observe } = this.#deps;
    const { target } = this.#config;
    const memory = this.#memory;
    return { server: this.name, target, version, connectionTimeoutMs, maxResultBytes, waitMs, memory, observe };
  }

  get #learnsPrompts(): boolean {
    return this.#config.expose.includes('prompts');
  }

  async #run(
    request: Pick<CallRequest, 'deadlineAt' | 'signal' | 'principal'>,
    send: (source: CallSource) => Promise<Outcome>,
  ): Promise<Outcome> {
    if (!this.#gate.tryEnter()) {
      const turn = await this.#gate.enter(request.deadlineAt, request.signal);
      if (turn === 'cancelled') return { kind: 'cancelled' };
      if (turn !== 'entered') return overloaded(turn === 'full' ? this.#fullSentence() : lateSentence);
    }
    try {
      const key = this.#sessions && keyOf(request.principal);
      if (this.#sessions === undefined || key === undefined) return await send(this.#shared);
      const session = this.#sessions.hold(key);
      if (session === undefined) return overloaded(this.#noSessionSentence());
      try {
        return await send(session.supervisor);
      } finally {
        session.release();
      }
    } finally {
      this.#gate.leave();
    }
  }

  #fullSentence(): string {
    const { maxInFlight, maxQueued } = this.#config;
    return `as many calls as it takes are in flight (maxInFlight: ${maxInFlight}), and as many wait (maxQueued: ${maxQueued})`;
  }

  #noSessionSentence(): string {
    return `all of its sessions are in use (maxSessions: ${this.#config.maxSessions})`;
  }

  /** Several copies are one server: as well as the best of them. */
  #ofCopies(): SupervisorStatus {
    const all = this.#copies.map((copy) => copy.status());
    const best = all.find(({ state }) => state === 'ready') ?? all.find(({ state }) => state === 'starting') ?? all[0];
    if (best === undefined || all.length === 1) return best ?? noCopies;
    const running = all.filter(({ state }) => state === 'ready').length;
    const troubled = all.find(({ state }) => state !== 'ready' && state !== 'starting');
    const missing = troubled === undefined ? '' : `; another copy: ${troubled.detail}`;
    const detail = running === 0 ? best.detail : `${best.detail}, ${running} of ${all.length} copies run${missing}`;
    return {
      ...best,
      detail,
      restarts: all.reduce((sum, { restarts }) => sum + restarts, 0),
      lastError: best.lastError ?? troubled?.lastError,
      attempted: all.every(({ attempted }) => attempted),
    };
  }

  #observeStatus(copy: Supervisor, tookMs: number | undefined): void {
    if (copy.live !== undefined) {
      this.#describeTools();
      this.#onReady();
      if (this.#missed) this.#refresh.ask();
    }
    const { state, detail, tools } = this.status();
    const took = tookMs === undefined ? {} : { tookMs };
    this.#deps.observe({ type: 'upstream-state', server: this.name, state, detail, tools, ...took });
  }

  #describeTools(): void {
    const count = this.#catalogue?.tools.length ?? 0;
    for (const copy of this.#copies) copy.describe(`ready with ${count} tool${count === 1 ? '' : 's'}`);
  }

  #observeSession(change: 'opened' | 'closed' | 'failed', detail = ''): void {
    const open = this.#sessions?.size ?? 0;
    this.#deps.observe({ type: 'session', server: this.name, change, open, detail });
  }

  /** Throws where the list cannot be had. */
  async #learn(connection: Connection, deadlineAt: number, signal: AbortSignal): Promise<void> {
    const listing = ++this.#listings;
    const { catalogue, rejected, problems } = await listCatalogue(connection, {
      previous: () => this.#catalogue,
      learnsPrompts: this.#learnsPrompts,
      deadlineAt,
      signal,
    });
    if (listing < this.#learned || signal.aborted) return;
    this.#learned = listing;
    for (const { tool, reason } of rejected) {
      this.#deps.observe({ type: 'tool-rejected', server: this.name, tool, reason });
    }
    for (const problem of problems) this.#deps.observe({ type: 'warning', message: `${this.name}: ${problem}` });
    const before = this.#catalogue;
    if (sameCatalogue(catalogue, before)) return;
    this.#catalogue = catalogue;
    this.#describeTools();
    if (before !== undefined && !sameOffers(catalogue, before)) {
      this.#deps.observe({ type: 'catalogue-changed', server: this.name, tools: catalogue.tools.length });
    }
    this.#deps.onChange();
  }

  /** After an announcement. One that comes while there is no connection is followed as soon as there is. False: try again. */
  async #relist(): Promise<boolean> {
    const connection = this.#shared.live;
    this.#missed = connection === undefined;
    if (connection === undefined) return true;
    try {
      await this.#learn(connection, Date.now() + this.#deps.connectionTimeoutMs, this.#lifetime.signal);
      return true;
    } catch (error) {
      if (this.#lifetime.signal.aborted) return true;
      void this.#shared.examine(connection);
      const message = `${this.name}: the changed list was not had: ${messageOf(error)}`;
      this.#deps.observe({ type: 'warning', message });
      return false;
    }
  }
}

/** Never shown: there is at least one. */
const noCopies: SupervisorStatus = {
  state: 'starting',
  detail: 'starting',
  since: 0,
  restarts: 0,
  lastError: undefined,
  nextRetryAt: undefined,
  attempted: false,
  pid: undefined,
};

const lateSentence = 'the time for this call ran out while it waited for its turn';

function overloaded(detail: string): Outcome {
  return { kind: 'overloaded', detail, retryAfterMs: overloadedRetryMs };
}

/** Whose session is meant; nobody in particular uses the connection that everybody shares. */
function keyOf({ user, sessionId }: Principal): string | undefined {
  if (user === '' && sessionId === undefined) return undefined;
  return JSON.stringify([user, sessionId ?? null]);
}

function onlyOf<T>(list: readonly T[]): T | undefined {
  return list.length === 1 ? list[0] : undefined;
}

function sameCatalogue(a: Catalogue, b: Catalogue | undefined): boolean {
  return (
    b !== undefined &&
    sameOffers(a, b) &&
    a.instructions === b.instructions &&
    a.serverName === b.serverName &&
    a.serverVersion === b.serverVersion &&
    a.protocolVersion === b.protocolVersion &&
    a.offers.prompts === b.offers.prompts &&
    a.offers.resources === b.offers.resources
  );
}

/** Unchanged tools and prompts are the same objects (catalogue.ts). */
function sameOffers(a: Catalogue, b: Catalogue): boolean {
  return sameList(a.tools, b.tools) && sameList(a.prompts, b.prompts);
}

function sameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
