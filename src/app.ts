// Composition root: the only file that sees everything. Loads the configuration, opens the listener, starts the fleet,
// owns the current Snapshot (what requests see changes by one assignment, in `publish`), reloads and closes. It decides
// nothing that one of its parts could decide.

import { availableParallelism } from 'node:os';
import { loadConfig, type ConfigInput } from './config/load.ts';
import type { Config } from './config/types.ts';
import { watchFile } from './config/watch.ts';
import type { Observe, ReloadReport } from './events.ts';
import { Fleet } from './mcp/fleet.ts';
import { killAllGroups } from './mcp/process/terminate.ts';
import type { SignIns } from './sign-ins.ts';
import { createReload, type Reload, type ReloadOptions } from './reload.ts';
import type { RenderMetrics } from './server/exchange.ts';
import { createHttpServer, ListenError, type HttpServer } from './server/listen.ts';
import { buildSnapshot, type Snapshot } from './snapshot.ts';
import type { Tracer } from './trace.ts';
import { version } from './version.ts';

export { ListenError };

export interface App {
  /** Where it listens, such as http://127.0.0.1:8000, without a trailing slash. */
  readonly url: string;
  /**
   * Resolves when every enabled server had its first attempt, good or bad. Rejects with DeadServerError where the only
   * server, given on the command line, failed it.
   */
  readonly settled: Promise<void>;
  snapshot(): Snapshot;
  reload(): Promise<ReloadReport>;
  /** Stops accepting, lets calls finish for a while, ends every child. Idempotent. */
  close(): Promise<void>;
  /** Ends every child at once, without waiting: for a program that exits now. */
  kill(): void;
}

/** The only server did not start. */
export class DeadServerError extends Error {
  override readonly name = 'DeadServerError';
}

/** Calls in flight at the end get this long. With the children's own time it stays below the ten seconds of Docker. */
const drainMs = 6_000;

export interface AppExtras {
  /** What `input` says, where that was read already. */
  readonly loaded?: Config;
  /** What `GET /metrics` answers; without it there is no such route. */
  readonly metrics?: RenderMetrics;
  /** Of calls whose spans are exported. */
  readonly tracer?: Tracer | undefined;
}

/** Throws ConfigError or ListenError, with nothing started. */
export async function startApp(input: ConfigInput, observe: Observe, extras: AppExtras = {}): Promise<App> {
  const startedAt = Date.now();
  const config = extras.loaded ?? (await loadConfig(input));
  const app = new RunningApp(config, input, observe, startedAt, extras);
  await app.listen();
  return app;
}

class RunningApp implements App {
  readonly settled: Promise<void>;
  readonly reload: Reload;

  readonly #observe: Observe;
  readonly #startedAt: number;
  readonly #fleet: Fleet;
  readonly #server: HttpServer;
  readonly #environment: ConfigInput['environment'];
  #signIns: SignIns | undefined;
  #config: Config;
  #current: Snapshot;
  #watch: { close(): void } | undefined;
  #closing: Promise<void> | undefined;
  #settle: (work: Promise<void>) => void = () => {};
  #begin = (): void => {};

  constructor(config: Config, input: ConfigInput, observe: Observe, startedAt: number, { metrics, tracer }: AppExtras) {
    this.#config = config;
    this.#observe = observe;
    this.#startedAt = startedAt;
    this.#environment = input.environment;
    this.#fleet = new Fleet({
      observe,
      onChange: () => this.#publish(),
      version,
      accessOf: (server) => this.#signIns?.accessOf(server),
    });
    this.#current = buildSnapshot(config, this.#fleet.handles, undefined);
    const begun = new Promise<void>((resolve) => {
      this.#begin = resolve;
    });
    this.#server = createHttpServer({
      current: () => this.#current,
      begun,
      observe,
      isStopping: () => this.#closing !== undefined,
      version,
      startedAt,
      lastReload: () => this.reload.last(),
      metrics,
      tracer,
    });
    this.reload = createReload({
      current: () => this.#config,
      load: async () => {
        const next = await loadConfig(input);
        await this.#prepareSignIns(next);
        return next;
      },
      isStopping: () => this.#closing !== undefined,
      apply: (next) => {
        this.#apply(next);
        this.#keepWatch();
      },
      observe,
    });
    this.settled = new Promise((resolve) => {
      this.#settle = resolve;
    });
    // Whoever does not ask is not hurt: the state says the same.
    this.settled.catch(() => {});
  }

  get url(): string {
    return this.#server.url;
  }

  snapshot(): Snapshot {
    return this.#current;
  }

  /** The listener first: a port in use starts nothing. */
  async listen(): Promise<void> {
    const { ignoredKeys } = this.#config;
    await this.#server.listen();
    // So many children would keep the processor from what answers until they are up; what failed is told already.
    if (childrenOf(this.#config) > availableParallelism()) await this.#server.loaded().catch(() => {});
    await this.#prepareSignIns(this.#config);
    this.#apply(this.#config);
    this.#begin();
    this.#settle(this.#firstAttempts());
    for (const { server, key } of ignoredKeys) this.#observe({ type: 'config-key-ignored', server, key });
    this.#keepWatch();
    // The file may have changed since it was read.
    if (this.#watch !== undefined) this.#follow({ quiet: true });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  kill(): void {
    killAllGroups();
  }

  /** The file itself may say whether it is watched. */
  #keepWatch(): void {
    const { file, hotReload } = this.#config;
    if (file !== undefined && hotReload) {
      this.#watch ??= watchFile(file, () => this.#follow());
      return;
    }
    this.#watch?.close();
    this.#watch = undefined;
  }

  /** A reload that nobody waits for. What the file says is in its report; anything else is a bug of ours. */
  #follow(options?: ReloadOptions): void {
    this.reload(options).catch((error: unknown) => {
      this.#observe({ type: 'internal-error', requestId: '', error });
    });
  }

  /** What signing in needs is loaded with the first server that asks for it. */
  async #prepareSignIns({ servers, settings }: Config): Promise<void> {
    if (this.#signIns !== undefined || servers.every(({ oauth }) => oauth === undefined)) return;
    const [{ SignIns }, { createLoopback }] = await Promise.all([
      import('./sign-ins.ts'),
      import('./server/loopback.ts'),
    ]);
    const callbacks = createLoopback(() => this.#server.ownMount());
    this.#signIns ??= new SignIns({
      observe: this.#observe,
      secretKey: settings.secretKey,
      callbacks,
      environment: this.#environment,
      onSignedIn: (server, user) => this.#fleet.signedIn(server, user),
      onSignedOut: (server, user) => this.#fleet.signedOut(server, user),
    });
  }

  #apply(next: Config): void {
    this.#config = next;
    this.#server.renew(next.settings);
    this.#signIns?.keep(next.servers);
    this.#fleet.apply(next.servers, next.settings);
    this.#publish();
  }

  /** What requests see changes here and nowhere else. */
  #publish(): void {
    this.#current = buildSnapshot(this.#config, this.#fleet.handles, this.#current);
  }

  async #firstAttempts(): Promise<void> {
    await this.#fleet.attempted();
    if (this.#closing !== undefined) return;
    const states = [...this.#fleet.handles.values()].map((upstream) => upstream.status());
    const ready = states.filter((status) => status.state === 'ready').length;
    const tookMs = Date.now() - this.#startedAt;
    this.#observe({ type: 'settled', ready, servers: states.length, tookMs });
    const only = this.#config.mode === 'single' ? states[0] : undefined;
    if (only !== undefined && only.state !== 'ready') {
      throw new DeadServerError(`the server did not start: ${only.lastError ?? only.detail}`);
    }
  }

  async #close(): Promise<void> {
    const inFlight = [...this.#fleet.handles.values()].reduce((sum, upstream) => sum + upstream.status().inFlight, 0);
    this.#observe({ type: 'stopping', reason: 'asked to stop', inFlight });
    this.#watch?.close();
    await this.#server.close(drainMs);
    await this.#fleet.close(0);
    this.#signIns?.close();
    this.#observe({ type: 'stopped' });
  }
}

function childrenOf({ servers }: Config): number {
  return servers.reduce((sum, { target, disabled, instances }) => {
    return target.kind === 'stdio' && !disabled ? sum + instances : sum;
  }, 0);
}
