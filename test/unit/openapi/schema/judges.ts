// What judges schemas of either version of OpenAPI in tests, and schemas and values to judge. The judge is the validator
// of calls, which other tests hold to the official suite and to Ajv.

import * as fc from 'fast-check';
import { printJson } from '../../../../src/json/print.ts';
import { createValidator } from '../../../../src/json/schema/validate.ts';
import type { JsonObject } from '../../../../src/json/value.ts';

export type Judge = (value: unknown) => boolean;

/** JSON Schema 2020-12. */
export function judgeOf(schema: JsonObject): Judge {
  const validator = createValidator(plain(schema));
  return (value) => {
    const verdict = validator.validate(value, 1);
    if (verdict.kind === 'unjudged') throw new Error(verdict.reason);
    return verdict.kind === 'valid';
  };
}

/** A Schema Object of OpenAPI 3.0.3. */
export function judgeOf30(schema: JsonObject): Judge {
  return judgeOf({ $schema: 'http://json-schema.org/draft-07/schema#', ...(asDraft07(plain(schema)) as JsonObject) });
}

/** `nullable` allows null beside a type; exclusive limits are flags. */
function asDraft07(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asDraft07);
  if (typeof value !== 'object' || value === null) return value;
  const { nullable, ...members } = value as Record<string, unknown>;
  const out: Record<string, unknown> = {};
  for (const [key, member] of Object.entries(members)) {
    out[key] = key === 'enum' || key === 'default' || key === 'example' ? member : asDraft07(member);
  }
  if (nullable === true && typeof out['type'] === 'string') out['type'] = [out['type'], 'null'];
  for (const [flag, limit] of [
    ['exclusiveMinimum', 'minimum'],
    ['exclusiveMaximum', 'maximum'],
  ] as const) {
    if (out[flag] === true) {
      out[flag] = out[limit];
      delete out[limit];
    }
  }
  return out;
}

function plain(schema: JsonObject): JsonObject {
  return JSON.parse(printJson(schema)) as JsonObject;
}

const scalars = fc.constantFrom<unknown>(null, true, 0, 1, 5, 2.5, -3, '', 'a', 'abc', 'xyz');
const names = fc.constantFrom('a', 'b', 'c', 'x-1');

/** Values that small schemas tell apart. */
export const values: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    scalars,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(names, tie('value'), { maxKeys: 3 }),
  ),
})).value;

const types = ['string', 'number', 'integer', 'boolean', 'null', 'object', 'array'];

/** JSON Schema 2020-12 without references, as translate makes it: no boolean schemas but those that bound. */
export const schemas: fc.Arbitrary<JsonObject> = fc.letrec<{ schema: JsonObject }>((tie) => {
  const schema = tie('schema');
  const list = fc.array(schema, { minLength: 1, maxLength: 3 });
  const map = fc.dictionary(names, schema, { maxKeys: 2 });
  const bound = fc.oneof(fc.boolean(), schema);
  const keywords = {
    type: fc.oneof(
      fc.constantFrom(...types),
      fc.uniqueArray(fc.constantFrom(...types), { minLength: 1, maxLength: 3 }),
    ),
    enum: fc.uniqueArray(scalars, { minLength: 1, maxLength: 3 }),
    const: scalars,
    minimum: fc.constantFrom(0, 2),
    exclusiveMinimum: fc.constantFrom(0, 2),
    exclusiveMaximum: fc.constantFrom(1, 5),
    minLength: fc.constantFrom(1, 3),
    pattern: fc.constantFrom('^a', 'z$'),
    multipleOf: fc.constantFrom(1, 2.5),
    items: schema,
    prefixItems: list,
    maxItems: fc.constantFrom(1, 2),
    contains: schema,
    properties: map,
    required: fc.uniqueArray(names, { maxLength: 2 }),
    additionalProperties: bound,
    unevaluatedProperties: bound,
    patternProperties: fc.dictionary(fc.constantFrom('^a', '^x-'), schema, { maxKeys: 2 }),
    dependentRequired: fc.dictionary(names, fc.uniqueArray(names, { maxLength: 1 }), { maxKeys: 1 }),
    propertyNames: fc.constant({ maxLength: 1 }),
    allOf: list,
    anyOf: list,
    oneOf: list,
    not: schema,
    if: schema,
    // oxlint-disable-next-line unicorn/no-thenable -- the keyword
    then: schema,
  };
  const arbitrary = fc
    .record(keywords, { requiredKeys: [] })
    .chain((all) => fc.subarray(Object.entries(all), { maxLength: 3 }).map((some) => Object.fromEntries(some)));
  return { schema: fc.oneof({ maxDepth: 3, withCrossShrink: true }, fc.constant({}), arbitrary) };
}).schema;
