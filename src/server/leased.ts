// What every request for an upstream has in common: found in the Snapshot and leased in one synchronous step, so that no
// reload comes between; used; let go, and told as an event. Who calls is known before that, and so is what the server
// offers: a remote one of which nothing is known yet is tried, one that offers each user something else is asked. What is
// asked of the upstream is the routes' affair.

import type { ServerConfig } from '../config/types.ts';
import { AppError, type ErrorCode } from '../errors.ts';
import { headerNamesIn } from '../mcp/templates.ts';
import type { CallerFields, Lease, Outcome } from '../mcp/types.ts';
import { upstreamFailure } from '../openapi/upstream-failure.ts';
import type { Principal } from '../principal.ts';
import type { ServerView, Snapshot } from '../snapshot.ts';
import { traceOf } from '../trace.ts';
import { forwardedHeaders, namedHeaders, type IsKey } from './access/forwarded.ts';
import { isKey } from './access/keys.ts';
import { identify } from './access/principal.ts';
import { checkServerScope, checkToolScope, type Wanted } from './access/scopes.ts';
import type { Exchange } from './exchange.ts';
import { personalSnapshot } from './personal.ts';
import { authorizationUrlOf, forCaller } from './sign-in.ts';
import { refuseWhileStopping } from './stopping.ts';
import { TracedCall } from './traced.ts';

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
  /** Its path, with names for the segments that differ. */
  readonly route?: string;
  /** The tool that the key must be good for; undefined: something else, which is only read. */
  readonly wanted?: Wanted;
}

/** A server while it is leased. */
export interface Leased<Found> {
  readonly view: ServerView;
  readonly found: Found;
  readonly lease: Lease;
  readonly principal: Principal;
  readonly fields: CallerFields | undefined;
}

/** `run` answers, and says what it came to: an error code of the table, or `ok`. */
export async function withLease<Found extends Told>(
  exchange: Exchange,
  way: Way<Found>,
  run: (leased: Leased<Found>) => Promise<ErrorCode | 'ok'>,
): Promise<void> {
  const { program } = exchange;
  refuseWhileStopping(program);
  const trace = traceOf(exchange.request.headers, program.tracer);
  exchange.trace = trace;
  const named = way.server(exchange.snapshot);
  checkServerScope(exchange.key, named.name);
  const identified = identify(exchange, named);
  const principal = identified instanceof Promise ? await identified : identified;
  if (identified instanceof Promise) exchange.renew();
  const coming = learnedView(exchange, way, principal);
  const view = coming instanceof Promise ? await coming : coming;
  const found = findIn(exchange, way, view);
  if (found instanceof Promise) return found;
  const { name: server, config } = view;
  checkToolScope(exchange.key, server, found.wanted);
  const shared = leaseOf(exchange, view, principal);
  exchange.isCall = true;
  const startedAt = performance.now();
  const traced = trace?.spans && new TracedCall(exchange, found, startedAt);
  const lease = traced === undefined ? shared : traced.watch(shared);
  let code: ErrorCode | 'ok' = 'internal';
  try {
    code = await run({ view, found, lease, principal, fields: fieldsOf(exchange, config) });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    ({ code } = error);
    const { tool } = found;
    throw new AppError(code, error.message, { server, ...(tool !== undefined && { tool }), ...error.fields }, error);
  } finally {
    lease.release();
    const durationMs = performance.now() - startedAt;
    const spans = traced?.spans(code);
    program.observe({
      type: 'call',
      requestId: exchange.id,
      server,
      tool: found.label,
      code,
      durationMs,
      trace,
      spans,
    });
  }
}

/** A promise only where it rejects. */
function findIn<Found>(exchange: Exchange, way: Way<Found>, view: ServerView): Found | Promise<never> {
  try {
    return way.find(view);
  } catch (error) {
    if (!(error instanceof AppError) || error.fields.authorizationUrl === undefined) throw error;
    return refuse(exchange, view, error);
  }
}

async function refuse(exchange: Exchange, view: ServerView, { code, message, fields }: AppError): Promise<never> {
  const { authorizationUrl } = fields;
  const told = await forCaller(exchange, view, { detail: message, authorizationUrl });
  throw new AppError(code, told.detail, {
    ...fields,
    ...(told.authorizationUrl !== undefined && { authorizationUrl: told.authorizationUrl }),
  });
}

/** With what the server offers, as far as that can be known: to this user, or to everybody. */
function learnedView<Found>(
  exchange: Exchange,
  way: Way<Found>,
  principal: Principal,
): ServerView | Promise<ServerView> {
  const view = way.server(exchange.snapshot);
  if (view.upstream?.signIn?.multiUser === true) return personalView(exchange, way, view, principal);
  // Nothing is known of it yet, because it was down whenever it was tried.
  const isDown = view.catalogue === undefined && view.upstream?.status().attempted === true;
  if (!isDown) return view;
  return view.upstream.retryNow(exchange.gone).then(() => {
    exchange.renew();
    return way.server(exchange.snapshot);
  });
}

async function personalView<Found>(
  exchange: Exchange,
  way: Way<Found>,
  { name, upstream }: ServerView,
  principal: Principal,
): Promise<ServerView> {
  const learned = await upstream?.catalogueOf(principal, exchange.gone);
  exchange.renew();
  // A reload may have changed what the server is: then it is looked at as it is now.
  const view = way.server(exchange.snapshot);
  if (learned === undefined || view.upstream !== upstream) return learnedView(exchange, way, principal);
  if (learned.kind === 'catalogue') {
    return way.server(personalSnapshot(exchange.snapshot, new Map([[name, learned.catalogue]])));
  }
  if (learned.kind === 'cancelled') throw new AppError('client_closed_request', 'The caller went away.');
  const outcome = await addressed(learned, exchange, view, principal);
  const failure = upstreamFailure(outcome, { server: name, subject: '', ownTimeoutMs: undefined });
  throw new AppError(failure.code, failure.message, { server: name, ...failure.fields });
}

function leaseOf(exchange: Exchange, view: ServerView, principal: Principal): Lease {
  const lease = view.upstream?.lease();
  if (lease === undefined) throw new Error(`the server ${view.name} has a catalogue but no upstream`);
  if (view.upstream?.signIn === undefined) return lease;
  return {
    call: async (request) => addressed(await lease.call(request), exchange, view, principal),
    ask: async (request) => addressed(await lease.ask(request), exchange, view, principal),
    release: () => lease.release(),
  };
}

/** Where somebody has to sign in, with the address. */
async function addressed<O extends Outcome>(
  outcome: O,
  exchange: Exchange,
  view: ServerView,
  principal: Principal,
): Promise<O> {
  if (outcome.kind !== 'unauthorized') return outcome;
  if (outcome.authorizationUrl !== undefined) return { ...outcome, ...(await forCaller(exchange, view, outcome)) };
  return { ...outcome, authorizationUrl: authorizationUrlOf(exchange, view, principal) };
}

/** What of the caller's header fields the server may get. */
function fieldsOf({ request, rules }: Exchange, { forwarding, target }: ServerConfig): CallerFields | undefined {
  const names = headerNamesIn(target);
  if (forwarding === undefined && names.length === 0) return undefined;
  const isOurs: IsKey = (candidate) => isKey(rules.keys, candidate);
  return {
    forwarded: forwardedHeaders(forwarding, request.headers, isOurs),
    named: namedHeaders(names, request.headers, isOurs),
  };
}
