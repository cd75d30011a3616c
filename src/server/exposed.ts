// One request for what a server has besides tools, from the path to the answer: found in the Snapshot and leased in one
// synchronous step, asked of the upstream, and let go. Like a call in everything that is not the tool itself: the same
// waiting, the same time, the same end when the caller leaves.

import type { Exposure } from '../config/types.ts';
import { AppError, type ErrorCode } from '../errors.ts';
import type { Catalogue, Lease, Outcome, Question } from '../mcp/types.ts';
import type { Asked } from '../openapi/exposed.ts';
import type { Plan } from '../openapi/problem.ts';
import type { ServerView, Snapshot } from '../snapshot.ts';
import type { Exchange } from './exchange.ts';
import { findCatalogue, findEnabledServer, noRoute } from './find.ts';
import { refuseWhileStopping, shuttingDown } from './stopping.ts';

/** A server that offers what was asked for, while it is leased. */
export interface Exposed {
  readonly view: ServerView;
  readonly catalogue: Catalogue;
  /** What failures are told about. */
  readonly asked: Asked;
  readonly ask: (question: Question) => Promise<Outcome>;
}

/** As long as a request to a server that is known waits for it to come back. */
const maxLearnMs = 10_000;

/** `method` is what the log calls the request. Answers with what `answer` gives. */
export async function withExposed(
  exchange: Exchange,
  wanted: { readonly server: string; readonly exposure: Exposure; readonly method: Question['method'] },
  answer: (exposed: Exposed) => Promise<Plan>,
): Promise<void> {
  const { program } = exchange;
  const { exposure, method } = wanted;
  refuseWhileStopping(program);
  let view = exposedView(exchange.snapshot, wanted, exchange.path);
  if (view.catalogue === undefined && view.upstream?.status().attempted === true) {
    // Nothing is known of it yet, because it was down whenever it was tried.
    await view.upstream.retryNow(Date.now() + maxLearnMs, exchange.gone);
    view = exposedView(program.current(), wanted, exchange.path);
  }
  const catalogue = findCatalogue(view);
  const { name: server } = view;
  if (!catalogue.offers[exposure]) {
    throw new AppError('not_supported', `The server ${JSON.stringify(server)} offers no ${exposure}.`, { server });
  }
  const lease = view.upstream?.lease();
  if (lease === undefined) throw new Error(`the server ${server} has a catalogue but no upstream`);
  const startedAt = performance.now();
  let code: ErrorCode | 'ok' = 'internal';
  try {
    const plan = await answer(toExposed(exchange, view, catalogue, lease));
    exchange.answer(plan);
    ({ code } = plan);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    ({ code } = error);
    throw new AppError(code, error.message, { server, ...error.fields }, error);
  } finally {
    lease.release();
    const durationMs = performance.now() - startedAt;
    program.observe({ type: 'call', requestId: exchange.id, server, tool: method, code, durationMs });
  }
}

function exposedView(
  snapshot: Snapshot,
  { server, exposure }: { readonly server: string; readonly exposure: Exposure },
  path: string,
): ServerView {
  if (snapshot.root !== undefined) noRoute(snapshot, path);
  const view = findEnabledServer(snapshot, server);
  if (view.config.expose.includes(exposure)) return view;
  const name = JSON.stringify(view.name);
  const detail = `The ${exposure} of the server ${name} are not exposed: add "${exposure}" to "expose" in its configuration.`;
  throw new AppError('not_supported', detail, { server: view.name });
}

function toExposed(exchange: Exchange, view: ServerView, catalogue: Catalogue, lease: Lease): Exposed {
  const { timeoutMs } = view.config;
  return {
    view,
    catalogue,
    asked: { server: view.name, ownTimeoutMs: timeoutMs },
    async ask(question) {
      const { callTimeoutMs } = exchange.snapshot.config.settings;
      const deadlineAt = Date.now() + (timeoutMs ?? callTimeoutMs);
      const outcome = await lease.ask({ question, deadlineAt, signal: exchange.gone });
      if (outcome.kind !== 'cancelled' || !exchange.program.isStopping()) return outcome;
      throw shuttingDown('The proxy stopped before the server had answered: try again in a moment.');
    },
  };
}
