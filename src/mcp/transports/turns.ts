// How many requests are under way to a remote server at once, each on a socket of its own. A burst of hundreds of quick
// calls shares a few sockets, which is faster for both sides. Slow calls hold up nobody for long: where no turn comes free
// for a moment there are more of them, and nobody waits longer than that he would notice.

import type { CancelSignal } from '../types.ts';

/** As many as keep a server busy. */
const fewSockets = 64;
/** So many more where none came free for so long. */
const moreSockets = 32;
const stalledAfterMs = 25;
/** Some slots may go round quickly while the rest are held for long. */
const waitAtMostMs = 250;

export class Turns {
  #underWay = 0;
  #hasMoved = false;
  /** When each began to wait, by `performance.now()`, in the order of their coming. */
  readonly #waiting = new Map<() => void, number>();
  #timer: NodeJS.Timeout | undefined;

  /** Takes a turn where there is one at once. */
  tryEnter(): boolean {
    if (this.#underWay >= fewSockets || this.#waiting.size > 0) return false;
    this.#underWay++;
    return true;
  }

  /** Resolves with a turn, in any case, soon. */
  enter(signal: CancelSignal): Promise<void> {
    return new Promise((resolve) => {
      const admit = (): void => {
        this.#waiting.delete(admit);
        signal.removeEventListener('abort', admit);
        this.#underWay++;
        resolve();
      };
      this.#waiting.set(admit, performance.now());
      this.#timer ??= setInterval(() => this.#look(), stalledAfterMs);
      signal.addEventListener('abort', admit);
      if (signal.aborted) admit();
    });
  }

  leave(): void {
    this.#underWay--;
    this.#hasMoved = true;
    const [next] = this.#waiting.keys();
    if (this.#underWay < fewSockets) next?.();
  }

  #look(): void {
    const longAgo = performance.now() - waitAtMostMs;
    let more = this.#hasMoved ? 0 : moreSockets;
    this.#hasMoved = false;
    for (const [admit, since] of this.#waiting) {
      if (more-- <= 0 && since > longAgo) break;
      admit();
    }
    if (this.#waiting.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
