// How many subschemas a schema would have with every reference replaced by what it means, once: found without replacing
// any. Recursion counts once, so that what is large by this measure is so by repetition alone.

import { childrenOf } from './children.ts';
import { definitionsIn, definitionsOf } from './definitions.ts';
import type { Node, SchemaGraph } from './graph.ts';
import { groupsOf } from './groups.ts';

/** Infinity for what no double can count. */
export function expandedSize({ root, targets }: Pick<SchemaGraph, 'root' | 'targets'>): number {
  const definitions: ReadonlySet<Node> = new Set([root, ...definitionsOf({ targets })]);
  const sizes = new Map<Node, number>();
  const sizeBelow = (node: Node, group: ReadonlySet<Node>): number => {
    let size = 1;
    const target = targets.get(node);
    if (target !== undefined) size += sizeOf(target, group);
    for (const child of childrenOf(node))
      size += definitions.has(child) ? sizeOf(child, group) : sizeBelow(child, group);
    return size;
  };
  const sizeOf = (definition: Node, group: ReadonlySet<Node>): number =>
    group.has(definition) ? 1 : (sizes.get(definition) ?? 1);
  // A group comes after those it leads to: their sizes are known.
  for (const members of groupsOf(definitions, (node) => definitionsIn(node, targets, definitions))) {
    const group = new Set(members);
    for (const member of members) sizes.set(member, sizeBelow(member, group));
  }
  return sizes.get(root) ?? 1;
}
