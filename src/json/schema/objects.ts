// The keywords that look into objects: what properties must be there, and what each must be. Members are looked at in
// the order of the value; the schema's own properties are prepared when a value first has them.

import { isObject, type JsonObject } from '../value.ts';
import { boundary, lazy, toCheck, type Check, type Place } from './check.ts';
import { preparePattern, type Pattern } from './pattern.ts';
import type { Report } from './report.ts';
import type { Run } from './run.ts';

/** Looking a name up is less than a step. */
const NAMES_PER_STEP = 4;

export function toRequired({ schema }: Place): Check {
  const names = schema['required'] as readonly string[];
  return toCheck(
    (value, run) => !isObject(value) || hasAll(value, names, run),
    (value, run, report) => {
      if (isObject(value)) reportMissing(value, names, { keyword: 'required', expected: names }, run, report);
    },
  );
}

/** `properties`, `patternProperties` and `additionalProperties`. */
export function toMembers(place: Place): Check {
  const propertyOf = byName(place);
  const patterns = toPatterns(place);
  const additional = boundary(place, 'additionalProperties');
  const marksAll = Object.hasOwn(place.schema, 'additionalProperties');

  return toCheck(
    (value, run) => {
      if (!isObject(value)) return true;
      for (const name in value) {
        if (!Object.hasOwn(value, name)) continue;
        run.spend(1);
        const property = propertyOf(name);
        if (property !== undefined && !property.test(value[name], run)) return false;
        let isKnown = property !== undefined;
        for (const patternOf of patterns) {
          const { pattern, check } = patternOf();
          const found = pattern.test(name, run);
          if (found === false) continue;
          isKnown = true;
          if (found === undefined) run.passUnsure();
          else if (!check.test(value[name], run)) return false;
        }
        if (!isKnown && additional !== undefined && !additional.test(value[name], run)) return false;
      }
      return true;
    },
    (value, run, report) => {
      if (!isObject(value)) return;
      for (const name of Object.keys(value)) {
        if (report.isFull) return;
        run.spend(1);
        const checks = [propertyOf(name) ?? [], checksFor(name, patterns, run)].flat();
        const isKnown = checks.length > 0;
        report.enter(name);
        for (const check of isKnown ? checks : [additional]) check?.explain(value[name], run, report);
        report.leave();
      }
    },
    (value, run, seen) => {
      if (!isObject(value)) return;
      if (marksAll) seen.allProperties = true;
      if (seen.allProperties) return;
      for (const name of Object.keys(value)) {
        run.spend(1);
        if (propertyOf(name) !== undefined || checksFor(name, patterns, run).length > 0) seen.addProperty(name);
      }
    },
  );
}

export function toPropertyNames(place: Place): Check {
  const names = place.below('propertyNames');
  return toCheck(
    (value, run) => !isObject(value) || Object.keys(value).every((name) => names.test(name, run)),
    (value, run, report) => {
      if (!isObject(value)) return;
      for (const name of Object.keys(value)) {
        if (names.test(name, run)) continue;
        const expected = place.schema['propertyNames'];
        report.add(run, { keyword: 'propertyNames', expected, actual: value, property: name });
      }
    },
  );
}

/** `dependentRequired`, `dependentSchemas`, and `dependencies`, which is both. */
export function toDependents(place: Place, keyword: string): Check {
  const expected = place.schema[keyword] as JsonObject;
  const dependents = Object.entries(expected).map(([name, needed]) => {
    const isNames = keyword !== 'dependentSchemas' && Array.isArray(needed);
    return {
      name,
      names: isNames ? (needed as readonly string[]) : [],
      checkOf: isNames ? undefined : lazy(() => place.below(keyword, name)),
    };
  });
  return toCheck(
    (value, run) => {
      if (!isObject(value)) return true;
      run.spend(dependents.length / NAMES_PER_STEP);
      for (const { name, names, checkOf } of dependents) {
        if (!Object.hasOwn(value, name)) continue;
        if (!hasAll(value, names, run)) return false;
        if (checkOf !== undefined && !checkOf().test(value, run)) return false;
      }
      return true;
    },
    (value, run, report) => {
      if (!isObject(value)) return;
      for (const { name, names, checkOf } of dependents) {
        if (!Object.hasOwn(value, name)) continue;
        reportMissing(value, names, { keyword, expected }, run, report);
        checkOf?.().explain(value, run, report);
      }
    },
    (value, run, seen) => {
      if (!isObject(value)) return;
      for (const { name, checkOf } of dependents) {
        if (Object.hasOwn(value, name)) checkOf?.().mark?.(value, run, seen);
      }
    },
  );
}

function byName(place: Place): (name: string) => Check | undefined {
  const properties = place.schema['properties'];
  const known = new Map<string, Check>();
  return (name) => {
    let check = known.get(name);
    if (check === undefined && isObject(properties) && Object.hasOwn(properties, name)) {
      check = place.below('properties', name);
      known.set(name, check);
    }
    return check;
  };
}

interface NamePattern {
  readonly pattern: Pattern;
  readonly check: Check;
}

/** Each made when it is first asked for: there may be very many. */
function toPatterns(place: Place): readonly (() => NamePattern)[] {
  const patterns = place.schema['patternProperties'];
  return Object.keys(isObject(patterns) ? patterns : {}).map((source) => {
    return lazy(() => ({
      pattern: preparePattern(source),
      check: place.below('patternProperties', source),
    }));
  });
}

/** Of a pattern that cannot be run nobody knows which names it is for: it may be for this one. */
const ANYTHING: Check = toCheck(
  (_value, run) => run.passUnsure(),
  (_value, run) => void run.passUnsure(),
);

function checksFor(name: string, patterns: readonly (() => NamePattern)[], run: Run): Check[] {
  return patterns.flatMap((patternOf) => {
    const { pattern, check } = patternOf();
    const found = pattern.test(name, run);
    if (found === false) return [];
    return found === undefined ? ANYTHING : check;
  });
}

function hasAll(value: JsonObject, names: readonly string[], run: Run): boolean {
  run.spend(names.length / NAMES_PER_STEP);
  for (const name of names) if (!Object.hasOwn(value, name)) return false;
  return true;
}

function reportMissing(
  value: JsonObject,
  names: readonly string[],
  { keyword, expected }: { readonly keyword: string; readonly expected: unknown },
  run: Run,
  report: Report,
): void {
  run.spend(names.length / NAMES_PER_STEP);
  for (const name of names) {
    if (report.isFull) return;
    if (!Object.hasOwn(value, name)) report.add(run, { keyword, expected, actual: value, property: name });
  }
}
