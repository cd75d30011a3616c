// All upstreams of a process, by name. Applies a configuration: an upstream whose entry did not change is the same
// object before and after; an added one appears at once; a changed one comes up beside the old and takes its place when
// its first attempt ended; a removed one drains. Disabled servers have no upstream.

import type { ServerConfig } from '../config/types.ts';
import type { UpstreamHandle } from './types.ts';
import { Upstream, type UpstreamDeps } from './upstream.ts';

/** Limits that a connection is made with. */
export interface ConnectionLimits {
  readonly connectionTimeoutMs: number;
  readonly maxResultBytes: number;
}

/** Calls in flight on a removed or replaced upstream get this long. */
const drainMs = 30_000;

export class Fleet {
  readonly #deps: Omit<UpstreamDeps, keyof ConnectionLimits>;
  readonly #current = new Map<string, Upstream>();
  /** Successors of changed servers, until they take over. */
  readonly #coming = new Map<string, Upstream>();
  readonly #leaving = new Set<Promise<void>>();
  #closing: Promise<void> | undefined;

  constructor(deps: Omit<UpstreamDeps, keyof ConnectionLimits>) {
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
    const { connectionTimeoutMs, maxResultBytes } = limits;
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
        this.#current.set(name, new Upstream(config, { ...this.#deps, connectionTimeoutMs, maxResultBytes }));
      } else if (current.config.connectionFingerprint !== config.connectionFingerprint && !this.#coming.has(name)) {
        this.#replace(current, new Upstream(config, { ...this.#deps, connectionTimeoutMs, maxResultBytes }));
      }
    }
  }

  /** Ends all, letting calls finish for at most `withinMs`. Idempotent. */
  close(withinMs: number): Promise<void> {
    this.#closing ??= this.#close(withinMs);
    return this.#closing;
  }

  #replace(old: Upstream, successor: Upstream): void {
    const { name } = successor;
    this.#coming.set(name, successor);
    void successor.attempted.then(() => {
      if (this.#coming.get(name) !== successor || this.#closing !== undefined) return;
      this.#coming.delete(name);
      this.#current.set(name, successor);
      this.#deps.onChange();
      this.#leave(old);
    });
  }

  #leave(upstream: Upstream): void {
    const left = upstream.retire(drainMs);
    this.#leaving.add(left);
    void left.finally(() => this.#leaving.delete(left));
  }

  async #close(withinMs: number): Promise<void> {
    const all = [...this.#current.values(), ...this.#coming.values()];
    this.#current.clear();
    this.#coming.clear();
    await Promise.all([...all.map((upstream) => upstream.retire(withinMs)), ...this.#leaving]);
  }
}
