// Learns what an upstream offers: all pages of tools/list, asked raw and judged one by one, so that one malformed tool
// costs that tool alone (the client library rejects the whole list). Tools whose definition did not change keep their
// identity across refreshes: whatever hangs on the object stays.

import { isObject, type JsonObject } from '../json/value.ts';
import type { Connection } from './connection.ts';
import type { Catalogue, Tool } from './types.ts';

/** A list that never ends is cut here. */
const maxPages = 1_000;

/** A server that does not say it has tools may have some; one that does not answer then is not waited for. */
const undeclaredTimeoutMs = 3_000;

export interface Listing {
  readonly catalogue: Catalogue;
  readonly rejected: readonly { readonly tool: string; readonly reason: string }[];
}

/** Thrown where the list could not be had. */
export class ListingError extends Error {
  override readonly name = 'ListingError';
}

export async function listCatalogue(
  connection: Connection,
  previous: Catalogue | undefined,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Listing> {
  const definitions = connection.session.offersTools
    ? await listAll(connection, Date.now() + timeoutMs, signal)
    : await listAll(connection, Date.now() + Math.min(timeoutMs, undeclaredTimeoutMs), signal).catch(() => []);
  const known = new Map<unknown, Tool>(
    previous?.tools.map((tool) => [textOfDefinition(tool.definition) ?? tool, tool]),
  );
  const tools = new Map<string, Tool>();
  const rejected: { tool: string; reason: string }[] = [];
  for (const definition of definitions) {
    const tool = known.get(textOfDefinition(definition) ?? definition) ?? toTool(definition);
    if (typeof tool === 'string') rejected.push({ tool: nameOf(definition), reason: tool });
    else if (tools.has(tool.name)) rejected.push({ tool: tool.name, reason: 'another tool has the same name' });
    else tools.set(tool.name, tool);
  }
  const { serverName, serverVersion, instructions, protocolVersion } = connection.session;
  return {
    catalogue: { tools: [...tools.values()], serverName, serverVersion, instructions, protocolVersion },
    rejected,
  };
}

async function listAll(connection: Connection, deadlineAt: number, signal: AbortSignal): Promise<unknown[]> {
  const all: unknown[] = [];
  const seen = new Set<string>();
  let cursor: string | undefined;
  for (let page = 0; page < maxPages; page++) {
    const reply = await connection.listTools(cursor, { deadlineAt, signal });
    if (reply.kind === 'rpc-error' && reply.code === -32_601) return all;
    if (reply.kind !== 'result') throw new ListingError(`tools/list failed: ${failure(reply)}`);
    const { tools, nextCursor } = (reply.value ?? {}) as { tools?: unknown; nextCursor?: unknown };
    if (!Array.isArray(tools)) throw new ListingError('tools/list failed: the server sent no list');
    all.push(...(tools as unknown[]));
    if (typeof nextCursor !== 'string' || nextCursor === '' || seen.has(nextCursor)) return all;
    seen.add(nextCursor);
    cursor = nextCursor;
  }
  return all;
}

function failure(reply: { readonly kind: string; readonly detail?: string; readonly message?: string }): string {
  return reply.detail ?? reply.message ?? (reply.kind === 'timeout' ? 'no answer in time' : reply.kind);
}

/** A tool, or the sentence that says why this is none. */
function toTool(definition: unknown): Tool | string {
  if (!isObject(definition)) return 'it is no object';
  const { name, title, description, inputSchema, outputSchema, annotations } = definition;
  if (typeof name !== 'string' || name === '') return 'it has no name';
  return {
    name,
    title: textOf(title),
    description: textOf(description),
    inputSchema: isObject(inputSchema) ? inputSchema : noInputSchema,
    outputSchema: isObject(outputSchema) ? outputSchema : undefined,
    annotations: isObject(annotations) ? annotations : undefined,
    definition,
  };
}

/** A tool without a usable schema stays callable; the document says what is wrong. */
const noInputSchema: JsonObject = {
  type: 'object',
  'x-mcp-schema-error': 'The server gave no usable input schema for this tool; any object is accepted.',
};

/** undefined for what nests deeper than the stack allows; such a tool is new at every listing. */
function textOfDefinition(definition: unknown): string | undefined {
  try {
    return JSON.stringify(definition);
  } catch {
    return undefined;
  }
}

function nameOf(definition: unknown): string {
  return isObject(definition) && typeof definition['name'] === 'string' ? definition['name'] : '(no name)';
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}
