// Reads an upstream's schema into a graph (graph.ts) that still says what the schema said: references become edges, older
// drafts' spellings those of 2020-12, keywords that JSON Schema does not know `x-` extensions. What cannot be said is left
// out at that place alone, marked `x-mcp-schema-error`, and reported. A definition comes along only if something refers to
// it. Never throws, whatever the schema; never follows a reference out of it; does not inline, merge or validate.

import { printJson } from '../../json/print.ts';
import { identify, type Identifiers, type Resource } from '../../json/schema/identifiers.ts';
import * as keywords from '../../json/schema/keywords.ts';
import { lookUp, step, toFragment } from '../../json/schema/pointer.ts';
import { isObject, type JsonObject } from '../../json/value.ts';
import { dataProblem, holdsReference } from './data.ts';
import { referenceChain } from './definitions.ts';
import { eraOf, modernKeywords, withoutDraft04, type Era } from './dialect.ts';
import { ERROR_KEY, type Degradation, type Node, type SchemaGraph } from './graph.ts';
import { firstOf, MAX_DEPTH, MAX_NODES, MAX_REPORTED, MEMBER_LEVELS, tooDeep, tooLargeNode } from './limits.ts';
import { loopingReferences } from './loops.ts';

/** What a schema describes. Arguments are an object whether their schema says so or not; a result may be anything. */
export type SchemaRole = 'arguments' | 'result';

/** The graph shares the schema's data and must not be changed. */
export function translate(schema: JsonObject, role: SchemaRole): SchemaGraph {
  const source = withoutDraft04(schema);
  const identifiers = identify(source, MAX_NODES, MAX_DEPTH);
  const walk = identifiers && new Walk(source, identifiers);
  const root = walk?.run();
  if (walk === undefined || root === undefined || walk.nodes > MAX_NODES) return tooLarge(schema, role);
  const { targets, names, degradations } = walk;
  return { root: role === 'result' ? root : walk.toObject(root), targets, names, degradations };
}

function tooLarge({ type, description }: JsonObject, role: SchemaRole): SchemaGraph {
  const reason = `The schema is too large to show: it has more than ${MAX_NODES} subschemas.`;
  const isSaid = role === 'result' && keywords.isAllowed('type', type) === true;
  const said = { ...(isSaid ? { type } : { type: 'object' }), description };
  const targets = new Map<Node, Node>();
  return {
    root: tooLargeNode(said, { targets }, reason),
    targets,
    names: new Map(),
    degradations: [{ pointer: '#', reason }],
  };
}

/** Where the walk stands in the schema. */
interface Place {
  readonly pointer: string;
  readonly resource: Resource;
  readonly depth: number;
}

interface Reference {
  readonly node: Node;
  /** Where it stands. */
  readonly from: string;
  /** What it names. */
  readonly to: string;
}

/** One pass over one schema. */
class Walk {
  nodes = 0;
  readonly targets = new Map<Node, Node>();
  readonly names = new Map<Node, string>();
  readonly degradations: Degradation[] = [];
  readonly #schema: JsonObject;
  readonly #identifiers: Identifiers;
  readonly #era: Era;
  readonly #nodeAt = new Map<string, Node>();
  readonly #references: Reference[] = [];
  readonly #resolved = new Map<string, ReturnType<Identifiers['resolve']>>();

  constructor(schema: JsonObject, identifiers: Identifiers) {
    this.#schema = schema;
    this.#identifiers = identifiers;
    this.#era = eraOf(schema);
  }

  run(): Node {
    const root = this.#convertAt('');
    // Definitions are brought in, and with them more references: the list grows while it is read.
    for (const reference of this.#references) {
      if (this.nodes > MAX_NODES) return root;
      this.#settle(reference);
    }
    const loops = new Set(loopingReferences(this.targets));
    for (const { node, from } of this.#references) {
      if (loops.has(node)) this.#unlink(node, from, 'A reference that leads only back to itself was removed.');
    }
    return root;
  }

  /** The root, or one beside it if others refer to the root: they did not ask for an object. */
  toObject(root: Node): Node {
    const type = firstOf(referenceChain(root, this.targets), 'type');
    if (type === 'object') return root;
    let whole = root;
    if (this.names.has(root)) {
      whole = Object.create(null) as Node;
      whole['$ref'] = '';
      this.targets.set(whole, root);
    }
    const isPossible = type === undefined || (Array.isArray(type) && type.includes('object'));
    if (!isPossible) {
      this.#degrade(whole, '/type', 'Arguments are always an object, whatever "type" says.');
      whole['x-type'] ??= type;
    }
    whole['type'] = 'object';
    return whole;
  }

  #settle({ node, from, to }: Reference): void {
    const target = this.#nodeAt.get(to) ?? this.#bringIn(to);
    if (target === undefined) {
      this.#unlink(node, from, 'A reference to something that is no schema was removed.');
      return;
    }
    this.targets.set(node, target);
    if (!this.names.has(target)) this.names.set(target, wordOf(to));
  }

  #bringIn(pointer: string): Node | undefined {
    const source = lookUp(this.#schema, pointer);
    return typeof source === 'boolean' || isObject(source) ? this.#convertAt(pointer) : undefined;
  }

  #convertAt(pointer: string): Node {
    const resource = this.#identifiers.resourceOf(pointer);
    return this.#convert(lookUp(this.#schema, pointer), { pointer, resource, depth: 0 });
  }

  #unlink(node: Node, from: string, reason: string): void {
    this.targets.delete(node);
    delete node['$ref'];
    this.#degrade(node, from, reason);
  }

  #convert(source: unknown, place: Place): Node {
    // A definition may have been brought in before what it stands in.
    const known = this.#nodeAt.get(place.pointer);
    if (known !== undefined) return known;
    const out: Node = Object.create(null);
    this.nodes++;
    if (this.nodes > MAX_NODES) return out;
    if (place.depth > MAX_DEPTH) {
      this.#degrade(out, place.pointer, tooDeep);
      return out;
    }
    this.#nodeAt.set(place.pointer, out);
    if (source === false) {
      out['not'] = {};
    } else if (isObject(source)) {
      const resource = Object.hasOwn(source, '$id') ? this.#identifiers.resourceOf(place.pointer) : place.resource;
      const here = { ...place, resource };
      for (const [keyword, value] of Object.entries(source)) this.#convertKeyword(out, source, keyword, value, here);
      this.#openArray(out);
      sayNothingFits(out);
    } else if (source !== true) {
      this.#degrade(out, place.pointer, 'What stands here is no schema.');
    }
    return out;
  }

  #convertKeyword(out: Node, source: JsonObject, keyword: string, value: unknown, place: Place): void {
    if (keywords.identifyingKeywords.has(keyword)) return;
    if (this.#era === 'old' && this.#isIgnored(source, keyword)) {
      this.#extend(out, keyword, value, place);
    } else if (keyword === '$ref' || keyword === '$dynamicRef' || keyword === '$recursiveRef') {
      this.#refer(out, keyword, value, place);
    } else if (keyword === 'items' && Array.isArray(value)) {
      if (value.length > 0) this.#convertList(out, ['items', 'prefixItems'], value, place);
    } else if (keyword === 'additionalItems' && Array.isArray(source['items'])) {
      out['items'] = this.#child(value, place, 'additionalItems');
    } else if (keyword === 'dependencies' && this.#era !== 'modern' && isObject(value)) {
      this.#convertDependencies(out, value, place);
    } else {
      this.#convertPlain(out, keyword, value, place);
    }
  }

  /** Up to draft-07 a reference stands alone, and newer keywords are unknown ones. */
  #isIgnored(source: JsonObject, keyword: string): boolean {
    const isBesideReference = typeof source['$ref'] === 'string' && !keywords.besideReference.has(keyword);
    return isBesideReference || modernKeywords.has(keyword);
  }

  #convertPlain(out: Node, keyword: string, value: unknown, place: Place): void {
    switch (keywords.positionOf(keyword)) {
      case 'bounds':
        out[keyword] = typeof value === 'boolean' ? value : this.#child(value, place, keyword);
        return;
      case 'schema':
        out[keyword] = this.#child(value, place, keyword);
        return;
      case 'list':
        if (!Array.isArray(value) || value.length === 0) this.#refuse(out, keyword, value, place);
        else this.#convertList(out, [keyword, keyword], value, place);
        return;
      case 'map':
        if (!isObject(value)) this.#refuse(out, keyword, value, place);
        else this.#convertMap(out, keyword, value, place);
        return;
      case 'definitions':
        return; // Brought in as far as something refers to them.
      case undefined:
        this.#copy(out, keyword, value, place);
    }
  }

  #convertList(out: Node, [from, to]: readonly [string, string], value: readonly unknown[], place: Place): void {
    const list = listIn(out, to);
    for (const [index, child] of value.entries()) list.push(this.#child(child, place, from, String(index)));
  }

  #convertMap(out: Node, keyword: string, value: JsonObject, place: Place): void {
    const map = mapIn(out, keyword);
    for (const [name, child] of Object.entries(value)) {
      if (keyword === 'patternProperties' && !keywords.isPattern(name)) {
        this.#degrade(out, step(place.pointer, keyword, name), 'A pattern that is no regular expression was left out.');
      } else {
        map[name] = this.#child(child, place, keyword, name);
      }
    }
  }

  /** Draft-07's one keyword is two since 2019-09. */
  #convertDependencies(out: Node, value: JsonObject, place: Place): void {
    for (const [name, child] of Object.entries(value)) {
      if (!Array.isArray(child)) {
        mapIn(out, 'dependentSchemas')[name] = this.#child(child, place, 'dependencies', name);
      } else if (keywords.isAllowed('required', child) === true) {
        mapIn(out, 'dependentRequired')[name] = child;
      } else {
        const from = step(place.pointer, 'dependencies', name);
        this.#degrade(out, from, 'A dependency that names no properties was left out.');
      }
    }
  }

  #child(source: unknown, { pointer, resource, depth }: Place, ...tokens: readonly string[]): Node {
    return this.#convert(source, {
      pointer: step(pointer, ...tokens),
      resource,
      depth: depth + (tokens.length > 1 ? MEMBER_LEVELS : 1),
    });
  }

  /** An array without `items` may hold anything. Some readers want it said; saying it changes nothing, mostly. */
  #openArray(out: Node): void {
    const isArray = out['type'] === 'array' || (Array.isArray(out['type']) && out['type'].includes('array'));
    const isOpen = (isArray || 'prefixItems' in out) && !('items' in out) && !('$ref' in out);
    if (isOpen && !this.#identifiers.countsItems) out['items'] = {};
  }

  #copy(out: Node, keyword: string, value: unknown, place: Place): void {
    const allowed = keywords.isAllowed(keyword, value);
    const isKnown = allowed === true || keywords.opaqueKeywords.has(keyword) || keyword.startsWith('x-');
    if (allowed === false) this.#refuse(out, keyword, value, place);
    else if (!isKnown) this.#extend(out, keyword, value, place);
    else if (this.#isShowable(out, keyword, value, place)) out[keyword] = withoutRepeats(keyword, value);
  }

  #refuse(out: Node, keyword: string, value: unknown, place: Place): void {
    this.#degrade(out, step(place.pointer, keyword), `JSON Schema does not allow this value of "${keyword}".`);
    this.#extend(out, keyword, value, place);
  }

  /** Keeps what JSON Schema gives no meaning to where it does no harm; a reference in there would lead nowhere. */
  #extend(out: Node, keyword: string, value: unknown, place: Place): void {
    const name = `x-${keyword}`;
    if (name in out || !this.#isShowable(out, keyword, value, place)) return;
    if (!holdsReference(value)) out[name] = value;
  }

  #isShowable(out: Node, keyword: string, value: unknown, place: Place): boolean {
    const problem = dataProblem(value);
    if (problem !== undefined)
      this.#degrade(out, step(place.pointer, keyword), `"${keyword}" was left out: it ${problem}.`);
    return problem === undefined;
  }

  #refer(out: Node, keyword: string, value: unknown, place: Place): void {
    const from = step(place.pointer, keyword);
    if (typeof value !== 'string') {
      this.#degrade(out, from, 'A reference that is no text was removed.');
      return;
    }
    const found = this.#resolve(value, place.resource);
    if ('problem' in found) {
      this.#degrade(out, from, found.problem);
      return;
    }
    let node = out;
    if ('$ref' in out) {
      node = Object.create(null) as Node;
      this.nodes++;
      listIn(out, 'allOf').push(node);
    }
    node['$ref'] = ''; // Keeps its turn among the keywords.
    this.#references.push({ node, from, to: found.pointer });
  }

  /** Schemas refer to few places many times. */
  #resolve(reference: string, resource: Resource): ReturnType<Identifiers['resolve']> {
    const key = `${resource.pointer} ${reference}`;
    const found = this.#resolved.get(key) ?? this.#identifiers.resolve(reference, resource);
    this.#resolved.set(key, found);
    return found;
  }

  #degrade(node: Node, from: string, reason: string): void {
    const before = node[ERROR_KEY];
    if (typeof before !== 'string') node[ERROR_KEY] = reason;
    else if (!before.includes(reason)) node[ERROR_KEY] = `${before} ${reason}`;
    if (this.degradations.length < MAX_REPORTED) {
      this.degradations.push({ pointer: `#${toFragment(from) ?? ''}`, reason });
    }
  }
}

/** What to call a definition: the end of the pointer to it, from the last token on that is somebody's choice. */
function wordOf(pointer: string): string {
  const tokens = pointer.split('/').slice(1);
  const last = tokens.findLastIndex((token) => !isStructure(token));
  const word = tokens.slice(Math.max(last, 0)).join('_');
  return word.replaceAll('~1', '/').replaceAll('~0', '~');
}

function isStructure(token: string): boolean {
  const isKeyword = keywords.positionOf(token) !== undefined || token === 'additionalItems' || token === 'dependencies';
  return isKeyword || /^\d+$/.test(token);
}

/** An empty list of values lets nothing in. Some readers refuse the list, and with it the document. */
function sayNothingFits(out: Node): void {
  const values = out['enum'];
  if (!Array.isArray(values) || values.length > 0) return;
  delete out['enum'];
  out['not'] = {};
  out['x-enum'] = values;
}

function listIn(out: Node, keyword: string): Node[] {
  return (out[keyword] ??= []) as Node[];
}

function mapIn(out: Node, keyword: string): Node {
  return (out[keyword] ??= Object.create(null)) as Node;
}

/** JSON Schema asks for unique names and values; saying one twice means the same, and code generators stumble over it. */
function withoutRepeats(keyword: string, value: unknown): unknown {
  if (!Array.isArray(value) || (keyword !== 'required' && keyword !== 'enum')) return value;
  const distinct = new Map((value as unknown[]).map((item) => [printJson(item), item]));
  return distinct.size === value.length ? value : [...distinct.values()];
}
