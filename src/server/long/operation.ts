// As much of an operation as judging and answering ask for, so that it can be copied from thread to thread. The tool is JSON
// text on the way, which keeps the numbers of its schemas.

import { parseJson } from '../../json/parse.ts';
import { printJson } from '../../json/print.ts';
import type { Tool } from '../../mcp/types.ts';
import type { Operation } from '../../openapi/prepared.ts';

export interface CopiedOperation {
  /** The tool's, as people see it. */
  readonly name: string;
  readonly toolText: string;
}

type CopiedTool = Pick<Tool, 'name' | 'inputSchema' | 'outputSchema'>;

export function copyOf({ name, tool }: Operation): CopiedOperation {
  const { name: ownName, inputSchema, outputSchema } = tool;
  return { name, toolText: printJson({ name: ownName, inputSchema, ...(outputSchema && { outputSchema }) }) };
}

export function toolOf({ toolText }: CopiedOperation): CopiedTool {
  return parseJson(toolText) as CopiedTool;
}
