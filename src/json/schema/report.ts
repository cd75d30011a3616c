// Gathers the failures of one value, with the place of each: as many as were asked for, in the order of the document.
// What they mean to people is said elsewhere.

import { isObject } from '../value.ts';
import type { Run } from './run.ts';
import type { Failure } from './verdict.ts';

type Path = (string | number)[];

const STEPS_PER_FAILURE = 5;

export class Report {
  readonly failures: Failure[] = [];
  readonly #maxFailures: number;
  /** Of the value that is being looked at. */
  readonly #path: Path;

  constructor(maxFailures: number, path: Path = []) {
    this.#maxFailures = maxFailures;
    this.#path = path;
  }

  get isFull(): boolean {
    return this.failures.length >= this.#maxFailures;
  }

  enter(step: string | number): void {
    this.#path.push(step);
  }

  leave(): void {
    this.#path.pop();
  }

  add(run: Run, failure: Omit<Failure, 'path'>): void {
    if (this.isFull) return;
    run.spend(STEPS_PER_FAILURE + this.#path.length);
    this.failures.push({ path: [...this.#path], ...failure });
  }

  /** For a branch of a union, at the same place. */
  branch(maxFailures: number): Report {
    return new Report(maxFailures, this.#path);
  }

  /** Keywords are judged one after the other, and several may look at the same part of the document. */
  inOrder(root: unknown): readonly Failure[] {
    if (this.failures.length < 2) return this.failures;
    const ranks = new Map<object, ReadonlyMap<string, number>>();
    const placed = this.failures.map((failure) => ({ failure, place: placeOf(failure.path, root, ranks) }));
    return placed.toSorted((a, b) => compare(a.place, b.place)).map(({ failure }) => failure);
  }
}

/** The path by position: which member each property is. */
function placeOf(path: Failure['path'], root: unknown, ranks: Map<object, ReadonlyMap<string, number>>): number[] {
  let value = root;
  return path.map((step) => {
    const container = value as { readonly [step: string | number]: unknown };
    value = container[step];
    if (typeof step === 'number' || !isObject(container)) return Number(step);
    let rank = ranks.get(container);
    if (rank === undefined) ranks.set(container, (rank = rankOf(container)));
    return rank.get(step) ?? 0;
  });
}

function rankOf(object: object): ReadonlyMap<string, number> {
  return new Map(Object.keys(object).map((key, index) => [key, index]));
}

/** What holds a part comes before the part. */
function compare(a: readonly number[], b: readonly number[]): number {
  for (const [index, rank] of a.entries()) {
    const other = b[index];
    if (other === undefined) return 1;
    if (rank !== other) return rank - other;
  }
  return a.length - b.length;
}
