// What a validator says of a value: that it fits, where and how it does not, or that it could not be judged.
// Types only. Sentences for people are made of them elsewhere.

/** One way in which a value does not fit its schema. */
export interface Failure {
  /** From the root of the value: property names and indices. For a missing property, of the object that lacks it. */
  readonly path: readonly (string | number)[];
  /** The keyword that failed; `false` for the schema `false`. */
  readonly keyword: string;
  /** The keyword's value in the schema. */
  readonly expected: unknown;
  /** The value at `path`. */
  readonly actual: unknown;
  /** The property that is missing (`required`, dependencies) or not allowed (a name that fails `propertyNames`). */
  readonly property?: string;
  /** Of anyOf and oneOf where no branch fits: what each branch found. */
  readonly branches?: readonly (readonly Failure[])[];
}

export type Verdict =
  | { readonly kind: 'valid' }
  /** In document order, at most as many as were asked for; at least one. */
  | { readonly kind: 'invalid'; readonly failures: readonly Failure[] }
  /** The schema is invalid, of an unknown dialect, refers out of itself, or the budget ran out. One sentence. */
  | { readonly kind: 'unjudged'; readonly reason: string };

export interface Validator {
  /** Never throws, whatever schema and value are. */
  validate(value: unknown, maxFailures: number): Verdict;
}
