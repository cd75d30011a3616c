// One configured server, supervised: connects, learns, notices a loss, tries again for ever. Its status is one union
// with a sentence for people. A lease keeps it alive past a reload; retired, it closes when the last lease is let go or
// at a deadline. Requests never wait for it beyond what call.ts allows.

import type { ServerConfig } from '../config/types.ts';
import { messageOf } from '../errors.ts';
import type { Observe } from '../events.ts';
import { ask, callTool, type CallSource } from './call.ts';
import { listCatalogue } from './catalogue.ts';
import { connect } from './connect.ts';
import { ConnectionError } from './connection-error.ts';
import type { Connection } from './connection.ts';
import { nextTry, retrySentence } from './restart-policy.ts';
import type {
  AskRequest,
  CallRequest,
  CancelSignal,
  Catalogue,
  Lease,
  Outcome,
  UpstreamHandle,
  UpstreamState,
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

/** A connection that ends sooner counts as a failed attempt. */
const quickEndMs = 1_000;
/** Announcements of changed tools within this time cost one listing; it doubles while they keep coming. */
const refreshDelayMs = 100;
const maxRefreshDelayMs = 2_000;
/** So long after the last listing they are news again, not more of the same. */
const calmAfterMs = 5_000;

export class Upstream implements UpstreamHandle, CallSource {
  readonly name: string;
  readonly config: ServerConfig;
  /** Resolves when the first attempt came to its end, good or bad. */
  readonly attempted: Promise<void>;

  readonly #deps: UpstreamDeps;
  #catalogue: Catalogue | undefined;
  #connection: Connection | undefined;
  #connectedAt = 0;
  #attempt: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #refresh: NodeJS.Timeout | undefined;
  #refreshing = false;
  #refreshedAt = 0;
  #nextRefreshMs = refreshDelayMs;
  #failures = 0;
  #quickCrashes = 0;
  #hopeless = false;
  #connections = 0;
  #leases = 0;
  #onIdle: (() => void) | undefined;
  #retired: Promise<void> | undefined;
  /** Dropped, and not yet at their end. */
  readonly #dropped = new Set<Connection>();
  readonly #lifetime = new AbortController();

  #state: UpstreamState = 'starting';
  #reason = 'starting';
  #since = Date.now();
  #lastError: string | undefined;
  #nextRetryAt: number | undefined;
  #wasAttempted = false;

  constructor(config: ServerConfig, deps: UpstreamDeps) {
    this.name = config.name;
    this.config = config;
    this.#deps = deps;
    this.attempted = this.#try();
  }

  get catalogue(): Catalogue | undefined {
    return this.#catalogue;
  }

  get live(): Connection | undefined {
    return this.#connection;
  }

  status(): UpstreamStatus {
    return {
      state: this.#state,
      detail: this.#reason + this.#outlook(),
      since: this.#since,
      tools: this.#catalogue?.tools.length ?? 0,
      restarts: Math.max(0, this.#connections - 1),
      inFlight: this.#leases,
      lastError: this.#lastError,
      nextRetryAt: this.#nextRetryAt,
      attempted: this.#wasAttempted,
      pid: this.#connection?.session.transport.pid,
    };
  }

  lease(): Lease {
    this.#leases++;
    let held = true;
    return {
      call: (request: CallRequest): Promise<Outcome> => callTool(this, request),
      ask: (request: AskRequest): Promise<Outcome> => ask(this, request),
      release: () => {
        if (!held) return;
        held = false;
        this.#leases--;
        if (this.#leases === 0) this.#onIdle?.();
      },
    };
  }

  async retryNow(untilMs: number, signal: CancelSignal): Promise<void> {
    if (this.config.target.kind !== 'stdio') await this.connected(untilMs, signal);
  }

  /** Lets calls in flight finish for at most `withinMs`, then closes. Idempotent. */
  retire(withinMs: number): Promise<void> {
    this.#retired ??= this.#retire(withinMs);
    return this.#retired;
  }

  async connected(untilMs: number, signal: CancelSignal): Promise<Connection | undefined> {
    while (!this.#over && !signal.aborted && Date.now() < untilMs && this.#worthWaiting(untilMs)) {
      await settledBy(this.#nextAttempt(), untilMs, signal);
      if (this.#connection !== undefined || this.config.target.kind !== 'stdio') return this.#connection;
    }
    return undefined;
  }

  drop(connection: Connection, reason: string): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.#dropped.add(connection);
    void connection.session.ended.then(() => connection.close()).finally(() => this.#dropped.delete(connection));
    connection.abandon();
    this.#lost(reason);
  }

  unavailable(): { readonly detail: string; readonly retryAfterMs: number } {
    const retryAfterMs = this.#nextRetryAt === undefined ? 1_000 : this.#nextRetryAt - Date.now();
    return { detail: this.#state === 'ready' ? (this.#lastError ?? this.#reason) : this.#reason, retryAfterMs };
  }

  /** Nothing is made anew any more. While it drains, calls in flight still find it healed. */
  get #over(): boolean {
    return this.#lifetime.signal.aborted;
  }

  get #learnsPrompts(): boolean {
    return this.config.expose.includes('prompts');
  }

  #outlook(): string {
    if (this.#nextRetryAt !== undefined) return retrySentence(this.#nextRetryAt - Date.now());
    return this.#state === 'down' || this.#state === 'crash-looping' ? retrySentence(0) : '';
  }

  async #retire(withinMs: number): Promise<void> {
    if (this.#leases > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, withinMs);
        this.#onIdle = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#lifetime.abort();
    clearTimeout(this.#retry);
    clearTimeout(this.#refresh);
    const connection = this.#connection;
    this.#connection = undefined;
    await Promise.all([connection?.close(), ...[...this.#dropped].map((dropped) => dropped.close())]);
    await this.#attempt;
  }

  /** Single-flight: whoever asks while an attempt runs waits for that one. */
  #try(): Promise<void> {
    clearTimeout(this.#retry);
    this.#nextRetryAt = undefined;
    this.#attempt ??= this.#connect().finally(() => {
      this.#attempt = undefined;
    });
    return this.#attempt;
  }

  /** The attempt that runs, or starts now for a remote server, or at the pause's end for a child. */
  async #nextAttempt(): Promise<void> {
    if (this.#attempt === undefined && this.config.target.kind === 'stdio' && this.#nextRetryAt !== undefined) {
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, (this.#nextRetryAt ?? 0) - Date.now())).unref());
    }
    await this.#try();
  }

  /** Not for a child whose next try comes too late. */
  #worthWaiting(untilMs: number): boolean {
    if (this.#attempt !== undefined || this.config.target.kind !== 'stdio') return true;
    return !this.#hopeless && (this.#nextRetryAt ?? 0) < untilMs;
  }

  async #connect(): Promise<void> {
    if (this.#over) return;
    const startedAt = Date.now();
    let connection: Connection | undefined;
    let initialisedAt = 0;
    try {
      connection = await connect({
        target: this.config.target,
        connectTimeoutMs: this.#deps.connectionTimeoutMs,
        maxMessageBytes: this.#deps.maxResultBytes,
        clientVersion: this.#deps.version,
        signal: this.#lifetime.signal,
        onNoise: (excerpt) => this.#deps.observe({ type: 'upstream-noise', server: this.name, excerpt }),
        onStderr: (line) => this.#deps.observe({ type: 'upstream-stderr', server: this.name, line }),
        onToolsChanged: () => this.#scheduleRefresh(),
        onPromptsChanged: this.#learnsPrompts ? () => this.#scheduleRefresh() : undefined,
      });
      initialisedAt = Date.now();
      const catalogue = await this.#list(connection);
      if (this.#over) return await connection.close();
      this.#adopt(connection, catalogue, Date.now() - startedAt);
    } catch (error) {
      const ended = connection?.session.transport.endReason !== undefined;
      const crashed = ended && Date.now() - initialisedAt < quickEndMs;
      // Before the next try: two of a kind at once may be one too many for what they share.
      await connection?.close();
      const failure = crashed ? new ConnectionError(messageOf(error), { crashed, cause: error }) : error;
      if (!this.#over) this.#failed(failure, Date.now() - startedAt);
    }
  }

  async #list(connection: Connection): Promise<Catalogue> {
    const { catalogue, rejected, problems } = await listCatalogue(connection, {
      previous: this.#catalogue,
      learnsPrompts: this.#learnsPrompts,
      timeoutMs: this.#deps.connectionTimeoutMs,
      signal: this.#lifetime.signal,
    });
    for (const { tool, reason } of rejected) {
      this.#deps.observe({ type: 'tool-rejected', server: this.name, tool, reason });
    }
    for (const problem of problems) this.#deps.observe({ type: 'warning', message: `${this.name}: ${problem}` });
    return catalogue;
  }

  #adopt(connection: Connection, catalogue: Catalogue, tookMs: number): void {
    this.#connection = connection;
    this.#connectedAt = Date.now();
    this.#connections++;
    this.#hopeless = false;
    this.#catalogue = catalogue;
    void connection.session.ended.then((reason) => {
      this.drop(connection, reason);
    });
    const count = catalogue.tools.length;
    this.#become('ready', `ready with ${count} tool${count === 1 ? '' : 's'}`, tookMs);
    this.#deps.onChange();
  }

  /** A connection that held is made anew at once; one that did not is a failed attempt. */
  #lost(reason: string): void {
    if (this.#over) return;
    const heldMs = Date.now() - this.#connectedAt;
    if (heldMs < quickEndMs) return this.#failed(new ConnectionError(reason, { crashed: true }), heldMs);
    this.#failures = 0;
    this.#quickCrashes = 0;
    this.#lastError = reason;
    this.#become('down', reason);
    // Not in this turn: the attempt that made the lost connection may only just be ending.
    this.#retry = setTimeout(() => void this.#try(), 0);
  }

  #failed(error: unknown, tookMs: number): void {
    const known = error instanceof ConnectionError ? error : undefined;
    this.#hopeless = known?.hopeless ?? false;
    this.#failures++;
    const crashed = known?.crashed === true && this.config.target.kind === 'stdio';
    this.#quickCrashes = crashed ? this.#quickCrashes + 1 : 0;
    const decision = nextTry({ failures: this.#failures, quickCrashes: this.#quickCrashes }, Math.random());
    this.#lastError = messageOf(error);
    this.#nextRetryAt = Date.now() + decision.delayMs;
    this.#become(decision.state, this.#lastError + decision.note, tookMs);
    this.#retry = setTimeout(() => void this.#try(), decision.delayMs);
  }

  #become(state: UpstreamState, reason: string, tookMs?: number): void {
    if (state !== this.#state) this.#since = Date.now();
    this.#state = state;
    this.#reason = reason;
    this.#wasAttempted = true;
    const { detail, tools } = this.status();
    const took = tookMs === undefined ? {} : { tookMs };
    this.#deps.observe({ type: 'upstream-state', server: this.name, state, detail, tools, ...took });
  }

  #scheduleRefresh(): void {
    if (this.#refresh !== undefined) return;
    if (Date.now() - this.#refreshedAt > calmAfterMs) this.#nextRefreshMs = refreshDelayMs;
    this.#refresh = setTimeout(() => {
      this.#refresh = undefined;
      this.#refreshedAt = Date.now();
      void this.#relist();
    }, this.#nextRefreshMs);
    this.#nextRefreshMs = Math.min(this.#nextRefreshMs * 2, maxRefreshDelayMs);
  }

  /** One listing at a time: an older list never overwrites a newer one. */
  async #relist(): Promise<void> {
    const connection = this.#connection;
    if (connection === undefined) return;
    if (this.#refreshing) return this.#scheduleRefresh();
    this.#refreshing = true;
    try {
      const catalogue = await this.#list(connection);
      if (this.#connection !== connection || sameOffers(catalogue, this.#catalogue)) return;
      this.#catalogue = catalogue;
      this.#reason = `ready with ${catalogue.tools.length} tools`;
      this.#deps.observe({ type: 'catalogue-changed', server: this.name, tools: catalogue.tools.length });
      this.#deps.onChange();
    } catch (error) {
      this.#deps.observe({
        type: 'warning',
        message: `${this.name}: the changed list was not had: ${messageOf(error)}`,
      });
    } finally {
      this.#refreshing = false;
    }
  }
}

/** Unchanged tools and prompts are the same objects (catalogue.ts). */
function sameOffers(a: Catalogue, b: Catalogue | undefined): boolean {
  return sameList(a.tools, b?.tools) && sameList(a.prompts, b?.prompts);
}

function sameList(a: readonly unknown[], b: readonly unknown[] | undefined): boolean {
  return a.length === b?.length && a.every((item, index) => item === b[index]);
}

/** Waits for `work`, but not past `untilMs` or an abort. */
async function settledBy(work: Promise<void>, untilMs: number, signal: CancelSignal): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  const enough = new Promise<void>((resolve) => {
    onAbort = resolve;
    timer = setTimeout(resolve, Math.max(0, untilMs - Date.now()));
    signal.addEventListener('abort', onAbort, { once: true });
  });
  await Promise.race([work, enough]);
  clearTimeout(timer);
  if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
}
