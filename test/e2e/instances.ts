// Makes instances of JSON Schemas: right ones by reading the schema, and wrong ones (mostly) by damaging those. The same
// seed gives the same instances. It knows the keywords that recorded tools use, and a schema's own document only; whether
// an instance is right is for validators to say.

import fc from 'fast-check';
import { isObject, type JsonObject } from '../../src/json/value.ts';

/** From 0 up to 1, as Math.random, but always the same. */
export type Random = () => number;

/** mulberry32: a few lines, and even enough to choose by. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Below this, what may be left out is left out, so that recursive schemas come to an end. */
const DEEPEST_OPTION = 5;

export function instanceOf(schema: unknown, random: Random, root: unknown = schema, depth = 0): unknown {
  if (!isObject(schema)) return anyValue(random);
  const inner = (part: unknown) => instanceOf(part, random, root, depth + 1);
  const { $ref, ...beside } = schema;
  if (typeof $ref === 'string') return instanceOf(merged(targetOf($ref, root), beside), random, root, depth + 1);
  for (const keyword of ['anyOf', 'oneOf']) {
    const { [keyword]: branches, ...rest } = schema;
    if (!Array.isArray(branches)) continue;
    return instanceOf(merged(pick(branches, random), rest), random, root, depth);
  }
  if (Object.hasOwn(schema, 'const')) return schema['const'];
  if (Array.isArray(schema['enum'])) return pick(schema['enum'], random);
  switch (typeOf(schema, random)) {
    case 'object':
      return objectOf(schema, random, inner, depth);
    case 'array': {
      const { items, minItems = 0, maxItems = Infinity } = schema;
      const wanted = Number(minItems) + (depth > DEEPEST_OPTION ? 0 : Math.floor(random() * 3));
      return Array.from({ length: Math.min(wanted, Number(maxItems)) }, () => inner(items));
    }
    case 'string':
      return textOf(schema, random);
    case 'integer':
      return Math.round(numberOf(schema, random));
    case 'number':
      return numberOf(schema, random);
    case 'boolean':
      return random() < 0.5;
    case 'null':
      return null;
    default:
      return anyValue(random);
  }
}

function objectOf(
  schema: JsonObject,
  random: Random,
  inner: (part: unknown) => unknown,
  depth: number,
): Record<string, unknown> {
  const { properties, required, additionalProperties } = schema;
  const described = Object.entries(isObject(properties) ? properties : {});
  const wanted = new Set(Array.isArray(required) ? required : []);
  const made: Record<string, unknown> = Object.create(null);
  for (const [name, part] of described) {
    if (wanted.has(name) || (depth <= DEEPEST_OPTION && random() < 0.5)) made[name] = inner(part);
  }
  for (const name of wanted) made[String(name)] ??= 'required and not described';
  if (additionalProperties !== false && random() < 0.2) made['an extra: "member"'] = inner(additionalProperties);
  return made;
}

/** A copy with one thing changed somewhere in it: another type, one more, one less, too large, too long. */
export function damaged(instance: unknown, random: Random): unknown {
  const copy: unknown = structuredClone(instance);
  const places = placesIn(copy);
  if (places.length === 0) return copy;
  const { parent, key } = pick(places, random);
  const value = parent[key];
  const changes: (() => void)[] = [
    () => void (parent[key] = anyValue(random)),
    () => void delete parent[key],
    () => void (parent[`${key} too`] = value),
    () => void (parent[key] = null),
  ];
  if (typeof value === 'number') {
    changes.push(
      () => void (parent[key] = value + 0.5),
      () => void (parent[key] = value + 1_000),
      () => void (parent[key] = -value - 1_000),
    );
  }
  if (typeof value === 'string') {
    changes.push(
      () => void (parent[key] = ''),
      () => void (parent[key] = `${value} `),
      () => void (parent[key] = value.repeat(300)),
    );
  }
  if (Array.isArray(value)) {
    changes.push(
      () => void (parent[key] = []),
      () => void (parent[key] = [...value, ...value]),
      () => void (parent[key] = [...value, anyValue(random)]),
    );
  }
  if (isObject(value)) changes.push(() => void (parent[key] = { ...value, 'not described': true }));
  pick(changes, random)();
  return copy;
}

interface Place {
  readonly parent: Record<string, unknown>;
  readonly key: string;
}

/** Members of objects and of arrays. An array loses its holes when it is printed, so a copy is printed before use. */
function placesIn(value: unknown): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  const parent = value as Record<string, unknown>;
  return Object.keys(parent).flatMap((key) => [{ parent, key }, ...placesIn(parent[key])]);
}

/** The same value as JSON text that JSON.stringify would not write: other spellings of numbers, spaces, escapes. */
export function spelt(value: unknown, random: Random): string {
  if (Array.isArray(value)) return `[ ${value.map((item) => spelt(item, random)).join(' ,')}]`;
  if (isObject(value)) {
    const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)} : ${spelt(member, random)}`);
    return `{${members.join(', ')} }`;
  }
  const plain = JSON.stringify(value);
  if (Number.isSafeInteger(value) && random() < 0.3) return `${plain}${random() < 0.5 ? '.0' : 'e0'}`;
  if (typeof value === 'string' && /^[a-z]/.test(value) && random() < 0.3) {
    return `"\\u00${value.charCodeAt(0).toString(16)}${plain.slice(2)}`;
  }
  return plain;
}

function targetOf(reference: string, root: unknown): unknown {
  const tokens = decodeURIComponent(reference).split('/').slice(1);
  return tokens.reduce<unknown>(
    (value, token) => (value as JsonObject)[token.replaceAll('~1', '/').replaceAll('~0', '~')],
    root,
  );
}

function merged(left: unknown, right: JsonObject): unknown {
  if (!isObject(left)) return left === false ? right : { ...right };
  const both: Record<string, unknown> = { ...left, ...right };
  if (isObject(left['properties']) && isObject(right['properties'])) {
    both['properties'] = { ...left['properties'], ...right['properties'] };
  }
  if (Array.isArray(left['required']) && Array.isArray(right['required'])) {
    both['required'] = [...(left['required'] as unknown[]), ...(right['required'] as unknown[])];
  }
  return both;
}

function typeOf({ type, properties, items, pattern }: JsonObject, random: Random): unknown {
  if (Array.isArray(type)) return pick(type, random);
  if (type !== undefined) return type;
  if (properties !== undefined) return 'object';
  if (items !== undefined) return 'array';
  return pattern === undefined ? undefined : 'string';
}

const letters = ['a', 'B', '7', ' ', '-', '/', '"', '\\', '\u2028', 'é', '本', '😀', '<', '\n'];

function textOf({ pattern, minLength = 0, maxLength = Infinity }: JsonObject, random: Random): string {
  if (typeof pattern === 'string') {
    const seed = Math.floor(random() * 2 ** 31);
    return fc.sample(fc.stringMatching(new RegExp(pattern, 'u')), { seed, numRuns: 1 })[0] ?? '';
  }
  const length = Math.min(Number(minLength) + Math.floor(random() * 12), Number(maxLength));
  return Array.from({ length }, () => pick(letters, random)).join('');
}

function numberOf(schema: JsonObject, random: Random): number {
  const limit = (...keywords: string[]) =>
    keywords.map((keyword) => schema[keyword]).find((at) => typeof at === 'number');
  const least = limit('minimum', 'exclusiveMinimum') ?? Math.min(0, (limit('maximum', 'exclusiveMaximum') ?? 0) - 100);
  const most = limit('maximum', 'exclusiveMaximum') ?? least + 1_000;
  const chosen = least + random() * Math.min(most - least, 1_000);
  // Limits themselves are where mistakes are made.
  return pick([least, most, chosen, Math.round(chosen)], random);
}

function anyValue(random: Random): unknown {
  return pick<unknown>([null, true, 0, -1.5, '', 'text', '12', [], ['a', 1], {}, { a: { b: 1 } }], random);
}

function pick<T>(choices: readonly T[], random: Random): T {
  return choices[Math.floor(random() * choices.length)] as T;
}
