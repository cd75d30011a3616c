// The gentle coercion of values that models send: `"5"` where a number is wanted, `"true"` where a boolean is, `null`
// for an optional property. Led by what the validator found: nothing but failing places is touched, and the result
// counts only if it fits as a whole. Never changes what it is given; its work is bounded.

import type { Edit } from '../edit.ts';
import { isInteger, isNumber, numberKey, type JsonNumber } from '../number.ts';
import { parseJson } from '../parse.ts';
import { isObject } from '../value.ts';
import type { Failure, Validator } from './verdict.ts';

export interface Coerced {
  /** What was changed, for the text of the value. No two at one place. */
  readonly edits: readonly Edit[];
  readonly value: unknown;
}

/** Failures asked for at once. More are found in the next round. */
export const MAX_FAILURES = 1_000;
/** From then on: whole tables of numbers come as strings. To find and mend so many takes about 6 ms. */
const MAX_MORE_FAILURES = 3_000;
/** Some failures show only once others are mended. Each round costs a run of the validator. */
const MAX_ROUNDS = 3;

/** `failures` are those of `value` as it came; undefined where gentle changes do not make it fit. */
export function coerce(value: unknown, failures: readonly Failure[], validator: Validator): Coerced | undefined {
  let edits: readonly Edit[] = [];
  let current = value;
  let found = failures;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const mends = together(found.map(mendsOf));
    if (mends.size === 0) return undefined;
    edits = [...edits, ...mends.values()];
    current = edited(current, mends.values());
    const verdict = validator.validate(current, MAX_MORE_FAILURES);
    if (verdict.kind === 'valid') return { edits, value: current };
    if (verdict.kind === 'unjudged') return undefined;
    found = verdict.failures;
  }
  return undefined;
}

/** By place: two keywords may complain of one value, and what mends it hangs on that value alone. */
type Mends = ReadonlyMap<string, Edit>;

function together(parts: readonly (Mends | undefined)[]): Mends {
  const all = new Map<string, Edit>();
  for (const part of parts) part?.forEach((edit, place) => all.set(place, edit));
  return all;
}

/** What mends a failure, or undefined. Of a union, the branch that needs the least. */
function mendsOf(failure: Failure): Mends | undefined {
  const { path, actual, property, branches = [] } = failure;
  if (actual === null) return typeof path.at(-1) === 'string' ? one({ kind: 'drop', path }) : undefined;
  if (property !== undefined && isObject(actual) && Object.hasOwn(actual, property) && actual[property] === null) {
    return one({ kind: 'drop', path: [...path, property] });
  }
  if (branches.length > 0) return least(branches);
  const text = typeof actual === 'string' ? literalOf(actual) : undefined;
  return text !== undefined && asksFor(failure, text) ? one({ kind: 'replace', path, text }) : undefined;
}

function one(edit: Edit): Mends {
  return new Map([[JSON.stringify(edit.path), edit]]);
}

function least(branches: readonly (readonly Failure[])[]): Mends | undefined {
  let best: Mends | undefined;
  for (const branch of branches) {
    const parts = branch.map(mendsOf).filter((part) => part !== undefined);
    if (parts.length < branch.length) continue;
    const mends = together(parts);
    if (best === undefined || mends.size < best.size) best = mends;
  }
  return best;
}

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** The JSON literal that the string holds, nothing around it. */
function literalOf(string: string): string | undefined {
  return string === 'true' || string === 'false' || NUMBER.test(string) ? string : undefined;
}

function asksFor({ keyword, expected }: Failure, text: string): boolean {
  const value = parseJson(text) as boolean | JsonNumber;
  switch (keyword) {
    case 'type': {
      const types: readonly unknown[] = Array.isArray(expected) ? expected : [expected];
      if (typeof value === 'boolean') return types.includes('boolean');
      return types.includes('number') || (types.includes('integer') && isInteger(value));
    }
    case 'const':
      return sameAs(value)(expected);
    case 'enum':
      return Array.isArray(expected) && expected.some(sameAs(value));
    default:
      return false;
  }
}

function sameAs(value: boolean | JsonNumber): (other: unknown) => boolean {
  if (typeof value === 'boolean') return (other) => other === value;
  const key = numberKey(value);
  return (other) => isNumber(other) && numberKey(other) === key;
}

type Container = { [step: string | number]: unknown };

/** A copy with these edits, which shares with the original what is not on their paths. */
function edited(value: unknown, edits: Iterable<Edit>): unknown {
  const root: { value: unknown } = { value };
  const own = new Set<unknown>([root]);
  for (const edit of edits) {
    let container = root as Container;
    let last: string | number = 'value';
    for (const step of edit.path) {
      if (!own.has(container[last])) {
        const copy = copyOf(container[last]);
        own.add(copy);
        container[last] = copy;
      }
      container = container[last] as Container;
      last = step;
    }
    if (edit.kind === 'drop') delete container[last];
    else container[last] = parseJson(edit.text);
  }
  return root.value;
}

/** A spread keeps `__proto__` as an own member; to write to that is safe once it is there. */
function copyOf(container: unknown): unknown {
  return Array.isArray(container) ? [...(container as unknown[])] : { ...(container as object) };
}
