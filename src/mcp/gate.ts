// How many calls an upstream gets at once: what is more waits in a queue of bounded length, first come first served, and
// what is more than that is refused. Nothing that waits has been sent.

import type { CancelSignal } from './types.ts';

export interface GateLimits {
  readonly maxInFlight: number;
  readonly maxQueued: number;
}

/** How long it was waited in vain for a turn, and why; `entered` has to be given back by `leave`. */
export type Turn = 'entered' | 'full' | 'late' | 'cancelled';

export class Gate {
  #limits: GateLimits;
  #inFlight = 0;
  /** In the order of their coming. */
  readonly #waiting = new Set<() => void>();

  constructor(limits: GateLimits) {
    this.#limits = limits;
  }

  get queued(): number {
    return this.#waiting.size;
  }

  /** New limits hold for who comes next; who waits gets its turn. */
  set limits(limits: GateLimits) {
    this.#limits = limits;
    this.#admit();
  }

  /** Enters where there is room at once. */
  tryEnter(): boolean {
    if (this.#inFlight >= this.#limits.maxInFlight || this.#waiting.size > 0) return false;
    this.#inFlight++;
    return true;
  }

  enter(deadlineAt: number, signal: CancelSignal): Promise<Turn> {
    if (this.tryEnter()) return Promise.resolve('entered');
    if (this.#waiting.size >= this.#limits.maxQueued) return Promise.resolve('full');
    if (signal.aborted) return Promise.resolve('cancelled');
    return new Promise((resolve) => {
      const settle = (turn: Turn): void => {
        this.#waiting.delete(admitted);
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        resolve(turn);
      };
      const admitted = (): void => settle('entered');
      const onAbort = (): void => settle('cancelled');
      const timer = setTimeout(() => settle('late'), Math.max(0, deadlineAt - Date.now()));
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.add(admitted);
    });
  }

  leave(): void {
    this.#inFlight--;
    this.#admit();
  }

  #admit(): void {
    for (const admitted of this.#waiting) {
      if (this.#inFlight >= this.#limits.maxInFlight) return;
      this.#inFlight++;
      admitted();
    }
  }
}
