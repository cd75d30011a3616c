// One tool as an OpenAPI Operation Object with the components that only it needs: what goes in, what comes out, which
// errors there can be. The schemas are relocated once per Operation and kept beside it, because the same Operation is
// shown in several documents and survives snapshots.

import type { Settings, ServerConfig } from '../config/types.ts';
import type { Operation, ServerOperations } from './prepared.ts';
import { errorResponses } from './responses.ts';
import { dataProblem } from './schema/data.ts';
import { lookUp } from '../json/schema/pointer.ts';
import { isObject, type JsonObject } from '../json/value.ts';
import { componentRef, placeOf } from './schema/references.ts';
import { ERROR_KEY, relocate, type Degradation, type Relocated } from './schema/relocate.ts';

/** A schema of a tool with the definitions it needs. */
interface ToolSchema extends Relocated {
  /** Of its component. */
  readonly key: string;
}

interface ToolSchemas {
  /** undefined for a tool without arguments. */
  readonly input: ToolSchema | undefined;
  readonly output: ToolSchema | undefined;
}

/** What a document says of one tool. */
export interface OperationParts {
  /** The Path Item Object: a POST and nothing else, because some readers take every member for a method. */
  readonly pathItem: JsonObject;
  /** For `components.schemas`, by key. */
  readonly schemas: ReadonlyMap<string, JsonObject>;
}

export function operationParts(
  operation: Operation,
  config: ServerConfig,
  settings: Settings,
  tag: string,
): OperationParts {
  const { input, output } = schemasOf(operation);
  const { tool, operationId, summary, description } = operation;
  const post = {
    operationId,
    summary,
    description,
    tags: [tag],
    ...(input !== undefined && { requestBody: requestBody(input) }),
    responses: { '200': success(output), ...errorResponses(settings, config.toolErrorStatus) },
    'x-openai-isConsequential': tool.annotations?.['readOnlyHint'] !== true,
    'x-mcp': mcpExtension(tool.name, tool.definition),
  };
  return { pathItem: { post }, schemas: new Map([...(input?.components ?? []), ...(output?.components ?? [])]) };
}

/** What the document cannot say of the schemas of these tools. Pointers are into the tool's definition. */
export function schemaDegradations(operations: ServerOperations): (Degradation & { readonly tool: string })[] {
  return operations.list.flatMap((operation) => {
    const { input, output } = schemasOf(operation);
    const within = (member: string, schema: ToolSchema | undefined) =>
      (schema?.degradations ?? []).map(({ pointer, reason }) => {
        return { tool: operation.tool.name, pointer: `#/${member}${pointer.slice(1)}`, reason };
      });
    return [...within('inputSchema', input), ...within('outputSchema', output)];
  });
}

const known = new WeakMap<Operation, ToolSchemas>();

function schemasOf(operation: Operation): ToolSchemas {
  const found = known.get(operation);
  if (found !== undefined) return found;
  const { tool, operationId } = operation;
  const schemas = {
    input: hasArguments(tool.inputSchema) ? toolSchema(tool.inputSchema, `${operationId}_form_model`) : undefined,
    output: tool.outputSchema && toolSchema(tool.outputSchema, `${operationId}_response_model`),
  };
  known.set(operation, schemas);
  return schemas;
}

function toolSchema(schema: JsonObject, key: string): ToolSchema {
  return { key, ...relocate(schema, key) };
}

/** Keywords that let nothing in: a schema of these alone describes a tool that is called without arguments. */
const argumentless: ReadonlySet<string> = new Set([
  'type',
  'title',
  'description',
  '$schema',
  '$id',
  '$comment',
  '$defs',
  'definitions',
]);

function hasArguments(schema: JsonObject): boolean {
  return Object.entries(schema).some(([keyword, value]) => {
    if (keyword === ERROR_KEY) return true;
    if (argumentless.has(keyword) || keyword.startsWith('x-') || typeof value === 'boolean') return false;
    if (keyword === 'properties') return isObject(value) && Object.keys(value).length > 0;
    return !(keyword === 'required' && Array.isArray(value) && value.length === 0);
  });
}

function requestBody({ key, components }: ToolSchema): JsonObject {
  const reference = { $ref: componentRef(key) };
  return {
    required: !acceptsNothing(reference, components, { left: MAX_LOOKS }),
    content: { 'application/json': { schema: reference } },
  };
}

type Components = Relocated['components'];

/** Subschemas looked at to say whether a body is needed: schemas that loop, and unions of unions, end here. */
const MAX_LOOKS = 1_000;

/** Whether a call without arguments can be right, as far as the top of the schema says. */
function acceptsNothing(schema: unknown, components: Components, looks: { left: number }): boolean {
  looks.left--;
  if (!isObject(schema) || looks.left < 0) return true;
  const { $ref, required, minProperties, allOf, anyOf, oneOf } = schema;
  if (Array.isArray(required) && required.length > 0) return false;
  if (typeof minProperties === 'number' && minProperties > 0) return false;
  const accepts = (part: unknown) => acceptsNothing(part, components, looks);
  if (typeof $ref === 'string' && !accepts(referred($ref, components))) return false;
  if (Array.isArray(allOf) && !allOf.every(accepts)) return false;
  return [anyOf, oneOf].every((branches) => !Array.isArray(branches) || branches.some(accepts));
}

function referred(reference: string, components: Components): unknown {
  const [, key = '', ...tokens] = placeOf(reference).split('/');
  return lookUp(components.get(key), tokens.map((token) => `/${token}`).join(''));
}

function success(output: ToolSchema | undefined): JsonObject {
  const schema =
    output === undefined
      ? { description: 'Any JSON value: what the tool returned.' }
      : { $ref: componentRef(output.key) };
  return { description: 'What the tool returned.', content: { 'application/json': { schema } } };
}

/** Members of a tool that OpenAPI has no place for (MCP, `Tool`), as they are. */
function mcpExtension(name: string, definition: JsonObject): JsonObject {
  const extension: Record<string, unknown> = { name };
  for (const member of ['annotations', '_meta', 'icons', 'execution']) {
    const value = definition[member];
    if (value !== undefined && dataProblem(value) === undefined) extension[member] = value;
  }
  return extension;
}
