// The keywords of JSON Schema (2020-12, with those of older drafts that real servers still use): where subschemas sit,
// which values are data that nobody looks into, and what each other keyword's value must be. Lookups are maps, because
// `constructor` and `__proto__` are names like any other.

import { compareNumbers, isInteger, isNumber } from '../number.ts';
import { isObject } from '../value.ts';

/**
 * `bounds`: a subschema whose boolean form every consumer understands. `definitions`: a map of subschemas that apply
 * nowhere until something refers to them.
 */
export type Position = 'schema' | 'bounds' | 'list' | 'map' | 'definitions';

const positions: ReadonlyMap<string, Position> = new Map<string, Position>([
  ['additionalProperties', 'bounds'],
  ['unevaluatedProperties', 'bounds'],
  ['unevaluatedItems', 'bounds'],
  ['items', 'schema'],
  ['contains', 'schema'],
  ['propertyNames', 'schema'],
  ['contentSchema', 'schema'],
  ['not', 'schema'],
  ['if', 'schema'],
  ['then', 'schema'],
  ['else', 'schema'],
  ['allOf', 'list'],
  ['anyOf', 'list'],
  ['oneOf', 'list'],
  ['prefixItems', 'list'],
  ['properties', 'map'],
  ['patternProperties', 'map'],
  ['dependentSchemas', 'map'],
  ['$defs', 'definitions'],
  ['definitions', 'definitions'],
]);

/** How the value of a keyword holds subschemas, if it does. */
export function positionOf(keyword: string): Position | undefined {
  return positions.get(keyword);
}

/** Keywords whose value is data: a `$ref` in there is no reference. */
export const opaqueKeywords: ReadonlySet<string> = new Set(['default', 'const', 'example']);

/** Keywords that identify a schema for references; once those are pointers they mean nothing, or something wrong. */
export const identifyingKeywords: ReadonlySet<string> = new Set([
  '$schema',
  '$id',
  '$anchor',
  '$dynamicAnchor',
  '$recursiveAnchor',
  '$vocabulary',
]);

/** What counts beside a `$ref` up to draft-07, where every other keyword there is ignored. */
export const besideReference: ReadonlySet<string> = new Set([
  '$ref',
  '$comment',
  '$defs',
  'definitions',
  'title',
  'description',
  'default',
  'examples',
  'readOnly',
  'writeOnly',
  'deprecated',
]);

const checks: ReadonlyMap<string, (value: unknown) => boolean> = new Map([
  ['type', isType],
  ['enum', Array.isArray],
  ['examples', Array.isArray],
  ['required', isStrings],
  ['dependentRequired', (value: unknown) => isObject(value) && Object.values(value).every(isStrings)],
  ['pattern', isPattern],
  ['multipleOf', (value: unknown) => isNumber(value) && compareNumbers(value, 0) > 0],
  ...same(['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'], isNumber),
  ...same(['minLength', 'maxLength', 'minItems', 'maxItems'], isCount),
  ...same(['minProperties', 'maxProperties', 'minContains', 'maxContains'], isCount),
  ...same(['uniqueItems', 'deprecated', 'readOnly', 'writeOnly'], (value) => typeof value === 'boolean'),
  ...same(['title', 'description', '$comment', 'format'], (value) => typeof value === 'string'),
  ...same(['contentEncoding', 'contentMediaType'], (value) => typeof value === 'string'),
]);

/** Whether JSON Schema allows the value; undefined for a keyword that it does not know. */
export function isAllowed(keyword: string, value: unknown): boolean | undefined {
  return checks.get(keyword)?.(value);
}

/** Whether it is a regular expression at all. */
export function isPattern(value: unknown): boolean {
  return typeof value === 'string' && regexFlags(value) !== undefined;
}

/** By which rules the source is a regular expression of ECMA-262, if it is one. Only compiled, never run. */
export function regexFlags(source: string): 'u' | '' | undefined {
  return (['u', ''] as const).find((flags) => {
    try {
      return new RegExp(source, flags) instanceof RegExp;
    } catch {
      return false; // The engine's complaint is the answer.
    }
  });
}

const types: ReadonlySet<unknown> = new Set(['array', 'boolean', 'integer', 'null', 'number', 'object', 'string']);

function isType(value: unknown): boolean {
  if (!Array.isArray(value)) return types.has(value);
  return value.length > 0 && new Set(value).size === value.length && value.every((item) => types.has(item));
}

function isStrings(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function isCount(value: unknown): boolean {
  return isNumber(value) && isInteger(value) && compareNumbers(value, 0) >= 0;
}

function same(
  keywords: readonly string[],
  check: (value: unknown) => boolean,
): [string, (value: unknown) => boolean][] {
  return keywords.map((keyword) => [keyword, check]);
}
