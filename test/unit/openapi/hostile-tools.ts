// Tools with schemas that real servers have sent, or could: each named for its vice. JSON text where a name such as
// `__proto__` must be an own member.

import type { JsonObject } from '../../../src/json/value.ts';

const draft07 = 'http://json-schema.org/draft-07/schema#';

const plainSchemas: Readonly<Record<string, JsonObject>> = {
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
  rings: {
    type: 'object',
    properties: { a: { $ref: '#/$defs/a' }, b: { anyOf: [{ $ref: '#/properties/b' }, { type: 'null' }] } },
    $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } },
  },
  'mutual-recursion': {
    type: 'object',
    properties: { rule: { $ref: '#/$defs/Rule' } },
    $defs: {
      Rule: { type: 'object', properties: { all: { type: 'array', items: { $ref: '#/$defs/Condition' } } } },
      Condition: { anyOf: [{ type: 'string' }, { $ref: '#/$defs/Rule' }, { type: 'null' }] },
    },
  },
  'shared-id': {
    $id: 'https://a.example/shared.json',
    type: 'object',
    properties: { own: { $ref: 'shared.json#/$defs/own' } },
    $defs: { own: { type: 'integer' } },
  },
  'slow-pattern': { type: 'object', properties: { a: { type: 'string', pattern: '^(a+)+$' } } },
};

/** A text of a few lines that doubles with each level where references stand in place. */
export function referenceBomb(levels: number): JsonObject {
  const defs: Record<string, JsonObject> = { [`d${levels}`]: { type: 'string' } };
  for (let level = 0; level < levels; level++) {
    const next = { $ref: `#/$defs/d${level + 1}` };
    defs[`d${level}`] = { type: 'object', properties: { left: next, right: next } };
  }
  const properties = { bomb: { $ref: '#/$defs/d0', description: 'Grows.' }, fine: { type: 'string' } };
  return { type: 'object', properties, $defs: defs };
}

/** Definitions that all refer to each other. */
export function denseRecursion(size: number): JsonObject {
  const names = Array.from({ length: size }, (_, index) => `k${index}`);
  const all = Object.fromEntries(names.map((name) => [name, { $ref: `#/$defs/${name}` }]));
  const $defs = Object.fromEntries(names.map((name) => [name, { type: 'object', properties: all }]));
  return { type: 'object', properties: { ...all, plain: { type: 'string' } }, $defs };
}

const schemas: Readonly<Record<string, JsonObject>> = {
  ...plainSchemas,
  'reference-bomb': referenceBomb(24),
  'dense-recursion': denseRecursion(8),
  'union-bomb': unionBomb(22),
  'deep-600': nested(600),
  'many-properties': {
    type: 'object',
    properties: Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`p${index}`, { type: 'string' }])),
  },
  'huge-enum': {
    type: 'object',
    properties: { e: { type: 'string', enum: Array.from({ length: 60_000 }, (_, index) => `a-long-value-${index}`) } },
  },
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

/** Each level doubles the ways in which a value may fit. */
function unionBomb(levels: number): JsonObject {
  let schema: JsonObject = { type: 'string' };
  const $defs: Record<string, JsonObject> = {};
  for (let level = 0; level < levels; level++) {
    $defs[`u${level}`] = schema;
    schema = { anyOf: [{ $ref: `#/$defs/u${level}` }, { $ref: `#/$defs/u${level}` }] };
  }
  return { type: 'object', properties: { u: schema }, $defs };
}

export function nested(levels: number): JsonObject {
  let schema: JsonObject = { type: 'string' };
  for (let level = 0; level < levels; level++) schema = { type: 'object', properties: { a: schema } };
  return schema;
}
