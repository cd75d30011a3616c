import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { printJson, printYaml } from '../../../src/json/print.ts';
import { ExactNumber } from '../../../src/json/value.ts';

/** Texts that YAML could take for something else, between ordinary ones. */
const oddText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '',
    'yes',
    'No',
    '~',
    'null',
    '1.0',
    '0x1',
    '- a',
    'a: b',
    '#x',
    ' a',
    'a ',
    'a\n',
    'a\n\nb',
    'a\n b\n',
  ),
  fc.constantFrom(
    '\n',
    '\na',
    'a\n\n',
    'a\n\tb',
    'a\r\nb',
    'a\u0085b\nc',
    '\u2028',
    '\ufeff',
    '2020-01-01',
    '=',
    '<<',
    '|-',
    '?',
  ),
  fc.array(fc.constantFrom('a', ' ', '\n', '\t', '-', ':', '#', 'é'), { maxLength: 12 }).map((chars) => chars.join('')),
);

const anything = fc
  .jsonValue()
  .chain((json) =>
    fc.oneof(
      fc.constant(json),
      oddText,
      fc.dictionary(
        oddText,
        fc.oneof(oddText, fc.array(fc.oneof(oddText, fc.array(oddText), fc.dictionary(oddText, oddText)))),
      ),
    ),
  );

describe('printed values', () => {
  it('are read back as they were, from JSON and from YAML', () => {
    fc.assert(
      fc.property(anything, (value) => {
        expect(JSON.parse(printJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
        const text = printYaml({ value }, 0).slice(1);
        expect(parse(text)).toEqual(JSON.parse(JSON.stringify({ value })));
      }),
      { numRuns: 2_000 },
    );
  });

  it('keep the spelling of exact numbers', () => {
    const value = { max: new ExactNumber('18446744073709551615'), list: [new ExactNumber('1e400')] };
    expect(printJson(value)).toBe('{"max":18446744073709551615,"list":[1e400]}');
    expect(printYaml(value, 0)).toBe('\nmax: 18446744073709551615\nlist:\n  - 1e400');
  });

  it('leave out what is undefined and keep members of any name', () => {
    const value: unknown = JSON.parse('{"__proto__":{"x":1}}');
    expect(printJson({ a: undefined, b: [undefined], c: value })).toBe('{"b":[null],"c":{"__proto__":{"x":1}}}');
    expect(printYaml({ a: undefined, c: value }, 0)).toBe('\nc:\n  __proto__:\n    x: 1');
  });

  it('have no half surrogate pairs in YAML, which cannot say them', () => {
    expect(printYaml({ 'a\ud800': '\udc00\u{1f600}' }, 0)).toBe('\n"a\ufffd": "\ufffd\u{1f600}"');
    expect(printJson('\udc00')).toBe('"\\udc00"');
  });

  it('show several lines as lines', () => {
    expect(printYaml({ text: 'one\n\n  🎉', more: 'a\nb\n' }, 1)).toBe(
      '\n  text: |-\n    one\n\n      🎉\n  more: |\n    a\n    b',
    );
  });
});
