// Tells those who work for a request that nobody waits for them any more. Does what AbortController does for this one
// purpose, at a fraction of its cost: a call adds and removes a listener each, and Node's events pay for much that is not
// needed here.

import type { CancelSignal } from './types.ts';

export class Cancellation implements CancelSignal {
  #aborted = false;
  /** Hardly ever more than one, or as many as there are requests in the pipeline. */
  #listeners: (() => void)[] = [];

  get aborted(): boolean {
    return this.#aborted;
  }

  /** A listener is told once, whatever it asks for: there is one event. */
  addEventListener(_type: 'abort', listener: () => void): void {
    if (!this.#aborted) this.#listeners.push(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    const at = this.#listeners.indexOf(listener);
    if (at === -1) return;
    const last = this.#listeners.pop();
    if (last !== undefined && at < this.#listeners.length) this.#listeners[at] = last;
  }

  /** Idempotent. */
  abort(): void {
    this.#aborted = true;
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener();
  }
}
