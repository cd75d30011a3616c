// An answer that broke off, from where it broke: MCP lets a server that gives its events ids send the rest on another
// stream (Streamable HTTP, "Resumability and Redelivery"; revisions with sessions). Gives up after a few failures in a
// row; a server that only lets its client come back now and then is followed for as long as the request may take.

import { setTimeout as delay } from 'node:timers/promises';
import type { Answer } from '../../net/exchange.ts';
import { isEventStream } from './http.ts';
import { pauseMs } from './listening.ts';
import type { Reply } from './transport.ts';

/** With the pauses between them, about four seconds. */
const maxFailures = 4;

export interface BrokenAnswer {
  /** What the request comes to where nothing can be resumed. */
  readonly cut: Extract<Reply, { kind: 'lost' }>;
  readonly hasSession: boolean;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
  /** The pause that the server wishes for. */
  readonly retryMs: () => number | undefined;
  /** Asks for the rest. */
  readonly open: () => Promise<Answer>;
  /** Reads a stream up to the answer; `lost` if it breaks as well. */
  readonly read: (response: Answer) => Promise<Reply>;
}

/** Rejects when the signal aborts. */
export async function resumeAnswer({ cut, hasSession, signal, retryMs, open, read }: BrokenAnswer): Promise<Reply> {
  for (let failures = 0; failures < maxFailures;) {
    await delay(pauseMs(failures, retryMs(), Math.random()), undefined, { signal, ref: false });
    const response = await open().catch(() => undefined);
    signal.throwIfAborted();
    if (response === undefined) {
      failures++;
    } else if (isEventStream(response)) {
      failures = 0;
      const reply = await read(response);
      if (reply.kind !== 'lost') return reply;
    } else {
      const { statusCode: status } = response;
      response.body.letPass();
      // The session went with whatever ran in it.
      if (status === 404 && hasSession) {
        return { kind: 'lost', detail: 'the server ended the session (HTTP 404) before it answered', gone: true };
      }
      if (status < 500 && status !== 429) return cut;
      failures++;
    }
  }
  return cut;
}
