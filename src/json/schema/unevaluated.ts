// `unevaluatedProperties` and `unevaluatedItems`: for what no keyword beside them, and no schema that those apply to the
// same value, has looked at. They are judged last, and only of a value that fits all the rest.

import { isObject } from '../value.ts';
import { boundary, toCheck, type Check, type Place } from './check.ts';
import type { Run } from './run.ts';
import { Seen } from './seen.ts';

/** `beside` are the checks of the same schema's other keywords. */
export function toUnevaluatedProperties(place: Place, beside: readonly Check[]): Check {
  const others = boundary(place, 'unevaluatedProperties');
  const leftOver = (value: unknown, run: Run): string[] => {
    if (others === undefined || !isObject(value)) return [];
    const seen = seenBy(beside, value, run);
    const names = Object.keys(value);
    run.spend(names.length);
    return names.filter((name) => !seen.hasProperty(name));
  };
  return toCheck(
    (value, run) => leftOver(value, run).every((name) => others?.test(memberOf(value, name), run)),
    (value, run, report) => {
      if (!beside.every((check) => check.test(value, run))) return;
      for (const name of leftOver(value, run)) {
        report.enter(name);
        others?.explain(memberOf(value, name), run, report);
        report.leave();
      }
    },
    (_value, _run, seen) => {
      seen.allProperties = true;
    },
  );
}

export function toUnevaluatedItems(place: Place, beside: readonly Check[]): Check {
  const others = boundary(place, 'unevaluatedItems');
  const leftOver = (value: unknown, run: Run): number[] => {
    if (others === undefined || !Array.isArray(value)) return [];
    const seen = seenBy(beside, value, run);
    run.spend(value.length);
    return [...value.keys()].filter((index) => !seen.hasItem(index));
  };
  return toCheck(
    (value, run) => leftOver(value, run).every((index) => others?.test(memberOf(value, index), run)),
    (value, run, report) => {
      if (!beside.every((check) => check.test(value, run))) return;
      for (const index of leftOver(value, run)) {
        report.enter(index);
        others?.explain(memberOf(value, index), run, report);
        report.leave();
      }
    },
    (_value, _run, seen) => {
      seen.allItems = true;
    },
  );
}

function seenBy(checks: readonly Check[], value: unknown, run: Run): Seen {
  const seen = new Seen();
  for (const check of checks) check.mark?.(value, run, seen);
  return seen;
}

function memberOf(value: unknown, step: string | number): unknown {
  return (value as { readonly [step: string | number]: unknown })[step];
}
