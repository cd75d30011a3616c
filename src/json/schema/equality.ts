// Equality of JSON values as JSON Schema means it: numbers by value (1 equals 1.0), objects whatever their order. Work
// and depth are charged to the run.

import { isNumber, numberKey, sameNumber } from '../number.ts';
import { ExactNumber, isObject, type JsonObject } from '../value.ts';
import type { Run } from './run.ts';

/** To write an object or an array as a key, and each member of it. */
const STEPS_PER_KEY = 5;

/** Comparing and copying text is cheap: so many characters are a step. */
export const CHARS_PER_STEP = 64;

export function sameValue(a: unknown, b: unknown, run: Run): boolean {
  if (typeof a === 'string') {
    if (typeof b !== 'string' || a.length !== b.length) return false;
    run.spend(a.length / CHARS_PER_STEP);
    return a === b;
  }
  if (a === b) return true;
  if (isNumber(a)) return isNumber(b) && sameNumber(a, b);
  if (typeof a !== 'object' || typeof b !== 'object') return false;
  run.enter();
  const isSame = Array.isArray(a)
    ? Array.isArray(b) && sameItems(a, b, run)
    : isObject(a) && isObject(b) && sameMembers(a, b, run);
  run.leave();
  return isSame;
}

/** The same text for equal values, and for no others. */
export function keyOf(value: unknown, run: Run): string {
  if (isNumber(value)) {
    if (value instanceof ExactNumber) run.spend(value.text.length);
    return numberKey(value);
  }
  if (typeof value === 'string') run.spend(value.length / CHARS_PER_STEP);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? '';
  run.enter();
  run.spend(STEPS_PER_KEY);
  const key = Array.isArray(value) ? keyOfItems(value, run) : keyOfMembers(value as JsonObject, run);
  run.leave();
  return key;
}

// Loops, not callbacks: values may nest deeply, and callbacks take more of the stack.

function sameItems(a: readonly unknown[], b: readonly unknown[], run: Run): boolean {
  if (a.length !== b.length) return false;
  for (const [index, item] of a.entries()) {
    run.spend(1);
    if (!sameValue(item, b[index], run)) return false;
  }
  return true;
}

function sameMembers(a: JsonObject, b: JsonObject, run: Run): boolean {
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  for (const name of names) {
    run.spend(1);
    if (!Object.hasOwn(b, name) || !sameValue(a[name], b[name], run)) return false;
  }
  return true;
}

function keyOfItems(items: readonly unknown[], run: Run): string {
  const keys: string[] = [];
  for (const item of items) keys.push(keyOf(item, run));
  return `[${keys.join(',')}]`;
}

function keyOfMembers(object: JsonObject, run: Run): string {
  const names = Object.keys(object);
  run.spend(names.length * STEPS_PER_KEY);
  const keys: string[] = [];
  for (const name of names.toSorted()) keys.push(`${JSON.stringify(name)}:${keyOf(object[name], run)}`);
  return `{${keys.join(',')}}`;
}
