// A value that fits no branch of a union fails in as many ways as there are branches; one of them is what the caller
// meant. Chooses what is worth saying of an anyOf or oneOf: the branch that comes closest, or what the branches ask for.
// Says nothing itself.

import type { Failure } from '../json/schema/verdict.ts';

export type UnionStory =
  /** One branch is what was meant: its failures are the story. */
  | { readonly kind: 'branch'; readonly failures: readonly Failure[] }
  /** No branch takes a value of this kind. */
  | ({ readonly kind: 'kinds' } & Kinds)
  /** Several branches come equally close: mending any of these failures is enough. */
  | { readonly kind: 'either'; readonly failures: readonly Failure[] };

export interface Kinds {
  /** Names of JSON Schema types. */
  readonly types: readonly string[];
  /** Of const and enum. */
  readonly values: readonly unknown[];
}

export type Branches = readonly (readonly Failure[])[];

/** `failure` is one that has branches. */
export function storyOf(failure: Failure, branches: Branches): UnionStory {
  const { path } = failure;
  const near = branches.filter((branch) => !branch.some((inner) => inner.path.length === path.length && isKind(inner)));
  if (near.length === 0) return { kind: 'kinds', ...kindsOf(path, branches) };
  const discriminators = near.map((branch) => branch.find((inner) => isDiscriminator(inner, path.length)));
  const meant = near.filter((_, index) => discriminators[index] === undefined);
  const common = meant.length === 0 ? commonDiscriminator(discriminators) : undefined;
  if (common !== undefined) return { kind: 'branch', failures: [common] };
  return closest(meant.length === 0 ? near : meant);
}

/** Whether the value is not even of the kind that a branch is about. */
function isKind(failure: Failure): boolean {
  const { keyword, path, branches = [] } = failure;
  if (keyword === 'type' || keyword === 'const' || keyword === 'enum' || keyword === 'false') return true;
  return (
    branches.length > 0 &&
    branches.every((branch) => branch.some((inner) => inner.path.length === path.length && isKind(inner)))
  );
}

function kindsOf(path: Failure['path'], branches: Branches): Kinds {
  const types = new Set<string>();
  let values: readonly unknown[] = [];
  const open: (readonly Failure[])[] = branches.toReversed();
  for (let branch = open.pop(); branch !== undefined; branch = open.pop()) {
    const here = branch.filter((inner) => inner.path.length === path.length);
    const listed = here.find(({ keyword }) => keyword === 'const' || keyword === 'enum');
    const typed = here.find(({ keyword }) => keyword === 'type');
    const union = here.find((inner) => inner.branches !== undefined);
    if (listed !== undefined) values = [...values, ...valuesOf(listed)];
    else if (typed !== undefined) for (const type of [typed.expected].flat()) types.add(String(type));
    else for (const inner of union?.branches?.toReversed() ?? []) open.push(inner);
  }
  return { types: [...types], values: distinct(values) };
}

function valuesOf({ keyword, expected }: Failure): readonly unknown[] {
  return keyword === 'enum' && Array.isArray(expected) ? expected : [expected];
}

/** Of a longer list only the beginning is ever shown. */
const MAX_DISTINCT = 1_000;

function distinct(values: readonly unknown[]): readonly unknown[] {
  return values.length > MAX_DISTINCT ? values : [...new Set(values)];
}

/** A property whose value says which branch is meant, such as `kind`. */
function isDiscriminator({ keyword, path }: Failure, unionDepth: number): boolean {
  return path.length === unionDepth + 1 && (keyword === 'const' || keyword === 'enum');
}

/** One failure that offers what all branches ask for in the same property; undefined where they differ in it. */
function commonDiscriminator(discriminators: readonly (Failure | undefined)[]): Failure | undefined {
  const [first] = discriminators;
  if (first === undefined) return undefined;
  const property = first.path.at(-1);
  let expected: readonly unknown[] = [];
  for (const discriminator of discriminators) {
    if (discriminator === undefined || discriminator.path.at(-1) !== property) return undefined;
    expected = [...expected, ...valuesOf(discriminator)];
  }
  return { path: first.path, keyword: 'enum', expected: distinct(expected), actual: first.actual };
}

function closest(branches: Branches): UnionStory {
  const weights = branches.map(weightOf);
  const lightest = Math.min(...weights);
  const equal = branches.filter((_, index) => weights[index] === lightest);
  const [first = []] = equal;
  if (equal.length === 1 || lightest > 1) return { kind: 'branch', failures: first };
  return { kind: 'either', failures: equal.flatMap((branch) => branch.slice(0, 1)) };
}

/** How many things are wrong in a branch, as far as they are told. */
function weightOf(branch: readonly Failure[]): number {
  let weight = 0;
  for (const { branches = [] } of branch) {
    weight += branches.length === 0 ? 1 : Math.min(...branches.map(weightOf));
  }
  return weight;
}
