// What is worked out once about a schema graph, for all the ways in which it may be expanded: which definitions lead back
// to themselves, and of each node its children and its own length. Nothing is expanded here.

import { printJson } from '../../json/print.ts';
import { positionOf } from '../../json/schema/keywords.ts';
import { isObject } from '../../json/value.ts';
import { childrenOf } from './children.ts';
import { definitionsIn, definitionsOf } from './definitions.ts';
import type { Node, SchemaGraph } from './graph.ts';
import { groupsOf } from './groups.ts';

export interface Outline {
  readonly graph: SchemaGraph;
  /** Of each definition, those that it leads to and that lead back to it. */
  readonly groupOf: ReadonlyMap<Node, readonly Node[]>;
  childrenOf(node: Node): readonly Node[];
  /** Characters of its JSON without those of its children. */
  charsOf(node: Node): number;
}

export function outlineOf(graph: SchemaGraph): Outline {
  const definitions = definitionsOf(graph);
  const groups = groupsOf([graph.root, ...definitions], (node) => definitionsIn(node, graph.targets, definitions));
  const members = groups.flatMap((group) => group.map((node) => [node, group] as const));
  const children = new Map<Node, readonly Node[]>();
  const chars = new Map<Node, number>();
  return {
    graph,
    groupOf: new Map(members.filter(([node]) => definitions.has(node))),
    childrenOf: (node) => remembered(children, node, (parent) => [...childrenOf(parent)]),
    charsOf: (node) => remembered(chars, node, ownChars),
  };
}

function remembered<T>(known: Map<Node, T>, node: Node, find: (node: Node) => T): T {
  const before = known.get(node);
  if (before !== undefined) return before;
  const found = find(node);
  known.set(node, found);
  return found;
}

/** Quotes and a colon or comma, or brackets. */
const MARKS = 4;

export function ownChars(node: Node): number {
  let chars = 2;
  for (const [keyword, value] of Object.entries(node)) chars += keyword.length + MARKS + charsOfValue(keyword, value);
  return chars;
}

function charsOfValue(keyword: string, value: unknown): number {
  if (positionOf(keyword) === undefined || typeof value === 'boolean') return printJson(value).length;
  if (Array.isArray(value)) return 2 + value.length;
  if (positionOf(keyword) !== 'map' || !isObject(value)) return 0;
  return Object.keys(value).reduce((chars, name) => chars + name.length + MARKS, 2);
}
