// The schema graphs of one document as components that refer to each other, for code generators: nothing is repeated and
// recursion stays what it is. Definitions that say the same, with all they refer to, are one component, whichever tools
// they come from. A component's name is the upstream's own word for it where that is free.
// Components share data with the graphs: nobody may change them.

import { printJson } from '../../json/print.ts';
import { mapChildren } from './children.ts';
import { definitionsIn, definitionsOf, referenceChain } from './definitions.ts';
import type { Degradation, Node, SchemaGraph } from './graph.ts';
import { groupsOf } from './groups.ts';
import { MAX_CHARS, propertiesOf, propertyDegradations, propertyReason, stubsOf, tooLargeNode } from './limits.ts';
import { isAnnotation, mergeFlat, siblingsOf, withAllOf } from './merge.ts';

export interface Hoisted {
  /** For `components.schemas`: the schema's own first, under its key, then what no schema before has brought. */
  readonly components: ReadonlyMap<string, Node>;
  /** Those of the graph first. */
  readonly degradations: readonly Degradation[];
}

export interface Hoist {
  /** `key` is the schema's and nobody else's; it ends in `_model`, so that no definition takes it before. */
  add(graph: SchemaGraph, key: string): Hoisted;
}

export function createHoist(): Hoist {
  const shared: Shared = { keyByContent: new Map(), taken: new Set(), counts: new Map() };
  return { add: (graph, key) => hoist(graph, key, shared) };
}

/** What a component of that name is referred to by. */
export function componentRef(key: string): string {
  return `#/components/schemas/${key}`;
}

/** What the schemas of a document know of each other. */
interface Shared {
  readonly keyByContent: Map<string, string>;
  /** Names in the form in which two must not be the same. */
  readonly taken: Set<string>;
  /** How many names were made of one stem. */
  readonly counts: Map<string, number>;
}

const noStubs: ReadonlyMap<Node, Node> = new Map();

function hoist(graph: SchemaGraph, key: string, shared: Shared): Hoisted {
  shared.taken.add(folded(key));
  const whole = new Pass(graph, key, shared, noStubs).run();
  if (whole.chars <= MAX_CHARS) return toHoisted(whole, graph.degradations);
  const reasons = largestProperties(graph, whole.chars - MAX_CHARS);
  const rest = new Pass(graph, key, shared, stubsOf(graph, propertiesOf(graph), reasons)).run();
  if (rest.chars <= MAX_CHARS) return toHoisted(rest, [...graph.degradations, ...propertyDegradations(reasons)]);
  const reason = `The schema is too large to show: it has ${tooManyChars}.`;
  const degradations = [...graph.degradations, { pointer: '#', reason }];
  return { components: new Map([[key, tooLargeNode(graph.root, graph, reason)]]), degradations };
}

const tooManyChars = `more than ${MAX_CHARS} characters`;

function toHoisted(pass: Pass, degradations: readonly Degradation[]): Hoisted {
  pass.share();
  return { components: pass.components, degradations };
}

/** So many of the top-level properties that the rest is `excess` characters less, the largest first. */
function largestProperties(graph: SchemaGraph, excess: number): ReadonlyMap<string, string> {
  const extents = [...propertiesOf(graph)].map(([name, node]) => [name, printJson(node).length] as const);
  const reasons = new Map<string, string>();
  let left = excess;
  for (const [name, chars] of extents.toSorted(([, a], [, b]) => b - a)) {
    if (left <= 0) break;
    const reason = propertyReason(chars > MAX_CHARS ? 'it' : 'the whole', tooManyChars);
    reasons.set(name, reason);
    left -= chars - reason.length;
  }
  return reasons;
}

/** Larger groups of recursive definitions are not compared; characters times members, for each is read from each of them. */
const MAX_COMPARED = 500_000;
/** Of the part of a key that names a definition. */
const MAX_WORD_CHARS = 64;
/** Names that documents of ours have anyway, or will have: the problem details, and keys of tools. */
const reservedNames = /^problem$|(?:form|response)model$/;

/** One schema on its way into the components. Nothing is shared before `share`. */
class Pass {
  readonly components = new Map<string, Node>();
  /** Of everything the schema needs, whoever brought it. */
  chars = 0;
  readonly #graph: SchemaGraph;
  readonly #key: string;
  readonly #shared: Shared;
  readonly #stubs: ReadonlyMap<Node, Node>;
  readonly #targets: Map<Node, Node>;
  readonly #definitions: ReadonlySet<Node>;
  /** Where a component ends: at definitions, which are others, and at what is left out. */
  readonly #stops: ReadonlySet<Node>;
  readonly #keyOf = new Map<Node, string>();
  readonly #keyByContent = new Map<string, string>();
  readonly #taken = new Set<string>();

  constructor(graph: SchemaGraph, key: string, shared: Shared, stubs: ReadonlyMap<Node, Node>) {
    this.#graph = graph;
    this.#key = key;
    this.#shared = shared;
    this.#stubs = stubs;
    this.#targets = new Map(graph.targets);
    this.#definitions = definitionsOf(graph);
    this.#stops = new Set([...this.#definitions, ...stubs.keys()]);
    this.#keyOf.set(graph.root, key);
  }

  run(): this {
    const root = this.#rootOf(this.#graph);
    const groups = groupsOf([root], (node) => this.#leadsTo(node)).slice(0, -1);
    const brought = groups.flatMap((group) => this.#name(group));
    const whole = this.#toComponent(root, this.#keyRef);
    this.chars += printJson(whole).length;
    this.components.set(this.#key, whole);
    for (const node of brought.toReversed()) {
      this.components.set(this.#keyOf.get(node) ?? '', this.#toComponent(node, this.#keyRef));
    }
    return this;
  }

  share(): void {
    for (const [content, key] of this.#keyByContent) this.#shared.keyByContent.set(content, key);
    for (const name of this.#taken) this.#shared.taken.add(name);
  }

  /** A root that is only a reference says what it refers to. */
  #rootOf({ root }: SchemaGraph): Node {
    return referenceChain(root, this.#targets).reduceRight((content, node) => {
      const siblings = siblingsOf(node);
      const merged = mergeFlat(content, siblings);
      if (merged !== undefined) return merged;
      const reference: Node = { $ref: '' };
      this.#targets.set(reference, this.#targets.get(node) ?? content);
      return withAllOf(siblings, reference);
    });
  }

  #leadsTo(node: Node): Node[] {
    const found = definitionsIn(node, this.#targets, this.#stops);
    return found.filter((definition) => definition !== this.#graph.root && !this.#stubs.has(definition));
  }

  /** Finds or makes a key for each definition of a group; those they refer to have theirs. Returns those with a new one. */
  #name(group: readonly Node[]): Node[] {
    const brought: Node[] = [];
    for (const [index, content] of this.#contentsOf(group).entries()) {
      const node = group[index] as Node;
      const known = content && (this.#keyByContent.get(content) ?? this.#shared.keyByContent.get(content));
      const key = known ?? this.#freeKey(this.#graph.names.get(node) ?? '');
      this.#keyOf.set(node, key);
      if (known !== undefined) continue;
      if (content !== undefined) this.#keyByContent.set(content, key);
      brought.push(node);
    }
    return brought;
  }

  /** Of each definition, a text that is the same if and only if it says the same; undefined if that is too long. */
  #contentsOf(group: readonly Node[]): (string | undefined)[] {
    const [first] = group as [Node];
    if (group.length === 1 && !this.#leadsTo(first).includes(first)) {
      const content = printJson(this.#toComponent(first, this.#keyRef));
      this.chars += content.length;
      return [content];
    }
    const members = new Set(group);
    const content = this.#readFrom(first, members);
    this.chars += content.length;
    if (content.length * group.length > MAX_COMPARED) return group.map(() => undefined);
    return group.map((node) => this.#readFrom(node, members));
  }

  /** The definitions of a group one after the other, beginning with one of them, each known by its turn. */
  #readFrom(start: Node, members: ReadonlySet<Node>): string {
    const turns = new Map([[start, 0]]);
    const texts: string[] = [];
    for (const [node] of turns) {
      const component = this.#toComponent(node, (definition) => {
        if (!members.has(definition)) return this.#keyRef(definition);
        const turn = turns.get(definition) ?? turns.size;
        turns.set(definition, turn);
        return `#${turn}`;
      });
      texts.push(printJson(component));
    }
    return `[${texts.join(',')}]`;
  }

  readonly #keyRef = (definition: Node): string => componentRef(this.#keyOf.get(definition) ?? '');

  #toComponent(node: Node, refTo: (definition: Node) => string): Node {
    const below = (child: Node): Node => {
      const stub = this.#stubs.get(child);
      if (stub !== undefined) return stub;
      return this.#definitions.has(child) ? { $ref: refTo(child) } : this.#toComponent(child, refTo);
    };
    const target = this.#targets.get(node);
    if (target === undefined) return mapChildren(node, below);
    const stub = this.#stubs.get(target);
    if (stub !== undefined) return stub;
    const reference: Node = { $ref: refTo(target) };
    const siblings = mapChildren(siblingsOf(node), below);
    if (!Object.keys(siblings).every(isAnnotation)) return withAllOf(siblings, reference);
    return Object.assign(siblings, reference);
  }

  /** The word itself, or one that begins with the schema's own key. */
  #freeKey(given: string): string {
    const word = given.replaceAll(/[^A-Za-z0-9._-]+/g, '_').slice(0, MAX_WORD_CHARS);
    const stem = `${this.#key}.${word || 'definition'}`;
    const first = [word, stem].find((name) => /^[A-Za-z]/.test(name) && this.#take(name));
    if (first !== undefined) return first;
    for (let count = this.#shared.counts.get(stem) ?? 2; ; count++) {
      const name = `${stem}.${count}`;
      this.#shared.counts.set(stem, count + 1);
      if (this.#take(name)) return name;
    }
  }

  #take(name: string): boolean {
    const form = folded(name);
    if (reservedNames.test(form) || this.#shared.taken.has(form) || this.#taken.has(form)) return false;
    this.#taken.add(form);
    return true;
  }
}

/** Code generators spell names in their own way: only letters and digits keep two apart. */
function folded(name: string): string {
  return name.toLowerCase().replaceAll(/[._-]/g, '');
}
