// What is prepared from the keywords of a schema: closures that judge a value. Judging allocates nothing; only where a
// value does not fit is it looked at again, to say why.

import type { JsonObject } from '../value.ts';
import type { Dialect } from './dialect.ts';
import type { Report } from './report.ts';
import type { Run } from './run.ts';
import type { Seen } from './seen.ts';

export interface Check {
  /** False: the value does not fit. True: it does, as far as can be checked. */
  readonly test: (value: unknown, run: Run) => boolean;
  /** Reports every way in which the value does not fit; nothing if it does. */
  readonly explain: (value: unknown, run: Run, report: Report) => void;
  /** Notes which properties or items of a fitting value are looked at, for `unevaluatedProperties` and its like. */
  readonly mark: ((value: unknown, run: Run, seen: Seen) => void) | undefined;
}

/** A schema that is an object, seen from its own keywords. */
export interface Place {
  readonly schema: JsonObject;
  readonly pointer: string;
  readonly dialect: Dialect;
  /** The subschema in the value of a keyword, by the names or indices that lead to it. */
  below(keyword: string, ...tokens: readonly string[]): Check;
  /** What a `$ref` here means. */
  refer(reference: string): Check;
  /** What a `$dynamicRef` here means to a run. */
  referDynamically(reference: string): (run: Run) => Check;
  /** What `$recursiveRef` here means to a run. */
  recur(run: Run): Check;
}

/** The check of a keyword that says something of the value as a whole. */
export function assertion(keyword: string, expected: unknown, test: Check['test']): Check {
  return toCheck(test, (value, run, report) => {
    if (!test(value, run)) report.add(run, { keyword, expected, actual: value });
  });
}

/** Every check has the same shape, which keeps calls fast. */
export function toCheck(test: Check['test'], explain: Check['explain'], mark?: Check['mark']): Check {
  return { test, explain, mark };
}

/** The schema that is for all the rest; undefined where it allows everything. */
export function boundary(place: Place, keyword: string): Check | undefined {
  if (!Object.hasOwn(place.schema, keyword) || place.schema[keyword] === true) return undefined;
  if (place.schema[keyword] === false) return assertion(keyword, false, () => false);
  return place.below(keyword);
}

/** Made when it is first asked for. */
export function lazy<Value>(make: () => Value): () => Value {
  let made: Value | undefined;
  return () => (made ??= make());
}

export interface LazyList {
  readonly length: number;
  readonly at: (index: number) => Check;
}

/** The subschemas in a list, each made when it is first asked for: there may be very many. */
export function lazyList(place: Place, keyword: string): LazyList {
  const { length } = place.schema[keyword] as readonly unknown[];
  const made: (Check | undefined)[] = [];
  return { length, at: (index) => (made[index] ??= place.below(keyword, String(index))) };
}
