// Schemas and values made to take all time, stack or memory: each ends in a verdict, by the count of steps and depth and
// not by the clock. That a step is cheap is for benchmarks to say.
import { describe, expect, test } from 'vitest';
import { createValidator } from '../../../../src/json/schema/validate.ts';
import { Run } from '../../../../src/json/schema/run.ts';
import { ExactNumber, type JsonObject } from '../../../../src/json/value.ts';

const TOO_MUCH = 'Checking this value against its schema takes too much work.';
const TOO_DEEP = 'The value or its schema nests too deeply, or the schema refers to itself without end.';

const times = <Value>(length: number, make: (index: number) => Value) =>
  Array.from({ length }, (_, index) => make(index));
const named = (length: number, make: (index: number) => unknown) =>
  Object.fromEntries(times(length, (index) => [`p${index}`, make(index)]));

/** `levels` definitions, each of which `join`s the one before twice. */
function bomb(levels: number, join: (below: JsonObject) => unknown): JsonObject {
  const $defs = named(levels, (level) => (level === 0 ? { type: 'string' } : join({ $ref: `#/$defs/p${level - 1}` })));
  return { $defs, $ref: `#/$defs/p${levels - 1}` };
}

function nested(depth: number, wrap: (inner: unknown) => unknown, innermost: unknown = {}): unknown {
  let value = innermost;
  for (let index = 0; index < depth; index++) value = wrap(value);
  return value;
}

const inObject = (inner: unknown) => ({ c: inner });

function reasonOf(schema: unknown, value: unknown): string {
  const verdict = createValidator(schema as JsonObject).validate(value, 20);
  return verdict.kind === 'unjudged' ? verdict.reason : verdict.kind;
}

describe('takes too much work', () => {
  test.each<[string, unknown, unknown]>([
    ['a union of unions', bomb(23, (below) => ({ anyOf: [below, below] })), 5],
    ['the same where exactly one must fit', bomb(23, (below) => ({ oneOf: [below, below] })), 5],
    ['everything twice', bomb(25, (below) => ({ allOf: [below, below] })), 'x'],
    [
      'properties of a value that is as large',
      bomb(30, (b) => ({ allOf: [{ properties: { c: b } }, { properties: { c: b } }] })),
      nested(29, inObject, 'x'),
    ],
    ['a huge array', { items: { type: 'number' } }, times(400_000, (index) => index)],
    ['a huge array without doubles', { uniqueItems: true }, times(400_000, (index) => index)],
    ['a huge array of objects without doubles', { uniqueItems: true }, times(50_000, (index) => ({ index }))],
    ['a huge object', { additionalProperties: { type: 'number' } }, named(200_000, (index) => index)],
    ['a huge union', { anyOf: times(50_000, (index) => ({ const: index })) }, 'x'],
    ['many patterns', { patternProperties: Object.fromEntries(times(50_000, (index) => [`a${index}`, {}])) }, { x: 1 }],
    ['a long text and a wide pattern', { pattern: '(a|b)*a(a|b){400}$' }, 'ab'.repeat(5_000)],
    [
      'what nobody looked at, again and again',
      bomb(20, (below) => ({ anyOf: [below, below], unevaluatedProperties: false })),
      {},
    ],
    ['a long number', { anyOf: times(50, () => ({ multipleOf: 10 })) }, new ExactNumber(`1${'3'.repeat(20_000)}`)],
  ])('%s', (_name, schema, value) => {
    expect(reasonOf(schema, value)).toBe(TOO_MUCH);
  });
});

describe('is too deep', () => {
  test.each<[string, unknown, unknown]>([
    ['a reference to itself', { $ref: '#' }, {}],
    [
      'references to each other',
      { $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } }, $ref: '#/$defs/a' },
      {},
    ],
    ['allOf of itself', { allOf: [{ $ref: '#' }] }, {}],
    ['a dynamic reference to itself', { $dynamicAnchor: 'x', $dynamicRef: '#x' }, {}],
    [
      'a recursive reference to itself',
      { $schema: 'https://json-schema.org/draft/2019-09/schema', $recursiveRef: '#' },
      {},
    ],
    ['not itself', { not: { $ref: '#' } }, {}],
    ['a deep schema', nested(20_000, (inner) => ({ allOf: [inner] }), {}), {}],
    ['a deep schema of unions', nested(20_000, (inner) => ({ anyOf: [inner, inner] }), {}), {}],
    ['a deep value', { properties: { c: { $ref: '#' } } }, nested(100_000, inObject)],
    ['a deep array', { items: { $ref: '#' } }, nested(100_000, (inner) => [inner])],
    ['a deep constant', { const: nested(100_000, inObject) }, nested(100_000, inObject)],
    ['deep members', { enum: [nested(100_000, inObject)] }, nested(100_000, inObject)],
    ['deep doubles', { uniqueItems: true }, [nested(100_000, inObject), nested(100_000, inObject)]],
  ])('%s', (_name, schema, value) => {
    expect(reasonOf(schema, value)).toBe(TOO_DEEP);
  });
});

describe('is judged all the same', () => {
  test.each<[string, unknown, unknown, string]>([
    ['500 levels, with a reference at each', { properties: { c: { $ref: '#' } } }, nested(500, inObject), 'valid'],
    [
      '500 levels, with a fault at the bottom',
      { $defs: { x: { type: 'object', anyOf: [{ properties: { c: { $ref: '#/$defs/x' } } }] } }, $ref: '#/$defs/x' },
      nested(500, inObject),
      'valid',
    ],
    [
      'a schema of 600 levels',
      nested(600, (inner) => ({ properties: { c: inner } }), { type: 'string' }),
      nested(600, inObject, 1),
      'invalid',
    ],
    [
      '5,000 properties',
      { properties: named(5_000, () => ({ type: 'string' })), required: times(5_000, (index) => `p${index}`) },
      named(5_000, String),
      'valid',
    ],
    ['5,000 missing properties', { required: times(5_000, (index) => `p${index}`) }, {}, 'invalid'],
    ['a megabyte of values', { enum: times(100_000, (index) => `value ${index}`) }, 'value 99999', 'valid'],
    ['a megabyte of other values', { enum: times(100_000, (index) => `value ${index}`) }, 'value', 'invalid'],
    ['a megabyte of text', { minLength: 10, maxLength: 1_000_000 }, 'x'.repeat(1_000_000), 'valid'],
    [
      'a reference bomb that the value does not reach',
      bomb(60, (b) => ({ properties: { a: b, b } })),
      { a: {} },
      'valid',
    ],
    ['a pattern that other engines die of', { pattern: '^(a+)+$' }, `${'a'.repeat(5_000)}!`, 'invalid'],
    ['100,000 numbers', { items: { type: 'integer', minimum: 0 } }, times(100_000, (index) => index), 'valid'],
    ['a number with a vast exponent', { multipleOf: 3, maximum: 1e300 }, 1e200, 'invalid'],
  ])('%s', (_name, schema, value, kind) => {
    expect(createValidator(schema as JsonObject).validate(value, 20).kind).toBe(kind);
  });
});

test('deep faults are reported from the bottom', () => {
  const schema = { type: 'object', properties: { c: { $ref: '#' } } };
  const verdict = createValidator(schema).validate(nested(500, inObject, 1), 20);
  expect(verdict).toMatchObject({ kind: 'invalid', failures: [{ keyword: 'type', actual: 1 }] });
});

test('where all reasons would take too much work, those found are told', () => {
  const verdict = createValidator({ additionalProperties: false }).validate(named(200_000, String), 1_000_000);
  const { length } = verdict.kind === 'invalid' ? verdict.failures : [];
  expect(length).toBeGreaterThan(1_000);
  expect(length).toBeLessThan(200_000);
});

test('a validator is made without a look at the schema', () => {
  const untouched = new Proxy(
    {},
    {
      get: () => expect.fail('looked at'),
      has: () => expect.fail('looked at'),
      ownKeys: () => expect.fail('looked at'),
      getOwnPropertyDescriptor: () => expect.fail('looked at'),
    },
  );
  expect(() => createValidator(untouched)).not.toThrow();
});

test('a reason is short, whatever it quotes', () => {
  const $ref = `https://example.com/${'x'.repeat(1_000_000)}`;
  expect(reasonOf({ $ref }, {})).toMatch(/^The reference "https:\/\/example\.com\/x{200,300}\.\.\.$/);
});

test('an error of ours does not escape', () => {
  const trap = {
    get type() {
      throw new TypeError('a trap');
    },
  };
  expect(createValidator({ properties: trap }).validate({ type: 1 }, 1)).toEqual({
    kind: 'unjudged',
    reason: 'The validator failed: TypeError: a trap.',
  });
});

test('steps are counted to an end', () => {
  const run = new Run();
  expect(() => run.spend(300_000)).not.toThrow();
  expect(() => run.spend(1)).toThrow(TOO_MUCH);
  run.reset();
  expect(() => run.spend(1)).not.toThrow();
});
