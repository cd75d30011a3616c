// Upstream sessions that belong to one user or one caller: each with a connection of its own, made on first use, closed
// when it was not used for a while. At most so many at once: the one that was idle longest makes room for a new one, and
// where none is idle there is no room.

import type { Supervisor } from './supervisor.ts';

export interface SessionLimits {
  readonly maxSessions: number;
  readonly sessionIdleMs: number;
}

export interface SessionsOptions {
  readonly limits: SessionLimits;
  /** Begins to connect. */
  readonly open: () => Supervisor;
  readonly onChange: (change: 'opened' | 'closed') => void;
}

interface Session {
  readonly supervisor: Supervisor;
  inUse: number;
  usedAt: number;
}

/** One that is held; `release` is called exactly once. */
export interface HeldSession {
  readonly supervisor: Supervisor;
  release(): void;
}

/** How late the end of the idle time may be noticed, at most. */
const maxLookEveryMs = 15_000;

export class Sessions {
  readonly #options: SessionsOptions;
  readonly #open = new Map<string, Session>();
  readonly #closing = new Set<Promise<void>>();
  #limits: SessionLimits;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#limits = options.limits;
  }

  get size(): number {
    return this.#open.size;
  }

  set limits(limits: SessionLimits) {
    this.#limits = limits;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#shrinkTo(limits.maxSessions);
    this.#closeIdle();
  }

  /** undefined where every session is in use. */
  hold(key: string): HeldSession | undefined {
    const session = this.#open.get(key) ?? this.#make(key);
    if (session === undefined) return undefined;
    session.inUse++;
    return {
      supervisor: session.supervisor,
      release: () => {
        session.inUse--;
        session.usedAt = Date.now();
        this.#shrinkTo(this.#limits.maxSessions);
        this.#lookLater();
      },
    };
  }

  /** Idempotent. Ends them all, whatever is in flight; bounded in time. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const key of this.#open.keys()) this.#end(key);
    await Promise.all(this.#closing);
  }

  #make(key: string): Session | undefined {
    if (this.#closed) return undefined;
    const { maxSessions } = this.#limits;
    this.#shrinkTo(maxSessions - 1);
    if (this.#open.size >= maxSessions) return undefined;
    const session = { supervisor: this.#options.open(), inUse: 0, usedAt: Date.now() };
    this.#open.set(key, session);
    this.#options.onChange('opened');
    return session;
  }

  /** As far as they are idle. */
  #shrinkTo(most: number): void {
    while (this.#open.size > most) {
      const oldest = this.#idleLongest();
      if (oldest === undefined) return;
      this.#end(oldest);
    }
  }

  #idleLongest(): string | undefined {
    let found: string | undefined;
    let usedAt = Infinity;
    for (const [key, session] of this.#open) {
      if (session.inUse > 0 || session.usedAt >= usedAt) continue;
      found = key;
      ({ usedAt } = session);
    }
    return found;
  }

  #end(key: string): void {
    const session = this.#open.get(key);
    if (session === undefined) return;
    this.#open.delete(key);
    const closing = session.supervisor.close();
    this.#closing.add(closing);
    void closing.finally(() => this.#closing.delete(closing));
    this.#options.onChange('closed');
  }

  #lookLater(): void {
    if (this.#closed || this.#open.size === 0) return;
    const everyMs = Math.min(this.#limits.sessionIdleMs / 2, maxLookEveryMs);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#closeIdle();
    }, everyMs).unref();
  }

  #closeIdle(): void {
    const unusedSince = Date.now() - this.#limits.sessionIdleMs;
    for (const [key, session] of this.#open) {
      if (session.inUse === 0 && session.usedAt <= unusedSince) this.#end(key);
    }
    this.#lookLater();
  }
}
