// Tools with schemas that real servers have sent, or could: each named for its vice. JSON text where a name such as
// `__proto__` must be an own member.

import type { JsonObject } from '../../../src/json/value.ts';

const draft07 = 'http://json-schema.org/draft-07/schema#';

const schemas: Readonly<Record<string, JsonObject>> = {
  'root-reference': {
    $schema: draft07,
    $ref: '#/definitions/Args',
    definitions: { Args: { type: 'object', properties: { b: { $ref: '#/definitions/B' } } }, B: { type: 'string' } },
  },
  recursive: {
    type: 'object',
    properties: { child: { $ref: '#' }, list: { type: 'array', items: { $ref: '#/properties/child' } } },
  },
  'refers-to-itself': { type: 'object', properties: { a: { $ref: '#/properties/a' }, b: { $ref: '#/properties/a' } } },
  'leads-out': {
    type: 'object',
    properties: {
      a: { $ref: 'http://127.0.0.1:9/trap.json', description: 'kept' },
      b: { $ref: '#/nowhere' },
      c: { default: { $ref: 'https://trap.example/x' }, title: 'kept' },
    },
  },
  tuples: {
    $schema: draft07,
    type: 'object',
    properties: {
      t: { type: 'array', items: [{ type: 'string' }, true], additionalItems: false },
      open: { type: 'array' },
    },
  },
  booleans: { type: 'object', properties: { yes: true, no: false }, additionalProperties: false },
  invalid: {
    type: 'object',
    required: 'a',
    properties: { a: { type: 'any' }, b: null, c: { minimum: '5', pattern: '(' }, d: 'string', e: { anyOf: [] } },
  },
  'unknown-keywords': { type: 'object', properties: { a: { type: 'string', nullable: true, enumNames: ['x'] } } },
  'names-with-marks': JSON.parse(
    '{"type":"object","properties":{"a/b~c%d {x}":{"type":"string"},"p":{"$ref":"#/properties/a~1b~0c%25d%20%7Bx%7D"}}}',
  ) as JsonObject,
};

export const hostileTools: readonly JsonObject[] = Object.entries(schemas).map(([name, schema]) => ({
  name,
  description: `Has the vice ${name}.`,
  inputSchema: schema,
  outputSchema: schema,
}));

/** Names that cannot be what they want to be in a path, an operation id, or both. */
export const oddNames: readonly string[] = [
  '.',
  '..',
  'docs',
  'openapi.json',
  'a/b',
  'a.b',
  'a_b',
  'A_B',
  'a..b',
  'a__b',
  '_lead',
  '-dash',
  '3d',
  'ünï cöde',
  '日本語',
  '{id}',
  'what?#%2e',
  '__proto__',
  'constructor',
  'broken \ud800',
  'x'.repeat(70),
  'y'.repeat(3_000),
];

export function nested(levels: number): JsonObject {
  let schema: JsonObject = { type: 'string' };
  for (let level = 0; level < levels; level++) schema = { type: 'object', properties: { a: schema } };
  return schema;
}
