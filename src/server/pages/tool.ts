// One operation as the pages show it: its texts, its path, what it must be given and arguments for a first try.
// Pure. The example walks required properties only and stops at a fixed depth and size, so that a schema of any shape
// costs little; where the schema gives no value it holds a placeholder, and says so.

import { isObject, type JsonObject } from '../../json/value.ts';
import { givenValue } from '../../openapi/example.ts';
import { firstTryRank } from '../../openapi/first-try.ts';
import { encodeSegment } from '../../openapi/names.ts';
import type { Operation } from '../../openapi/prepared.ts';
import type { ExampleArguments, ToolModel } from './model.ts';

/** An example deeper than this helps nobody. */
const maxDepth = 4;

/** Properties looked at for one example, over all depths. */
const maxProperties = 100;

export function toToolModel(operation: Operation): ToolModel {
  const { tool } = operation;
  return {
    name: operation.name,
    summary: operation.summary,
    description: operation.description,
    path: `/${encodeSegment(operation.segment)}`,
    requiredArguments: requiredOf(tool.inputSchema),
    readOnly: tool.annotations?.['readOnlyHint'] === true,
    rank: firstTryRank(tool),
    example: toExample(tool.inputSchema),
  };
}

function toExample(schema: JsonObject): ExampleArguments {
  const walk: Walk = { left: maxProperties, placeholders: false };
  const text = JSON.stringify(objectExample(schema, walk, 0));
  return { text, placeholders: walk.placeholders };
}

interface Walk {
  left: number;
  placeholders: boolean;
}

function objectExample(schema: JsonObject, walk: Walk, depth: number): Record<string, unknown> {
  const properties = isObject(schema['properties']) ? schema['properties'] : {};
  // Object.fromEntries defines members, so that a property named __proto__ stays a property.
  return Object.fromEntries(
    requiredOf(schema)
      .slice(0, Math.max(walk.left, 0))
      .map((name) => {
        walk.left -= 1;
        const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
        return [name, valueExample(property, walk, depth + 1)];
      }),
  );
}

function valueExample(schema: unknown, walk: Walk, depth: number): unknown {
  if (!isObject(schema)) return placeholder('string', {}, walk, depth);
  const given = givenValue(schema);
  if (given !== undefined) return given;
  const { type } = schema;
  return placeholder(Array.isArray(type) ? type[0] : (type ?? typeByKeyword(schema)), schema, walk, depth);
}

function typeByKeyword(schema: JsonObject): string {
  if (isObject(schema['properties'])) return 'object';
  return schema['items'] === undefined ? 'string' : 'array';
}

function placeholder(type: unknown, schema: JsonObject, walk: Walk, depth: number): unknown {
  if (type === 'object' && depth < maxDepth && walk.left > 0) return objectExample(schema, walk, depth);
  walk.placeholders = true;
  switch (type) {
    case 'object':
      return {};
    case 'array':
      return [];
    case 'number':
    case 'integer':
      return typeof schema['minimum'] === 'number' ? schema['minimum'] : 1;
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      return 'text';
  }
}

function requiredOf(schema: JsonObject): string[] {
  const required = schema['required'];
  return Array.isArray(required) ? required.filter((name) => typeof name === 'string') : [];
}
