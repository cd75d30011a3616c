// How long one HTTP request is waited for: it ends at its deadline, or when the caller goes away. Says which of the
// two it was; telling the server is the transport's.

import type { CancelSignal } from '../types.ts';
import { unwatchDeadlines, watchDeadlines, type Sweepable } from './deadlines.ts';
import type { RequestOptions } from './transport.ts';

export class Patience implements Sweepable {
  readonly deadlineAt: number;
  readonly #outer: CancelSignal | undefined;
  readonly #abort = new AbortController();
  readonly #onAbort = (): void => this.#stop('cancelled');
  gaveUp: { readonly kind: 'timeout' | 'cancelled' } | undefined;

  constructor(options: RequestOptions) {
    this.deadlineAt = options.deadlineAt;
    this.#outer = options.signal;
    if (this.#outer?.aborted) this.#onAbort();
    this.#outer?.addEventListener('abort', this.#onAbort, { once: true });
    watchDeadlines(this);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
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
    this.#abort.abort();
  }
}
