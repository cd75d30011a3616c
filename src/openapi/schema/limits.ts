// How much of one tool's schema a document shows, and what stands where it would be more. The limits hold for the schema
// as it is shown: with references in place where the form has none.

import { step, toFragment } from '../../json/schema/pointer.ts';
import { isObject } from '../../json/value.ts';
import { referenceChain } from './definitions.ts';
import { ERROR_KEY, type Degradation, type Node, type SchemaGraph } from './graph.ts';

/** Real schemas nest 11 deep at most; recursive readers give up at about a thousand containers, four to a level. */
export const MAX_DEPTH = 64;
/**
 * What a subschema in a list or a map counts for: it is two containers of JSON deeper, and redocly, with all that reads
 * documents by its library, gives up at a hundred of them.
 */
export const MEMBER_LEVELS = 1.5;
/** Subschemas of one schema. */
export const MAX_NODES = 20_000;
/** Of one schema as JSON. */
export const MAX_CHARS = 1_000_000;
/** Of the places where a document says less than the schema, the first so many are enough to act on. */
export const MAX_REPORTED = 20;
/** A text that is kept where nothing else of a schema is. */
const MAX_KEPT_CHARS = 1_000;

export interface Budget {
  readonly maxNodes: number;
  readonly maxChars: number;
  readonly maxDepth: number;
}

export const defaultBudget: Budget = { maxNodes: MAX_NODES, maxChars: MAX_CHARS, maxDepth: MAX_DEPTH };

/** How much a schema is. */
export interface Extent {
  readonly nodes: number;
  /** Of the JSON. */
  readonly chars: number;
}

/** What there is too much of, as the end of a sentence; undefined if it fits. */
export function excessOf({ nodes, chars }: Extent, { maxNodes, maxChars }: Budget): string | undefined {
  if (nodes > maxNodes) return `more than ${maxNodes} subschemas`;
  return chars > maxChars ? `more than ${maxChars} characters` : undefined;
}

export const tooDeep = `What nests deeper than ${MAX_DEPTH} levels is not shown.`;

/** Where a schema, or that of a property, would be too much: its type and description, and the reason for the rest. */
export function tooLargeNode(node: Node, { targets }: Pick<SchemaGraph, 'targets'>, reason: string): Node {
  const chain = referenceChain(node, targets);
  const stub: Node = Object.create(null);
  const type = firstOf(chain, 'type');
  const description = firstOf(chain, 'description');
  if (type !== undefined) stub['type'] = type;
  if (typeof description === 'string' && description.length <= MAX_KEPT_CHARS) stub['description'] = description;
  stub[ERROR_KEY] = reason;
  return stub;
}

/** Of a node and what it refers to. */
export function firstOf(chain: readonly Node[], keyword: string): unknown {
  return chain.find((node) => node[keyword] !== undefined)?.[keyword];
}

/** The top-level properties of a schema: what can be left out for itself. */
export function propertiesOf({ root, targets }: SchemaGraph): ReadonlyMap<string, Node> {
  const properties = firstOf(referenceChain(root, targets), 'properties');
  const members = isObject(properties) ? Object.entries(properties) : [];
  return new Map(members.filter((member): member is [string, Node] => isObject(member[1])));
}

/** A sentence for a top-level property that is left out. */
export function propertyReason(subject: 'it' | 'the whole', excess: string): string {
  return `The schema of this property is too large to show: ${subject} has ${excess}.`;
}

/** What stands for those of the properties that are left out, by the node it stands for. */
export function stubsOf(
  graph: SchemaGraph,
  properties: ReadonlyMap<string, Node>,
  reasons: ReadonlyMap<string, string>,
): ReadonlyMap<Node, Node> {
  const stubs = new Map<Node, Node>();
  for (const [name, reason] of reasons) {
    const node = properties.get(name);
    if (node !== undefined) stubs.set(node, tooLargeNode(node, graph, reason));
  }
  return stubs;
}

export function propertyDegradations(reasons: ReadonlyMap<string, string>): Degradation[] {
  return [...reasons].slice(0, MAX_REPORTED).map(([name, reason]) => {
    return { pointer: `#${toFragment(step('', 'properties', name)) ?? ''}`, reason };
  });
}
