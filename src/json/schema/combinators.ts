// The keywords that apply other schemas to the same value: allOf, anyOf, oneOf, not, if and references. A pattern that
// cannot be run passes; where a pass would count against the value, only what is certain counts.

import { lazy, lazyList, toCheck, type Check, type Place } from './check.ts';
import type { Report } from './report.ts';
import type { Run } from './run.ts';
import type { Failure } from './verdict.ts';

/** Of a branch: enough to choose the branch that was meant, and to mend it. */
const MAX_BRANCH_FAILURES = 100;

export function toAllOf(place: Place): Check {
  const { length, at } = lazyList(place, 'allOf');
  return toCheck(
    (value, run) => {
      for (let index = 0; index < length; index++) if (!at(index).test(value, run)) return false;
      return true;
    },
    (value, run, report) => {
      for (let index = 0; index < length && !report.isFull; index++) at(index).explain(value, run, report);
    },
    (value, run, seen) => {
      for (let index = 0; index < length; index++) at(index).mark?.(value, run, seen);
    },
  );
}

export function toAnyOf(place: Place): Check {
  const { length, at } = lazyList(place, 'anyOf');
  const test = (value: unknown, run: Run) => {
    for (let index = 0; index < length; index++) if (at(index).test(value, run)) return true;
    return false;
  };
  return toCheck(
    test,
    (value, run, report) => {
      if (!test(value, run)) reportBranches(place, 'anyOf', value, run, report);
    },
    markFitting(place, 'anyOf'),
  );
}

export function toOneOf(place: Place): Check {
  const { length, at } = lazyList(place, 'oneOf');
  const count = (value: unknown, run: Run): 'none' | 'one' | 'several' => {
    let possible = 0;
    let sure = 0;
    for (let index = 0; index < length && sure < 2; index++) {
      const { unsure } = run;
      if (!at(index).test(value, run)) continue;
      possible++;
      if (run.unsure === unsure) sure++;
    }
    if (possible === 0) return 'none';
    return sure > 1 ? 'several' : 'one';
  };
  return toCheck(
    (value, run) => count(value, run) === 'one',
    (value, run, report) => {
      const fitting = count(value, run);
      if (fitting === 'none') reportBranches(place, 'oneOf', value, run, report);
      if (fitting === 'several') report.add(run, { keyword: 'oneOf', expected: place.schema['oneOf'], actual: value });
    },
    markFitting(place, 'oneOf'),
  );
}

export function toNot(place: Place): Check {
  const excluded = place.below('not');
  const test = (value: unknown, run: Run) => {
    const { unsure } = run;
    return !excluded.test(value, run) || run.unsure !== unsure;
  };
  return toCheck(test, (value, run, report) => {
    if (!test(value, run)) report.add(run, { keyword: 'not', expected: place.schema['not'], actual: value });
  });
}

/** `if`, `then` and `else`; without `if` the others say nothing. */
export function toCondition(place: Place): Check | undefined {
  const part = (keyword: string) => (Object.hasOwn(place.schema, keyword) ? place.below(keyword) : undefined);
  const condition = part('if');
  const whenTrue = part('then');
  const whenFalse = part('else');
  if (condition === undefined) return undefined;

  const decide = (value: unknown, run: Run): 'true' | 'false' | 'unsure' => {
    const { unsure } = run;
    if (!condition.test(value, run)) return 'false';
    return run.unsure === unsure ? 'true' : 'unsure';
  };
  return toCheck(
    (value, run) => {
      const decision = decide(value, run);
      if (decision !== 'false' && (whenTrue?.test(value, run) ?? true)) return true;
      return decision !== 'true' && (whenFalse?.test(value, run) ?? true);
    },
    (value, run, report) => {
      const decision = decide(value, run);
      if (decision === 'unsure' && (whenFalse?.test(value, run) ?? true)) return;
      (decision === 'false' ? whenFalse : whenTrue)?.explain(value, run, report);
    },
    (value, run, seen) => {
      const decision = decide(value, run);
      if (decision !== 'false') condition.mark?.(value, run, seen);
      if (decision !== 'false') whenTrue?.mark?.(value, run, seen);
      if (decision !== 'true') whenFalse?.mark?.(value, run, seen);
    },
  );
}

export function toReference(place: Place): Check {
  const reference = String(place.schema['$ref']);
  return following(lazy(() => place.refer(reference)));
}

export function toDynamicReference(place: Place): Check {
  const reference = String(place.schema['$dynamicRef']);
  const targetIn = lazy(() => place.referDynamically(reference));
  return following((run) => targetIn()(run));
}

export function toRecursiveReference(place: Place): Check {
  return following((run) => place.recur(run));
}

function following(target: (run: Run) => Check): Check {
  return toCheck(
    (value, run) => target(run).test(value, run),
    (value, run, report) => target(run).explain(value, run, report),
    (value, run, seen) => target(run).mark?.(value, run, seen),
  );
}

function reportBranches(place: Place, keyword: string, value: unknown, run: Run, report: Report): void {
  const { length, at } = lazyList(place, keyword);
  const branches: Failure[][] = [];
  for (let index = 0; index < length; index++) {
    const branch = report.branch(MAX_BRANCH_FAILURES);
    at(index).explain(value, run, branch);
    branches.push(branch.failures);
  }
  report.add(run, { keyword, expected: place.schema[keyword], actual: value, branches });
}

function markFitting(place: Place, keyword: string): NonNullable<Check['mark']> {
  const { length, at } = lazyList(place, keyword);
  return (value, run, seen) => {
    for (let index = 0; index < length; index++) {
      const branch = at(index);
      if (branch.test(value, run)) branch.mark?.(value, run, seen);
    }
  };
}
