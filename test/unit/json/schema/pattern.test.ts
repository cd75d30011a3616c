import { describe, expect, test } from 'vitest';
import { preparePattern } from '../../../../src/json/schema/pattern.ts';
import { Run } from '../../../../src/json/schema/run.ts';

const find = (source: string, text: string) => preparePattern(source).test(text, new Run());

/** Characters about which regular expression languages disagree, and some words. */
const texts = [
  ...Array.from('abAz0_-/ \t\n\r\v\b\u0000\u0001\u007f\u00a0\u2028\ufeff\u200béſKπЖ中٣😀\\][^$.{}pukx'),
  ...' ab aab a{2} {2} p{L} uu xg a] :] && 😀😀 2024-01-31 https://a.b/c'.split(' '),
  'a\n',
  '\na',
];

/** By the rules of the flag `u`. */
const sources = String.raw`
  ^a b$ ^$ ^.$ ^..$ a|b ^(a|b)+$ (?<first>a)(?:b) ^a{2}b ^a{1,}b$ ^a*?b ^a??$ () (?:) ^(?:a|)b ^(?:(?:a+)+)+$
  \d ^\D$ \w ^\W$ \s ^\S$ [\s] ^[\S]$ ^[^\s]$ ^[^\S]$ [\d-] [-a] [a-] [+--] [!-/] [\-a] [a&&b] [.] [$] [^^]
  [^] ^[^]$ [] [\]] [[] [\\] ^[^a]$ \ba \Ba [\b] \t \n \v \r \f \0 \cA \x41 \u0041 \u{1F600}
  \ud83d\ude00 ^[\ud83d\ude00]$ ^😀$ ^[😀]$ \/ \. ^\^ \$ \{2\} ^\d{4}-\d{2}-\d{2}$ ^https?:\/\/ ^[a-zA-Z0-9_-]{1,64}$
  \p{L} ^\P{L}$ \p{Letter} \p{Lu} \p{Uppercase_Letter} \p{gc=Ll} \p{General_Category=Decimal_Number} \p{Script=Greek}
  \p{sc=Cyrillic} \p{Alphabetic} \p{White_Space} \p{ASCII} \P{ASCII} \p{Emoji} \p{Any} [\p{L}\d] [^\p{L}]
`;

/** Only without the flag. */
const legacySources = String.raw`\- ^\_$ { a{ ^{2 ] } a{,2} [\w-a]`;

const listOf = (words: string) => words.trim().split(/\s+/);

describe('finds what the language finds', () => {
  test.each(listOf(sources))('%s', (source) => {
    const native = new RegExp(source, 'u');
    for (const text of texts) expect([text, find(source, text)]).toEqual([text, native.test(text)]);
  });

  test.each(listOf(legacySources))('%s, which only older rules allow', (source) => {
    expect(() => new RegExp(source, 'u')).toThrow(SyntaxError);
    const native = new RegExp(source);
    for (const text of texts) expect([text, find(source, text)]).toEqual([text, native.test(text)]);
  });
});

test.each([
  ['(?=a)', 'lookahead'],
  ['^(?!a)', 'negative lookahead'],
  ['(?<=a)b', 'lookbehind'],
  ['(a)\\1', 'a backreference'],
  ['(?<n>a)\\k<n>', 'a named backreference'],
  ['a{1,5000}', 'more repetitions than RE2 has'],
  ['(?:[a-z]{1,900}){1,900}', 'repetitions of repetitions'],
  [`^(?:${'ab|'.repeat(1_000)}c){1,3}$`, 'too much to compile'],
  ['a'.repeat(10_000), 'too long a text'],
  ['\\p{Script_Extensions=Greek}', 'a property that RE2 does not have'],
  ['\\p{Changes_When_Lowercased}', 'another property'],
  ['\\Aa\\Z', 'anchors of other languages'],
  ['^a\\z', 'another anchor'],
  ['^\\h+[\\w-.]', 'a class of other languages'],
  ['^[[:alpha:]]+$', 'a POSIX class'],
  ['\\u{1F600}[\\w-.]', 'a code point that older rules do not know'],
])('%s is not run: %s', (source) => {
  expect(find(source, 'a')).toBeUndefined();
});

test.each(['(', ')', '[', 'a**', '(?<n>a)(?<n>b)', '*', '\\', '[b-a]', '(?P<n>a)'])('%s is no pattern', (source) => {
  expect(() => find(source, 'a')).toThrow('is no regular expression');
});

describe('work', () => {
  test('nothing is compiled before the first text', () => {
    expect(() => preparePattern('(')).not.toThrow();
  });

  test('grows with the text and not faster, whatever the pattern', () => {
    const pattern = preparePattern('^(a+)+$');
    expect(pattern.test(`${'a'.repeat(10_000)}b`, new Run())).toBe(false);
    expect(() => pattern.test('a'.repeat(1_000_000), new Run())).toThrow('too much work');
  });

  test('of compiling many large patterns ends the run', () => {
    const run = new Run();
    const compile = (index: number) => preparePattern(`^[a-z]{0,900}${index}$`).test('a', run);
    expect(() => Array.from({ length: 100 }, (_, index) => compile(index))).toThrow('too much work');
  });

  test('of remembering what a text looked like is charged, and what is remembered is bounded', () => {
    const pattern = preparePattern('[a-z]{200}$');
    const text = Array.from({ length: 1_000 }, (_, index) => 'ab'[(index * 7919) % 2]).join('');
    const run = new Run();
    pattern.test(`${text}1`, run);
    const again = () => Array.from({ length: 10 }, () => pattern.test(`${text}1`, run));
    expect(again).toThrow('too much work');
  });
});
