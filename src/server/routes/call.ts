// POST /{server}/{tool}, or POST /{tool} with a single server: the one route that matters. The lease is held from the
// path until the call is over. A caller that goes away cancels the call. What can be refused is refused before the tool
// runs.

import { AppError, type ErrorCode } from '../../errors.ts';
import type { LongMessage, Tool } from '../../mcp/types.ts';
import type { CheckedArguments } from '../../openapi/arguments.ts';
import { judgeCall, outputMistake } from '../../openapi/judge.ts';
import { notAcceptable } from '../../openapi/negotiate.ts';
import type { Operation } from '../../openapi/prepared.ts';
import { toResponse, type ResponseContext } from '../../openapi/response.ts';
import { reservedToolNames } from '../../routes.ts';
import type { ServerView, Snapshot } from '../../snapshot.ts';
import { readBody, type LongBody } from '../body.ts';
import type { Exchange } from '../exchange.ts';
import { findEnabledServer, findOperation, noRoute } from '../find.ts';
import { copyOf } from '../long/operation.ts';
import { answerLong, judgeLong } from '../long/thread.ts';
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
  const judged = typeof body === 'string' ? judge(exchange, leased, body) : await judgeBeside(exchange, leased, body);
  const outcome = await lease.call({
    tool: operation.tool,
    argumentsText: argumentsOf(exchange, leased, judged),
    deadlineAt: Date.now() + (operation.timeoutMs ?? settings.callTimeoutMs),
    signal: exchange.gone,
    principal,
    fields,
    trace: exchange.trace,
  });
  if (outcome.kind === 'cancelled' && exchange.program.isStopping()) {
    throw shuttingDown('The proxy stopped before the call had ended, which may or may not have done its work.');
  }
  const context = {
    requestId: exchange.id,
    server: view.name,
    operation,
    toolErrorStatus: view.config.toolErrorStatus,
    accept,
    full,
  };
  if (outcome.kind === 'result' && outcome.message !== undefined) {
    return answerBeside(exchange, leased, outcome.message, context);
  }
  const plan = toResponse(outcome, context);
  exchange.answer(plan);
  // A result is never held back for its schema.
  if (outcome.kind === 'result' && judgesOutput(leased)) {
    reportOutput(exchange, leased, outputMistake(operation.tool, outcome));
  }
  return plan.code;
}

function judge({ request }: Exchange, { view, found }: Leased<Called>, body: string): CheckedArguments {
  const { tool, name } = found.operation;
  return judgeCall(body, request.headers['content-type'], { tool, name, validate: view.config.validate });
}

async function judgeBeside(
  { request }: Exchange,
  { view, found }: Leased<Called>,
  body: LongBody,
): Promise<CheckedArguments> {
  const judged = await judgeLong({
    kind: 'judge',
    body,
    contentType: request.headers['content-type'],
    validate: view.config.validate,
    operation: copyOf(found.operation),
  });
  if (judged.kind !== 'refused') return judged;
  return { kind: 'misfit', error: new AppError(judged.code, judged.detail, judged.fields) };
}

/** The text that is forwarded. Throws what the caller is told instead. */
function argumentsOf(exchange: Exchange, { view, found }: Leased<Called>, judged: CheckedArguments): string {
  if (judged.kind === 'misfit') throw judged.error;
  if (judged.kind === 'unjudged') {
    const { id: requestId, trace, program } = exchange;
    const { reason } = judged;
    const { tool } = found.operation;
    program.observe({ type: 'arguments-unjudged', requestId, trace, server: view.name, tool: tool.name, reason });
  }
  return judged.argumentsText;
}

async function answerBeside(
  exchange: Exchange,
  leased: Leased<Called>,
  message: LongMessage,
  { operation, ...context }: ResponseContext & { readonly operation: Operation },
): Promise<ErrorCode | 'ok'> {
  const { mistake, ...plan } = await answerLong({
    kind: 'answer',
    message,
    context,
    operation: copyOf(operation),
    judgesOutput: judgesOutput(leased),
  });
  exchange.answer(plan);
  reportOutput(exchange, leased, mistake);
  return plan.code;
}

/** Tools whose results are known to break their outputSchema: told once, and not looked at again. */
const mismatched = new WeakSet<Tool>();

function judgesOutput({ view, found }: Leased<Called>): boolean {
  const { tool } = found.operation;
  return view.config.validate && tool.outputSchema !== undefined && !mismatched.has(tool);
}

function reportOutput(exchange: Exchange, { view, found }: Leased<Called>, reason: string | undefined): void {
  if (reason === undefined) return;
  const { tool } = found.operation;
  mismatched.add(tool);
  const { id: requestId, trace, program } = exchange;
  program.observe({ type: 'output-mismatch', requestId, trace, server: view.name, tool: tool.name, reason });
}
