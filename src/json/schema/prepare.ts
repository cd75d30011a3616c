// From the keywords of one subschema to its checks, in the order in which they are asked: what costs little first.
// A keyword whose value JSON Schema does not allow makes the schema invalid, which is found when a value comes to that
// subschema; annotations (`format`, `title`, `default`) say nothing here and may be anything.

import { isObject } from '../value.ts';
import { toContains, toItems } from './arrays.ts';
import { assertions } from './assertions.ts';
import { toCheck, type Check, type Place } from './check.ts';
import * as combinators from './combinators.ts';
import { isKeyword, itemsMayBeList, referencesStandAlone } from './dialect.ts';
import { isAllowed, positionOf } from './keywords.ts';
import { toDependents, toMembers, toPropertyNames, toRequired } from './objects.ts';
import { step, toFragment } from './pointer.ts';
import { Unjudged } from './run.ts';
import { toUnevaluatedItems, toUnevaluatedProperties } from './unevaluated.ts';

export function prepareChecks(place: Place): readonly Check[] {
  const { schema, dialect } = place;
  const isAlone = referencesStandAlone(dialect) && Object.hasOwn(schema, '$ref');
  const wanted = new Set<Preparation>();
  for (const keyword of isAlone ? ['$ref'] : Object.keys(schema)) {
    const preparation = preparations.get(keyword);
    if (preparation === undefined || !isKeyword(keyword, dialect)) continue;
    if (!isWellFormed(place, keyword)) {
      const pointer = step(place.pointer, keyword);
      throw new Unjudged(`The schema is invalid: #${toFragment(pointer) ?? pointer} has a value that is not allowed.`);
    }
    wanted.add(preparation);
  }
  const checks: Check[] = [];
  for (const { make } of [...wanted].toSorted((a, b) => a.rank - b.rank)) {
    const check = make(place, [...checks]);
    if (check !== undefined) checks.push(check);
  }
  return checks;
}

/** The schema `false`. */
export const NEVER: Check = toCheck(
  () => false,
  (value, run, report) => report.add(run, { keyword: 'false', expected: false, actual: value }),
);

/** `before` are the checks made so far. Keywords are known to be allowed. */
type Make = (place: Place, before: readonly Check[]) => Check | undefined;

interface Preparation {
  /** Its turn among the others. */
  readonly rank: number;
  readonly make: Make;
}

/** Keywords that mean something only together are one group. */
const groups: readonly (readonly [keywords: readonly string[], make: Make])[] = [
  ...[...assertions].map(([keyword, toAssertion]): [string[], Make] => [
    [keyword],
    ({ schema }) => toAssertion(schema[keyword], keyword),
  ]),
  [['required'], toRequired],
  [['dependentRequired'], (place) => toDependents(place, 'dependentRequired')],
  [['properties', 'patternProperties', 'additionalProperties'], toMembers],
  [['propertyNames'], toPropertyNames],
  [['prefixItems', 'items', 'additionalItems'], toItems],
  [['contains', 'minContains', 'maxContains'], toContains],
  [['dependentSchemas'], (place) => toDependents(place, 'dependentSchemas')],
  [['dependencies'], (place) => toDependents(place, 'dependencies')],
  [['$ref'], combinators.toReference],
  [['$dynamicRef'], combinators.toDynamicReference],
  [['$recursiveRef'], combinators.toRecursiveReference],
  [['allOf'], combinators.toAllOf],
  [['anyOf'], combinators.toAnyOf],
  [['oneOf'], combinators.toOneOf],
  [['not'], combinators.toNot],
  [['if', 'then', 'else'], combinators.toCondition],
  [['unevaluatedProperties'], toUnevaluatedProperties],
  [['unevaluatedItems'], toUnevaluatedItems],
];

const preparations: ReadonlyMap<string, Preparation> = new Map(
  groups.flatMap(([keywords, make], rank) => {
    const preparation = { rank, make };
    return keywords.map((keyword) => [keyword, preparation] as const);
  }),
);

/** Subschemas are judged when a value comes to them, and so are the texts of patterns. */
function isWellFormed({ schema, dialect }: Place, keyword: string): boolean {
  const value = schema[keyword];
  switch (keyword) {
    case '$ref':
    case '$dynamicRef':
    case '$recursiveRef':
    case 'pattern':
      return typeof value === 'string';
    case 'items': {
      if (!Array.isArray(value)) return true;
      return itemsMayBeList(dialect) && !(isKeyword('prefixItems', dialect) && Object.hasOwn(schema, 'prefixItems'));
    }
    case 'dependencies':
      return (
        isObject(value) &&
        Object.values(value).every((needed) => !Array.isArray(needed) || isAllowed('required', needed) === true)
      );
    default:
  }
  switch (positionOf(keyword)) {
    case 'list':
      return Array.isArray(value) && value.length > 0;
    case 'map':
      return isObject(value);
    default:
      return isAllowed(keyword, value) ?? true;
  }
}
