// Plans the tree of inline.ts and counts what it comes to before anything is built (build.ts): what a reference names goes
// in its place. A definition that does not lead back to where it stands is planned once and shared, so that a bomb of
// references costs what its text does; what recursion multiplies is planned until it is too much, and no further.

import { beforeSentence } from '../text.ts';
import { referenceChain } from './definitions.ts';
import { ERROR_KEY, type Node } from './graph.ts';
import { firstOf, MEMBER_LEVELS, tooDeep, type Budget, type Extent } from './limits.ts';
import { isAnnotation, siblingsOf } from './merge.ts';
import { ownChars, type Outline } from './outline.ts';

/** What will stand at one place. */
export interface Plan extends Extent {
  /** A node of the graph, or what stands there instead; without `$ref`. */
  readonly node: Node;
  /** Of the children of `node`, in their order. */
  readonly children: readonly Plan[];
  /** What a reference names, to be merged with `node`: its siblings. */
  readonly named?: Plan;
  /** Levels below it, at most. */
  readonly height: number;
  /** Something is left out because it nests too deep. */
  readonly isCut: boolean;
  /** Of the stub of a recursive definition: what stands there after its description. */
  readonly recursion?: string;
}

export interface Expansion {
  /** Of the whole. Too much is Infinity nodes or characters; never less than it will be. */
  plan(): Plan;
  /** Of a node as it would be below the root; undefined if it takes more than `maxNodes` to find out. */
  measure(node: Node, maxNodes: number): { readonly extent: Extent | undefined; readonly spent: number };
}

/** References that lead to references: nobody writes more in a row, and each costs stack. */
const MAX_REFERENCES_IN_A_ROW = 256;

/** A definition may stand within itself `repeats` times. `stubs` stand in for nodes that are left out. */
export function createExpansion(
  outline: Outline,
  budget: Budget,
  repeats: number,
  stubs: ReadonlyMap<Node, Node> = new Map(),
): Expansion {
  return new Planner(outline, budget, repeats, stubs);
}

class Planner implements Expansion {
  readonly #outline: Outline;
  readonly #targets: ReadonlyMap<Node, Node>;
  readonly #budget: Budget;
  readonly #repeats: number;
  readonly #stubs: ReadonlyMap<Node, Node>;
  /** Definitions that are the same wherever they stand outside of their group. */
  readonly #done = new Map<Node, Plan>();
  readonly #recursionStubs = new Map<Node, Plan>();
  /** How often each definition, and each group, stands on the way from the root to here. */
  readonly #open = new Map<object, number>();
  #maxNodes: number;
  #nodes = 0;
  #chars = 0;
  #referencesInARow = 0;

  constructor(outline: Outline, budget: Budget, repeats: number, stubs: ReadonlyMap<Node, Node>) {
    this.#outline = outline;
    this.#targets = outline.graph.targets;
    this.#budget = budget;
    this.#repeats = repeats;
    this.#stubs = stubs;
    this.#maxNodes = budget.maxNodes;
  }

  plan(): Plan {
    return this.#plan(this.#outline.graph.root, 0);
  }

  measure(node: Node, maxNodes: number): { readonly extent: Extent | undefined; readonly spent: number } {
    this.#maxNodes = Math.min(maxNodes, this.#budget.maxNodes);
    this.#nodes = 0;
    this.#chars = 0;
    const outer = referenceChain(this.#outline.graph.root, this.#targets).filter((link) => this.#groupOf(link));
    for (const link of outer) this.#count(link, 1);
    const plan = this.#plan(node, 1);
    for (const link of outer) this.#count(link, -1);
    const isKnown = plan.nodes < Infinity || this.#maxNodes >= this.#budget.maxNodes;
    return { extent: isKnown ? plan : undefined, spent: this.#nodes };
  }

  #plan(node: Node, depth: number): Plan {
    const stub = this.#stubs.get(node);
    if (stub !== undefined) return leaf(stub);
    const group = this.#groupOf(node);
    if (group === undefined) return this.#planNode(node, depth);
    if (this.#openTimes(node) > this.#repeats) return this.#spend(0) ?? this.#recursionStub(node);
    const isEntry = this.#openTimes(group) === 0;
    const done = isEntry ? this.#done.get(node) : undefined;
    if (done !== undefined && depth + done.height <= this.#budget.maxDepth) return this.#spend(0) ?? done;
    this.#count(node, 1);
    const plan = this.#planNode(node, depth);
    this.#count(node, -1);
    const isWhole = !plan.isCut && plan.nodes < Infinity && plan.chars < Infinity;
    if (isEntry && isWhole) this.#done.set(node, plan);
    return plan;
  }

  #groupOf(node: Node): readonly Node[] | undefined {
    return this.#outline.groupOf.get(node);
  }

  #openTimes(key: object): number {
    return this.#open.get(key) ?? 0;
  }

  #count(node: Node, times: number): void {
    this.#open.set(node, this.#openTimes(node) + times);
    const group = this.#groupOf(node);
    if (group !== undefined) this.#open.set(group, this.#openTimes(group) + times);
  }

  /** What stands there instead of one more node if there are too many. */
  #spend(chars: number): Plan | undefined {
    this.#nodes++;
    this.#chars += chars;
    if (this.#nodes > this.#maxNodes) return tooMany;
    return this.#chars > this.#budget.maxChars ? tooLong : undefined;
  }

  #planNode(node: Node, depth: number): Plan {
    if (depth > this.#budget.maxDepth || this.#referencesInARow > MAX_REFERENCES_IN_A_ROW) return cut;
    const target = this.#targets.get(node);
    if (target !== undefined) return this.#planReference(node, target, depth);
    const chars = this.#outline.charsOf(node);
    return this.#spend(chars) ?? this.#planTree(node, chars, this.#outline.childrenOf(node), depth);
  }

  #planTree(node: Node, ownLength: number, nodes: readonly Node[], depth: number): Plan {
    const referencesInARow = this.#referencesInARow;
    this.#referencesInARow = 0;
    const levels = levelsBelow(node, nodes);
    const children = nodes.map((child, index) => this.#plan(child, depth + (levels[index] ?? 1)));
    this.#referencesInARow = referencesInARow;
    const whole = { node, children, nodes: 1, chars: ownLength, height: 0, isCut: false };
    for (const [index, child] of children.entries()) {
      whole.nodes += child.nodes;
      whole.chars += child.chars;
      whole.height = Math.max(whole.height, child.height + (levels[index] ?? 1));
      whole.isCut ||= child.isCut;
    }
    return whole;
  }

  #planReference(node: Node, target: Node, depth: number): Plan {
    const keywords = Object.keys(node).filter((keyword) => keyword !== '$ref');
    // Beside what judges values, it may have to stand in an allOf, a level deeper.
    const deeper = keywords.every(isAnnotation) ? 0 : 1;
    this.#referencesInARow++;
    const named = this.#plan(target, depth + deeper * MEMBER_LEVELS);
    this.#referencesInARow--;
    if (keywords.length === 0) return named;
    const ownLength = this.#outline.charsOf(node);
    const nodes = this.#outline.childrenOf(node);
    const siblings = siblingsOf(node);
    const beside = this.#spend(ownLength) ?? this.#planTree(siblings, ownLength, nodes, depth);
    return {
      node: siblings,
      children: beside.children,
      named,
      nodes: named.nodes + beside.nodes - (1 - deeper),
      chars: named.chars + beside.chars,
      height: Math.max(named.height + deeper * MEMBER_LEVELS, beside.height),
      isCut: named.isCut || beside.isCut,
      ...(named.recursion !== undefined && { recursion: named.recursion }),
    };
  }

  /** Accepts all that the definition does, so it says nothing of the value but its type. */
  #recursionStub(node: Node): Plan {
    const known = this.#recursionStubs.get(node);
    if (known !== undefined) return known;
    const { root, names } = this.#outline.graph;
    const chain = referenceChain(node, this.#targets);
    const type = firstOf(chain, 'type');
    const description = firstOf(chain, 'description');
    const name = node === root ? '' : (names.get(node) ?? '');
    const recursion = `Recursive: the same shape as ${name === '' ? 'the whole' : name} above.`;
    const stub: Node = Object.create(null);
    if (type !== undefined) stub['type'] = type;
    if (type === 'array' || (Array.isArray(type) && type.includes('array'))) stub['items'] = {};
    stub['description'] = typeof description === 'string' ? beforeSentence(description) + recursion : recursion;
    const plan = { ...leaf(stub), recursion };
    this.#recursionStubs.set(node, plan);
    return plan;
  }
}

/** How much deeper than the node each of its children stands. */
function levelsBelow(node: Node, children: readonly Node[]): number[] {
  const direct = new Set(Object.values(node));
  return children.map((child) => (direct.has(child) ? 1 : MEMBER_LEVELS));
}

function leaf(node: Node): Plan {
  return { node, children: [], nodes: 1, chars: ownChars(node), height: 0, isCut: false };
}

const cut: Plan = { ...leaf({ [ERROR_KEY]: tooDeep }), isCut: true };
const tooMany: Plan = { ...leaf({}), nodes: Infinity };
const tooLong: Plan = { ...leaf({}), chars: Infinity };
