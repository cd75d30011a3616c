// Learns what an upstream offers: all pages of tools/list, asked raw and judged one by one, so that one malformed tool
// costs that tool alone (the client library rejects the whole list), and prompts where they are wanted (prompts.ts).
// Tools whose definition did not change keep their identity across refreshes: whatever hangs on the object stays.

import { parseJson } from '../json/parse.ts';
import { isObject, type JsonObject } from '../json/value.ts';
import type { Connection } from './connection.ts';
import { listPages } from './pages.ts';
import { listPrompts } from './prompts.ts';
import { markProblem } from './transports/mcp-headers.ts';
import { replySentence } from './transports/transport.ts';
import type { Catalogue, Tool } from './types.ts';

/** A server that does not say it has tools may have some; one that does not answer then is not waited for. */
const undeclaredTimeoutMs = 3_000;

export interface Listing {
  readonly catalogue: Catalogue;
  readonly rejected: readonly Rejected[];
  /** What else was wrong, each continuing a sentence about the server. */
  readonly problems: readonly string[];
}

export interface ListingOptions {
  /** Asked when the list is there: another listing may have ended in the meantime. */
  readonly previous: () => Catalogue | undefined;
  readonly learnsPrompts: boolean;
  /** Milliseconds since the epoch. */
  readonly deadlineAt: number;
  readonly signal: AbortSignal;
}

interface Rejected {
  readonly tool: string;
  readonly reason: string;
}

/** Thrown where the list could not be had. */
class ListingError extends Error {
  override readonly name = 'ListingError';
}

export async function listCatalogue(
  connection: Connection,
  { previous, learnsPrompts, deadlineAt, signal }: ListingOptions,
): Promise<Listing> {
  const { offersTools, offersPrompts, offersResources } = connection.session;
  const prompting =
    learnsPrompts && offersPrompts
      ? listPrompts(connection, () => previous()?.prompts ?? [], deadlineAt, signal)
      : undefined;
  const definitions = offersTools
    ? await listTools(connection, deadlineAt, signal)
    : await listTools(connection, Math.min(deadlineAt, Date.now() + undeclaredTimeoutMs), signal).catch(() => []);
  const known = new Map(previous()?.tools.map((tool) => [definitionTexts.get(tool), tool]));
  const tools = new Map<string, Tool>();
  // Over stdio nothing is mirrored, and earlier revisions know no marks.
  const mirrorsHeaders = connection.session.requestMeta !== undefined && connection.session.transport.pid === undefined;
  const rejected: Rejected[] = [];
  for (const text of definitions) {
    const tool = known.get(text) ?? toTool(text);
    const mark = mirrorsHeaders && 'inputSchema' in tool ? markProblem(tool.inputSchema) : undefined;
    if ('reason' in tool) rejected.push(tool);
    else if (mark !== undefined) rejected.push({ tool: tool.name, reason: mark });
    else if (tools.has(tool.name)) rejected.push({ tool: tool.name, reason: 'another tool has the same name' });
    else tools.set(tool.name, tool);
  }
  const { prompts, problems } = (await prompting) ?? { prompts: [], problems: [] };
  const offers = { resources: offersResources, prompts: offersPrompts };
  const { serverName, serverVersion, instructions, protocolVersion } = connection.session;
  const about = { serverName, serverVersion, instructions, protocolVersion };
  return { catalogue: { tools: [...tools.values()], prompts, offers, ...about }, rejected, problems };
}

/** The definitions' own texts: what a schema says of numbers is more than a double can hold. */
async function listTools(connection: Connection, deadlineAt: number, signal: AbortSignal): Promise<readonly string[]> {
  const listed = await listPages(connection, 'tools/list', { deadlineAt, signal });
  if (listed.kind !== 'items') throw new ListingError(`tools/list failed: ${replySentence(listed)}`);
  return listed.items;
}

/** By which a tool is known again in the next list. */
const definitionTexts = new WeakMap<Tool, string>();

function toTool(text: string): Tool | Rejected {
  const definition = parseJson(text);
  if (!isObject(definition)) return { tool: '(no name)', reason: 'it is no object' };
  const { name, title, description, inputSchema, outputSchema, annotations } = definition;
  if (typeof name !== 'string' || name === '') return { tool: '(no name)', reason: 'it has no name' };
  const tool: Tool = {
    name,
    title: textOf(title),
    description: textOf(description),
    inputSchema: isObject(inputSchema) ? inputSchema : noInputSchema,
    outputSchema: isObject(outputSchema) ? outputSchema : undefined,
    annotations: isObject(annotations) ? annotations : undefined,
    definition,
  };
  definitionTexts.set(tool, text);
  return tool;
}

/** A tool without a usable schema stays callable; the document says what is wrong. */
const noInputSchema: JsonObject = {
  type: 'object',
  'x-mcp-schema-error': 'The server gave no usable input schema for this tool; any object is accepted.',
};

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}
