// The keywords that look into arrays: what each item must be, and how many items of a kind there must be. What they say
// of an array as a whole is in assertions.ts.

import { compareNumbers, type JsonNumber } from '../number.ts';
import { boundary, lazyList, toCheck, type Check, type Place } from './check.ts';
import type { Run } from './run.ts';

/** `prefixItems` and `items`, or in older dialects `items` as a list and `additionalItems`. */
export function toItems(place: Place): Check {
  const { schema, dialect } = place;
  const isOlder = Array.isArray(schema['items']);
  const hasPrefix = dialect.draft >= 2020 && Object.hasOwn(schema, 'prefixItems');
  const first = isOlder
    ? lazyList(place, 'items')
    : hasPrefix
      ? lazyList(place, 'prefixItems')
      : { length: 0, at: none };
  const rest = isOlder ? 'additionalItems' : 'items';
  const others = boundary(place, rest);
  const marksAll = Object.hasOwn(schema, rest);
  const checkOf = (index: number): Check | undefined => (index < first.length ? first.at(index) : others);

  return toCheck(
    (value, run) => {
      if (!Array.isArray(value)) return true;
      const end = others === undefined ? Math.min(first.length, value.length) : value.length;
      for (let index = 0; index < end; index++) {
        if (checkOf(index)?.test(value[index], run) === false) return false;
      }
      return true;
    },
    (value, run, report) => {
      if (!Array.isArray(value)) return;
      for (const [index, item] of value.entries()) {
        if (report.isFull) return;
        run.spend(1);
        report.enter(index);
        checkOf(index)?.explain(item, run, report);
        report.leave();
      }
    },
    (value, _run, seen) => {
      if (!Array.isArray(value)) return;
      seen.firstItems = Math.max(seen.firstItems, first.length);
      seen.allItems ||= marksAll;
    },
  );
}

/** `contains`, with `minContains` and `maxContains`. */
export function toContains(place: Place): Check | undefined {
  const { schema, dialect } = place;
  if (!Object.hasOwn(schema, 'contains')) return undefined;
  const item = place.below('contains');
  const hasLimits = dialect.draft >= 2019;
  const least = hasLimits ? limitOf(schema, 'minContains') : undefined;
  const most = hasLimits ? limitOf(schema, 'maxContains') : undefined;
  const isTooFew = (found: number) => compareNumbers(found, least ?? 1) < 0;
  const isTooMany = (found: number) => most !== undefined && compareNumbers(found, most) > 0;

  const test = (value: unknown, run: Run) => {
    if (!Array.isArray(value)) return true;
    const { possible, sure } = count(value, item, run);
    return !isTooFew(possible) && !isTooMany(sure);
  };
  return toCheck(
    test,
    (value, run, report) => {
      if (!Array.isArray(value) || test(value, run)) return;
      const tooFew = least === undefined ? 'contains' : 'minContains';
      const keyword = isTooFew(count(value, item, run).possible) ? tooFew : 'maxContains';
      report.add(run, { keyword, expected: schema[keyword], actual: value });
    },
    dialect.draft < 2020
      ? undefined
      : (value, run, seen) => {
          if (!Array.isArray(value)) return;
          for (const [index, element] of value.entries()) if (item.test(element, run)) seen.addItem(index);
        },
  );
}

function none(): never {
  throw new RangeError('There are no items.');
}

function limitOf(schema: Place['schema'], keyword: string): JsonNumber | undefined {
  return Object.hasOwn(schema, keyword) ? (schema[keyword] as JsonNumber) : undefined;
}

/** How many items may fit, and how many certainly do. */
function count(items: readonly unknown[], check: Check, run: Run): { possible: number; sure: number } {
  let possible = 0;
  let sure = 0;
  for (const item of items) {
    const { unsure } = run;
    if (!check.test(item, run)) continue;
    possible++;
    if (run.unsure === unsure) sure++;
  }
  return { possible, sure };
}
