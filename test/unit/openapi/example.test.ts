import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { printJson } from '../../../src/json/print.ts';
import { createValidator } from '../../../src/json/schema/validate.ts';
import { ExactNumber, isObject, type JsonObject } from '../../../src/json/value.ts';
import { exampleOf } from '../../../src/openapi/example.ts';
import { defaultForm } from '../../../src/openapi/form.ts';
import { createToolSchemas } from '../../../src/openapi/tool-schema.ts';

const plain = (schema: Record<string, unknown>): unknown => JSON.parse(JSON.stringify(exampleOf(schema) ?? null));

describe('an example', () => {
  it('has what is required, and what has a default', () => {
    const properties = {
      city: { type: 'string' },
      days: { type: 'integer', default: 3 },
      unit: { enum: ['c', 'f'] },
      more: { type: 'object', properties: { x: { default: 1 }, y: { type: 'boolean' } }, required: ['y'] },
      not: { type: 'string' },
    };
    expect(plain({ type: 'object', properties, required: ['city', 'unit', 'more'] })).toEqual({
      city: 'text',
      unit: 'c',
      more: { y: true },
      days: 3,
    });
  });

  it.each([
    [{ const: null }, null],
    [{ examples: [7], type: 'integer' }, 7],
    [{ type: 'integer', minimum: 10 }, 10],
    [{ type: 'integer', exclusiveMinimum: 10 }, 11],
    [{ type: 'integer', maximum: -1 }, -1],
    [{ type: 'number', exclusiveMaximum: 0.5 }, 0],
    [{ type: 'integer', minimum: 7, multipleOf: 5 }, 10],
    [{ type: 'string', minLength: 6 }, 'textte'],
    [{ type: 'string', maxLength: 2 }, 'te'],
    [{ type: 'string', format: 'date' }, '2026-01-31'],
    [{ type: ['null', 'boolean'] }, true],
    [{ type: 'array', items: { type: 'integer' }, minItems: 2 }, [1, 1]],
    [{ type: 'array', prefixItems: [{ type: 'string' }, { type: 'boolean' }], items: {} }, ['text', true]],
    [{ type: 'array', items: {} }, []],
    [{ anyOf: [{ type: 'null' }, { type: 'integer' }] }, 1],
    [
      { allOf: [{ properties: { a: { type: 'boolean' }, b: {} }, required: ['a'] }, { required: ['b'] }] },
      { a: true, b: 'text' },
    ],
    [{ properties: { a: { type: 'null' } }, minProperties: 1 }, { a: null }],
    [{ type: 'object', default: { ready: 1 }, required: ['x'] }, { ready: 1 }],
    [JSON.parse('{"properties":{"__proto__":{}},"required":["__proto__"]}'), JSON.parse('{"__proto__":"text"}')],
    [{ type: 'integer', minimum: 2.5 }, 3],
    [{ type: 'integer', maximum: -1, multipleOf: 3 }, -3],
    [{ type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 0.3 }, 0.15],
    [{ type: 'string', pattern: '^\\d{4}-\\d{2}-\\d{2}$' }, '2026-01-31'],
    [{ type: 'string', pattern: '^[0-9a-f]{40}$' }, '1'.repeat(40)],
    [{ type: 'string', pattern: '^https?://' }, 'https://example.com/'],
    [{ type: 'string', pattern: '^[a-z]+$', minLength: 6 }, 'textte'],
    [{ type: 'integer', default: null, examples: ['5', 7] }, 7],
    [{ anyOf: [{ type: 'integer', default: '5' }, { type: 'null' }] }, 1],
    [
      {
        properties: { kind: { type: 'string' } },
        required: ['kind'],
        oneOf: [{ properties: { kind: { const: 'a' } } }, { properties: { kind: { const: 'b' } } }],
      },
      { kind: 'a' },
    ],
  ])('of %j is %j', (schema, example) => {
    expect(plain(schema as Record<string, unknown>)).toEqual(example);
  });

  it('keeps to limits that a double cannot hold', () => {
    const least = new ExactNumber('9007199254740993');
    expect(printJson(exampleOf({ type: 'integer', minimum: least }))).toBe('9007199254740993');
  });

  it('leaves out defaults that are not allowed', () => {
    const properties = { a: { type: 'string', default: null }, b: { type: 'integer', default: 2 } };
    expect(plain({ type: 'object', properties })).toEqual({ b: 2 });
  });

  it.each([
    { type: 'string', pattern: '^needle in a haystack$' },
    { type: 'string', pattern: '^(?=text)' },
    { type: 'integer', minimum: 0.1, maximum: 0.9 },
    { type: 'integer', enum: ['a'] },
  ])('is not there where nothing is known to fit: %j', (schema) => {
    expect(exampleOf({ properties: { a: schema }, required: ['a'] })).toBeUndefined();
  });

  it('is not there where it would take many patterns', () => {
    const patterns = Array.from({ length: 100 }, (_, index) => [`p${index}`, { type: 'string', pattern: '^text$' }]);
    const [some, many] = [Object.fromEntries(patterns.slice(0, 20)), Object.fromEntries(patterns)];
    expect(exampleOf({ properties: some, required: Object.keys(some) })).toBeDefined();
    expect(exampleOf({ properties: many, required: Object.keys(many) })).toBeUndefined();
  });

  it('follows references as far as it is told what they mean', () => {
    const node = { type: 'object', properties: { next: { $ref: '#node' } }, required: ['next'] };
    expect(exampleOf({ $ref: '#id' }, () => ({ type: 'integer' }))).toBe(1);
    expect(() => exampleOf(node, () => node)).not.toThrow();
  });

  it('is not there where something is required that the schema does not describe', () => {
    expect(exampleOf({ properties: { a: {} }, required: ['b'] })).toBeUndefined();
    expect(exampleOf({ required: ['constructor'] })).toBeUndefined();
  });

  it('is not there where it, or its schema, would be large', () => {
    const properties = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`p${index}`, {}]));
    expect(exampleOf({ properties, required: ['p1'] })).toBeUndefined();
    const row = { type: 'object', properties: { a: {}, b: {} }, required: ['a', 'b'] };
    expect(exampleOf({ items: row, minItems: 5_000 })).toBeUndefined();
    expect(exampleOf({ const: 'x'.repeat(20_000) })).toBeUndefined();
  });

  it('works for nearly all tools of real servers', () => {
    const folder = new URL('../../fixtures/tool-lists/', import.meta.url);
    const schemas = readdirSync(folder).flatMap((name) =>
      inputSchemasIn(JSON.parse(readFileSync(new URL(name, folder), 'utf8'))),
    );
    expect(schemas.length).toBeGreaterThan(100);
    const working = schemas.filter((schema) => {
      const steps = createToolSchemas(defaultForm).add(schema, 'x', 'arguments');
      let step = steps.next();
      while (step.done !== true) step = steps.next();
      const { root } = step.value;
      return createValidator(schema).validate(exampleOf(root), 1).kind === 'valid';
    });
    expect(working.length / schemas.length).toBeGreaterThan(0.95);
  });
});

function inputSchemasIn(value: unknown): JsonObject[] {
  if (Array.isArray(value)) return value.flatMap(inputSchemasIn);
  if (!isObject(value)) return [];
  const { inputSchema } = value;
  return isObject(inputSchema) ? [inputSchema] : Object.values(value).flatMap(inputSchemasIn);
}
