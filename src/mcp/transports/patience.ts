// How long one HTTP request is waited for: it ends at its deadline, or when the caller goes away. Says which of the
// two it was; telling the server is the transport's.

import type { CancelSignal } from '../types.ts';
import { unwatchDeadline, watchDeadline } from './deadlines.ts';
import type { RequestOptions } from './transport.ts';

export class Patience {
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
    watchDeadline(this);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  expire(): void {
    this.#stop('timeout');
  }

  end(): void {
    unwatchDeadline(this);
    this.#outer?.removeEventListener('abort', this.#onAbort);
  }

  #stop(kind: 'timeout' | 'cancelled'): void {
    this.gaveUp ??= { kind };
    this.#abort.abort();
  }
}
