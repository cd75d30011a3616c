// A call from its body to the text that is forwarded, and a result against what its tool promised: what is done for every
// call, on whichever thread. Plain functions of what came; who is told is the server's.

import { parseJson } from '../json/parse.ts';
import { isObject } from '../json/value.ts';
import type { Result, Tool } from '../mcp/types.ts';
import { checkArguments, checkOutput, type CheckedArguments } from './arguments.ts';
import { readArguments } from './request.ts';
import { structureText } from './response.ts';

export interface JudgedCall {
  readonly tool: Pick<Tool, 'name' | 'inputSchema'>;
  /** The tool's, as people see it. */
  readonly name: string;
  /** Whether the schema is asked at all. */
  readonly validate: boolean;
}

/** `body` is the decoded body of a request, '' where there is none. */
export function judgeCall(body: string, contentType: string | undefined, call: JudgedCall): CheckedArguments {
  const given = readArguments(body, contentType);
  if (!given.ok) return { kind: 'misfit', error: given.error };
  if (!call.validate) return { kind: 'fits', argumentsText: given.argumentsText };
  return checkArguments(call.tool, call.name, given);
}

/** How a result breaks its tool's outputSchema, in one sentence without its values; undefined if it does not. */
export function outputMistake(
  tool: Pick<Tool, 'name' | 'outputSchema'>,
  { value, text }: Pick<Result, 'value' | 'text'>,
): string | undefined {
  if (tool.outputSchema === undefined || !isObject(value)) return undefined;
  const { structuredContent = null, isError } = value;
  if (isError === true) return undefined;
  if (structuredContent === null) return 'The tool has an outputSchema, and its result no structuredContent.';
  // What JSON.parse rounds is not the server's mistake: only what breaks the schema is read exactly.
  return checkOutput(tool, structuredContent) && checkOutput(tool, parseJson(structureText(text)));
}
