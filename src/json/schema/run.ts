// One run of a validator over one value: how much work it may still do, how deep it is, and through which schemas it
// came. Running out ends the run by an Unjudged, and so does a schema that cannot be understood.

/**
 * A step is a subschema entered, a property or item looked at, or so many characters of text: about 0.1 us. What the
 * largest real schemas take on their arguments is a hundredth of this.
 */
const MAX_STEPS = 300_000;
/**
 * Subschemas within each other. Arguments nest 500 deep at most, and a level takes up to three: a reference, what it
 * leads to, a branch of that. The stack has room for 2,500.
 */
const MAX_DEPTH = 1_800;

/** It may quote the schema, where a reference or a pattern may be a megabyte long. */
const MAX_REASON_CHARS = 300;

/** Ends a run without a judgement. */
export class Unjudged extends Error {
  /** One sentence. */
  readonly reason: string;

  constructor(reason: string) {
    super(reason);
    this.reason = reason.length > MAX_REASON_CHARS ? `${reason.slice(0, MAX_REASON_CHARS)}...` : reason;
  }
}

/** The resources (schemas with an `$id`) that the run came through, innermost first. */
export interface Scope {
  /** The place of the resource's root. */
  readonly home: string;
  readonly outer: Scope | undefined;
}

export class Run {
  scope: Scope = outermost;
  /**
   * How often something passed because it could not be checked. Where a pass makes a value unfit (`not`, `oneOf`),
   * such a pass proves nothing.
   */
  unsure = 0;
  #stepsLeft = MAX_STEPS;
  #depth = 0;

  /** For the next pass over a value. */
  reset(): void {
    this.scope = outermost;
    this.unsure = 0;
    this.#stepsLeft = MAX_STEPS;
    this.#depth = 0;
  }

  spend(steps: number): void {
    this.#stepsLeft -= steps;
    if (this.#stepsLeft < 0) throw new Unjudged('Checking this value against its schema takes too much work.');
  }

  /** Into a subschema, or a value within a value. */
  enter(): void {
    this.spend(1);
    if (++this.#depth > MAX_DEPTH) {
      throw new Unjudged('The value or its schema nests too deeply, or the schema refers to itself without end.');
    }
  }

  leave(): void {
    this.#depth--;
  }

  /** For what cannot be checked. */
  passUnsure(): true {
    this.unsure++;
    return true;
  }
}

const outermost: Scope = { home: '', outer: undefined };
