import { describe, expect, it } from 'vitest';
import { expandedSize } from '../../../../src/openapi/schema/expanded-size.ts';
import { translate } from '../../../../src/openapi/schema/translate.ts';
import type { JsonObject } from '../../../../src/json/value.ts';

const sizeOf = (schema: JsonObject) => expandedSize(translate(schema, 'arguments'));

describe('the expanded size', () => {
  it('is that of the tree where nothing refers', () => {
    expect(sizeOf({ type: 'object', properties: { a: { anyOf: [{}, {}] }, b: {} } })).toBe(5);
  });

  it('multiplies what is referred to again and again', () => {
    const levels = 40;
    const $defs: Record<string, JsonObject> = Object.fromEntries(
      Array.from({ length: levels }, (_, index) => {
        const next = { $ref: `#/$defs/d${index + 1}` };
        return [`d${index}`, { type: 'object', properties: { a: next, b: next } }];
      }),
    );
    $defs[`d${levels}`] = { type: 'object', properties: {} };
    const size = sizeOf({ type: 'object', properties: { x: { $ref: '#/$defs/d0' } }, $defs });
    expect(size).toBeGreaterThan(2 ** levels);
  });

  it('counts recursion once', () => {
    const many = Array.from({ length: 30 }, () => ({ $ref: '#/$defs/a' }));
    const $defs = { a: { type: 'object', properties: { all: { anyOf: many } } } };
    expect(sizeOf({ type: 'object', properties: { a: { $ref: '#/$defs/a' } }, $defs })).toBeLessThan(100);
    expect(sizeOf({ type: 'object', properties: { again: { $ref: '#' } } })).toBe(3);
  });

  it('does not care how long a chain is', () => {
    const $defs: Record<string, JsonObject> = Object.fromEntries(
      Array.from({ length: 5_000 }, (_, index) => [`d${index}`, { items: { $ref: `#/$defs/d${index + 1}` } }]),
    );
    $defs['d5000'] = { items: {} };
    expect(sizeOf({ type: 'object', properties: { x: { $ref: '#/$defs/d0' } }, $defs })).toBeGreaterThan(5_000);
  });
});
