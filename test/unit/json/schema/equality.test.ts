import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keyOf, sameValue } from '../../../../src/json/schema/equality.ts';
import { Run } from '../../../../src/json/schema/run.ts';
import { ExactNumber } from '../../../../src/json/value.ts';

const same = (a: unknown, b: unknown) => sameValue(a, b, new Run());
const key = (value: unknown) => keyOf(value, new Run());

test.each<[unknown, unknown, boolean]>([
  [1, 1, true],
  [1, '1', false],
  [1, true, false],
  [0, false, false],
  [0, null, false],
  ['', null, false],
  [{}, [], false],
  [[], null, false],
  [{ a: 1, b: [2] }, { b: [2], a: 1 }, true],
  [{ a: 1 }, { a: 1, b: 2 }, false],
  [{ a: 1, b: 2 }, { a: 1 }, false],
  [{ a: undefined }, { b: undefined }, false],
  [[1, 2], [2, 1], false],
  [[[1]], [[1]], true],
  [JSON.parse('{"__proto__": 1}'), {}, false],
  [JSON.parse('{"__proto__": 1}'), JSON.parse('{"__proto__": 1}'), true],
  [{ toString: 1 }, {}, false],
  [[new ExactNumber('1e400')], [new ExactNumber('10e399')], true],
  [{ a: new ExactNumber('9007199254740993') }, { a: 9007199254740992 }, false],
  [['a,b'], ['a', 'b'], false],
  ['["a"]', ['a'], false],
])('whether %j equals %j: %s', (a, b, expected) => {
  expect(same(a, b)).toBe(expected);
  expect(same(b, a)).toBe(expected);
  expect(key(a) === key(b)).toBe(expected);
});

test('keys are the same exactly where values are', () => {
  const value = fc.jsonValue({ maxDepth: 2 });
  const pairs = fc.property(value, value, (a, b) => {
    expect(key(a) === key(b)).toBe(same(a, b));
    expect(same(a, structuredClone(a))).toBe(true);
  });
  fc.assert(pairs);
});

test('values deeper than the stack end the run', () => {
  let value: unknown = 1;
  for (let depth = 0; depth < 100_000; depth++) value = [value];
  expect(() => key(value)).toThrow('nests too deeply');
  expect(() => same(value, structuredCloneOf(value))).toThrow('nests too deeply');
});

/** Iteratively: the real one recurses. */
function structuredCloneOf(nested: unknown): unknown {
  let depth = 0;
  for (let inner = nested; Array.isArray(inner); inner = (inner as unknown[])[0]) depth++;
  let copy: unknown = 1;
  for (let index = 0; index < depth; index++) copy = [copy];
  return copy;
}
