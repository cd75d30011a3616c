// The sentences of a call that came to no result, and of a result that is the tool's own error: code, detail, what the
// upstream said beyond it. Models and people act on them, so each names the tool or server and what can be done.

import { AppError, type ErrorCode, type ErrorFields } from '../errors.ts';
import type { Outcome } from '../mcp/types.ts';
import type { Operation } from './prepared.ts';
import { problemPlan, type ProblemPlan } from './problem.ts';
import { dataProblem } from './schema/data.ts';
import { asSentence, cutText, firstText } from './text.ts';
import { upstreamFailure } from './upstream-failure.ts';

/** As much of an operation as an answer asks for. */
export interface CalledOperation extends Pick<Operation, 'name'> {
  readonly tool: Pick<Operation['tool'], 'outputSchema'>;
  /** Missing where the answer is a result. */
  readonly timeoutMs?: number | undefined;
}

/** What a failure is told about. */
export interface CallContext {
  readonly requestId: string;
  readonly server: string;
  readonly operation: CalledOperation;
}

/** A model reads it: the start of a long complaint says it all. */
const MAX_DETAIL_CHARS = 4_000;
const MAX_DATA_CHARS = 4_000;

const INVALID_PARAMS = -32_602;
const METHOD_NOT_FOUND = -32_601;

export function failurePlan(
  context: CallContext,
  code: ErrorCode,
  detail: string,
  fields: ErrorFields = {},
): ProblemPlan {
  const { server, operation, requestId } = context;
  const error = new AppError(code, cutText(detail, MAX_DETAIL_CHARS), { ...fields, server, tool: operation.name });
  return problemPlan(error, requestId);
}

/** The answer to everything but a result. */
export function outcomePlan(outcome: Exclude<Outcome, { kind: 'result' }>, context: CallContext): ProblemPlan {
  switch (outcome.kind) {
    case 'rpc-error':
      return rpcErrorPlan(outcome, context);
    case 'unknown': {
      const server = `server ${JSON.stringify(context.server)}`;
      const why = `The connection to ${server} was lost after the call was sent: ${asSentence(outcome.detail)}`;
      const detail = `${why} The tool may or may not have run; check before repeating it.`;
      return failurePlan(context, 'outcome_unknown', detail);
    }
    case 'cancelled':
      return failurePlan(context, 'client_closed_request', 'The caller went away; the call was cancelled.');
    default: {
      const { server, operation } = context;
      const asked = { server, subject: toolOf(context), ownTimeoutMs: operation.timeoutMs };
      const { code, message, fields } = upstreamFailure(outcome, asked);
      return failurePlan(context, code, message, fields);
    }
  }
}

export function toolOf({ server, operation }: CallContext): string {
  return `The tool ${JSON.stringify(operation.name)} of server ${JSON.stringify(server)}`;
}

/** The member `data` of a problem, exactly as the upstream wrote it, unless it is large or could hurt its reader. */
export function dataFields(text: string | undefined): ErrorFields {
  if (text === undefined || text.length > MAX_DATA_CHARS) return {};
  const value: unknown = JSON.parse(text);
  return value === null || dataProblem(value) !== undefined ? {} : { dataText: text };
}

function rpcErrorPlan(error: Extract<Outcome, { kind: 'rpc-error' }>, context: CallContext): ProblemPlan {
  const detail = firstText(error.message) ?? `${toolOf(context)} answered with error ${error.code}.`;
  const code =
    error.code === INVALID_PARAMS
      ? 'invalid_arguments'
      : error.code === METHOD_NOT_FOUND
        ? 'unknown_tool'
        : 'upstream_error';
  return failurePlan(context, code, detail, dataFields(error.dataText()));
}
