// The dialects of JSON Schema that are understood here, by what `$schema` says: draft-06, draft-07, 2019-09 and 2020-12.
// A schema that says nothing is 2020-12, read with those spellings of older drafts that mean nothing else in it.

export type Draft = 6 | 7 | 2019 | 2020;

export interface Dialect {
  readonly draft: Draft;
  /** Not said by the schema: real ones leave `$schema` out and write draft-07. */
  readonly isAssumed: boolean;
}

export const ASSUMED: Dialect = { draft: 2020, isAssumed: true };

const drafts: ReadonlyMap<unknown, Draft> = new Map<unknown, Draft>([
  ['draft-06', 6],
  ['draft-07', 7],
  ['draft/2019-09', 2019],
  ['draft/2020-12', 2020],
]);

const IDENTIFIER = /^https?:\/\/json-schema\.org\/([^#]*)\/schema#?$/;

/** undefined for one that is not known. */
export function dialectOf($schema: unknown): Dialect | undefined {
  if ($schema === undefined) return ASSUMED;
  const draft = typeof $schema === 'string' ? drafts.get(IDENTIFIER.exec($schema)?.[1]) : undefined;
  return draft === undefined ? undefined : { draft, isAssumed: false };
}

/** Up to draft-07 a `$ref` stands alone: what is beside it is ignored, an `$id` too. */
export function referencesStandAlone({ draft }: Dialect): boolean {
  return draft <= 7;
}

const firstDraft: ReadonlyMap<string, Draft> = new Map<string, Draft>([
  ['if', 7],
  ['then', 7],
  ['else', 7],
  ['dependentRequired', 2019],
  ['dependentSchemas', 2019],
  ['minContains', 2019],
  ['maxContains', 2019],
  ['unevaluatedItems', 2019],
  ['unevaluatedProperties', 2019],
  ['prefixItems', 2020],
  ['$dynamicRef', 2020],
]);

/** Whether the dialect gives the keyword a meaning. `dependencies` has kept its own: 2019-09 asks not to reuse it. */
export function isKeyword(keyword: string, { draft, isAssumed }: Dialect): boolean {
  if (keyword === '$recursiveRef') return draft === 2019;
  if (keyword === 'additionalItems') return draft <= 2019 || isAssumed;
  return draft >= (firstDraft.get(keyword) ?? 0);
}

/** Whether `items` may be a list of schemas, one for each item. */
export function itemsMayBeList({ draft, isAssumed }: Dialect): boolean {
  return draft <= 2019 || isAssumed;
}
