// One request for what a server has besides tools: whether it is exposed and offered, and how the upstream is asked. Like a
// call in everything that is not the tool itself: the same waiting, the same time, the same end when the caller leaves.

import type { Exposure } from '../config/types.ts';
import { AppError } from '../errors.ts';
import type { Catalogue, Outcome, Question } from '../mcp/types.ts';
import type { Asked } from '../openapi/exposed.ts';
import type { Plan } from '../openapi/problem.ts';
import type { ServerView, Snapshot } from '../snapshot.ts';
import type { Exchange } from './exchange.ts';
import { findCatalogue, findEnabledServer, noRoute } from './find.ts';
import { withLease, type Leased, type Told, type Way } from './leased.ts';
import { shuttingDown } from './stopping.ts';

/** A server that offers what was asked for, while it is leased. */
export interface Exposed {
  readonly view: ServerView;
  readonly catalogue: Catalogue;
  /** What failures are told about. */
  readonly asked: Asked;
  readonly ask: (question: Question) => Promise<Outcome>;
}

/** What is exposed, found. */
interface Offered extends Told {
  readonly catalogue: Catalogue;
}

/** `method` is what the log calls the request. Answers with what `answer` gives. */
export function withExposed(
  exchange: Exchange,
  wanted: { readonly server: string; readonly exposure: Exposure; readonly method: Question['method'] },
  answer: (exposed: Exposed) => Promise<Plan>,
): Promise<void> {
  const way: Way<Offered> = {
    server: (snapshot) => exposedView(snapshot, wanted, exchange.path),
    find: (view) => ({ label: wanted.method, catalogue: findOffering(view, wanted.exposure) }),
  };
  return withLease(exchange, way, async (leased) => {
    const plan = await answer(toExposed(exchange, leased));
    exchange.answer(plan);
    return plan.code;
  });
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

function findOffering(view: ServerView, exposure: Exposure): Catalogue {
  const catalogue = findCatalogue(view);
  if (catalogue.offers[exposure]) return catalogue;
  const { name: server } = view;
  throw new AppError('not_supported', `The server ${JSON.stringify(server)} offers no ${exposure}.`, { server });
}

function toExposed(exchange: Exchange, { view, found, lease, principal, fields }: Leased<Offered>): Exposed {
  const { timeoutMs } = view.config;
  return {
    view,
    catalogue: found.catalogue,
    asked: { server: view.name, ownTimeoutMs: timeoutMs },
    async ask(question) {
      const { callTimeoutMs } = exchange.snapshot.config.settings;
      const deadlineAt = Date.now() + (timeoutMs ?? callTimeoutMs);
      const { gone: signal, trace } = exchange;
      const outcome = await lease.ask({ question, deadlineAt, signal, principal, fields, trace });
      if (outcome.kind !== 'cancelled' || !exchange.program.isStopping()) return outcome;
      throw shuttingDown('The proxy stopped before the server had answered: try again in a moment.');
    },
  };
}
