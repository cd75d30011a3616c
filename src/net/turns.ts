// How many requests are under way at once, each on a socket of its own: a burst of hundreds of quick ones shares a few
// sockets, which is faster for both sides. Slow ones hold up nobody: they do not count any more. What is slow is told by
// the time in which this process had nothing to do, because a busy one sees late what has long come.

import { performance } from 'node:perf_hooks';

export interface Turn {
  /** When it began, by the clock of idle time; set here. */
  since: number;
  begin(): void;
  /** It does not wait any more, and will not begin. */
  refuse(): void;
}

/** As many as keep a server busy. */
const fewSockets = 64;
/** Idle for so long, and nothing moved: all that are under way are slow. */
const stillAfterMs = 30;
/** One that takes longer than this is slow, whatever the others do. */
const slowAfterMs = 150;
/** How often those who wait are looked after. */
const lookEveryMs = 15;
/** Nobody waits longer, however busy this process is. */
const waitAtMostMs = 1_000;

export class Turns {
  readonly #idleMs: () => number;
  /** Under way, and not known to be slow; the oldest first. */
  readonly #quick = new Set<Turn>();
  /** When each came, milliseconds since the epoch; in that order. */
  readonly #waiting = new Map<Turn, number>();
  /** Over, with a socket that is not free yet. */
  #leaving: Turn[] = [];
  /** When one began, was connected or left, by the clock of idle time. */
  #movedAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(idleMs = idleMsOfProcess) {
    this.#idleMs = idleMs;
  }

  /** Lets it begin, now or soon. */
  enter(turn: Turn): void {
    if (this.#waiting.size === 0 && this.#hasRoom()) return this.#begin(turn);
    this.#waiting.set(turn, Date.now());
    this.#timer ??= setInterval(() => this.#lookAgain(), lookEveryMs);
  }

  /** It is getting on. */
  moved(): void {
    if (this.#waiting.size > 0) this.#movedAt = this.#idleMs();
  }

  /** It is over, or does not want to begin any more. Idempotent. */
  leave(turn: Turn): void {
    this.#waiting.delete(turn);
    if (!this.#quick.has(turn)) return;
    this.moved();
    // Its socket serves the next request after one turn of the event loop, not earlier.
    if (this.#leaving.push(turn) === 1) setImmediate(() => this.#release());
  }

  /** None of those who wait begins any more. */
  refuseWaiting(): void {
    for (const turn of this.#waiting.keys()) {
      this.#waiting.delete(turn);
      turn.refuse();
    }
  }

  #release(): void {
    const left = this.#leaving;
    this.#leaving = [];
    setImmediate(() => {
      for (const turn of left) this.#quick.delete(turn);
      this.#admit();
    });
  }

  #hasRoom(): boolean {
    if (this.#quick.size < fewSockets) return true;
    const slowSince = this.#idleMs() - slowAfterMs;
    for (const turn of this.#quick) {
      if (turn.since > slowSince) break;
      this.#quick.delete(turn);
    }
    return this.#quick.size < fewSockets;
  }

  #lookAgain(): void {
    if (this.#idleMs() - this.#movedAt >= stillAfterMs) this.#quick.clear();
    this.#admit();
    const overdue = Date.now() - waitAtMostMs;
    for (const [turn, cameAt] of this.#waiting) {
      if (cameAt > overdue) break;
      this.#begin(turn);
    }
    if (this.#waiting.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #admit(): void {
    for (const turn of this.#waiting.keys()) {
      if (!this.#hasRoom()) break;
      this.#begin(turn);
    }
  }

  #begin(turn: Turn): void {
    this.#waiting.delete(turn);
    turn.since = this.#idleMs();
    this.#movedAt = turn.since;
    this.#quick.add(turn);
    turn.begin();
  }
}

/** A clock that stands still while this process is busy. */
function idleMsOfProcess(): number {
  return performance.eventLoopUtilization().idle;
}
