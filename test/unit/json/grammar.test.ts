import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isJson } from '../../../src/json/grammar.ts';

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('what is JSON', () => {
  it.each([
    '',
    ' ',
    '{}',
    '[]',
    '[ ]',
    '{ }',
    '[1,]',
    '[,1]',
    '{"a":1,}',
    '{,}',
    '{"a"}',
    '{"a":}',
    '{a:1}',
    "{'a':1}",
    '[1 2]',
    '1',
    '-0',
    '01',
    '1.',
    '.5',
    '1e5',
    '1e',
    '+1',
    '--1',
    'NaN',
    'true',
    'tru',
    'truefalse',
    'null ',
    ' null\n\t\r',
    '"a',
    '"\\x"',
    '"\\u12G4"',
    '"\\u1234"',
    '"\n"',
    '"\u2028"',
    '"\ud800"',
    '"\\"',
    '{"a":1}}',
    '[[1]',
    '[}',
    '{]',
    '[1]x',
    '{"a":{"b":[1,{"c":null}]}}',
    '\ufeff{}',
    '[1,\u00a02]',
    '{"a":1 "b":2}',
    '{"a":1,,"b":2}',
    '"a" "b"',
    '[1]\0',
  ])('%j as JSON.parse sees it', (text) => {
    expect(isJson(text)).toBe(parses(text));
  });

  it('is what JSON.parse takes, whole or broken', () => {
    const near = fc
      .json()
      .chain((text) =>
        fc
          .tuple(
            fc.nat(text.length),
            fc.nat(2),
            fc.constantFrom('', ',', '"', '{', '}', '[', ']', ':', '\\', '0', ' ', 'e'),
          )
          .map(([at, cut, put]) => text.slice(0, at) + put + text.slice(at + cut)),
      );
    fc.assert(fc.property(fc.oneof(fc.json(), near), (text) => isJson(text) === parses(text)));
  });

  it('may nest deeper than a stack goes', () => {
    expect(isJson(`${'['.repeat(200_000)}${']'.repeat(200_000)}`)).toBe(true);
    expect(isJson('[{"a":'.repeat(100_000))).toBe(false);
  });
});
