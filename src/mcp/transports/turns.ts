// How many requests are under way to a remote server at once, each on a socket of its own. A burst of hundreds of quick
// calls shares a few sockets, which is faster for both sides; slow calls hold up nobody: whoever had no turn for a moment
// goes ahead all the same.

import type { CancelSignal } from '../types.ts';

/** As many as keep a server busy. */
const fewSockets = 64;
/** Quick calls have passed by then; waiting longer would be noticed. */
const waitAtMostMs = 25;

export class Turns {
  #underWay = 0;
  /** In the order of their coming. */
  readonly #waiting = new Set<() => void>();

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
        clearTimeout(timer);
        signal.removeEventListener('abort', admit);
        this.#underWay++;
        resolve();
      };
      const timer = setTimeout(admit, waitAtMostMs);
      signal.addEventListener('abort', admit);
      this.#waiting.add(admit);
      if (signal.aborted) admit();
    });
  }

  leave(): void {
    this.#underWay--;
    const [next] = this.#waiting;
    if (this.#underWay < fewSockets) next?.();
  }
}
