// One subschema as a check: its keywords are prepared when a value first comes to it. Keeps account of depth and of the
// resources that a run passes through.

import type { Check } from './check.ts';
import type { Report } from './report.ts';
import type { Run } from './run.ts';
import type { Seen } from './seen.ts';

/** Of one subschema, its subschemas not among them. */
const STEPS_TO_PREPARE = 40;

export class SchemaNode implements Check {
  /** The root of the resource that it belongs to. */
  readonly #home: string;
  readonly #prepare: () => readonly Check[];
  #checks: readonly Check[] | undefined;

  constructor(home: string, prepare: () => readonly Check[]) {
    this.#home = home;
    this.#prepare = prepare;
  }

  test(value: unknown, run: Run): boolean {
    const outer = this.#enter(run);
    const checks = this.#checks ?? this.#prepared(run);
    let fits = true;
    for (let index = 0; fits && index < checks.length; index++) fits = checks[index]?.test(value, run) ?? true;
    leave(run, outer);
    return fits;
  }

  explain(value: unknown, run: Run, report: Report): void {
    const outer = this.#enter(run);
    for (const check of this.#checks ?? this.#prepared(run)) {
      if (report.isFull) break;
      check.explain(value, run, report);
    }
    leave(run, outer);
  }

  mark(value: unknown, run: Run, seen: Seen): void {
    const outer = this.#enter(run);
    for (const check of this.#checks ?? this.#prepared(run)) check.mark?.(value, run, seen);
    leave(run, outer);
  }

  #prepared(run: Run): readonly Check[] {
    run.spend(STEPS_TO_PREPARE);
    return (this.#checks = this.#prepare());
  }

  #enter(run: Run): Run['scope'] {
    run.enter();
    const outer = run.scope;
    if (outer.home !== this.#home) run.scope = { home: this.#home, outer };
    return outer;
  }
}

function leave(run: Run, outer: Run['scope']): void {
  run.scope = outer;
  run.leave();
}
