// What an older dialect of JSON Schema means by its keywords. The dialect is what `$schema` says; where it says nothing,
// what any of them knows is taken as meant. Draft-04 is written as draft-06 before anything else looks at it. A document
// shows schemas of dialects that the validator does not judge, so two eras are all that is told apart here.

import { positionOf } from '../../json/schema/keywords.ts';
import { ExactNumber, isObject, type JsonObject } from '../../json/value.ts';
import { MAX_DEPTH } from './limits.ts';

/** Up to draft-07, since 2019-09, or not said. */
export type Era = 'old' | 'modern' | 'unsaid';

export function eraOf({ $schema }: JsonObject): Era {
  if (typeof $schema !== 'string') return 'unsaid';
  return /\/draft-0\d\//.test($schema) ? 'old' : 'modern';
}

/** Keywords that mean nothing in a schema that says it is older than they are. */
export const modernKeywords: ReadonlySet<string> = new Set([
  'prefixItems',
  'unevaluatedItems',
  'unevaluatedProperties',
  'dependentRequired',
  'dependentSchemas',
  'minContains',
  'maxContains',
  'contentSchema',
  '$dynamicRef',
  '$recursiveRef',
]);

/** The schema itself, or what it says in the words of draft-06. Every place keeps its pointer. */
export function withoutDraft04(schema: JsonObject): JsonObject {
  const { $schema } = schema;
  return typeof $schema === 'string' && $schema.includes('/draft-04/') ? upgraded(schema, 0) : schema;
}

function upgraded(node: JsonObject, depth: number): JsonObject {
  if (depth > MAX_DEPTH) return node; // Not shown.
  const copy: Record<string, unknown> = Object.create(null);
  for (const [keyword, value] of Object.entries(node)) {
    if (keyword === 'id' && typeof value === 'string') copy['$id'] = value;
    else copy[keyword] = upgradedValue(keyword, value, depth);
  }
  makeExclusive(copy, 'minimum', 'exclusiveMinimum');
  makeExclusive(copy, 'maximum', 'exclusiveMaximum');
  return copy;
}

function upgradedValue(keyword: string, value: unknown, depth: number): unknown {
  const below = (child: unknown) => (isObject(child) ? upgraded(child, depth + 1) : child);
  const position = keyword === 'dependencies' ? 'map' : (positionOf(keyword) ?? '');
  if (Array.isArray(value)) return position === 'list' || keyword === 'items' ? value.map(below) : value;
  if (!isObject(value)) return value;
  if (position !== 'map' && position !== 'definitions') {
    return position === '' && keyword !== 'additionalItems' ? value : below(value);
  }
  const map: Record<string, unknown> = Object.create(null);
  for (const [name, child] of Object.entries(value)) map[name] = below(child);
  return map;
}

/** There, whether a limit belongs to what it allows is said by a boolean beside it. */
function makeExclusive(node: Record<string, unknown>, limit: string, exclusive: string): void {
  const value = node[limit];
  if (node[exclusive] === false) {
    delete node[exclusive];
  } else if (node[exclusive] === true && (typeof value === 'number' || value instanceof ExactNumber)) {
    node[exclusive] = value;
    delete node[limit];
  }
}
