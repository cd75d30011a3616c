// POST /{server}/{tool}, or POST /{tool} with a single server: the one route that matters. From the path to the lease is
// one synchronous step, so that a reload cannot come between; what follows holds the lease until the call is over. A
// remote server of which nothing is known yet is tried before that.
// A caller that goes away cancels the call. What can be refused is refused before the tool runs.

import { AppError, type ErrorCode } from '../../errors.ts';
import { parseJson } from '../../json/parse.ts';
import { isObject } from '../../json/value.ts';
import type { Lease, Outcome, Tool } from '../../mcp/types.ts';
import type { Operation } from '../../openapi/prepared.ts';
import { checkArguments, checkOutput } from '../../openapi/arguments.ts';
import { notAcceptable } from '../../openapi/negotiate.ts';
import { readArguments } from '../../openapi/request.ts';
import { structureText, toResponse } from '../../openapi/response.ts';
import { reservedToolNames } from '../../routes.ts';
import type { ServerView, Snapshot } from '../../snapshot.ts';
import { readBody } from '../body.ts';
import type { Exchange } from '../exchange.ts';
import { findEnabledServer, findOperation, noRoute } from '../find.ts';
import { refuseWhileStopping, shuttingDown } from '../stopping.ts';

/** As long as a call to a server that is known waits for it to come back. */
const maxLearnMs = 10_000;

/** `server` is undefined for a path of one segment. */
export async function callTool(exchange: Exchange, server: string | undefined, segment: string): Promise<void> {
  refuseWhileStopping(exchange.program);
  if (segment === '' || reservedToolNames.has(segment)) noRoute(exchange.snapshot, exchange.path);
  let view = viewOf(exchange.snapshot, server, exchange.path);
  if (view.operations === undefined && view.upstream?.status().attempted === true) {
    // Nothing is known of it yet, because it was down whenever it was tried.
    await view.upstream.retryNow(Date.now() + maxLearnMs, exchange.gone);
    view = viewOf(exchange.program.current(), server, exchange.path);
  }
  const operation = findOperation(view, segment);
  const lease = view.upstream?.lease();
  if (lease === undefined) throw new Error(`the server ${view.name} has operations but no upstream`);
  const startedAt = performance.now();
  let code: ErrorCode | 'ok' = 'internal';
  try {
    code = await runCall(exchange, view, operation, lease);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    ({ code } = error);
    throw new AppError(code, error.message, { server: view.name, tool: operation.name, ...error.fields }, error);
  } finally {
    lease.release();
    exchange.program.observe({
      type: 'call',
      requestId: exchange.id,
      server: view.name,
      tool: operation.name,
      code,
      durationMs: performance.now() - startedAt,
    });
  }
}

function viewOf(snapshot: Snapshot, server: string | undefined, path: string): ServerView {
  const view =
    server === undefined ? snapshot.root : snapshot.root === undefined && findEnabledServer(snapshot, server);
  return view || noRoute(snapshot, path);
}

/** Answers, and says what it came to: an error code of the table, or `ok`. */
async function runCall(
  exchange: Exchange,
  view: ServerView,
  operation: Operation,
  lease: Lease,
): Promise<ErrorCode | 'ok'> {
  const { request, snapshot } = exchange;
  const { settings } = snapshot.config;
  const { accept } = request.headers;
  const full = exchange.query['result'] === 'full';
  const refusal = notAcceptable(accept, full);
  if (refusal !== undefined) throw refusal;
  const outcome = await lease.call({
    tool: operation.tool,
    argumentsText: await argumentsOf(exchange, view, operation),
    deadlineAt: Date.now() + (operation.timeoutMs ?? settings.callTimeoutMs),
    signal: exchange.gone,
  });
  if (outcome.kind === 'cancelled' && exchange.program.isStopping()) {
    throw shuttingDown('The proxy stopped before the call had ended, which may or may not have done its work.');
  }
  const plan = toResponse(outcome, {
    requestId: exchange.id,
    server: view.name,
    operation,
    toolErrorStatus: view.config.toolErrorStatus,
    accept,
    full,
  });
  exchange.answer(plan);
  reportOutput(exchange, view, operation, outcome);
  return plan.code;
}

/** The text that is forwarded. Throws what the caller is told instead. */
async function argumentsOf(exchange: Exchange, view: ServerView, { tool, name }: Operation): Promise<string> {
  const { request, snapshot, program } = exchange;
  const body = await readBody(exchange, snapshot.config.settings.maxBodyBytes);
  const given = readArguments(body, request.headers['content-type']);
  if (!given.ok) throw given.error;
  if (!view.config.validate) return given.argumentsText;
  const checked = checkArguments(tool, name, given);
  if (checked.kind === 'misfit') throw checked.error;
  if (checked.kind === 'unjudged') {
    program.observe({ type: 'arguments-unjudged', server: view.name, tool: tool.name, reason: checked.reason });
  }
  return checked.argumentsText;
}

/** What JSON.parse rounds is not the server's mistake: only what breaks the schema is read exactly. */
function outputMistake(tool: Tool, rounded: unknown, text: () => string): string | undefined {
  return checkOutput(tool, rounded) && checkOutput(tool, parseJson(structureText(text)));
}

/** Tools whose results are known to break their outputSchema: told once, and not looked at again. */
const mismatched = new WeakSet<Tool>();

/** After the answer: a result is never held back for its schema. */
function reportOutput(
  { program }: Exchange,
  { name, config }: ServerView,
  { tool }: Operation,
  outcome: Outcome,
): void {
  if (!config.validate || tool.outputSchema === undefined || mismatched.has(tool)) return;
  if (outcome.kind !== 'result' || !isObject(outcome.value)) return;
  const { structuredContent = null, isError } = outcome.value;
  if (isError === true) return;
  const reason =
    structuredContent === null
      ? 'The tool has an outputSchema, and its result no structuredContent.'
      : outputMistake(tool, structuredContent, outcome.text);
  if (reason === undefined) return;
  mismatched.add(tool);
  program.observe({ type: 'output-mismatch', server: name, tool: tool.name, reason });
}
