// Builds the tree that expand.ts has planned. What is planned once is built once and shared, and nodes of the graph in
// which nothing is replaced stand in the tree as they are.

import { beforeSentence } from '../text.ts';
import { childrenOf, mapChildren } from './children.ts';
import type { Plan } from './expand.ts';
import type { Node } from './graph.ts';
import { mergeFlat, withAllOf } from './merge.ts';

export function buildTree(plan: Plan): Node {
  return buildOnce(plan, new Map());
}

function buildOnce(plan: Plan, done: Map<Plan, Node>): Node {
  const before = done.get(plan);
  if (before !== undefined) return before;
  const { node, children, named } = plan;
  const built = children.map((child) => buildOnce(child, done));
  const isSame = [...childrenOf(node)].every((child, index) => child === built[index]);
  let next = 0;
  const whole = isSame ? node : mapChildren(node, (child) => built[next++] ?? child);
  const result = named === undefined ? whole : merged(buildOnce(named, done), whole, plan.recursion);
  done.set(plan, result);
  return result;
}

function merged(named: Node, siblings: Node, recursion: string | undefined): Node {
  const flat = mergeFlat(named, siblings);
  if (flat === undefined) return withAllOf(siblings, named);
  const { description } = siblings;
  if (recursion !== undefined && typeof description === 'string') {
    flat['description'] = beforeSentence(description) + recursion;
  }
  return flat;
}
