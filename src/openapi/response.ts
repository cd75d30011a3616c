// Takes what a call came to, to the answer that the caller gets. Bodies are the upstream's own JSON text wherever they
// can be, so that numbers arrive as they were written. The common result, one text item, is neither parsed nor searched
// unless it looks like JSON.

import { AppError, type ErrorCode, type ErrorFields } from '../errors.ts';
import { elements, memberSpan } from '../json/scan.ts';
import type { Outcome } from '../mcp/types.ts';
import { contentValue } from './content.ts';
import { FULL_RESULT_TYPE, wantsFullResult } from './negotiate.ts';
import type { Operation } from './prepared.ts';
import { problemPlan, type Plan } from './problem.ts';
import { dataProblem } from './schema/data.ts';
import { isObject, type JsonObject } from '../json/value.ts';
import { asSentence, cutText, firstText } from './text.ts';

export interface ResponseContext {
  readonly requestId: string;
  readonly server: string;
  readonly operation: Operation;
  /** HTTP status of a tool's own error; undefined: the table's. */
  readonly toolErrorStatus: number | undefined;
  readonly accept: string | undefined;
  /** `?result=full` */
  readonly full: boolean;
}

/** A model reads it: the start of a long complaint says it all. */
const MAX_DETAIL_CHARS = 4_000;
const MAX_DATA_CHARS = 4_000;

const INVALID_PARAMS = -32_602;
const METHOD_NOT_FOUND = -32_601;

export function toResponse(outcome: Outcome, context: ResponseContext): Plan {
  if (outcome.kind === 'result') return resultPlan(outcome.value, outcome.text, context);
  const { code, detail, fields } = failureOf(outcome, context);
  return failurePlan(context, code, detail, fields);
}

function resultPlan(value: unknown, text: () => string, context: ResponseContext): Plan {
  if (!isCallToolResult(value)) {
    const detail = `${toolOf(context)} answered with something that is no tool result.`;
    return failurePlan(context, 'upstream_error', detail);
  }
  const asksForFull = wantsFullResult(context.accept);
  if (context.full || asksForFull) return jsonPlan(text(), asksForFull ? FULL_RESULT_TYPE : undefined);
  if (value['isError'] === true) return toolErrorPlan(value, context);
  return jsonPlan(resultBody(value, text, context));
}

/** MCP asks for `content`; a server that sends nothing but `structuredContent` is understood all the same. */
function isCallToolResult(value: unknown): value is JsonObject {
  if (!isObject(value)) return false;
  const { content } = value;
  return Array.isArray(content) || (content === undefined && (hasStructure(value) || value['isError'] === true));
}

function resultBody(result: JsonObject, text: () => string, { operation }: ResponseContext): string {
  const structured = hasStructure(result);
  if (structured && operation.tool.outputSchema !== undefined) return structureText(text);
  const content = contentOf(result);
  if (content.length === 0) return structured ? structureText(text) : 'null';
  if (content.length === 1) return contentValue(content[0], () => itemText(text, 0));
  return `[${content.map((item, index) => contentValue(item, () => itemText(text, index))).join(',')}]`;
}

/** `null` is what serialisers of other languages write for "none". */
function hasStructure(result: JsonObject): boolean {
  return result['structuredContent'] !== undefined && result['structuredContent'] !== null;
}

function contentOf(result: JsonObject): readonly unknown[] {
  const { content } = result;
  return Array.isArray(content) ? content : [];
}

function structureText(text: () => string): string {
  const all = text();
  const span = memberSpan(all, ['structuredContent']);
  return span === undefined ? 'null' : all.slice(span.start, span.end);
}

function itemText(text: () => string, index: number): string {
  const all = text();
  const span = elements(all, memberSpan(all, ['content'])?.start ?? 0)[index];
  return span === undefined ? 'null' : all.slice(span.start, span.end);
}

function toolErrorPlan(result: JsonObject, context: ResponseContext): Plan {
  const texts = contentOf(result).map((item) => (isObject(item) && item['type'] === 'text' ? item['text'] : undefined));
  const said = texts.filter((text) => typeof text === 'string').join('\n');
  const detail = firstText(said) ?? `${toolOf(context)} reported an error without saying which.`;
  const status = context.toolErrorStatus;
  return failurePlan(context, 'tool_error', detail, status === undefined ? {} : { status });
}

interface Failure {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly fields?: ErrorFields;
}

function failureOf(outcome: Exclude<Outcome, { kind: 'result' }>, context: ResponseContext): Failure {
  const server = `server ${JSON.stringify(context.server)}`;
  switch (outcome.kind) {
    case 'rpc-error':
      return rpcFailure(outcome, context);
    case 'unavailable': {
      const retryAfter = Math.max(1, Math.ceil(outcome.retryAfterMs / 1000));
      const detail = `The ${server} is not available: ${asSentence(outcome.detail)} Try again in ${retryAfter} s.`;
      return { code: 'upstream_unavailable', detail, fields: { retryAfter } };
    }
    case 'unknown': {
      const why = `The connection to ${server} was lost after the call was sent: ${asSentence(outcome.detail)}`;
      return { code: 'outcome_unknown', detail: `${why} The tool may or may not have run; check before repeating it.` };
    }
    case 'unusable':
      return { code: 'upstream_error', detail: `The ${server} gave no usable answer: ${asSentence(outcome.detail)}` };
    case 'timeout':
      return { code: 'timeout', detail: timeoutSentence(outcome.afterMs, context) };
    case 'cancelled':
      return { code: 'client_closed_request', detail: 'The caller went away; the call was cancelled.' };
  }
}

/** With one full stop, whoever wrote it. */
function rpcFailure(error: Extract<Outcome, { kind: 'rpc-error' }>, context: ResponseContext): Failure {
  const detail = firstText(error.message) ?? `${toolOf(context)} answered with error ${error.code}.`;
  const code =
    error.code === INVALID_PARAMS
      ? 'invalid_arguments'
      : error.code === METHOD_NOT_FOUND
        ? 'unknown_tool'
        : 'upstream_error';
  return { code, detail, ...(isSmall(error.data) && { fields: { data: error.data } }) };
}

function timeoutSentence(afterMs: number, context: ResponseContext): string {
  const option = context.operation.timeoutMs === undefined ? '--call-timeout' : 'its "timeout" in the configuration';
  const seconds = Math.round(afterMs / 100) / 10;
  return `${toolOf(context)} did not answer within ${seconds} s and was cancelled: ask for less, or raise ${option}.`;
}

function isSmall(data: unknown): boolean {
  if (data === undefined || data === null || dataProblem(data) !== undefined) return false;
  return JSON.stringify(data).length <= MAX_DATA_CHARS;
}

function toolOf({ server, operation }: ResponseContext): string {
  return `The tool ${JSON.stringify(operation.name)} of server ${JSON.stringify(server)}`;
}

function failurePlan(context: ResponseContext, code: ErrorCode, detail: string, fields: ErrorFields = {}): Plan {
  const { server, operation, requestId } = context;
  const error = new AppError(code, cutText(detail, MAX_DETAIL_CHARS), { ...fields, server, tool: operation.name });
  return problemPlan(error, requestId);
}

const jsonHeaders = { 'Content-Type': 'application/json' } as const;

function jsonPlan(body: string, type?: string): Plan {
  return { status: 200, headers: type === undefined ? jsonHeaders : { 'Content-Type': type }, body, code: 'ok' };
}
