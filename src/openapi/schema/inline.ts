// A schema graph as one plain tree without any reference, which every reader of a document understands. What a reference
// names stands in its place; recursion is shown one level deep, then described. What would be too much is left out:
// single properties first, at last the whole.
// The tree shares subtrees with itself and with the graph: nobody may change it.

import { printJson } from '../../json/print.ts';
import { buildTree } from './build.ts';
import { createExpansion, type Plan } from './expand.ts';
import type { Degradation, Node, SchemaGraph } from './graph.ts';
import {
  defaultBudget,
  excessOf,
  propertiesOf,
  propertyDegradations,
  propertyReason,
  stubsOf,
  tooDeep,
  tooLargeNode,
  type Budget,
  type Extent,
} from './limits.ts';
import { outlineOf, ownChars, type Outline } from './outline.ts';

export interface Inlined {
  readonly root: Node;
  /** Those of the graph first. */
  readonly degradations: readonly Degradation[];
}

/** How often a definition may stand within itself, tried one after the other. */
const levelsOfRecursion = [1, 0] as const;

export function inline(graph: SchemaGraph, budget: Budget = defaultBudget): Inlined {
  if (isTree(graph) && budget === defaultBudget && printJson(graph.root).length <= budget.maxChars) {
    return { root: graph.root, degradations: graph.degradations };
  }
  const outline = outlineOf(graph);
  for (const repeats of levelsOfRecursion) {
    const whole = createExpansion(outline, budget, repeats).plan();
    if (excessOf(whole, budget) === undefined && !(whole.isCut && repeats > 0)) return inlined(graph, whole, []);
  }
  return withoutLargest(outline, budget);
}

/** Most schemas are: their subschemas and levels were counted when the graph was made. */
function isTree({ targets }: SchemaGraph): boolean {
  return targets.size === 0;
}

function inlined(graph: SchemaGraph, plan: Plan, more: readonly Degradation[]): Inlined {
  const isKnown = graph.degradations.some(({ reason }) => reason === tooDeep);
  const cuts = plan.isCut && !isKnown ? [{ pointer: '#', reason: tooDeep }] : [];
  return { root: buildTree(plan), degradations: [...graph.degradations, ...more, ...cuts] };
}

/** Keeps as many of the top-level properties as fit, the smallest first. */
function withoutLargest(outline: Outline, budget: Budget): Inlined {
  const { graph } = outline;
  const properties = propertiesOf(graph);
  const unknown = propertyReason('the whole', `more than ${budget.maxChars} characters`);
  const reasons = new Map([...properties.keys()].map((name) => [name, unknown]));
  const allGone = stubsOf(graph, properties, reasons);
  let { nodes, chars } = createExpansion(outline, budget, 0, allGone).plan();
  for (const [name, extent] of measure(outline, properties, budget)) {
    const stub = allGone.get(properties.get(name) ?? {}) ?? {};
    const sum = { nodes: nodes + extent.nodes - 1, chars: chars + extent.chars - ownChars(stub) };
    const alone = excessOf(extent, budget);
    const together = excessOf(sum, budget);
    if (alone !== undefined) {
      reasons.set(name, propertyReason('it', alone));
    } else if (together !== undefined) {
      reasons.set(name, propertyReason('the whole', together));
    } else {
      ({ nodes, chars } = sum);
      reasons.delete(name);
    }
  }
  const rest = createExpansion(outline, budget, 0, stubsOf(graph, properties, reasons)).plan();
  const excess = excessOf(rest, budget);
  if (excess === undefined) return inlined(graph, rest, propertyDegradations(reasons));
  const reason = `The schema is too large to show: it has ${excess}.`;
  const root = tooLargeNode(graph.root, graph, reason);
  return { root, degradations: [...graph.degradations, { pointer: '#', reason }] };
}

/** Looked at with growing patience, so that the small are known before the large have used up the time. */
const FIRST_LIMIT = 128;
const LIMIT_GROWTH = 8;
/** Of nodes built, in the worth of the largest schema there may be. */
const MAX_EFFORT = 3;

/** How large each property is, the smallest first; endless if it is too large or not worth the time. */
function measure(outline: Outline, properties: ReadonlyMap<string, Node>, budget: Budget): [string, Extent][] {
  const expansion = createExpansion(outline, budget, 0);
  const extents = new Map<string, Extent>([...properties.keys()].map((name) => [name, endless]));
  let effort = MAX_EFFORT * budget.maxNodes;
  for (let limit = FIRST_LIMIT; limit < LIMIT_GROWTH * Math.max(budget.maxNodes, FIRST_LIMIT); limit *= LIMIT_GROWTH) {
    for (const [name, node] of properties) {
      if (extents.get(name) !== endless || effort <= 0) continue;
      const { extent, spent } = expansion.measure(node, Math.min(limit, effort));
      effort -= spent + 1;
      if (extent !== undefined) extents.set(name, extent);
    }
  }
  const share = ({ nodes, chars }: Extent) => Math.min(1, Math.max(nodes / budget.maxNodes, chars / budget.maxChars));
  return [...extents].toSorted(([, a], [, b]) => share(a) - share(b));
}

const endless: Extent = { nodes: Infinity, chars: 0 };
