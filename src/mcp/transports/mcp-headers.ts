// The header fields that revision 2026-07-28 derives from a request's body: Mcp-Method, Mcp-Name and, for parameters
// that a tool marks with `x-mcp-header`, Mcp-Param-* (MCP, "Streamable HTTP"; SEP-2243). Older revisions know none of them.

import type { JsonObject } from '../../json/value.ts';
import type { Question, Tool } from '../types.ts';

export function callHeaders(tool: Tool, argumentsText: string): Record<string, string> {
  const headers: Record<string, string> = { 'mcp-method': 'tools/call', 'mcp-name': encodeValue(tool.name) };
  const marked = markedParameters(tool.inputSchema, []);
  if (marked.length === 0) return headers;
  const given: unknown = JSON.parse(argumentsText);
  for (const { path, name } of marked) {
    const text = primitiveText(valueAt(given, path));
    if (text !== undefined) headers[`mcp-param-${name}`] = encodeValue(text);
  }
  return headers;
}

/** What a tool's marks break (SEP-2243): a client must not offer it then. undefined for those that are as they should be. */
export function markProblem(inputSchema: JsonObject): string | undefined {
  const seen = new Set<string>();
  const check = (schema: unknown, mayBeMarked: boolean, depth: number): string | undefined => {
    if (typeof schema !== 'object' || schema === null || depth > maxMarkDepth) return undefined;
    if (!Array.isArray(schema) && Object.hasOwn(schema, 'x-mcp-header')) {
      const problem = mayBeMarked ? problemOf(schema as JsonObject, seen) : 'marks what is no property of its own';
      if (problem !== undefined) return `x-mcp-header ${problem}`;
    }
    for (const [key, child] of Object.entries(schema)) {
      // Data may look like a mark.
      if (dataKeywords.has(key)) continue;
      const problem =
        key === 'properties' && typeof child === 'object' && child !== null
          ? firstOf(Object.values(child as JsonObject), (each) => check(each, mayBeMarked || depth === 0, depth + 1))
          : check(child, false, depth + 1);
      if (problem !== undefined) return problem;
    }
    return undefined;
  };
  return check(inputSchema, false, 0);
}

const maxMarkDepth = 32;
const dataKeywords: ReadonlySet<string> = new Set(['const', 'default', 'enum', 'example', 'examples', 'required']);
const markedTypes: ReadonlySet<unknown> = new Set(['string', 'boolean', 'integer']);

function problemOf(schema: JsonObject, seen: Set<string>): string | undefined {
  const { 'x-mcp-header': name, type } = schema as { 'x-mcp-header'?: unknown; type?: unknown };
  if (typeof name !== 'string' || !fieldName.test(name)) return 'has a name that no header field can have';
  if (!markedTypes.has(type)) return 'marks a property that is no string, integer or boolean';
  if (seen.has(name.toLowerCase())) return `names ${name} twice`;
  seen.add(name.toLowerCase());
  return undefined;
}

function firstOf<T>(items: readonly T[], look: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const found = look(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

export function questionHeaders(question: Question): Record<string, string> {
  const headers = { 'mcp-method': question.method };
  if (question.method === 'resources/read') return { ...headers, 'mcp-name': encodeValue(question.uri) };
  if (question.method === 'prompts/get') return { ...headers, 'mcp-name': encodeValue(question.name) };
  return headers;
}

interface MarkedParameter {
  readonly path: readonly string[];
  readonly name: string;
}

/** Deeper marks are ignored: a hostile schema must not cost a stack. */
const maxDepth = 16;
const fieldName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

function markedParameters(schema: JsonObject, path: readonly string[]): MarkedParameter[] {
  const { properties } = schema as { properties?: unknown };
  if (typeof properties !== 'object' || properties === null || path.length >= maxDepth) return [];
  const marked: MarkedParameter[] = [];
  for (const [key, child] of Object.entries(properties as JsonObject)) {
    if (typeof child !== 'object' || child === null) continue;
    const name = (child as { 'x-mcp-header'?: unknown })['x-mcp-header'];
    if (typeof name === 'string' && fieldName.test(name)) marked.push({ path: [...path, key], name });
    marked.push(...markedParameters(child as JsonObject, [...path, key]));
  }
  return marked;
}

function valueAt(root: unknown, path: readonly string[]): unknown {
  let value = root;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as JsonObject)[key];
  }
  return value;
}

function primitiveText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  return typeof value === 'number' && (!Number.isInteger(value) || Number.isSafeInteger(value))
    ? String(value)
    : undefined;
}

/** As it is where a header field can hold it, else Base64 between sentinels. */
function encodeValue(value: string): string {
  const plain = /^[\t\x20-\x7e]+$/.test(value) && value === value.trim() && !/^=\?base64\?.*\?=$/.test(value);
  return plain ? value : `=?base64?${Buffer.from(value).toString('base64')}?=`;
}
