// How long one HTTP request is waited for: it ends at its deadline, or when the caller goes away. Says which of the
// two it was; telling the server is the transport's.

import { Cancellation } from '../cancellation.ts';
import type { CancelSignal } from '../types.ts';
import { unwatchDeadlines, watchDeadlines, type Sweepable } from './deadlines.ts';
import type { RequestOptions } from './transport.ts';

/** Aborted when it ends before its time. */
export class Patience extends Cancellation implements Sweepable {
  readonly deadlineAt: number;
  readonly #outer: CancelSignal | undefined;
  readonly #onAbort = (): void => this.#stop('cancelled');
  gaveUp: { readonly kind: 'timeout' | 'cancelled' } | undefined;

  constructor(options: RequestOptions) {
    super();
    this.deadlineAt = options.deadlineAt;
    this.#outer = options.signal;
    if (this.#outer?.aborted) this.#onAbort();
    this.#outer?.addEventListener('abort', this.#onAbort, { once: true });
    watchDeadlines(this);
  }

  sweep(now: number): boolean {
    if (this.deadlineAt > now) return true;
    this.#stop('timeout');
    return false;
  }

  end(): void {
    unwatchDeadlines(this);
    this.#outer?.removeEventListener('abort', this.#onAbort);
  }

  #stop(kind: 'timeout' | 'cancelled'): void {
    this.gaveUp ??= { kind };
    this.abort();
  }
}
