// POST /{server}/{tool}, or POST /{tool} with a single server: the one route that matters. The lease is held from the
// path until the call is over. A caller that goes away cancels the call. What can be refused is refused before the tool
// runs.

import type { ErrorCode } from '../../errors.ts';
import { parseJson } from '../../json/parse.ts';
import { isObject } from '../../json/value.ts';
import type { Outcome, Tool } from '../../mcp/types.ts';
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
import { withLease, type Leased, type Told, type Way } from '../leased.ts';
import { shuttingDown } from '../stopping.ts';

/** A tool to call. */
interface Called extends Told {
  readonly operation: Operation;
}

/** `server` is undefined for a path of one segment. */
export function callTool(exchange: Exchange, server: string | undefined, segment: string): Promise<void> {
  const way: Way<Called> = {
    server: (snapshot) => serverOf(snapshot, server, segment, exchange.path),
    find(view) {
      const operation = findOperation(view, segment);
      const { tool, name } = operation;
      const wanted = { name: tool.name, readOnly: tool.annotations?.['readOnlyHint'] === true };
      const route = server === undefined ? '/{tool}' : '/{server}/{tool}';
      return { operation, label: name, tool: name, route, wanted };
    },
  };
  return withLease(exchange, way, (leased) => runCall(exchange, leased));
}

function serverOf(snapshot: Snapshot, server: string | undefined, segment: string, path: string): ServerView {
  if (segment === '' || reservedToolNames.has(segment)) noRoute(snapshot, path);
  const view =
    server === undefined ? snapshot.root : snapshot.root === undefined && findEnabledServer(snapshot, server);
  return view || noRoute(snapshot, path);
}

async function runCall(exchange: Exchange, leased: Leased<Called>): Promise<ErrorCode | 'ok'> {
  const { request, snapshot } = exchange;
  const { view, lease, principal, fields } = leased;
  const { operation } = leased.found;
  const { settings } = snapshot.config;
  const { accept } = request.headers;
  const full = exchange.query['result'] === 'full';
  const refusal = notAcceptable(accept, full);
  if (refusal !== undefined) throw refusal;
  const body = await readBody(exchange, settings.maxBodyBytes);
  const outcome = await lease.call({
    tool: operation.tool,
    argumentsText: argumentsOf(exchange, view, operation, body),
    deadlineAt: Date.now() + (operation.timeoutMs ?? settings.callTimeoutMs),
    signal: exchange.gone,
    principal,
    fields,
    trace: exchange.trace,
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
function argumentsOf(exchange: Exchange, view: ServerView, { tool, name }: Operation, body: string): string {
  const given = readArguments(body, exchange.request.headers['content-type']);
  if (!given.ok) throw given.error;
  if (!view.config.validate) return given.argumentsText;
  const checked = checkArguments(tool, name, given);
  if (checked.kind === 'misfit') throw checked.error;
  if (checked.kind === 'unjudged') {
    const { id: requestId, trace, program } = exchange;
    const { reason } = checked;
    program.observe({ type: 'arguments-unjudged', requestId, trace, server: view.name, tool: tool.name, reason });
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
  { id: requestId, trace, program }: Exchange,
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
  program.observe({ type: 'output-mismatch', requestId, trace, server: name, tool: tool.name, reason });
}
