// Upstream sessions that belong to one user or one caller: each with a connection of its own, made on first use, closed
// when it was not used for a while. At most so many at once: the one that was idle longest makes room for a new one, and
// where none is idle there is no room.

import type { Principal } from '../principal.ts';
import type { Supervisor } from './supervisor.ts';
import type { CallerFacts } from './templates.ts';

export interface SessionLimits {
  readonly maxSessions: number;
  readonly sessionIdleMs: number;
}

export interface SessionsOptions {
  readonly limits: SessionLimits;
  /** Begins to connect. */
  readonly open: (owner: SessionOwner) => Supervisor;
  readonly onChange: (change: 'opened' | 'closed') => void;
}

/** Whose a session is. */
export interface SessionOwner {
  readonly principal: Principal;
  /** What the configuration's templates stand for here. */
  readonly facts: CallerFacts;
  /** Equal exactly where they come to the same. */
  readonly filling: string;
}

interface Session {
  readonly user: string;
  readonly supervisor: Supervisor;
  inUse: number;
  usedAt: number;
  /** Closes as soon as it is not in use. */
  leaving: boolean;
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

  /** The first that this user has. */
  find(user: string): Supervisor | undefined {
    for (const session of this.#open.values()) if (session.user === user) return session.supervisor;
    return undefined;
  }

  /** undefined where every session is in use. */
  hold(owner: SessionOwner): HeldSession | undefined {
    const session = this.#open.get(keyOf(owner)) ?? this.#make(owner);
    if (session === undefined) return undefined;
    session.inUse++;
    return {
      supervisor: session.supervisor,
      release: () => {
        session.inUse--;
        session.usedAt = Date.now();
        if (session.inUse === 0 && session.leaving) void this.#close(session);
        this.#shrinkTo(this.#limits.maxSessions);
        this.#lookLater();
      },
    };
  }

  /** Those of one user; gently: what is in flight comes to its end first. */
  async end(user: string, how: 'gently' | 'at-once'): Promise<void> {
    const ends: Promise<void>[] = [];
    for (const [key, session] of this.#open) {
      if (session.user !== user) continue;
      if (how === 'at-once' || session.inUse === 0) {
        ends.push(this.#end(key));
        continue;
      }
      this.#open.delete(key);
      session.leaving = true;
    }
    await Promise.all(ends);
  }

  /** Idempotent. Ends them all, whatever is in flight; bounded in time. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const key of this.#open.keys()) void this.#end(key);
    await Promise.all(this.#closing);
  }

  #make(owner: SessionOwner): Session | undefined {
    if (this.#closed) return undefined;
    const { maxSessions } = this.#limits;
    this.#shrinkTo(maxSessions - 1);
    if (this.#open.size >= maxSessions) return undefined;
    const { user } = owner.principal;
    const session = { user, supervisor: this.#options.open(owner), inUse: 0, usedAt: Date.now(), leaving: false };
    this.#open.set(keyOf(owner), session);
    this.#options.onChange('opened');
    return session;
  }

  /** As far as they are idle. */
  #shrinkTo(most: number): void {
    while (this.#open.size > most) {
      const oldest = this.#idleLongest();
      if (oldest === undefined) return;
      void this.#end(oldest);
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

  async #end(key: string): Promise<void> {
    const session = this.#open.get(key);
    if (session === undefined) return;
    this.#open.delete(key);
    await this.#close(session);
  }

  #close(session: Session): Promise<void> {
    const closing = session.supervisor.close();
    this.#closing.add(closing);
    void closing.finally(() => this.#closing.delete(closing));
    this.#options.onChange('closed');
    return closing;
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
      if (session.inUse === 0 && session.usedAt <= unusedSince) void this.#end(key);
    }
    this.#lookLater();
  }
}

/** Whose session it is. */
function keyOf({ principal: { user, sessionId }, filling }: SessionOwner): string {
  return JSON.stringify([user, sessionId ?? null, filling]);
}
