// References that lead back to where they stand without going a step into the value: `a` is what `b` is, and `b` what `a`
// is. They mean nothing, and send readers round for ever.

import { isObject } from '../../json/value.ts';
import type { Node } from './graph.ts';
import { groupsOf } from './groups.ts';

/** Keywords whose subschemas judge the same value as the schema they stand in. */
const inPlaceKeywords = ['allOf', 'anyOf', 'oneOf', 'not', 'if', 'then', 'else', 'dependentSchemas'];

/** The nodes with such a reference. Without those references there is no such loop. */
export function loopingReferences(targets: ReadonlyMap<Node, Node>): Node[] {
  const groups = groupsOf(targets.keys(), (node) => judgedWith(node, targets));
  const groupOf = new Map(groups.flatMap((group) => group.map((node) => [node, group] as const)));
  return [...targets].filter(([node, target]) => groupOf.get(node) === groupOf.get(target)).map(([node]) => node);
}

function judgedWith(node: Node, targets: ReadonlyMap<Node, Node>): Node[] {
  const target = targets.get(node);
  const nodes = target === undefined ? [] : [target];
  for (const keyword of inPlaceKeywords) {
    const value = node[keyword];
    if (value === undefined) continue;
    for (const child of childrenIn(keyword, value)) if (isObject(child)) nodes.push(child);
  }
  return nodes;
}

function childrenIn(keyword: string, value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return keyword === 'dependentSchemas' && isObject(value) ? Object.values(value) : [value];
}
