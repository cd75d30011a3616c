// Arguments for a first try, made of a schema: what is required, and what has a default. They keep to the limits that a
// schema states plainly; whether they fit is for the validator to say, and whoever asks leaves out what does not.
// Bounded in depth and size, whatever the schema.

import { printJson } from '../json/print.ts';
import { Run } from '../json/schema/run.ts';
import { isObject, type JsonObject } from '../json/value.ts';
import { fits, numberFor, textFor } from './example-values.ts';
import { childrenOf } from './schema/children.ts';
import type { Node } from './schema/graph.ts';

/** An example deeper than this helps nobody. */
const MAX_DEPTH = 8;
/** Values made for one example. */
const MAX_VALUES = 500;
/** To find a text for a pattern takes half a millisecond. */
const VALUES_PER_PATTERN = 15;
const MAX_CHARS = 10_000;

type Resolve = (reference: string) => Node | undefined;

/** undefined where there is no good one, or it would be too large. `resolve` gives what a `$ref` means. */
export function exampleOf(schema: Node, resolve: Resolve = () => undefined): unknown {
  if (isLarge(schema)) return undefined;
  const writer: Writer = { resolve, left: MAX_VALUES, run: new Run(), gaveUp: false };
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
  /** Of patterns, over texts that may match. */
  readonly run: Run;
  /** Some value that is needed could not be made. */
  gaveUp: boolean;
}

function valueOf(schema: unknown, writer: Writer, depth: number): unknown {
  writer.left--;
  if (writer.left < 0 || writer.gaveUp || depth > MAX_DEPTH || !isObject(schema)) return null;
  const given = fittingValue(schema);
  if (given !== undefined) return given;
  const whole = flattened(schema, writer, depth);
  const inherited = fittingValue(whole);
  if (inherited !== undefined) return inherited;
  // Where values are listed, there are no others.
  const isListed = 'enum' in whole || 'const' in whole;
  const made = isListed ? undefined : madeValue(whole, writer, depth);
  if (made === undefined) writer.gaveUp = true;
  return made ?? null;
}

/** What the schema itself names as a value, whether it allows it or not; undefined if nothing. */
export function givenValue(schema: JsonObject): unknown {
  return namedValues(schema)[0];
}

/** Servers name values that they do not allow: `default: null` of a string. */
function fittingValue(schema: JsonObject): unknown {
  return namedValues(schema).find((value) => fits(schema, value));
}

/** Of a list, the first few: the others are much the same. */
const MAX_NAMED = 3;

function namedValues(schema: JsonObject): unknown[] {
  const single = ['const', 'default', 'example'].filter((keyword) => keyword in schema);
  const lists = ['examples', 'enum'].map((keyword) => schema[keyword]).filter((list) => Array.isArray(list));
  return [
    ...single.map((keyword) => schema[keyword]),
    ...lists.flatMap((list) => list.slice(0, MAX_NAMED) as unknown[]),
  ];
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
    both['properties'] = combinedProperties(under['properties'], over['properties']);
  }
  if (Array.isArray(under['required']) && Array.isArray(over['required'])) {
    both['required'] = [...new Set([...(over['required'] as unknown[]), ...(under['required'] as unknown[])])];
  }
  return both;
}

/** What a branch says of a property is mostly narrower. */
function combinedProperties(under: Node, over: Node): Node {
  const both: Node = Object.assign(Object.create(null) as Node, under, over);
  for (const [name, schema] of Object.entries(under)) {
    if (both[name] !== schema) both[name] = { allOf: [schema, both[name]] };
  }
  return both;
}

/** undefined where nothing is known to fit. */
function madeValue(schema: Node, writer: Writer, depth: number): unknown {
  switch (typeOf(schema)) {
    case 'object':
      return madeObject(schema, writer, depth);
    case 'array':
      return madeArray(schema, writer, depth);
    case 'integer':
      return numberFor(schema, 1);
    case 'number':
      return numberFor(schema, 0.5);
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      if (schema['pattern'] !== undefined) writer.left -= VALUES_PER_PATTERN;
      return textFor(schema, writer.run);
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
    if (depth > 0 || !isObject(property) || !('default' in property)) continue;
    if (fits(property, property['default'])) names.add(name);
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
