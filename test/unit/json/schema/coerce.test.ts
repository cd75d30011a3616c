import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyEdits } from '../../../../src/json/edit.ts';
import { parseJson } from '../../../../src/json/parse.ts';
import { coerce, MAX_FAILURES } from '../../../../src/json/schema/coerce.ts';
import { createValidator } from '../../../../src/json/schema/validate.ts';
import type { Validator } from '../../../../src/json/schema/verdict.ts';
import type { JsonObject } from '../../../../src/json/value.ts';

/** The text that a misfit becomes, or undefined; the value must say the same, and what came must stay as it was. */
function coerced(schema: JsonObject, text: string): string | undefined {
  const validator = createValidator(schema);
  const value = parseJson(text);
  const verdict = validator.validate(value, MAX_FAILURES);
  if (verdict.kind !== 'invalid') throw new Error(`${text} is ${verdict.kind}`);
  const result = coerce(value, verdict.failures, validator);
  expect(value).toEqual(parseJson(text));
  if (result === undefined) return undefined;
  const edited = applyEdits(text, result.edits);
  expect(parseJson(edited)).toEqual(result.value);
  expect(validator.validate(result.value, 1)).toEqual({ kind: 'valid' });
  return edited;
}

/** The same, of the property `x`. */
function coercedX(schema: unknown, literal: string): string | undefined {
  return coerced({ type: 'object', properties: { x: schema }, required: ['x'] }, `{"x":${literal}}`)?.slice(5, -1);
}

describe('a string that should be a number or boolean', () => {
  it.each<[unknown, string, string]>([
    [{ type: 'integer' }, '"5"', '5'],
    [{ type: 'integer' }, '"-0"', '-0'],
    [{ type: 'integer' }, '"5.0"', '5.0'],
    [{ type: 'integer' }, '"1e2"', '1e2'],
    [{ type: 'integer' }, '"\\u0035"', '5'],
    [{ type: 'integer' }, '"9007199254740993"', '9007199254740993'],
    [{ type: 'integer' }, '"1e400"', '1e400'],
    [{ type: 'number' }, '"5.50"', '5.50'],
    [{ type: 'number', minimum: 5 }, '"5.5"', '5.5'],
    [{ type: ['integer', 'null'] }, '"5"', '5'],
    [{ type: ['boolean', 'integer'] }, '"true"', 'true'],
    [{ type: 'boolean' }, '"false"', 'false'],
    [{ enum: [1, 2] }, '"2"', '2'],
    [{ type: 'integer', enum: [1, 2] }, '"2.0"', '2.0'],
    [{ enum: [true] }, '"true"', 'true'],
    [{ const: 9007199254740992 }, '"9007199254740992"', '9007199254740992'],
    [{ type: 'array', items: { type: 'integer' } }, '["1", 2 ,"3"]', '[1, 2 ,3]'],
    [{ anyOf: [{ type: 'integer' }, { type: 'null' }] }, '"5"', '5'],
    [{ oneOf: [{ type: 'boolean' }, { type: 'integer' }] }, '"5"', '5'],
    [{ anyOf: [{ type: 'null' }, { anyOf: [{ type: 'object' }, { type: 'boolean' }] }] }, '"true"', 'true'],
    [{ patternProperties: { '^n': { type: 'integer' } } }, '{"n1":"1","s":"1"}', '{"n1":1,"s":"1"}'],
    [{ additionalProperties: { type: 'integer' } }, '{"__proto__":"1","b":2}', '{"__proto__":1,"b":2}'],
  ])('%j takes %s as %s', (schema, literal, expected) => {
    expect(coercedX(schema, literal)).toBe(expected);
  });

  it.each<[unknown, string]>([
    [{ type: 'integer' }, '"5.5"'],
    [{ type: 'integer' }, '"0x10"'],
    [{ type: 'integer' }, '""'],
    [{ type: 'integer' }, '" 5"'],
    [{ type: 'integer' }, '"5\\n"'],
    [{ type: 'integer' }, '"05"'],
    [{ type: 'integer' }, '"+5"'],
    [{ type: 'number' }, '".5"'],
    [{ type: 'number' }, '"5."'],
    [{ type: 'number' }, '"NaN"'],
    [{ type: 'number' }, '"Infinity"'],
    [{ type: 'integer' }, '"true"'],
    [{ type: 'integer' }, 'true'],
    [{ type: 'integer' }, '["5"]'],
    [{ type: 'integer', maximum: 4 }, '"5"'],
    [{ type: 'boolean' }, '"yes"'],
    [{ type: 'boolean' }, '"True"'],
    [{ type: 'boolean' }, '"1"'],
    [{ type: 'boolean' }, '1'],
    [{ type: 'string' }, '5'],
    [{ type: 'array' }, '"5"'],
    [{ type: 'null' }, '"null"'],
    [{ enum: [1, 2] }, '"3"'],
    [{ type: 'array', items: { type: 'integer' } }, '["1","b"]'],
  ])('%j does not take %s', (schema, literal) => {
    expect(coercedX(schema, literal)).toBeUndefined();
  });

  it('has a text or nothing for any string', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.double().map(String), fc.bigInt().map(String)), (string) => {
        const text = coercedX({ type: 'number' }, JSON.stringify(string));
        expect(text === undefined || text === string).toBe(true);
      }),
    );
  });
});

describe('a null', () => {
  const optional = { type: 'object', properties: { a: { type: 'string' }, b: { type: 'integer' } } };

  it('goes where the property may be missing', () => {
    expect(coerced(optional, '{"a":null,"b":1}')).toBe('{"b":1}');
    expect(coerced({ ...optional, additionalProperties: false }, '{"b":"1", "c":null}')).toBe('{"b":1}');
    expect(coerced({ propertyNames: { maxLength: 1 } }, '{"a":null,"bb":null}')).toBe('{"a":null}');
    expect(coerced({ properties: { o: optional } }, '{"o":{"a":null}}')).toBe('{"o":{}}');
    expect(coerced({ properties: { a: { enum: ['x', 'y'] } } }, '{"a":null}')).toBe('{}');
    expect(coerced({ properties: { a: { anyOf: [{ type: 'string' }, { type: 'object' }] } } }, '{"a":null}')).toBe(
      '{}',
    );
  });

  it('stays where it is needed, or not the fault', () => {
    expect(coerced({ ...optional, required: ['a'] }, '{"a":null}')).toBeUndefined();
    expect(coerced({ ...optional, minProperties: 1 }, '{"a":null}')).toBeUndefined();
    expect(coerced({ properties: { l: { items: { type: 'string' } } } }, '{"l":[null]}')).toBeUndefined();
    expect(coerced({ ...optional, properties: { ...optional.properties, a: {} } }, '{"a":null,"b":"1"}')).toBe(
      '{"a":null,"b":1}',
    );
  });
});

describe('in a union of objects', () => {
  const shape = (kind: string, n: unknown) => ({
    type: 'object',
    properties: { kind: { const: kind }, n },
    required: ['kind', 'n'],
  });

  it('the branch is mended that its discriminator names', () => {
    const schema = { oneOf: [shape('a', { type: 'boolean' }), shape('b', { type: 'integer' }), shape('c', {})] };
    expect(coerced(schema, '{"kind":"b", "n":"5"}')).toBe('{"kind":"b", "n":5}');
    expect(coerced(schema, '{"kind":"a", "n":"5"}')).toBeUndefined();
    expect(coerced({ items: schema }, '[{"kind":"c","n":"5"},{"kind":"a","n":"true"}]')).toBe(
      '[{"kind":"c","n":"5"},{"kind":"a","n":true}]',
    );
  });

  it('the branch is mended that leaves most as it is', () => {
    const schema = {
      anyOf: [
        { properties: { id: { type: 'integer' }, n: { type: 'integer' } } },
        { properties: { id: { type: 'string' }, n: { type: 'integer' } } },
      ],
    };
    expect(coerced(schema, '{"id":"7","n":"5"}')).toBe('{"id":"7","n":5}');
    // Two keywords fail at one place, which is one change.
    const level = { properties: { level: { type: 'integer', enum: [1, 2] }, l: {}, m: {} } };
    const others = { properties: { level: {}, l: { type: 'integer' }, m: { type: 'integer' } } };
    expect(coerced({ anyOf: [others, level] }, '{"level":"1","l":"1","m":"1"}')).toBe('{"level":1,"l":"1","m":"1"}');
  });

  it('nothing is done where two branches would fit then', () => {
    const branch = { properties: { n: { type: 'integer' } } };
    expect(coerced({ oneOf: [branch, branch] }, '{"n":"5"}')).toBeUndefined();
  });

  it('what shows only after the first mends is mended too', () => {
    const schema = parseJson(`{
      "properties": {"on": {"type": "boolean"}},
      "if": {"properties": {"on": {"const": true}}},
      "then": {"properties": {"n": {"type": "integer"}}},
      "else": {"properties": {"n": {"type": "string"}}}
    }`) as JsonObject;
    expect(coerced(schema, '{"on":"true","n":"5"}')).toBe('{"on":true,"n":5}');
    expect(coerced(schema, '{"on":"false","n":"5"}')).toBe('{"on":false,"n":"5"}');
  });
});

describe('the work', () => {
  const failures = [{ path: ['a'], keyword: 'type', expected: 'integer', actual: '5' }];

  it('ends when mending does not help', () => {
    let asked = 0;
    const never: Validator = {
      validate: () => {
        asked++;
        return { kind: 'invalid', failures };
      },
    };
    expect(coerce({ a: '5' }, failures, never)).toBeUndefined();
    expect(asked).toBeLessThanOrEqual(10);
  });

  it('ends when there is no verdict', () => {
    const unsure: Validator = { validate: () => ({ kind: 'unjudged', reason: 'over budget' }) };
    expect(coerce({ a: '5' }, failures, unsure)).toBeUndefined();
  });

  it('goes on where more was wrong than is told at once', () => {
    const count = 6 * MAX_FAILURES;
    const strings = Array.from({ length: count }, (_, index) => String(index));
    expect(coerced({ items: { type: 'integer' } }, JSON.stringify(strings)) === `[${strings.join(',')}]`).toBe(true);
  });
});

describe('any object', () => {
  const schema: JsonObject = {
    properties: { a: { type: 'integer' }, b: { type: 'boolean' }, c: { type: ['string', 'number'] } },
    additionalProperties: { $ref: '#' },
    type: 'object',
  };
  const leaf = fc.oneof(fc.constantFrom('5', '5.5', 'true', 'x', null, 7, false), fc.string());
  const { object } = fc.letrec((tie) => ({
    object: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.oneof(leaf, tie('object')), { maxKeys: 4 }),
  }));

  it('is changed only where it fails', () => {
    const validator = createValidator(schema);
    fc.assert(
      fc.property(object, fc.constantFrom(undefined, 1), (made, indent) => {
        const text = JSON.stringify(made, null, indent);
        const value = parseJson(text);
        const verdict = validator.validate(value, MAX_FAILURES);
        if (verdict.kind !== 'invalid') return;
        const result = coerced(schema, text);
        const wrong = new Set(verdict.failures.map(({ path }) => JSON.stringify(path)));
        const edits = result === undefined ? [] : (coerce(value, verdict.failures, validator)?.edits ?? []);
        for (const { path } of edits) expect(wrong).toContain(JSON.stringify(path));
      }),
    );
  });
});
