// Takes what a call came to, to the answer that the caller gets, in the first of the forms it accepts that the result
// has. JSON bodies are the upstream's own JSON text wherever they can be, so that numbers arrive as they were written.
// The common result, one text item, is neither parsed nor searched unless it looks like JSON.

import { elements, memberSpan } from '../json/scan.ts';
import { isObject, type JsonObject } from '../json/value.ts';
import type { Outcome } from '../mcp/types.ts';
import { contentValue } from './content.ts';
import { dataFields, failurePlan, outcomePlan, toolOf, type CallContext } from './failure.ts';
import { JSON_TYPE, negotiate, shownAccept } from './negotiate.ts';
import type { Plan } from './problem.ts';
import { contentSummary, firstForm, textsOf } from './representations.ts';
import { firstText } from './text.ts';

export interface ResponseContext extends CallContext {
  /** HTTP status of a tool's own error; undefined: the table's. */
  readonly toolErrorStatus: number | undefined;
  readonly accept: string | undefined;
  /** `?result=full` */
  readonly full: boolean;
}

/** Failures are problem documents whatever the caller accepts. */
export function toResponse(outcome: Outcome, context: ResponseContext): Plan {
  if (outcome.kind !== 'result') return outcomePlan(outcome, context);
  const { value, text } = outcome;
  if (!isCallToolResult(value)) {
    const detail = `${toolOf(context)} answered with something that is no tool result.`;
    return failurePlan(context, 'upstream_error', detail, dataFields(text()));
  }
  const forms = negotiate(context.accept, context.full) ?? [];
  if (value['isError'] === true && forms[0]?.kind !== 'full') return toolErrorPlan(value, text, context);
  const sendable = firstForm(forms, contentOf(value), { plain: () => resultBody(value, text, context), full: text });
  return sendable === undefined
    ? unacceptablePlan(value, text, context)
    : { status: 200, code: 'ok', headers: sendable.headers, body: sendable.body };
}

/**
 * MCP asks for `content`; a server that sends nothing but `structuredContent` is understood all the same. `null` is
 * what serialisers of other languages write for "none".
 */
function isCallToolResult(value: unknown): value is JsonObject {
  if (!isObject(value)) return false;
  const { content } = value;
  return Array.isArray(content) || ((content ?? null) === null && (hasStructure(value) || value['isError'] === true));
}

function resultBody(result: JsonObject, text: () => string, { operation }: ResponseContext): string {
  const structured = hasStructure(result);
  if (structured && operation.tool.outputSchema !== undefined) return structureText(text);
  const content = contentOf(result);
  if (content.length === 0) return structured ? structureText(text) : 'null';
  if (content.length === 1) return contentValue(content[0], (path) => textAt(text(), ['content', 0, ...path]));
  const ownText = itemTexts(text);
  const values = content.map((item, index) => contentValue(item, (path) => textAt(ownText(index), path)));
  return `[${values.join(',')}]`;
}

function hasStructure(result: JsonObject): boolean {
  return result['structuredContent'] !== undefined && result['structuredContent'] !== null;
}

function contentOf(result: JsonObject): readonly unknown[] {
  const { content } = result;
  return Array.isArray(content) ? content : [];
}

/** The exact text of `structuredContent`. */
export function structureText(text: () => string): string {
  return textAt(text(), ['structuredContent']);
}

function textAt(all: string, path: readonly (string | number)[]): string {
  const span = memberSpan(all, path);
  return span === undefined ? 'null' : all.slice(span.start, span.end);
}

/** The items' own texts, found at the first question: one walk over the result, however many pass as they are. */
function itemTexts(text: () => string): (index: number) => string {
  let found: readonly string[] | undefined;
  return (index) => {
    found ??= textsOfItems(text());
    return found[index] ?? 'null';
  };
}

function textsOfItems(all: string): readonly string[] {
  const start = memberSpan(all, ['content'])?.start ?? 0;
  return elements(all, start).map((span) => all.slice(span.start, span.end));
}

function toolErrorPlan(result: JsonObject, text: () => string, context: ResponseContext): Plan {
  const said = firstText(textsOf(contentOf(result)).join('\n'));
  const detail = said ?? `${toolOf(context)} reported an error without saying which.`;
  const status = context.toolErrorStatus;
  const whatElse = () => (hasStructure(result) ? structureText(text) : resultBody(result, text, context));
  return failurePlan(context, 'tool_error', detail, {
    ...(status !== undefined && { status }),
    ...(said === undefined && dataFields(whatElse())),
  });
}

/** The tool has run: its result is not thrown away where it is small enough to be shown. */
function unacceptablePlan(result: JsonObject, text: () => string, context: ResponseContext): Plan {
  const wanted = `nothing that the Accept header ${shownAccept(context.accept)} asks for`;
  const detail =
    `${toolOf(context)} has run, but its result has ${wanted}: it holds ${contentSummary(contentOf(result))}. ` +
    `Accept ${JSON_TYPE} too, which every result has.`;
  return failurePlan(context, 'not_acceptable', detail, dataFields(resultBody(result, text, context)));
}
