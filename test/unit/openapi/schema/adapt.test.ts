import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printJson } from '../../../../src/json/print.ts';
import type { JsonObject } from '../../../../src/json/value.ts';
import { adaptSchema, mergeBranches } from '../../../../src/openapi/schema/adapt.ts';
import { judgeOf, schemas, values } from './judges.ts';

const plain = (value: unknown): unknown => JSON.parse(printJson(value));

function checkSame(before: JsonObject, after: JsonObject, samples: readonly unknown[]): void {
  const [was, is] = [judgeOf(before), judgeOf(after)];
  for (const value of samples)
    expect({ value, after: plain(after), fits: is(value) }).toMatchObject({ fits: was(value) });
}

describe('a type beside a union', () => {
  it('stands where all branches have the same scalar one, at any depth', () => {
    const union = {
      anyOf: [
        { type: 'string', enum: ['a'] },
        { type: 'string', pattern: 'b' },
      ],
    };
    expect(plain(adaptSchema({ items: { properties: { x: union } } }))).toEqual({
      items: { properties: { x: { ...union, type: 'string' } } },
    });
    expect(plain(adaptSchema({ oneOf: [{ type: 'integer' }] }))).toMatchObject({ type: 'integer' });
  });

  it.each([
    [{ enum: ['a', 'b'] }, 'string'],
    [{ enum: [1, 2] }, 'integer'],
    [{ enum: [0.5, 1.5] }, 'number'],
    [{ const: false }, 'boolean'],
  ])('stands beside %j: %s', (schema, type) => {
    expect(plain(adaptSchema(schema))).toEqual({ ...schema, type });
  });

  it.each([
    { enum: ['a', null] },
    { enum: [1, 'a'] },
    { enum: [] },
    { const: null },
    { const: {} },
    { anyOf: [{ type: 'string' }, { type: 'null' }] },
    { anyOf: [{ type: 'object' }, { type: 'object' }] },
    { anyOf: [{ type: ['string'] }, { type: ['string'] }] },
    { anyOf: [{ type: 'string' }, {}] },
    { anyOf: [{ $ref: '#/components/schemas/A' }, { type: 'string' }] },
    { type: ['string', 'null'], anyOf: [{ type: 'string' }] },
    { default: { anyOf: [{ type: 'string' }] } },
  ])('does not stand beside %j', (schema) => {
    expect(plain(adaptSchema(schema))).toEqual(schema);
  });

  it('changes nothing of what is allowed', () => {
    fc.assert(
      fc.property(schemas, fc.array(values, { minLength: 5, maxLength: 10 }), (schema, samples) => {
        checkSame(schema, adaptSchema(schema), samples);
      }),
      { numRuns: 300 },
    );
  });
});

describe('merged properties', () => {
  const merged = (schema: Record<string, unknown>): unknown => plain(mergeBranches(schema));
  const a = { type: 'string', description: 'A' };
  const b = { type: 'number' };

  it('are those of every branch of a union, open where a branch leaves them open', () => {
    const anyOf = [
      { properties: { a }, required: ['a', 'c'] },
      { properties: { a, b }, required: ['c'] },
    ];
    expect(merged({ type: 'object', anyOf })).toEqual({
      type: 'object',
      anyOf,
      properties: { a, b: { anyOf: [b, { description: 'Anything, in another alternative.' }] } },
      required: ['c'],
    });
  });

  it('say what they say where the other branches refuse them', () => {
    const oneOf = [
      { properties: { a }, additionalProperties: false },
      { properties: { b }, additionalProperties: false },
    ];
    expect(merged({ oneOf })).toEqual({ oneOf, properties: { a, b } });
  });

  it('are of all parts together', () => {
    const allOf = [{ properties: { a }, required: ['a'] }, { properties: { a: { minLength: 1 }, b } }];
    expect(merged({ allOf, properties: { b: {} }, required: ['b'] })).toEqual({
      allOf,
      properties: { b: {}, a: { description: 'A', allOf: [a, { minLength: 1 }] } },
      required: ['b', 'a'],
    });
  });

  it('stand apart from what counts evaluated properties', () => {
    const root = { allOf: [{ properties: { a } }], unevaluatedProperties: false };
    expect(merged(root)).toEqual({ type: 'object', allOf: [root], properties: { a } });
    const own = { properties: { a }, anyOf: [{ required: ['a'] }], unevaluatedProperties: false };
    expect(merged(own)).toMatchObject(own);
  });

  it('are found behind a reference', () => {
    const result = mergeBranches({ anyOf: [{ $ref: '#x' }] }, (reference) =>
      reference === '#x' ? { properties: { a } } : undefined,
    );
    expect(plain(result)).toMatchObject({ properties: { a } });
  });

  it.each([
    { anyOf: [{ properties: { a } }], additionalProperties: false },
    { anyOf: [{ properties: { a } }], additionalProperties: { type: 'string' } },
    { type: 'object', properties: { a } },
    { type: 'object', anyOf: [{ minProperties: 1 }] },
  ])('are not added to %j', (schema) => {
    expect(merged(schema)).toEqual(schema);
  });

  it('show a schema once that several branches have, and its words', () => {
    const c = { type: 'number', description: 'C' };
    expect(merged({ anyOf: [{ properties: { a, c } }, { properties: { a: { ...a } } }] })).toMatchObject({
      properties: { a, c: { description: 'C', anyOf: [c, { description: 'Anything, in another alternative.' }] } },
    });
  });

  // Work that grows with the square of the branches would hold this up for minutes.
  it('are those of thousands of branches too', () => {
    const anyOf = Array.from({ length: 6_000 }, (_, index) => ({ properties: { [`p${index}`]: a } }));
    const properties = mergeBranches({ anyOf })['properties'] as JsonObject;
    expect(Object.keys(properties)).toHaveLength(6_000);
    expect(plain(properties['p5999'])).toMatchObject({ description: 'A', anyOf: [a, {}] });
  });

  it('are left out where they would multiply', () => {
    const large = { properties: { a: { type: 'string', description: 'x'.repeat(50_000) } } };
    const root = {
      anyOf: Array.from({ length: 200 }, (_, index) => ({ $ref: '#x', properties: { a: { minLength: index } } })),
    };
    expect(mergeBranches(root, () => large)).toBe(root);
  });

  it('change nothing of what is allowed', () => {
    const objects = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'x-1'), values, { maxKeys: 4 });
    fc.assert(
      fc.property(schemas, fc.array(objects, { minLength: 5, maxLength: 10 }), (schema, samples) => {
        const before = { ...schema, type: 'object' };
        checkSame(before, mergeBranches(before), samples);
      }),
      { numRuns: 1_000 },
    );
  });
});
