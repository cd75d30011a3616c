import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  compareNumbers,
  isInteger,
  isMultipleOf,
  isNumber,
  numberKey,
  sameNumber,
  type JsonNumber,
} from '../../../src/json/number.ts';
import { ExactNumber } from '../../../src/json/value.ts';

const exact = (text: string) => new ExactNumber(text);

test('numbers are doubles and exact numbers', () => {
  expect([0, exact('1e400'), '1', null, 1n].map(isNumber)).toEqual([true, true, false, false, false]);
});

test.each<[JsonNumber, boolean]>([
  [1, true],
  [-0, true],
  [1.5, false],
  [1e300, true],
  [5e-324, false],
  [exact('1e400'), true],
  [exact('1.0'), true],
  [exact('12.50e1'), true],
  [exact('12.50e0'), false],
  [exact('9007199254740993'), true],
  [exact('0.0000e-5'), true],
  [exact('1e1000000000'), true],
  [exact('1e-1000000000'), false],
])('whether %s is an integer: %s', (number, expected) => {
  expect(isInteger(number)).toBe(expected);
});

describe('comparing', () => {
  /** Each below the next. */
  const ascending: readonly JsonNumber[] = [
    exact('-1e1000000000'),
    exact('-1e400'),
    -1e308,
    exact('-9007199254740993'),
    -9007199254740992,
    -1.5,
    exact('-1e-400'),
    0,
    exact('1e-1000000000'),
    exact('1e-400'),
    0.1,
    exact('0.1000000000000000055'),
    0.2,
    1,
    exact('1.00000000000000000001'),
    9007199254740992,
    exact('9007199254740993'),
    9007199254740994,
    1e308,
    exact('1e309'),
    exact('2e309'),
    exact('1e1000000000'),
  ];

  test('goes by value', () => {
    for (const [at, a] of ascending.entries()) {
      for (const [index, b] of ascending.entries()) {
        expect(Math.sign(compareNumbers(a, b)) === Math.sign(at - index), `${numberKey(a)}, ${numberKey(b)}`).toBe(
          true,
        );
        expect(sameNumber(a, b)).toBe(at === index);
        expect(numberKey(a) === numberKey(b)).toBe(at === index);
      }
    }
  });

  test.each<[JsonNumber, JsonNumber]>([
    [0, -0],
    [1, exact('1.0')],
    [100, exact('1e2')],
    [0.1, exact('0.10')],
    [0.1, exact('1E-1')],
    [0, exact('-0.000e5')],
    [1e21, exact('1000000000000000000000')],
    [exact('1e400'), exact('10e399')],
    [exact('9007199254740993'), exact('9007199254740993.0')],
  ])('%s and %s are the same', (a, b) => {
    expect(sameNumber(a, b)).toBe(true);
    expect(numberKey(a)).toBe(numberKey(b));
  });
});

describe('multiples', () => {
  test.each<[JsonNumber, JsonNumber, boolean]>([
    [6, 3, true],
    [7, 3, false],
    [0, 0.7, true],
    [-0.3, 0.1, true],
    [0.3, 0.1, true],
    [1.1, 0.1, true],
    [0.35, 0.1, false],
    [4.02, 0.01, true],
    [0.0075, 0.0001, true],
    [0.00751, 0.0001, false],
    [1e308, 0.5, true],
    [1e308, 3, false],
    [1e308, 0.123456789, false],
    [1e-7, 1e-8, true],
    [exact('1e1000000000'), 7, false],
    [exact('1e1000000000'), 8, true],
    [exact('9007199254740993'), 3, true],
    [exact('9007199254740993'), 2, false],
    [exact('1e-1000000000'), 1, false],
    [1, exact('1e-1000000000'), true],
    [1, exact('1e400'), false],
  ])('whether %s is one of %s: %s', (number, divisor, expected) => {
    expect(isMultipleOf(number, divisor)).toBe(expected);
  });

  test('of decimals are exact', () => {
    const property = fc.property(fc.maxSafeNat(), fc.integer({ min: 1, max: 1e6 }), fc.nat(12), (n, d, places) => {
      const expected = n % d === 0;
      expect(isMultipleOf(exact(`${n}e-${places}`), exact(`${d}e-${places}`))).toBe(expected);
    });
    fc.assert(property);
  });
});
