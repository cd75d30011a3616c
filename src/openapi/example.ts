// Arguments for a first try, made of a schema: what is required, and what has a default. They keep to the limits that a
// schema states plainly; whether they fit is for the validator to say, and whoever asks leaves out what does not.
// Bounded in depth and size, whatever the schema.

import { isNumber } from '../json/number.ts';
import { printJson } from '../json/print.ts';
import { isObject, type JsonObject } from '../json/value.ts';
import { childrenOf } from './schema/children.ts';
import type { Node } from './schema/graph.ts';

/** An example deeper than this helps nobody. */
const MAX_DEPTH = 8;
/** Values made for one example. */
const MAX_VALUES = 500;
const MAX_CHARS = 10_000;

type Resolve = (reference: string) => Node | undefined;

/** undefined where there is no good one, or it would be too large. `resolve` gives what a `$ref` means. */
export function exampleOf(schema: Node, resolve: Resolve = () => undefined): unknown {
  if (isLarge(schema)) return undefined;
  const writer: Writer = { resolve, left: MAX_VALUES, gaveUp: false };
  const example = valueOf(schema, writer, 0);
  const isBad = writer.gaveUp || writer.left < 0 || printJson(example).length > MAX_CHARS;
  return isBad ? undefined : example;
}

/** Readers that judge an example by a larger schema take long, or overflow. */
const MAX_SUBSCHEMAS = 1_000;

function isLarge(schema: Node): boolean {
  const open = [schema];
  for (let seen = 0; seen < open.length; seen++) {
    if (seen > MAX_SUBSCHEMAS) return true;
    for (const child of childrenOf(open[seen] ?? {})) open.push(child);
  }
  return false;
}

interface Writer {
  readonly resolve: Resolve;
  /** Values that may still be made. */
  left: number;
  gaveUp: boolean;
}

function valueOf(schema: unknown, writer: Writer, depth: number): unknown {
  writer.left--;
  if (writer.left < 0 || depth > MAX_DEPTH || !isObject(schema)) return null;
  const given = givenValue(schema);
  if (given !== undefined) return given;
  const whole = flattened(schema, writer, depth);
  const inherited = givenValue(whole);
  return inherited === undefined ? madeValue(whole, writer, depth) : inherited;
}

/** What the schema itself names as a value; undefined if nothing. */
export function givenValue(schema: JsonObject): unknown {
  for (const keyword of ['const', 'default', 'example']) if (keyword in schema) return schema[keyword];
  for (const keyword of ['examples', 'enum']) {
    const list = schema[keyword];
    if (Array.isArray(list) && list.length > 0) return list[0];
  }
  return undefined;
}

/** With what it refers to, all of `allOf`, and of each union the first branch that is not null. */
function flattened(schema: Node, writer: Writer, depth: number): Node {
  if (depth > MAX_DEPTH) return schema;
  const parts: Node[] = [];
  const target = typeof schema['$ref'] === 'string' ? writer.resolve(schema['$ref']) : undefined;
  if (target !== undefined) parts.push(target);
  if (Array.isArray(schema['allOf'])) parts.push(...(schema['allOf'] as Node[]));
  for (const keyword of ['anyOf', 'oneOf']) {
    const branches = schema[keyword];
    if (!Array.isArray(branches)) continue;
    const branch = (branches as Node[]).find(({ type }) => type !== 'null');
    if (branch !== undefined) parts.push(branch);
  }
  let whole = schema;
  for (const part of parts) {
    writer.left--;
    if (writer.left >= 0) whole = combined(flattened(part, writer, depth + 1), whole);
  }
  return whole;
}

/** `over` wins, but properties and requirements of both count. */
function combined(under: Node, over: Node): Node {
  const both: Node = Object.assign(Object.create(null) as Node, under, over);
  if (isObject(under['properties']) && isObject(over['properties'])) {
    both['properties'] = Object.assign(Object.create(null) as Node, under['properties'], over['properties']);
  }
  if (Array.isArray(under['required']) && Array.isArray(over['required'])) {
    both['required'] = [...new Set([...(over['required'] as unknown[]), ...(under['required'] as unknown[])])];
  }
  return both;
}

function madeValue(schema: Node, writer: Writer, depth: number): unknown {
  switch (typeOf(schema)) {
    case 'object':
      return madeObject(schema, writer, depth);
    case 'array':
      return madeArray(schema, writer, depth);
    case 'integer':
      return madeNumber(schema, 1);
    case 'number':
      return madeNumber(schema, 0.5);
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      return madeText(schema);
  }
}

function typeOf({ type, properties, required, items, prefixItems }: Node): unknown {
  if (Array.isArray(type)) return (type as unknown[]).find((name) => name !== 'null') ?? 'null';
  if (type !== undefined) return type;
  if (properties !== undefined || required !== undefined) return 'object';
  return items !== undefined || prefixItems !== undefined ? 'array' : 'string';
}

function madeObject(schema: Node, writer: Writer, depth: number): Node {
  const properties = isObject(schema['properties']) ? schema['properties'] : {};
  const required = Array.isArray(schema['required']) ? (schema['required'] as string[]) : [];
  const names = new Set(required);
  for (const [name, property] of Object.entries(properties)) {
    if (depth === 0 && isObject(property) && 'default' in property) names.add(name);
  }
  const { minProperties } = schema;
  for (const name of Object.keys(properties)) {
    if (typeof minProperties !== 'number' || names.size >= minProperties) break;
    names.add(name);
  }
  const made: Node = Object.create(null);
  for (const name of names) {
    // Linters refuse examples with properties that the schema does not describe.
    if (!Object.hasOwn(properties, name)) writer.gaveUp = true;
    made[name] = valueOf(properties[name], writer, depth + 1);
  }
  return made;
}

function madeArray({ items, prefixItems, minItems, maxItems }: Node, writer: Writer, depth: number): unknown[] {
  const made: unknown[] = [];
  const first: readonly unknown[] = Array.isArray(prefixItems) ? prefixItems : [];
  const wanted = Math.min(
    Math.max(typeof minItems === 'number' ? minItems : 0, first.length, isEmpty(items) ? 0 : 1),
    typeof maxItems === 'number' ? maxItems : MAX_VALUES,
  );
  for (let index = 0; index < wanted && writer.left > 0; index++) {
    made.push(valueOf(first[index] ?? items ?? {}, writer, depth + 1));
  }
  return made;
}

function isEmpty(schema: unknown): boolean {
  return !isObject(schema) || Object.keys(schema).length === 0 || 'not' in schema;
}

/** `usual`, moved to where the limits are. */
function madeNumber(schema: Node, usual: number): unknown {
  const { minimum, exclusiveMinimum: above, maximum, exclusiveMaximum: below, multipleOf } = schema;
  const step = typeof multipleOf === 'number' && multipleOf > 0 ? multipleOf : usual;
  if (isNumber(minimum) && typeof minimum !== 'number') return minimum;
  let value = step;
  if (typeof minimum === 'number' && value < minimum) value = minimum;
  if (typeof above === 'number' && value <= above) value = above + step;
  if (typeof maximum === 'number' && value > maximum) value = maximum;
  if (typeof below === 'number' && value >= below) value = below - step;
  return typeof multipleOf === 'number' ? Math.ceil(value / multipleOf) * multipleOf : value;
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

function madeText({ format, minLength, maxLength }: Node): string {
  const text = byFormat.get(format) ?? USUAL_TEXT;
  const atLeast = typeof minLength === 'number' ? Math.min(minLength, MAX_STRING_CHARS) : 0;
  const atMost = typeof maxLength === 'number' ? maxLength : MAX_STRING_CHARS;
  return text.padEnd(atLeast, USUAL_TEXT).slice(0, atMost);
}
