import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { elements, inspectJson, memberSpan } from '../../../src/json/scan.ts';

function textAt(text: string, path: readonly (string | number)[]): string | undefined {
  const span = memberSpan(text, path);
  return span && text.slice(span.start, span.end);
}

describe('memberSpan', () => {
  it('gives the very text of a value', () => {
    const text = ' {"a" : { "b\\"" : [ 1.0, 9007199254740993 , {"c":1e2} ] } , "d":"x"} ';
    expect(textAt(text, ['a', 'b"', 1])).toBe('9007199254740993');
    expect(textAt(text, ['a', 'b"', 0])).toBe('1.0');
    expect(textAt(text, ['a', 'b"', 2])).toBe('{"c":1e2}');
    expect(textAt(text, ['d'])).toBe('"x"');
    expect(textAt(text, [])).toBe(text.trim());
  });

  it('knows what is not there', () => {
    expect(textAt('{"a":1}', ['b'])).toBeUndefined();
    expect(textAt('{"a":1}', ['a', 'b'])).toBeUndefined();
    expect(textAt('[1]', [1])).toBeUndefined();
    expect(textAt('"a"', ['a'])).toBeUndefined();
  });

  it('takes the last of duplicate keys, escaped or not, as JSON.parse does', () => {
    expect(textAt('{"a":1,"\\u0061":2}', ['a'])).toBe('2');
  });

  it('finds in any document what JSON.parse finds', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom(undefined, 1, '\t'), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        const parsed = JSON.parse(text) as Record<string, unknown>;
        for (const key of Object.keys(parsed)) {
          expect(JSON.parse(textAt(text, [key]) ?? 'nothing')).toEqual(parsed[key]);
        }
      }),
    );
  });
});

describe('elements', () => {
  it('gives each element of an array', () => {
    const text = '[ 1.50, [2,3] ,"a,]b" ]';
    expect(elements(text, 0).map((span) => text.slice(span.start, span.end))).toEqual(['1.50', '[2,3]', '"a,]b"']);
    expect(elements('[]', 0)).toEqual([]);
    expect(elements('{}', 0)).toEqual([]);
  });
});

describe('inspectJson', () => {
  it('measures depth without recursion', () => {
    expect(inspectJson('1').depth).toBe(0);
    expect(inspectJson('{"a":[{}]}').depth).toBe(3);
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    expect(inspectJson(deep).depth).toBe(100_000);
  });

  it.each([
    ['[123456789012345,1.5,-2,true,null]', false],
    ['{"1e5":"1234567890123456"}', false],
    ['9007199254740993', true],
    ['[ 1e5 ]', true],
    ['{"a":[{"b":1.00000000000000001 }]}', true],
  ])('sees in %j whether a number is long', (text, longNumber) => {
    expect(inspectJson(text).longNumber).toBe(longNumber);
  });

  it('finds a key again among many, and forgets them with their object', () => {
    const members = Array.from({ length: 100 }, (_, index) => `"k${index}":1`).join(',');
    expect(inspectJson(`[{${members}},{${members}}]`).duplicateKey).toBeUndefined();
    expect(inspectJson(`[{${members}},{${members},"k3":2}]`).duplicateKey).toBe('k3');
  });

  it('finds a repeated key at any depth and however it is written', () => {
    expect(inspectJson('{"a":1,"b":{"a":1}}').duplicateKey).toBeUndefined();
    expect(inspectJson('[{"a":1},{"a":1}]').duplicateKey).toBeUndefined();
    expect(inspectJson('{"x":[{"b":1,"c":["b","b"],"b":2}]}').duplicateKey).toBe('b');
    expect(inspectJson('{"a":"a","\\u0061":2}').duplicateKey).toBe('a');
    expect(inspectJson('{"__proto__":1,"__proto__":2}').duplicateKey).toBe('__proto__');
    expect(inspectJson('{"a":"}{,\\"a","b":"a"}').duplicateKey).toBeUndefined();
  });
});
