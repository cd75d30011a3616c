// Puts an upstream's schema under a component of an OpenAPI 3.1 document so that it still says what it said: references
// become pointers into the document, older drafts' spellings those of 2020-12, keywords that JSON Schema does not know
// `x-` extensions. What cannot be said is left out at that place alone, marked `x-mcp-schema-error`, and reported.
// Never throws, whatever the schema; never follows a reference out of it; does not inline, merge or validate.

import { dataProblem } from './data.ts';
import { identify, type Identifiers, type Resource } from '../../json/schema/identifiers.ts';
import { isObject, type JsonObject } from '../../json/value.ts';
import * as keywords from '../../json/schema/keywords.ts';
import { lookUp, step, toFragment } from '../../json/schema/pointer.ts';
import { References, type Node } from './references.ts';

/** A place where the document says less than the schema. */
export interface Degradation {
  /** A JSON Pointer into the schema as a URI fragment: `#/properties/x`. */
  readonly pointer: string;
  /** One sentence. */
  readonly reason: string;
}

export interface Relocated {
  /** By key: that of the schema itself first, then those of the definitions it refers to. */
  readonly components: ReadonlyMap<string, JsonObject>;
  /** The first of them; enough to act on. */
  readonly degradations: readonly Degradation[];
}

/** Real schemas nest 11 deep at most; recursive readers give up at about a thousand containers, four to a level. */
const MAX_DEPTH = 64;
/** Subschemas of one schema. */
const MAX_NODES = 20_000;
const MAX_CHARS = 1_000_000;
const MAX_REPORTED = 20;
/** Of the part of a component's key that names a definition. */
const MAX_KEY_CHARS = 64;
/** Stands where the document says less than the schema, with the reason. */
export const ERROR_KEY = 'x-mcp-schema-error';

/** `key` is the component's; those of definitions are `key.NAME`. */
export function relocate(schema: JsonObject, key: string): Relocated {
  const identifiers = identify(schema, MAX_NODES, MAX_DEPTH);
  if (identifiers === undefined) return tooLarge(key, `more than ${MAX_NODES} subschemas`);
  const walk = new Walk(schema, key, identifiers);
  walk.run();
  const { nodes, components, degradations } = walk;
  if (nodes > MAX_NODES) return tooLarge(key, `more than ${MAX_NODES} subschemas`);
  if (JSON.stringify([...components]).length > MAX_CHARS) return tooLarge(key, `more than ${MAX_CHARS} characters`);
  return { components, degradations };
}

function tooLarge(key: string, what: string): Relocated {
  const reason = `The schema is too large to show: it has ${what}.`;
  const schema = { type: 'object', [ERROR_KEY]: reason };
  return { components: new Map([[key, schema]]), degradations: [{ pointer: '#', reason }] };
}

/** Where the walk stands: the place in the schema (`from`), the place it gets in `components.schemas` (`to`). */
interface Place {
  readonly from: string;
  readonly to: string;
  readonly resource: Resource;
  readonly depth: number;
}

/** One pass over one schema. */
class Walk {
  nodes = 0;
  readonly components = new Map<string, Node>();
  readonly degradations: Degradation[] = [];
  readonly #schema: JsonObject;
  readonly #key: string;
  readonly #identifiers: Identifiers;
  readonly #references = new References();
  readonly #draft: 'old' | 'modern' | 'unsaid';

  constructor(schema: JsonObject, key: string, identifiers: Identifiers) {
    this.#schema = schema;
    this.#key = key;
    this.#identifiers = identifiers;
    this.#draft = draftOf(schema['$schema']);
  }

  run(): void {
    this.#addComponent(this.#key, '');
    this.#references.settle({
      bringIn: (target) => this.#bringIn(target),
      degrade: (node, from, reason) => this.#degrade(node, from, reason),
    });
  }

  #addComponent(key: string, from: string): string {
    const to = step('', key);
    const resource = this.#identifiers.resourceOf(from);
    this.components.set(key, this.#convert(lookUp(this.#schema, from), { from, to, resource, depth: 0 }));
    return to;
  }

  #bringIn(target: string): string | undefined {
    const source = lookUp(this.#schema, target);
    if (typeof source !== 'boolean' && !isObject(source)) return undefined;
    const word = target
      .slice(target.lastIndexOf('/') + 1)
      .slice(0, MAX_KEY_CHARS)
      .replaceAll(/(?:~[01]|[^\w-])+/g, '_');
    let key = `${this.#key}.${word}`;
    for (let count = 2; this.components.has(key); count++) key = `${this.#key}.${word}.${count}`;
    return this.#addComponent(key, target);
  }

  #convert(source: unknown, place: Place): Node {
    const out: Node = Object.create(null);
    this.nodes++;
    this.#references.place(out, place.from, place.to);
    if (this.nodes > MAX_NODES) return out;
    if (place.depth > MAX_DEPTH) {
      this.#degrade(out, place.from, `What nests deeper than ${MAX_DEPTH} levels is not shown.`);
    } else if (source === false) {
      out['not'] = {};
    } else if (isObject(source)) {
      const resource = Object.hasOwn(source, '$id') ? this.#identifiers.resourceOf(place.from) : place.resource;
      for (const [keyword, value] of Object.entries(source)) {
        this.#convertKeyword(out, source, keyword, value, { ...place, resource });
      }
      this.#openArray(out);
    } else if (source !== true) {
      this.#degrade(out, place.from, 'What stands here is no schema.');
    }
    return out;
  }

  #convertKeyword(out: Node, source: JsonObject, keyword: string, value: unknown, place: Place): void {
    if (keywords.identifyingKeywords.has(keyword)) return;
    if (this.#draft === 'old' && typeof source['$ref'] === 'string' && !keywords.besideReference.has(keyword)) {
      this.#extend(out, keyword, value, place);
    } else if (keyword === '$ref' || keyword === '$dynamicRef' || keyword === '$recursiveRef') {
      this.#refer(out, source, keyword, value, place);
    } else if (keyword === 'items' && Array.isArray(value)) {
      if (value.length > 0) this.#convertList(out, ['items', 'prefixItems'], value, place);
    } else if (keyword === 'additionalItems' && Array.isArray(source['items'])) {
      out['items'] = this.#child(value, place, ['additionalItems'], ['items']);
    } else if (keyword === 'dependencies' && this.#draft !== 'modern' && isObject(value)) {
      this.#convertDependencies(out, value, place);
    } else {
      this.#convertPlain(out, keyword, value, place);
    }
  }

  #convertPlain(out: Node, keyword: string, value: unknown, place: Place): void {
    switch (keywords.positionOf(keyword)) {
      case 'bounds':
        out[keyword] = typeof value === 'boolean' ? value : this.#child(value, place, [keyword]);
        return;
      case 'schema':
        out[keyword] = this.#child(value, place, [keyword]);
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
    for (const [index, child] of value.entries()) {
      list.push(this.#child(child, place, [from, String(index)], [to, String(list.length)]));
    }
  }

  #convertMap(out: Node, keyword: string, value: JsonObject, place: Place): void {
    const map = (out[keyword] ??= Object.create(null)) as Node;
    for (const [name, child] of Object.entries(value)) {
      if (keyword === 'patternProperties' && !keywords.isPattern(name)) {
        this.#degrade(out, step(place.from, keyword, name), 'A pattern that is no regular expression was left out.');
      } else {
        map[name] = this.#child(child, place, [keyword, name]);
      }
    }
  }

  /** Draft-07's one keyword is two since 2019-09. */
  #convertDependencies(out: Node, value: JsonObject, place: Place): void {
    for (const [name, child] of Object.entries(value)) {
      const keyword = Array.isArray(child) ? 'dependentRequired' : 'dependentSchemas';
      if (keyword === 'dependentRequired' && keywords.isAllowed('required', child) !== true) {
        this.#degrade(
          out,
          step(place.from, 'dependencies', name),
          'A dependency that names no properties was left out.',
        );
        continue;
      }
      const map = (out[keyword] ??= Object.create(null)) as Node;
      map[name] = Array.isArray(child) ? child : this.#child(child, place, ['dependencies', name], [keyword, name]);
    }
  }

  #child(source: unknown, place: Place, from: readonly string[], to: readonly string[] = from): Node {
    const { resource, depth } = place;
    return this.#convert(source, {
      from: step(place.from, ...from),
      to: step(place.to, ...to),
      resource,
      depth: depth + 1,
    });
  }

  /** An array without `items` may hold anything. Some readers want it said; saying it changes nothing, mostly. */
  #openArray(out: Node): void {
    const isArray = out['type'] === 'array' || (Array.isArray(out['type']) && out['type'].includes('array'));
    const isOpen = (isArray || 'prefixItems' in out) && !('items' in out);
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
    this.#degrade(out, step(place.from, keyword), `JSON Schema does not allow this value of "${keyword}".`);
    this.#extend(out, keyword, value, place);
  }

  /** Keeps what JSON Schema gives no meaning to where it does no harm. */
  #extend(out: Node, keyword: string, value: unknown, place: Place): void {
    const name = `x-${keyword}`;
    if (!(name in out) && this.#isShowable(out, keyword, value, place)) out[name] = value;
  }

  #isShowable(out: Node, keyword: string, value: unknown, place: Place): boolean {
    const problem = dataProblem(value);
    if (problem !== undefined)
      this.#degrade(out, step(place.from, keyword), `"${keyword}" was left out: it ${problem}.`);
    return problem === undefined;
  }

  #refer(out: Node, source: JsonObject, keyword: string, value: unknown, place: Place): void {
    const from = step(place.from, keyword);
    if (typeof value !== 'string') {
      this.#degrade(out, from, 'A reference that is no text was removed.');
      return;
    }
    const found = this.#identifiers.resolve(value, place.resource);
    if ('problem' in found) {
      this.#degrade(out, from, found.problem);
    } else {
      const node: Node =
        '$ref' in out || (this.#draft !== 'old' && holdsSubschemas(source)) ? Object.create(null) : out;
      if (node !== out) listIn(out, 'allOf').push(node);
      this.#references.refer(node, from, found.pointer);
    }
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

/** Readers take an object with a `$ref` for nothing else: what has more to say says it beside an `allOf`. */
function holdsSubschemas(source: JsonObject): boolean {
  return Object.keys(source).some((keyword) => !['definitions', undefined].includes(keywords.positionOf(keyword)));
}

function listIn(out: Node, keyword: string): Node[] {
  const list = out[keyword];
  if (Array.isArray(list)) return list as Node[];
  const fresh: Node[] = [];
  out[keyword] = fresh;
  return fresh;
}

/** JSON Schema asks for unique names; saying one twice means the same. */
function withoutRepeats(keyword: string, value: unknown): unknown {
  return keyword === 'required' && Array.isArray(value) ? [...new Set<unknown>(value)] : value;
}

/** Up to draft-07, since 2019-09, or not said: then what either knows is taken as meant. */
function draftOf(schema: unknown): 'old' | 'modern' | 'unsaid' {
  if (typeof schema !== 'string') return 'unsaid';
  return /\/draft-0\d\//.test(schema) ? 'old' : 'modern';
}
