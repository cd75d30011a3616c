// The definitions of a schema graph: nodes that something refers to, wherever they stand. Between them a schema is a set
// of trees, each small enough to walk; what leads from tree to tree is found here.

import { childrenOf } from './children.ts';
import type { Node, SchemaGraph } from './graph.ts';

export function definitionsOf({ targets }: Pick<SchemaGraph, 'targets'>): ReadonlySet<Node> {
  return new Set(targets.values());
}

/** The definitions that stand in the tree of `node` or are referred to from there, in order, perhaps more than once. */
export function definitionsIn(
  node: Node,
  targets: ReadonlyMap<Node, Node>,
  definitions: ReadonlySet<Node>,
  found: Node[] = [],
): Node[] {
  const target = targets.get(node);
  if (target !== undefined) found.push(target);
  for (const child of childrenOf(node)) {
    if (definitions.has(child)) found.push(child);
    else definitionsIn(child, targets, definitions, found);
  }
  return found;
}

/** The node itself, what it refers to, what that refers to, to the end. */
export function referenceChain(node: Node, targets: ReadonlyMap<Node, Node>): [Node, ...Node[]] {
  const chain: [Node, ...Node[]] = [node];
  for (let next = targets.get(node); next !== undefined; next = targets.get(next)) chain.push(next);
  return chain;
}
