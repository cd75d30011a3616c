// One tool as an OpenAPI Operation Object with the components that only it needs: what goes in, what comes out, which
// errors there can be. Whether a body is needed, and whether the example works, is asked of the validator that judges
// calls, so that the document cannot promise something else.

import type { ServerConfig, Settings } from '../config/types.ts';
import { isObject, type JsonObject } from '../json/value.ts';
import { validatorOf } from './arguments.ts';
import { exampleOf } from './example.ts';
import type { DocumentForm } from './form.ts';
import type { Operation } from './prepared.ts';
import { callCodes, errorResponses, failuresAt, type Failures } from './responses.ts';
import { dataProblem } from './schema/data.ts';
import { ERROR_KEY, type Degradation } from './schema/graph.ts';
import { componentRef } from './schema/hoist.ts';
import { cutText } from './text.ts';
import type { ToolSchema, ToolSchemas } from './tool-schema.ts';

/** What a document says of one tool. */
export interface OperationParts {
  /** The Path Item Object: a POST and nothing else, because some readers take every member for a method. */
  readonly pathItem: JsonObject;
  /** For `components.schemas`, by key. */
  readonly schemas: ReadonlyMap<string, JsonObject>;
  /** Pointers are into the tool's definition. */
  readonly degradations: readonly Degradation[];
}

/** What all operations of one document share. */
export interface OperationContext {
  readonly schemas: ToolSchemas;
  readonly form: DocumentForm;
  readonly settings: Settings;
  readonly maxTextChars: number;
}

export function* operationParts(
  operation: Operation,
  config: ServerConfig,
  tag: string,
  { schemas, settings, maxTextChars }: OperationContext,
): Generator<string, OperationParts> {
  const { tool, operationId } = operation;
  const input = hasArguments(tool.inputSchema)
    ? yield* schemas.add(tool.inputSchema, `${operationId}_form_model`, 'arguments')
    : undefined;
  const output =
    tool.outputSchema && (yield* schemas.add(tool.outputSchema, `${operationId}_response_model`, 'result'));
  const post = {
    operationId,
    summary: cutText(operation.summary, maxTextChars),
    description: cutText(operation.description, maxTextChars),
    tags: [tag],
    ...(input !== undefined && { requestBody: requestBody(tool.inputSchema, input, schemas) }),
    responses: { '200': success(output), ...errorResponses(settings, failuresOf(config)) },
    'x-openai-isConsequential': tool.annotations?.['readOnlyHint'] !== true,
    'x-mcp': mcpExtension(tool.name, tool.definition),
  };
  return {
    pathItem: { post },
    schemas: new Map([...(input?.components ?? []), ...(output?.components ?? [])]),
    degradations: [...within('inputSchema', input), ...within('outputSchema', output)],
  };
}

/** What a call to a tool of this server can come to. */
export function failuresOf(config: ServerConfig): Failures {
  return failuresAt(config, { codes: callCodes, toolErrorStatus: config.toolErrorStatus });
}

function within(member: string, schema: ToolSchema | undefined): Degradation[] {
  return (schema?.degradations ?? []).map(({ pointer, reason }) => {
    return { pointer: `#/${member}${pointer.slice(1)}`, reason };
  });
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
    if (argumentless.has(keyword) || keyword.startsWith('x-') || value === false) return false;
    if (keyword === 'properties') return isObject(value) && Object.keys(value).length > 0;
    return !(keyword === 'required' && Array.isArray(value) && value.length === 0);
  });
}

function requestBody(schema: JsonObject, input: ToolSchema, schemas: ToolSchemas): JsonObject {
  const validator = validatorOf(schema);
  const example = exampleOf(input.root, schemas.resolve);
  const works = example !== undefined && validator.validate(example, 1).kind !== 'invalid';
  return {
    required: needsArguments(validator.validate({}, 1).kind, input.root),
    content: {
      'application/json': { schema: { $ref: componentRef(input.key) }, ...(works && { example }) },
    },
  };
}

function needsArguments(nothing: 'valid' | 'invalid' | 'unjudged', { required }: JsonObject): boolean {
  return nothing === 'unjudged' ? Array.isArray(required) && required.length > 0 : nothing === 'invalid';
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
