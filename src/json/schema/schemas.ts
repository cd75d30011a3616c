// The subschemas of one schema by their places: made when something leads there, and found by the references between
// them. Nothing outside is ever looked for, and no other schema's identifiers are seen.

import { isObject, type JsonObject } from '../value.ts';
import type { Check } from './check.ts';
import { dialectOf, type Dialect } from './dialect.ts';
import { identify, isResource, placeIn, type Identifiers } from './identifiers.ts';
import { SchemaNode } from './node.ts';
import { fromFragment, lookUp, step, toFragment, valuesAlong } from './pointer.ts';
import { NEVER, prepareChecks } from './prepare.ts';
import { Unjudged, type Run, type Scope } from './run.ts';

/** Looked through for identifiers, in about 10 ms, where a reference goes by one; references by pointer need none. */
const MAX_IDENTIFIED = 10_000;
const MAX_IDENTIFIED_DEPTH = 500;

export class Schemas {
  readonly #root: JsonObject;
  /** By the subschema itself: its place is text that grows with depth, and only put together where it is asked for. */
  readonly #nodes = new Map<unknown, Check>();
  readonly #dialects = new Map<string, Dialect>();
  /** undefined inside: there are too many. */
  #identifiers: { readonly found: Identifiers | undefined } | undefined;

  constructor(root: JsonObject) {
    this.#root = root;
  }

  get root(): Check {
    return this.#nodes.get(this.#root) ?? this.#make('', '', this.#root);
  }

  /** `home` is the place of the resource that it belongs to. */
  #make(pointer: string, home: string, schema: unknown): Check {
    const node = new SchemaNode(home, () => this.#prepare(pointer, home, schema));
    if (isObject(schema)) this.#nodes.set(schema, node);
    return node;
  }

  #prepare(pointer: string, home: string, schema: unknown): readonly Check[] {
    if (schema === true) return [];
    if (schema === false) return [NEVER];
    if (!isObject(schema)) {
      throw new Unjudged(`The schema is invalid: #${toFragment(pointer) ?? pointer} is no schema.`);
    }
    const dialect = this.#dialectAt(home);
    return prepareChecks({
      schema,
      pointer,
      dialect,
      below: (...tokens) => {
        const child = childOf(schema, tokens);
        const place = step(pointer, ...tokens);
        const isHome = isObject(child) && isResource(child, dialect);
        return this.#nodes.get(child) ?? this.#make(place, isHome ? place : home, child);
      },
      refer: (reference) => this.#at(this.#resolve(reference, home)),
      referDynamically: (reference) => this.#resolveDynamically(reference, home),
      recur: (run) => this.#at(this.#outermostRecursive(home, run)),
    });
  }

  #at(pointer: string): Check {
    const schema = lookUp(this.#root, pointer);
    return this.#nodes.get(schema) ?? this.#make(pointer, this.#homeOf(pointer), schema);
  }

  #resolve(reference: string, home: string): string {
    const [, fragment] = /^#(|\/.*)$/s.exec(reference) ?? [];
    const place = fragment === undefined ? undefined : placeIn(this.#root, home, fromFragment(fragment));
    if (place !== undefined) return place;
    const identifiers = this.#identify();
    const found = identifiers.resolve(reference, identifiers.resourceOf(home));
    if ('pointer' in found) return found.pointer;
    throw new Unjudged(`The reference ${JSON.stringify(reference)} leads to no place in the schema.`);
  }

  #resolveDynamically(reference: string, home: string): (run: Run) => Check {
    const target = this.#resolve(reference, home);
    const name = fromFragment(reference.slice(reference.indexOf('#') + 1));
    const schema = lookUp(this.#root, target);
    if (!isObject(schema) || schema['$dynamicAnchor'] !== name) return () => this.#at(target);
    const identifiers = this.#identify();
    return (run) => {
      let outermost = target;
      for (const resource of homesOf(run)) {
        outermost = identifiers.dynamicAnchorOf(identifiers.resourceOf(resource), name) ?? outermost;
      }
      return this.#at(outermost);
    };
  }

  /** The outermost resource on the way here that lets itself be extended, if this one does. */
  #outermostRecursive(home: string, run: Run): string {
    const isOpen = (pointer: string) => {
      const resource = lookUp(this.#root, pointer);
      return isObject(resource) && resource['$recursiveAnchor'] === true;
    };
    return isOpen(home) ? (homesOf(run).findLast(isOpen) ?? home) : home;
  }

  #homeOf(pointer: string): string {
    const [, ...inner] = valuesAlong(this.#root, pointer) ?? [];
    const isAlone = !inner.some((value) => isObject(value) && Object.hasOwn(value, '$id'));
    return isAlone ? '' : this.#identify().resourceOf(pointer).pointer;
  }

  /** What `$schema` says at the root of the resource, or else of the whole. */
  #dialectAt(home: string): Dialect {
    const known = this.#dialects.get(home);
    if (known !== undefined) return known;
    const resource = lookUp(this.#root, home);
    const stated = isObject(resource) ? resource['$schema'] : undefined;
    const dialect = stated === undefined && home !== '' ? this.#dialectAt('') : dialectOf(stated);
    if (dialect === undefined) throw new Unjudged(`The dialect ${JSON.stringify(stated)} is not known.`);
    this.#dialects.set(home, dialect);
    return dialect;
  }

  #identify(): Identifiers {
    this.#identifiers ??= { found: identify(this.#root, MAX_IDENTIFIED, MAX_IDENTIFIED_DEPTH) };
    const { found } = this.#identifiers;
    if (found === undefined) {
      throw new Unjudged(
        `The schema is too large to follow its references: it has more than ${MAX_IDENTIFIED} subschemas.`,
      );
    }
    return found;
  }
}

function homesOf(run: Run): string[] {
  const homes: string[] = [];
  for (let scope: Scope | undefined = run.scope; scope !== undefined; scope = scope.outer) homes.push(scope.home);
  run.spend(homes.length);
  return homes;
}

function childOf(schema: JsonObject, tokens: readonly string[]): unknown {
  let child: unknown = schema;
  for (const token of tokens) child = (child as JsonObject)[token];
  return child;
}
