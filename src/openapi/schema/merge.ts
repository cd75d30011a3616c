// What stands beside a reference, merged with what it refers to once that stands in its place. Both must hold; they become
// one flat schema only where that provably says the same, because readers understand a flat schema best.

import { positionOf } from '../../json/schema/keywords.ts';
import { ExactNumber } from '../../json/value.ts';
import type { Node } from './graph.ts';

/** One schema that says what both say, or undefined; where they annotate differently, `siblings` wins. */
export function mergeFlat(target: Node, siblings: Node): Node | undefined {
  for (const [keyword, value] of Object.entries(siblings)) {
    if (isAnnotation(keyword) || !Object.hasOwn(target, keyword)) continue;
    // Trees of subschemas may share parts, and then take longer to compare than they take to hold.
    const isData = positionOf(keyword) === undefined;
    if (!(isData ? isSame(target[keyword], value) : target[keyword] === value)) return undefined;
  }
  if (neighbourhoods.some((keywords) => isSplit(keywords, target, siblings))) return undefined;
  if (countsOthers(target, siblings) || countsOthers(siblings, target)) return undefined;
  const merged: Node = Object.create(null);
  for (const [keyword, value] of Object.entries(target)) merged[keyword] = value;
  for (const [keyword, value] of Object.entries(siblings)) merged[keyword] = value;
  return merged;
}

/** What stands beside a node's reference. */
export function siblingsOf(node: Node): Node {
  const siblings: Node = Object.create(null);
  for (const keyword of Object.keys(node)) if (keyword !== '$ref') siblings[keyword] = node[keyword];
  return siblings;
}

/** The other way: `siblings`, with one schema more that must hold. */
export function withAllOf(siblings: Node, target: Node): Node {
  const both: Node = Object.create(null);
  for (const [keyword, value] of Object.entries(siblings)) both[keyword] = value;
  const others: readonly unknown[] = Array.isArray(both['allOf']) ? both['allOf'] : [];
  both['allOf'] = [target, ...others];
  return both;
}

/** Whether a keyword says something about a schema without judging any value. */
export function isAnnotation(keyword: string): boolean {
  return annotations.has(keyword) || keyword.startsWith('x-');
}

const annotations: ReadonlySet<string> = new Set([
  'title',
  'description',
  'default',
  'examples',
  'example',
  'deprecated',
  'readOnly',
  'writeOnly',
  '$comment',
]);

/** Keywords that mean something else if another of the row stands beside them. */
const neighbourhoods: readonly (readonly string[])[] = [
  ['properties', 'patternProperties', 'additionalProperties', 'unevaluatedProperties'],
  ['prefixItems', 'items', 'unevaluatedItems', 'contains', 'minContains', 'maxContains'],
  ['if', 'then', 'else'],
  ['contentEncoding', 'contentMediaType', 'contentSchema'],
];

function isSplit(keywords: readonly string[], a: Node, b: Node): boolean {
  const inA = keywords.filter((keyword) => Object.hasOwn(a, keyword));
  const inB = keywords.filter((keyword) => Object.hasOwn(b, keyword));
  if (inA.length === 0 || inB.length === 0) return false;
  // What both have is the same by now.
  return inA.length !== inB.length || inA.some((keyword) => !inB.includes(keyword));
}

/** `unevaluated...` asks what every subschema beside it has looked at. */
function countsOthers(counting: Node, others: Node): boolean {
  const counts = 'unevaluatedProperties' in counting || 'unevaluatedItems' in counting;
  return counts && Object.keys(others).some((keyword) => positionOf(keyword) !== undefined);
}

/** Whether two values of JSON are certainly equal; costs no more than the smaller of them. */
function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (a instanceof ExactNumber || b instanceof ExactNumber) {
    return a instanceof ExactNumber && b instanceof ExactNumber && a.text === b.text;
  }
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && isSame(memberOf(a, key), memberOf(b, key)));
}

function memberOf(value: object, key: string): unknown {
  return (value as { readonly [key: string]: unknown })[key];
}
