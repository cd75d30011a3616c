// The words for each keyword of JSON Schema that a value can fail: `must be an integer, not the string "abc"`. Each goes
// on where a subject stopped, is short, names what was expected, and shows no more of a value than is needed to
// recognise it.

import { printJson } from '../json/print.ts';
import type { Failure } from '../json/schema/verdict.ts';
import { ExactNumber, isObject, type JsonObject } from '../json/value.ts';
import { nearest } from '../nearest.ts';
import type { Kinds } from './closest-branch.ts';
import { dataProblem } from './schema/data.ts';
import { cutText } from './text.ts';

export interface Telling {
  /** The schema of the whole value: its properties are named where an unknown one was given. */
  readonly schema: JsonObject;
  /** Whether values may be shown. What a caller sent may, to that caller; what goes into a log may not. */
  readonly showValues: boolean;
}

/** Enough to recognise a value by. */
const MAX_VALUE_CHARS = 60;
const MAX_PATTERN_CHARS = 200;
/** Of a list of values or names. */
const MAX_LISTED = 20;
const MAX_LIST_CHARS = 300;
/** Of a longer list nobody is told what comes near: looking costs too much. */
const MAX_COMPARED = 1_000;

export function sentenceOf(failure: Failure, telling: Telling): string {
  const { keyword, expected, actual } = failure;
  switch (keyword) {
    case 'type':
      return mustBe({ types: [expected].flat().map(String), values: [] }, actual, telling);
    case 'const':
      return mustBe({ types: [], values: [expected] }, actual, telling);
    case 'enum':
      return mustBe({ types: [], values: [expected].flat() }, actual, telling);
    case 'required':
      return 'is required';
    case 'dependentRequired':
    case 'dependencies':
      return `is required${whenGiven(failure)}`;
    case 'false':
    case 'additionalProperties':
    case 'unevaluatedProperties':
    case 'additionalItems':
    case 'unevaluatedItems':
    case 'items':
      return notAllowed(failure, telling);
    case 'propertyNames':
      return `is not an allowed name${namePattern(expected)}`;
    case 'minimum':
      return `must be at least ${shown(expected)}${butIs(actual, telling)}`;
    case 'maximum':
      return `must be at most ${shown(expected)}${butIs(actual, telling)}`;
    case 'exclusiveMinimum':
      return `must be greater than ${shown(expected)}${butIs(actual, telling)}`;
    case 'exclusiveMaximum':
      return `must be less than ${shown(expected)}${butIs(actual, telling)}`;
    case 'multipleOf':
      return `must be a multiple of ${shown(expected)}${butIs(actual, telling)}`;
    case 'pattern':
      return `must match the pattern ${cutText(String(expected), MAX_PATTERN_CHARS)}`;
    case 'minLength':
      return `must have at least ${counted(expected, 'character', 'characters')}`;
    case 'maxLength':
      return `must have at most ${counted(expected, 'character', 'characters')}`;
    case 'minItems':
      return `must have at least ${counted(expected, 'item', 'items')}`;
    case 'maxItems':
      return `must have at most ${counted(expected, 'item', 'items')}`;
    case 'minProperties':
      return `must have at least ${counted(expected, 'property', 'properties')}`;
    case 'maxProperties':
      return `must have at most ${counted(expected, 'property', 'properties')}`;
    case 'uniqueItems':
      return 'must not have the same item twice';
    case 'contains':
      return 'must have an item of the required kind';
    case 'minContains':
      return `must have at least ${counted(expected, 'item', 'items')} of the required kind`;
    case 'maxContains':
      return `must have at most ${counted(expected, 'item', 'items')} of the required kind`;
    case 'not':
      return excluded(expected);
    case 'oneOf':
      return 'fits more than one of the allowed forms, and must fit exactly one';
    default:
      return `does not fit what the schema says with ${JSON.stringify(cutText(keyword, MAX_VALUE_CHARS))}`;
  }
}

const typeNames: ReadonlyMap<string, string> = new Map([
  ['array', 'an array'],
  ['boolean', 'a boolean'],
  ['integer', 'an integer'],
  ['null', 'null'],
  ['number', 'a number'],
  ['object', 'an object'],
  ['string', 'a string'],
]);

/** The value is of no kind that may stand there. */
export function mustBe({ types, values }: Kinds, actual: unknown, telling: Telling): string {
  const named = types.map((type) => typeNames.get(type) ?? type);
  if (values.length === 0) {
    return named.length === 0 ? 'is not allowed' : `must be ${joined(named, 'or')}${butIs(actual, telling)}`;
  }
  if (named.length > 0) return `must be ${joined(named, 'or')}, or one of: ${listOf(values)}`;
  if (values.length === 1) return `must be ${shown(values[0])}${butIs(actual, telling)}`;
  return `must be one of: ${listOf(values)}${telling.showValues ? nearTo(actual, values) : ''}`;
}

function butIs(actual: unknown, { showValues }: Telling): string {
  return `, not ${showValues ? described(actual) : kindOf(actual)}`;
}

/** `the string "abc"`, `5`, `an array`. */
function described(value: unknown): string {
  if (typeof value === 'string') return `the string ${shown(value)}`;
  return typeof value === 'object' && !(value instanceof ExactNumber) ? kindOf(value) : shown(value);
}

/** `null`, `an array`, `a string`. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (isObject(value)) return 'an object';
  return typeof value === 'object' ? 'a number' : `a ${typeof value}`;
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(cutText(value, MAX_VALUE_CHARS));
  return dataProblem(value) === undefined ? cutText(printJson(value), MAX_VALUE_CHARS) : kindOf(value);
}

/** `"a", "b", and 180 more`. */
function listOf(values: readonly unknown[]): string {
  const texts: string[] = [];
  let chars = 0;
  for (const value of values.slice(0, MAX_LISTED)) {
    const text = shown(value);
    chars += text.length;
    if (chars > MAX_LIST_CHARS && texts.length > 0) break;
    texts.push(text);
  }
  const rest = values.length - texts.length;
  return texts.join(', ') + (rest > 0 ? `, and ${rest} more` : '');
}

/** What may be meant, where the list is too long to show all of it. */
function nearTo(actual: unknown, values: readonly unknown[]): string {
  if (typeof actual !== 'string' || actual.length > MAX_VALUE_CHARS) return '';
  if (values.length <= MAX_LISTED || values.length > MAX_COMPARED) return '';
  const names = nearest(
    actual,
    values.filter((value) => typeof value === 'string'),
  );
  return names.length === 0 ? '' : ` (near to it: ${listOf(names)})`;
}

function joined(words: readonly string[], conjunction: string): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} ${conjunction} ${last}`;
}

function counted(count: unknown, one: string, many: string): string {
  return `${shown(count)} ${count === 1 ? one : many}`;
}

function whenGiven({ expected, actual, property }: Failure): string {
  if (!isObject(expected) || !isObject(actual) || property === undefined) return '';
  const given = Object.keys(expected).find((key) => {
    const needed = expected[key];
    return Object.hasOwn(actual, key) && Array.isArray(needed) && needed.includes(property);
  });
  return given === undefined ? '' : ` where ${shown(given)} is given`;
}

/** A property or item for which the schema has no place. */
function notAllowed({ path, property }: Failure, { schema }: Telling): string {
  const place = property === undefined ? path : [...path, property];
  const name = place.at(-1);
  if (typeof name === 'number') return 'is one item too many';
  const { properties } = schema;
  // A property that is forbidden by its name is known.
  if (name === undefined || place.length > 1 || !isObject(properties) || Object.hasOwn(properties, name)) {
    return 'is not allowed';
  }
  const known = Object.keys(properties);
  return `is not a known property (${known.length === 0 ? 'there are none' : `known: ${listOf(known)}`})`;
}

function namePattern(names: unknown): string {
  const pattern = isObject(names) ? names['pattern'] : undefined;
  return typeof pattern === 'string' ? `: names must match the pattern ${cutText(pattern, MAX_PATTERN_CHARS)}` : '';
}

/** Of `not`. */
function excluded(schema: unknown): string {
  const { const: value, enum: values, required, type } = isObject(schema) ? schema : {};
  if (value !== undefined) return `must not be ${shown(value)}`;
  if (Array.isArray(values)) return `must be none of: ${listOf(values)}`;
  if (typeof type === 'string') return `must not be ${typeNames.get(type) ?? type}`;
  if (Array.isArray(required)) return `must not have ${joined(required.slice(0, MAX_LISTED).map(shown), 'and')}`;
  return 'has a form that the tool excludes';
}
