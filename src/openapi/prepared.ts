// What a tool is called on the outside, worked out once per catalogue: path segment, operation id, texts.
// The document and the call route read the same Operation objects, so what is promised and what is done cannot differ.
// Objects of the snapshot before are reused wherever nothing about them changed: caches hang on their identity.

import type { OperationIdStyle, ServerConfig } from '../config/types.ts';
import { matchesAny } from '../glob.ts';
import type { ErrorCode } from '../errors.ts';
import type { JsonObject } from '../json/value.ts';
import type { Catalogue, Tool } from '../mcp/types.ts';
import { createOperationIds, pathSegments, type ToolAddress } from './names.ts';
import { cutText, firstText, titleCase } from './text.ts';

/** Room for the longest manual a model could use; a description of 200 MB must not reach a client. */
export const MAX_TEXT_CHARS = 100_000;
const MAX_SUMMARY_CHARS = 1_000;

/** One tool as an HTTP operation. */
export interface Operation {
  readonly tool: Tool;
  /** The name people see: the tool's own, or the one that `tools: {NAME: {name}}` gives it. */
  readonly name: string;
  /** The decoded path segment; differs from `name` where that cannot stand in a path. */
  readonly segment: string;
  /** Unique over all servers; see names.ts. */
  readonly operationId: string;
  readonly summary: string;
  /** Never empty. */
  readonly description: string;
  /** Of a call, in milliseconds; undefined: the global one. */
  readonly timeoutMs: number | undefined;
}

/** Something besides tools that a server exposes over HTTP: a list of resources, a prompt. */
export interface ExposedOperation {
  /** Below the server: begins with a slash, encoded. */
  readonly path: string;
  readonly method: 'get' | 'post';
  /** What its operation id is made of; any text. */
  readonly idBase: string;
  readonly summary: string;
  /** Never empty. */
  readonly description: string;
  /** Parameter Objects. */
  readonly parameters?: readonly JsonObject[];
  /** JSON Schema 2020-12 without references; missing where there is nothing to send. */
  readonly requestSchema?: JsonObject;
  readonly responseSchema: JsonObject;
  /** What can go wrong. */
  readonly codes: readonly ErrorCode[];
}

export interface ServerOperations {
  readonly server: string;
  readonly config: ServerConfig;
  readonly catalogue: Catalogue;
  /** In the upstream's order. */
  readonly list: readonly Operation[];
  readonly bySegment: ReadonlyMap<string, Operation>;
  readonly exposed: readonly (ExposedOperation & { readonly operationId: string })[];
}

export interface LearnedServer {
  readonly config: ServerConfig;
  readonly catalogue: Catalogue | undefined;
  /** Besides tools. */
  readonly exposed?: readonly ExposedOperation[];
  /** Of the snapshot before; reused as the same object where nothing changed. */
  readonly previous: ServerOperations | undefined;
}

/** By server name; servers without a catalogue are missing. */
export function prepareOperations(
  style: OperationIdStyle,
  servers: readonly LearnedServer[],
): ReadonlyMap<string, ServerOperations> {
  const served = servers.flatMap((server) => servedOf(server) ?? []);
  const operationId = createOperationIds(
    served.flatMap(({ tools }) => tools),
    style,
  );
  const prepared = new Map<string, ServerOperations>();
  const lists = served.map(({ config, tools, previous }) => prepareList(config, tools, operationId, previous));
  // After the tools of all servers, so that nothing takes the id of a tool.
  for (const [index, { config, catalogue, previous, exposed }] of served.entries()) {
    const operations = toOperations(config, catalogue, lists[index] ?? [], exposed, operationId);
    prepared.set(config.name, previous !== undefined && sameOperations(previous, operations) ? previous : operations);
  }
  return prepared;
}

/** A tool that is not filtered out, with the name that people see. */
interface ServedTool {
  readonly definition: Tool;
  readonly server: string;
  readonly tool: string;
}

interface Served extends Required<LearnedServer> {
  readonly catalogue: Catalogue;
  readonly tools: readonly ServedTool[];
}

function servedOf({ config, catalogue, exposed = [], previous }: LearnedServer): Served | undefined {
  if (catalogue === undefined) return undefined;
  const tools = catalogue.tools
    .filter((tool) => isServed(tool, config))
    .map((tool) => ({ definition: tool, server: config.name, tool: config.tools.get(tool.name)?.name ?? tool.name }));
  return { config, catalogue, exposed, previous, tools };
}

function toOperations(
  config: ServerConfig,
  catalogue: Catalogue,
  list: readonly Operation[],
  exposed: readonly ExposedOperation[],
  operationId: (address: ToolAddress) => string,
): ServerOperations {
  return {
    server: config.name,
    config,
    catalogue,
    list,
    bySegment: new Map(list.map((operation) => [operation.segment, operation])),
    exposed: exposed.map((one) => ({ ...one, operationId: operationId({ server: config.name, tool: one.idBase }) })),
  };
}

/** What else is exposed follows from the configuration and the catalogue, but for the ids. */
function sameOperations(a: ServerOperations, b: ServerOperations): boolean {
  return (
    a.config === b.config &&
    a.catalogue === b.catalogue &&
    b.list.every((operation, index) => operation === a.list[index]) &&
    b.exposed.every(({ operationId }, index) => operationId === a.exposed[index]?.operationId)
  );
}

function prepareList(
  config: ServerConfig,
  tools: readonly ServedTool[],
  operationId: (tool: ServedTool) => string,
  previous: ServerOperations | undefined,
): Operation[] {
  const segments = pathSegments(tools.map(({ tool }) => tool));
  return tools.map((served, index) => {
    const name = served.tool;
    const segment = segments[index] ?? name;
    const operation = prepare(served.definition, config, { name, segment, operationId: operationId(served) });
    const before = previous?.bySegment.get(segment);
    return before !== undefined && sameOperation(before, operation) ? before : operation;
  });
}

/** Filters see the upstream's own name: it is what its documentation and other MCP clients call the tool. */
function isServed(tool: Tool, config: ServerConfig): boolean {
  if (config.tools.get(tool.name)?.disabled === true) return false;
  if (matchesAny(config.disabledTools, tool.name)) return false;
  return config.enabledTools === undefined || matchesAny(config.enabledTools, tool.name);
}

type Names = Pick<Operation, 'name' | 'segment' | 'operationId'>;

function prepare(tool: Tool, config: ServerConfig, names: Names): Operation {
  const given = config.tools.get(tool.name);
  const title = firstText(tool.title, tool.annotations?.['title'], titleCase(names.name), names.operationId) ?? 'Tool';
  const summary = cutText(title, MAX_SUMMARY_CHARS);
  const description = firstText(given?.description, tool.description) ?? summary;
  return {
    tool,
    ...names,
    summary,
    description: cutText(description, MAX_TEXT_CHARS),
    timeoutMs: given?.timeoutMs ?? config.timeoutMs,
  };
}

function sameOperation(a: Operation, b: Operation): boolean {
  return (
    a.tool === b.tool &&
    a.name === b.name &&
    a.operationId === b.operationId &&
    a.summary === b.summary &&
    a.description === b.description &&
    a.timeoutMs === b.timeoutMs
  );
}
