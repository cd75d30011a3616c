import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../src/json/value.ts';
import { downConvert } from '../../../../src/openapi/schema/down-convert.ts';
import { findLossy } from '../../../../src/openapi/schema/lossy.ts';

describe('components that 3.0 says less of', () => {
  it('are those with keywords it has no word for, and all that lead there', () => {
    const components: Record<string, JsonObject> = {
      a: { properties: { next: { $ref: 'b' } } },
      b: { items: { $ref: 'c' }, anyOf: [{ $ref: 'a' }] },
      c: { not: { propertyNames: {} } },
      d: { properties: { if: { $ref: 'e' } } },
      e: { default: { contains: {} } },
      f: { items: { $ref: 'before' } },
    };
    expect([...findLossy(Object.entries(components), new Set(['before']))].toSorted()).toEqual(['a', 'b', 'c', 'f']);
  });

  it('do not stand where allowing more would refuse something', () => {
    const [lossy, exact] = [{ $ref: 'lossy' }, { $ref: 'exact' }];
    const convert = (schema: JsonObject): unknown => downConvert({ ...schema }, new Set(['lossy']));
    expect(convert({ not: lossy })).toEqual({});
    expect(convert({ not: { items: lossy } })).toEqual({});
    expect(convert({ not: exact })).toEqual({ not: exact });
    expect(convert({ oneOf: [lossy, exact] })).toEqual({ anyOf: [lossy, exact] });
    expect(convert({ oneOf: [exact, { type: 'string' }] })).toEqual({ oneOf: [exact, { type: 'string' }] });
    expect(convert({ items: lossy })).toEqual({ items: lossy });
  });
});
