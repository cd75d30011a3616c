import { array, assert, constantFrom, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matches, matchesAny } from '../../src/glob.ts';

describe('a pattern', () => {
  it.each([
    ['read_file', 'read_file', true],
    ['read_file', 'read_files', false],
    ['read_file', 'Read_File', false],
    ['read_*', 'read_file', true],
    ['read_*', 'read_', true],
    ['*_file', 'read_file', true],
    ['*', '', true],
    ['*', 'anything', true],
    ['', '', true],
    ['', 'a', false],
    ['?', '', false],
    ['?', 'a', true],
    ['a?c', 'abc', true],
    ['a*b*c', 'aXbXbXc', true],
    ['a*b*c', 'aXcXb', false],
    ['**', 'a', true],
    ['a.b', 'axb', false],
    ['[ab]', 'a', false],
    ['(a|b)+', '(a|b)+', true],
    ['*', '*', true],
    ['\\*', '\\x', true],
  ])('%s and %s: %s', (pattern, name, expected) => expect(matches(pattern, name)).toBe(expected));

  it('agrees with the regular expression of the same meaning', () => {
    const piece = constantFrom('a', 'b', '*', '?');
    assert(
      property(array(piece, { maxLength: 8 }), array(constantFrom('a', 'b'), { maxLength: 8 }), (parts, letters) => {
        const expression = new RegExp(`^${parts.join('').replaceAll('*', '.*').replaceAll('?', '.')}$`);
        expect(matches(parts.join(''), letters.join(''))).toBe(expression.test(letters.join('')));
      }),
      { numRuns: 2000 },
    );
  });

  it('does not explode, whatever it is', () => {
    expect(matches(`${'*a'.repeat(1000)}b`, 'a'.repeat(2000))).toBe(false);
  });
});

it('matches any of several, or none of none', () => {
  expect(matchesAny(['x', 'r*'], 'read')).toBe(true);
  expect(matchesAny(['x', 'y'], 'read')).toBe(false);
  expect(matchesAny([], 'read')).toBe(false);
});
