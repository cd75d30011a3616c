import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findSyntaxError } from '../../../src/openapi/syntax.ts';

describe('findSyntaxError', () => {
  it.each([
    ['{"a":}', 1, 6],
    ['{"a" 1}', 1, 6],
    ['{a:1}', 1, 2],
    ["{'a':1}", 1, 2],
    ['{"a":1,}', 1, 8],
    ['[1,]', 1, 4],
    ['[1 2]', 1, 4],
    ['{"a":1}}', 1, 8],
    ['{"a":01}', 1, 6],
    ['{"a":tru}', 1, 6],
    ['{"a":NaN}', 1, 6],
    ['{\n  "a": 1,\n  b\n}', 3, 3],
    ['{"a":"\\x"}', 1, 7],
    ['{"a":"tab\there"}', 1, 10],
    ['[1}', 1, 3],
    ['// c\n{}', 1, 1],
  ])('finds the place in %j', (text, line, column) => {
    expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
    expect(findSyntaxError(text)).toEqual({ line, column, atEnd: false });
  });

  it.each(['{"a":', '[1', '{"a":"b', '{', '"', '{"a":1', '[[[['])('sees that %j is cut off', (text) => {
    expect(findSyntaxError(text).atEnd).toBe(true);
  });

  it('agrees with JSON.parse on what is JSON', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(), (text, seed) => {
        expect(findSyntaxError(text).atEnd).toBe(true);
        const at = seed % text.length;
        const broken = `${text.slice(0, at)}\u0001${text.slice(at)}`;
        expect(findSyntaxError(broken).column).toBeLessThanOrEqual(at + 1);
      }),
    );
  });

  it('costs no stack and no more than one pass', () => {
    expect(findSyntaxError('['.repeat(200_000)).atEnd).toBe(true);
    expect(findSyntaxError(`"${'x'.repeat(2_000_000)}\n"`).column).toBe(2_000_002);
  });
});
