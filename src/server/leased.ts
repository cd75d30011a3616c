// What every request for an upstream has in common: found in the Snapshot and leased in one synchronous step, so that no
// reload comes between; used; let go, and told as an event. A remote server of which nothing is known yet is tried before
// that. What is asked of the upstream is the routes' affair.

import { AppError, type ErrorCode } from '../errors.ts';
import type { Lease } from '../mcp/types.ts';
import type { Principal } from '../principal.ts';
import type { ServerView, Snapshot } from '../snapshot.ts';
import { principalOf } from './access/principal.ts';
import type { Exchange } from './exchange.ts';
import { refuseWhileStopping } from './stopping.ts';

/** Where a request leads. */
export interface Way<Found> {
  /** The server that the path names; throws what the caller is told instead. */
  readonly server: (snapshot: Snapshot) => ServerView;
  /** What of it is asked for; throws the same, also while nothing is known of the server. */
  readonly find: (view: ServerView) => Found;
}

/** Told of a request, whatever it comes to. */
export interface Told {
  /** In its event. */
  readonly label: string;
  /** In its problem document, where a tool was found. */
  readonly tool?: string;
}

/** A server while it is leased. */
export interface Leased<Found> {
  readonly view: ServerView;
  readonly found: Found;
  readonly lease: Lease;
  readonly principal: Principal;
}

/** `run` answers, and says what it came to: an error code of the table, or `ok`. */
export async function withLease<Found extends Told>(
  exchange: Exchange,
  way: Way<Found>,
  run: (leased: Leased<Found>) => Promise<ErrorCode | 'ok'>,
): Promise<void> {
  const { program } = exchange;
  refuseWhileStopping(program);
  let view = way.server(exchange.snapshot);
  if (view.catalogue === undefined && view.upstream?.status().attempted === true) {
    // Nothing is known of it yet, because it was down whenever it was tried.
    await view.upstream.retryNow(exchange.gone);
    view = way.server(program.current());
  }
  const found = way.find(view);
  const { name: server } = view;
  const lease = view.upstream?.lease();
  if (lease === undefined) throw new Error(`the server ${server} has a catalogue but no upstream`);
  const startedAt = performance.now();
  let code: ErrorCode | 'ok' = 'internal';
  try {
    const principal = principalOf(exchange.rules, view.config.session, exchange.request.headers);
    code = await run({ view, found, lease, principal });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    ({ code } = error);
    const { tool } = found;
    throw new AppError(code, error.message, { server, ...(tool !== undefined && { tool }), ...error.fields }, error);
  } finally {
    lease.release();
    const durationMs = performance.now() - startedAt;
    program.observe({ type: 'call', requestId: exchange.id, server, tool: found.label, code, durationMs });
  }
}
