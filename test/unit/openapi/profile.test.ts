import { describe, expect, it } from 'vitest';
import { printJson } from '../../../src/json/print.ts';
import { cutSchemaTexts, MAX_DESCRIPTION_CHARS, MAX_PARAMETER_CHARS } from '../../../src/openapi/profile.ts';

const long = 'x'.repeat(1_000);
const short = cutSchemaTexts({ title: long }, 50)['title'] as string;

describe('the limits of GPT Actions', () => {
  it('are those of its documentation', () => {
    expect([MAX_DESCRIPTION_CHARS, MAX_PARAMETER_CHARS]).toEqual([300, 700]);
  });
});

describe('texts of a schema', () => {
  it('are cut at any depth, and marked', () => {
    expect(short).toHaveLength(50);
    expect(short).toMatch(/^x+… \[cut\]$/);
    const schema = {
      description: long,
      properties: { a: { items: { title: long } } },
      anyOf: [{ not: { description: long } }],
      additionalProperties: { description: long },
    };
    expect(cutSchemaTexts(schema, 50)).toEqual({
      description: short,
      properties: { a: { items: { title: short } } },
      anyOf: [{ not: { description: short } }],
      additionalProperties: { description: short },
    });
  });

  it('are left where they are data, or the names of properties', () => {
    const schema = {
      default: { description: long },
      enum: [{ title: long }],
      const: long,
      pattern: long,
      properties: { description: { type: 'string' }, title: { default: long } },
      'x-text': { description: long },
    };
    expect(cutSchemaTexts(schema, 50)).toBe(schema);
  });

  it('are cut in a copy', () => {
    const untouched = { type: 'string' };
    const schema = { description: long, properties: { a: { description: long }, b: untouched } };
    const before = printJson(schema);
    const cut = cutSchemaTexts(schema, 50);
    expect(printJson(schema)).toBe(before);
    expect((cut['properties'] as Record<string, unknown>)['b']).toBe(untouched);
  });
});
