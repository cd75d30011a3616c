// The keywords that ask something of a value itself and not of its parts: type, enum, const, limits of numbers, strings,
// arrays and objects. Their values in the schema are known to be allowed. A limit says nothing of a value of
// another type.

import { compareNumbers, isInteger, isMultipleOf, isNumber, type JsonNumber } from '../number.ts';
import { ExactNumber, isObject } from '../value.ts';
import { assertion, type Check } from './check.ts';
import { CHARS_PER_STEP, keyOf, sameValue } from './equality.ts';
import { preparePattern } from './pattern.ts';
import type { Run } from './run.ts';

/** `expected` is the keyword's value. */
export type Assertion = (expected: unknown, keyword: string) => Check;

export const assertions: ReadonlyMap<string, Assertion> = new Map<string, Assertion>([
  ['type', hasType],
  ['enum', isAmong],
  ['const', (expected, keyword) => assertion(keyword, expected, (value, run) => sameValue(value, expected, run))],
  ['minimum', onNumbers((value, limit) => compareNumbers(value, limit) >= 0)],
  ['maximum', onNumbers((value, limit) => compareNumbers(value, limit) <= 0)],
  ['exclusiveMinimum', onNumbers((value, limit) => compareNumbers(value, limit) > 0)],
  ['exclusiveMaximum', onNumbers((value, limit) => compareNumbers(value, limit) < 0)],
  ['multipleOf', onNumbers(isMultipleOf)],
  ['minLength', onStrings((value, limit, run) => isAtLeast(value, limit, run))],
  ['maxLength', onStrings((value, limit, run) => !isAtLeast(value, limit + 1, run))],
  ['pattern', matches],
  ['minItems', onArrays((value, limit) => value.length >= limit)],
  ['maxItems', onArrays((value, limit) => value.length <= limit)],
  ['uniqueItems', areUnique],
  ['minProperties', onObjects((count, limit) => count >= limit)],
  ['maxProperties', onObjects((count, limit) => count <= limit)],
]);

/** One bit per type; an integer is a number too. */
const typeBits: ReadonlyMap<unknown, number> = new Map([
  ['null', 1],
  ['boolean', 2],
  ['string', 4],
  ['number', 8],
  ['integer', 16],
  ['array', 32],
  ['object', 64],
]);
const NUMBER = 8;
const INTEGER = 8 + 16;

function hasType(expected: unknown, keyword: string): Check {
  let allowed = 0;
  for (const type of [expected].flat()) allowed |= typeBits.get(type) ?? 0;
  return assertion(keyword, expected, (value) => (bitsOf(value) & allowed) !== 0);
}

function bitsOf(value: unknown): number {
  switch (typeof value) {
    case 'string':
      return 4;
    case 'boolean':
      return 2;
    case 'number':
      return Number.isInteger(value) ? INTEGER : NUMBER;
    case 'object':
      if (value === null) return 1;
      if (Array.isArray(value)) return 32;
      if (value instanceof ExactNumber) return isInteger(value) ? INTEGER : NUMBER;
      return 64;
    default:
      return 0;
  }
}

/** Lists of values may be long: a set of them is made when the first value comes. */
function isAmong(expected: unknown, keyword: string): Check {
  const members: readonly unknown[] = Array.isArray(expected) ? expected : [];
  let plain: ReadonlySet<unknown> | undefined;
  let keys: ReadonlySet<string> | undefined;
  return assertion(keyword, expected, (value, run) => {
    if (plain === undefined) {
      run.spend(members.length / MEMBERS_PER_STEP);
      plain = new Set(members.filter((member) => !isComposite(member)));
    }
    if (!isComposite(value)) return plain.has(value);
    keys ??= new Set(members.filter(isComposite).map((member) => keyOf(member, run)));
    return keys.size > 0 && keys.has(keyOf(value, run));
  });
}

const MEMBERS_PER_STEP = 4;

/** What a Set does not compare as JSON Schema does. */
function isComposite(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function onNumbers(test: (value: JsonNumber, limit: JsonNumber) => boolean): Assertion {
  return (expected, keyword) => {
    const limit = expected as JsonNumber;
    return assertion(keyword, expected, (value, run) => {
      if (!isNumber(value)) return true;
      if (value instanceof ExactNumber) run.spend(value.text.length);
      if (limit instanceof ExactNumber) run.spend(limit.text.length);
      return test(value, limit);
    });
  };
}

function onStrings(test: (value: string, limit: number, run: Run) => boolean): Assertion {
  return onCounts((value, limit, run) => typeof value !== 'string' || test(value, limit, run));
}

function onArrays(test: (value: readonly unknown[], limit: number) => boolean): Assertion {
  return onCounts((value, limit) => !Array.isArray(value) || test(value, limit));
}

function onObjects(test: (count: number, limit: number) => boolean): Assertion {
  return onCounts((value, limit, run) => {
    if (!isObject(value)) return true;
    const count = Object.keys(value).length;
    run.spend(count / MEMBERS_PER_STEP);
    return test(count, limit);
  });
}

function onCounts(test: (value: unknown, limit: number, run: Run) => boolean): Assertion {
  return (expected, keyword) => {
    // No count comes near what a double cannot hold.
    const limit = Number(expected instanceof ExactNumber ? expected.text : expected);
    return assertion(keyword, expected, (value, run) => test(value, limit, run));
  };
}

/** Whether a string has so many code points. They are counted only where code units leave a doubt. */
function isAtLeast(value: string, count: number, run: Run): boolean {
  if (value.length < count) return false;
  if (value.length >= 2 * count) return true;
  run.spend(value.length / CHARS_PER_STEP);
  let points = value.length;
  for (let index = 0; index < value.length - 1; index++) {
    if (isHighSurrogate(value.charCodeAt(index)) && isLowSurrogate(value.charCodeAt(index + 1))) points--;
  }
  return points >= count;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}

function matches(expected: unknown, keyword: string): Check {
  const pattern = preparePattern(String(expected));
  return assertion(keyword, expected, (value, run) => {
    return typeof value !== 'string' || (pattern.test(value, run) ?? run.passUnsure());
  });
}

function areUnique(expected: unknown, keyword: string): Check {
  return assertion(keyword, expected, (value, run) => {
    if (expected !== true || !Array.isArray(value) || value.length < 2) return true;
    run.spend(value.length);
    const plain = new Set<unknown>();
    const keys = new Set<string>();
    for (const item of value as readonly unknown[]) {
      const size = plain.size + keys.size;
      if (isComposite(item)) keys.add(keyOf(item, run));
      else plain.add(item);
      if (plain.size + keys.size === size) return false;
    }
    return true;
  });
}
