// What the spans of one call say, noted while it runs: when its upstream was asked and had answered, and what the caller
// got. Made only where spans are exported, so that other calls pay nothing. Turning it into spans is telemetry's affair.

import { errorTable, type ErrorCode } from '../errors.ts';
import type { CallSpans } from '../events.ts';
import type { Lease, Outcome } from '../mcp/types.ts';
import type { Exchange } from './exchange.ts';

/** What is known of it before it runs. */
export interface Target {
  readonly label: string;
  readonly tool?: string;
  readonly route?: string;
}

export class TracedCall {
  readonly #exchange: Exchange;
  readonly #target: Target;
  readonly #startedAt: number;
  #upstream: CallSpans['upstream'];

  /** `startedAt` by `performance.now()`. */
  constructor(exchange: Exchange, target: Target, startedAt: number) {
    this.#exchange = exchange;
    this.#target = target;
    this.#startedAt = startedAt;
  }

  /** The same lease, whose use is noted. */
  watch(lease: Lease): Lease {
    return {
      call: (request) => this.#note(lease.call(request)),
      ask: (request) => this.#note(lease.ask(request)),
      release: () => lease.release(),
    };
  }

  /** Once it is over. */
  spans(code: ErrorCode | 'ok'): CallSpans {
    const { request, response } = this.#exchange;
    const { tool, label, route } = this.#target;
    const told = code === 'ok' ? 200 : errorTable[code].status;
    return {
      httpMethod: request.method ?? '',
      route,
      // What is thrown becomes an answer only after this.
      status: response.headersSent ? response.statusCode : told,
      mcpMethod: tool === undefined ? label : 'tools/call',
      upstream: this.#upstream,
    };
  }

  async #note(work: Promise<Outcome>): Promise<Outcome> {
    const afterMs = performance.now() - this.#startedAt;
    try {
      return await work;
    } finally {
      this.#upstream = { afterMs, tookMs: performance.now() - this.#startedAt - afterMs };
    }
  }
}
