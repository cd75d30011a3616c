// One call, from the lease to the outcome: on a live connection at once; on a lost one after a bounded wait. Repeats a
// call once, and only if it certainly was not delivered or the tool says that a repetition does no harm.

import type { Connection } from './connection.ts';
import type { Reply } from './transports/transport.ts';
import type { CallRequest, CancelSignal, Outcome, Tool } from './types.ts';

/** What a call needs of its upstream. */
export interface CallSource {
  readonly live: Connection | undefined;
  /** A connection as soon as there is one, undefined once waiting makes no sense or `untilMs` has passed. */
  connected(untilMs: number, signal: CancelSignal): Promise<Connection | undefined>;
  /** The connection is of no use any more; a new one is made. */
  drop(connection: Connection, reason: string): void;
  /** The sentence of the upstream's state, and when it is tried again. */
  unavailable(): { readonly detail: string; readonly retryAfterMs: number };
}

/** A call waits this long for its upstream to come back. */
const maxWaitMs = 10_000;

/** A call is repeated once. */
const maxAttempts = 2;

export async function callTool(source: CallSource, request: CallRequest): Promise<Outcome> {
  const startedAt = Date.now();
  for (let attempt = 1; ; attempt++) {
    const connection = source.live ?? (await waitFor(source, request));
    if (connection === undefined) return noConnection(source, request, startedAt);
    const reply = await connection.call(request.tool, request.argumentsText, request);
    if (reply.kind !== 'undelivered' && reply.kind !== 'lost') return toOutcome(reply, Date.now() - startedAt);
    if (reply.gone) source.drop(connection, reply.detail);
    const harmless = reply.kind === 'undelivered' ? reply.gone : mayRepeat(request.tool);
    if (harmless && attempt < maxAttempts) continue;
    if (reply.kind === 'lost') return { kind: 'unknown', detail: reply.detail };
    return reply.gone ? { kind: 'unavailable', ...source.unavailable() } : { kind: 'unusable', detail: reply.detail };
  }
}

function waitFor(source: CallSource, request: CallRequest): Promise<Connection | undefined> {
  return source.connected(Math.min(request.deadlineAt, Date.now() + maxWaitMs), request.signal);
}

function noConnection(source: CallSource, request: CallRequest, startedAt: number): Outcome {
  if (request.signal.aborted) return { kind: 'cancelled' };
  if (Date.now() >= request.deadlineAt) return { kind: 'timeout', afterMs: Date.now() - startedAt };
  return { kind: 'unavailable', ...source.unavailable() };
}

/** The tool says that running it twice is running it once (MCP, `ToolAnnotations`). */
function mayRepeat(tool: Tool): boolean {
  return tool.annotations?.['readOnlyHint'] === true || tool.annotations?.['idempotentHint'] === true;
}

function toOutcome(reply: Exclude<Reply, { kind: 'undelivered' | 'lost' }>, afterMs: number): Outcome {
  return reply.kind === 'timeout' ? { kind: 'timeout', afterMs } : reply;
}
