// Numbers and texts for an example, within the limits of a schema. They are candidates, tried one after the other; what a
// schema asks for may be none of them. Bounded by the work that the patterns of one example may take.

import { isNumber, type JsonNumber } from '../json/number.ts';
import { preparePattern } from '../json/schema/pattern.ts';
import { Unjudged, type Run } from '../json/schema/run.ts';
import { createValidator } from '../json/schema/validate.ts';
import type { JsonObject } from '../json/value.ts';

/** Whether the schema allows a value, as far as its own keywords about types and limits say. */
export function fits(schema: JsonObject, value: unknown): boolean {
  const asked = limits.filter((keyword) => Object.hasOwn(schema, keyword)).map((keyword) => [keyword, schema[keyword]]);
  return createValidator(Object.fromEntries(asked) as JsonObject).validate(value, 1).kind !== 'invalid';
}

const limits = [
  'type',
  'enum',
  'const',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
];

/** `usual`, or else a number near the limits; undefined where none of those fits. */
export function numberFor(schema: JsonObject, usual: number): JsonNumber | undefined {
  const low = [schema['minimum'], schema['exclusiveMinimum']].filter(isNumber);
  const high = [schema['maximum'], schema['exclusiveMaximum']].filter(isNumber);
  const least = Math.max(...low.map(Number));
  const most = Math.min(...high.map(Number));
  const near = [usual, least, least + usual, most, most - usual, (least + most) / 2].filter(Number.isFinite);
  const { type, multipleOf } = schema;
  const unit = isNumber(multipleOf) ? Number(multipleOf) : type === 'integer' ? 1 : undefined;
  const onUnit = unit === undefined ? [] : near.flatMap((value) => unitsAround(value, unit));
  return [...near, ...onUnit, ...low, ...high].find((value) => fits(schema, value));
}

function unitsAround(value: number, unit: number): number[] {
  const units = value / unit;
  return [Math.ceil(units), Math.floor(units), Math.floor(units) + 1, Math.ceil(units) - 1].map(
    (count) => count * unit,
  );
}

/** undefined where none of the usual texts matches the pattern. `run` limits what all patterns of an example may take. */
export function textFor(schema: JsonObject, run: Run): string | undefined {
  const { pattern } = schema;
  const usual = sized(byFormat.get(schema['format']) ?? USUAL_TEXT, schema);
  if (typeof pattern !== 'string') return usual;
  const compiled = preparePattern(pattern);
  try {
    return [usual, ...textsLike(pattern)].find((text) => fits(schema, text) && compiled.test(text, run) === true);
  } catch (error) {
    if (error instanceof Unjudged) return undefined; // Too much work for an example.
    throw error;
  }
}

const byFormat: ReadonlyMap<unknown, string> = new Map([
  ['date-time', '2026-01-31T12:00:00Z'],
  ['date', '2026-01-31'],
  ['time', '12:00:00Z'],
  ['duration', 'P1D'],
  ['email', 'someone@example.com'],
  ['hostname', 'example.com'],
  ['ipv4', '192.0.2.1'],
  ['ipv6', '2001:db8::1'],
  ['uri', 'https://example.com/'],
  ['url', 'https://example.com/'],
  ['uri-reference', '/path'],
  ['uuid', '123e4567-e89b-42d3-a456-426614174000'],
  ['byte', 'dGV4dA=='],
  ['json', '{}'],
]);

const USUAL_TEXT = 'text';
/** Longer texts are no help; a schema that asks for one gets no example. */
const MAX_STRING_CHARS = 1_000;

function sized(text: string, { minLength, maxLength }: JsonObject): string {
  const atLeast = typeof minLength === 'number' ? Math.min(minLength, MAX_STRING_CHARS) : 0;
  const atMost = typeof maxLength === 'number' ? maxLength : MAX_STRING_CHARS;
  return text.padEnd(atLeast, USUAL_TEXT).slice(0, atMost);
}

/** What patterns of schemas mostly ask for beside the formats. */
const usualTexts = [
  'a',
  'A',
  '1',
  'A1',
  'a/b',
  '#1',
  '#000000',
  '1.0.0',
  'v1.0.0',
  '12:00',
  '1h',
  '+15550100',
  '192.0.2.0/24',
];
/** Lengths that a pattern names, and are tried. */
const MAX_LENGTHS = 5;

function* textsLike(pattern: string): Generator<string> {
  yield* usualTexts;
  yield* byFormat.values();
  const lengths = [...pattern.matchAll(/\{(\d{1,3})/g)].slice(0, MAX_LENGTHS).map(([, length]) => Number(length));
  for (const length of lengths) for (const char of ['1', 'a', 'A']) yield char.repeat(length);
}
