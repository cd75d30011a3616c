// All upstreams of a process, by name. Applies a configuration: an upstream whose entry did not change is the same
// object before and after; an added one appears at once; a changed one comes up beside the old and takes its place when
// it is ready, or at its connection timeout; a removed one drains. Disabled servers have no upstream.

import type { ServerConfig } from '../config/types.ts';
import type { UpstreamHandle } from './types.ts';
import { Upstream, type UpstreamAccess, type UpstreamDeps } from './upstream.ts';
import { settledBy } from './waiting.ts';

/** Limits that a connection is made with. */
export interface ConnectionLimits {
  readonly connectionTimeoutMs: number;
  readonly maxResultBytes: number;
}

export interface FleetDeps extends Omit<UpstreamDeps, keyof ConnectionLimits | 'access'> {
  /** How one signs in to a server; undefined: nobody needs to. */
  readonly accessOf: (config: ServerConfig) => UpstreamAccess | undefined;
}

/** Calls in flight on a removed or replaced upstream get this long. */
const drainMs = 30_000;

export class Fleet {
  readonly #deps: FleetDeps;
  readonly #current = new Map<string, Upstream>();
  /** Successors of changed servers, until they take over. */
  readonly #coming = new Map<string, Upstream>();
  readonly #leaving = new Set<Upstream>();
  readonly #lifetime = new AbortController();
  #closing: Promise<void> | undefined;

  constructor(deps: FleetDeps) {
    this.#deps = deps;
  }

  get handles(): ReadonlyMap<string, UpstreamHandle> {
    return this.#current;
  }

  /** Resolves when every upstream had its first attempt. */
  async attempted(): Promise<void> {
    await Promise.all([...this.#current.values()].map((upstream) => upstream.attempted));
  }

  /** Starts, swaps and retires; returns at once, `onChange` tells of what follows. Once closed, it starts nothing. */
  apply(servers: readonly ServerConfig[], limits: ConnectionLimits): void {
    if (this.#closing !== undefined) return;
    const { connectionTimeoutMs } = limits;
    const wanted = new Map(servers.filter((server) => !server.disabled).map((server) => [server.name, server]));
    for (const [name, upstream] of this.#current) {
      if (wanted.has(name)) continue;
      this.#current.delete(name);
      this.#leave(upstream);
    }
    for (const [name, upstream] of this.#coming) {
      const config = wanted.get(name);
      if (config?.connectionFingerprint === upstream.config.connectionFingerprint) continue;
      this.#coming.delete(name);
      this.#leave(upstream);
    }
    for (const [name, config] of wanted) {
      const current = this.#current.get(name);
      if (current === undefined) {
        this.#current.set(name, this.#start(config, limits));
      } else if (current.config.connectionFingerprint === config.connectionFingerprint) {
        current.retune(config);
      } else if (this.#coming.has(name)) {
        this.#coming.get(name)?.retune(config);
      } else {
        const successor = this.#start(config, limits);
        this.#replace(current, successor, connectionTimeoutMs);
      }
    }
  }

  /** A user signed in to this server; `''` where one sign-in serves everybody. */
  signedIn(server: string, user: string): void {
    for (const upstream of this.#named(server)) upstream.signedIn(user);
  }

  /** Resolves when what was connected for this user has ended. */
  async signedOut(server: string, user: string): Promise<void> {
    await Promise.all(this.#named(server).map((upstream) => upstream.signedOut(user)));
  }

  /** Ends all, letting calls finish for at most `withinMs`. Idempotent. */
  close(withinMs: number): Promise<void> {
    this.#closing ??= this.#close(withinMs);
    return this.#closing;
  }

  #start(config: ServerConfig, limits: ConnectionLimits): Upstream {
    const { accessOf, ...deps } = this.#deps;
    const { connectionTimeoutMs, maxResultBytes } = limits;
    return new Upstream(config, { ...deps, access: accessOf(config), connectionTimeoutMs, maxResultBytes });
  }

  /** Also the one that is coming, and those that are leaving. */
  #named(server: string): Upstream[] {
    const all = [...this.#current.values(), ...this.#coming.values(), ...this.#leaving];
    return all.filter(({ name }) => name === server);
  }

  /** The old one serves until the new one can, or had its time. */
  #replace(old: Upstream, successor: Upstream, withinMs: number): void {
    const { name } = successor;
    this.#coming.set(name, successor);
    void settledBy(successor.ready, Date.now() + withinMs, this.#lifetime.signal).then(() => {
      if (this.#coming.get(name) !== successor || this.#closing !== undefined) return;
      this.#coming.delete(name);
      this.#current.set(name, successor);
      this.#deps.onChange();
      this.#leave(old);
    });
  }

  #leave(upstream: Upstream): void {
    this.#leaving.add(upstream);
    void upstream.retire(drainMs).finally(() => this.#leaving.delete(upstream));
  }

  async #close(withinMs: number): Promise<void> {
    this.#lifetime.abort();
    const all = [...this.#current.values(), ...this.#coming.values(), ...this.#leaving];
    this.#current.clear();
    this.#coming.clear();
    await Promise.all(all.map((upstream) => upstream.retire(withinMs)));
  }
}
