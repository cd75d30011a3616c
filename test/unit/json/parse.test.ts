import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJson } from '../../../src/json/parse.ts';
import { ExactNumber } from '../../../src/json/value.ts';

/** Not to be lost by a double, whatever stands beside it: sends every text down the exact path. */
const WITNESS = '9007199254740993';

function parseBesideWitness(text: string): unknown {
  const [value, witness] = parseJson(`[${text},${WITNESS}]`) as unknown[];
  expect(witness).toEqual(new ExactNumber(WITNESS));
  return value;
}

describe('parseJson', () => {
  it.each([
    '0',
    '-0',
    '5',
    '1.0',
    '1.50',
    '1e2',
    '1E+2',
    '0e400',
    '0.1',
    '1e23',
    '5e-324',
    '1.7976931348623157e308',
    '9007199254740992',
    '9007199254740992.0',
    '0.30000000000000004',
    '100000000000000000000000000',
    '-123456789012345.6',
    `1${'0'.repeat(400)}e-400`,
  ])('takes %s for a double', (literal) => {
    expect(parseJson(literal)).toBe(JSON.parse(literal));
    expect(parseBesideWitness(literal)).toBe(JSON.parse(literal));
  });

  it.each([
    '9007199254740993',
    '-9007199254740993',
    '9007199254740993.0',
    '900719925474099.30e1',
    '123456789012345683968',
    '1e400',
    '-1e400',
    '1e-400',
    '1e99999999999999999999999',
    '0.1000000000000000055511151231257827',
    '0.30000000000000002',
    `0.${'0'.repeat(400)}1`,
    `1${'0'.repeat(400)}`,
  ])('keeps the text of %s', (literal) => {
    expect(parseJson(literal)).toEqual(new ExactNumber(literal));
    expect(parseJson(`{"a":[ ${literal} ]}`)).toEqual({ a: [new ExactNumber(literal)] });
  });

  it('leaves strings alone, whatever digits they hold', () => {
    const text = '{"id":"9007199254740993","uuid":"550e8400-e29b","9007199254740993":"1e400\\"1e400"}';
    expect(parseJson(text)).toEqual(JSON.parse(text));
  });

  it('makes `__proto__` an own member', () => {
    const value = parseJson(`{"__proto__":{"n":${WITNESS}},"constructor":1}`) as object;
    expect(Object.entries(value)).toEqual([
      ['__proto__', { n: new ExactNumber(WITNESS) }],
      ['constructor', 1],
    ]);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });

  it('takes the last of duplicate keys', () => {
    expect(parseJson(`{"a":${WITNESS},"b":1,"\\u0061":2}`)).toEqual({ a: 2, b: 1 });
    expect(Object.entries(parseJson('{"__proto__":1e400,"__proto__":2}') as object)).toEqual([['__proto__', 2]]);
  });

  it('reads any depth', () => {
    const depth = 100_000;
    let value = parseJson(`${'[{"a":'.repeat(depth)}1e400${'}]'.repeat(depth)}`);
    for (let at = 0; at < depth; at++) value = (value as [{ a: unknown }])[0].a;
    expect(value).toEqual(new ExactNumber('1e400'));
  });

  it.each(['', '{', '[1,]', '{"a":1e400', '01', '1e400 x', '"\n"', 'NaN', `[${WITNESS},]`])('refuses %j', (text) => {
    expect(() => parseJson(text)).toThrow(SyntaxError);
  });

  it('agrees with JSON.parse where nothing is lost', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), fc.constantFrom(undefined, 1, '\t'), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        const expected: unknown = JSON.parse(text);
        expect(parseJson(text)).toStrictEqual(expected);
        expect(parseBesideWitness(text)).toStrictEqual(expected);
      }),
    );
  });

  it('gives back every integer', () => {
    fc.assert(
      fc.property(fc.bigInt(), (number) => {
        const read = parseJson(String(number));
        expect(read instanceof ExactNumber ? BigInt(read.text) : shortest(read as number)).toBe(number);
      }),
    );
  });
});

/** The integer that a double prints: 123456789012345680000, whose double is a little less. */
function shortest(double: number): bigint {
  const [digits = '', exponent = '0'] = String(double).split('e');
  const [whole = '', fraction = ''] = digits.split('.');
  return BigInt(whole + fraction) * 10n ** BigInt(Number(exponent) - fraction.length);
}
