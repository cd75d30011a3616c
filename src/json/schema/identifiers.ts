// Finds what `$id` and `$anchor` name inside one schema, and so what its references mean: a place in the same schema,
// or none. Nothing outside is ever looked for. Identifiers of one tool are never seen by another.

import { isObject, type JsonObject } from '../value.ts';
import { ASSUMED, dialectOf, referencesStandAlone, type Dialect } from './dialect.ts';
import { positionOf } from './keywords.ts';
import { canonical, fromFragment, lookUp, step } from './pointer.ts';
import { resolveUri } from './uri.ts';

/** A schema with a URI of its own: what relative references in it are relative to. */
export interface Resource {
  readonly uri: string;
  readonly pointer: string;
}

export interface Identifiers {
  /** The innermost resource that the place belongs to. */
  resourceOf(pointer: string): Resource;
  /** The place that a reference in `resource` names. */
  resolve(reference: string, resource: Resource): { readonly pointer: string } | { readonly problem: string };
  /** The place that `resource` names by `$dynamicAnchor`. */
  dynamicAnchorOf(resource: Resource, name: string): string | undefined;
  /** Whether a keyword occurs anywhere that asks which items others have looked at. */
  readonly countsItems: boolean;
}

/** Base of a schema without `$id`; hierarchical, so that relative references resolve against it. */
const NO_BASE = 'schema:/';

const rootResource: Resource = { uri: NO_BASE, pointer: '' };

/** undefined if the schema has more than `maxNodes` subschemas. Places deeper than `maxDepth` are not looked at. */
export function identify(root: unknown, maxNodes: number, maxDepth: number): Identifiers | undefined {
  const resources = new Map<string, Resource>([[NO_BASE, rootResource]]);
  const byPointer = new Map<string, Resource>();
  const anchors = new Map<string, string>();
  const dynamicAnchors = new Map<string, string>();
  const dialect = dialectOf(isObject(root) ? root['$schema'] : undefined) ?? ASSUMED;
  let countsItems = false;
  let nodes = 0;

  const visit = (node: unknown, pointer: string, outer: Resource, depth: number) => {
    nodes++;
    if (!isObject(node) || depth > maxDepth || nodes > maxNodes) return;
    let resource = outer;
    const { path, fragment } = idOf(node, dialect);
    if (path !== '') {
      resource = { uri: resolveUri(outer.uri, path), pointer };
      byPointer.set(pointer, resource);
      if (!resources.has(resource.uri)) resources.set(resource.uri, resource);
    }
    const anchor = stringOf(node, '$anchor');
    const dynamicAnchor = stringOf(node, '$dynamicAnchor');
    for (const name of [fragment, anchor, dynamicAnchor]) {
      if (name !== undefined && name !== '') anchors.set(`${resource.uri}#${name}`, pointer);
    }
    if (dynamicAnchor !== undefined) dynamicAnchors.set(`${resource.uri}#${dynamicAnchor}`, pointer);
    countsItems ||= Object.hasOwn(node, 'unevaluatedItems');
    for (const [keyword, value] of Object.entries(node)) {
      for (const [child, ...tokens] of subschemas(keyword, value)) {
        visit(child, step(pointer, keyword, ...tokens), resource, depth + 1);
      }
    }
  };
  visit(root, '', rootResource, 0);
  if (nodes > maxNodes) return undefined;

  const resolve: Identifiers['resolve'] = (reference, resource) => {
    const [path = '', rawFragment = ''] = reference.split('#');
    const home = path === '' ? resource : resources.get(resolveUri(resource.uri, path));
    if (home === undefined) return { problem: 'A reference that leads out of this schema was removed.' };
    const fragment = fromFragment(rawFragment);
    const isPointer = fragment === '' || fragment.startsWith('/');
    const pointer = isPointer ? placeIn(root, home.pointer, fragment) : anchors.get(`${home.uri}#${fragment}`);
    return pointer === undefined ? dangling : { pointer };
  };
  const dynamicAnchorOf: Identifiers['dynamicAnchorOf'] = (resource, name) => {
    return dynamicAnchors.get(`${resource.uri}#${name}`);
  };
  const resourceOf: Identifiers['resourceOf'] = (pointer) => {
    for (let end = pointer.length; end >= 0; end = pointer.lastIndexOf('/', end - 1)) {
      const resource = byPointer.get(pointer.slice(0, end));
      if (resource !== undefined || end === 0) return resource ?? rootResource;
    }
    return rootResource;
  };
  return { resourceOf, resolve, dynamicAnchorOf, countsItems };
}

/** The place that a pointer names, seen from the resource at `home`; undefined if there is nothing. */
export function placeIn(root: unknown, home: string, fragment: string): string | undefined {
  if (fragment === '') return home;
  // Authors who embed a schema with an `$id` often go on pointing from the outermost root.
  const candidates = [home + canonical(fragment), canonical(fragment)];
  return candidates.find((candidate) => lookUp(root, candidate) !== undefined);
}

/** Whether the schema is a resource of its own, with a URI that references in it are relative to. */
export function isResource(schema: JsonObject, dialect: Dialect): boolean {
  return idOf(schema, dialect).path !== '';
}

/** The parts of `$id`; a fragment in it is how older drafts write anchors. */
function idOf(schema: JsonObject, dialect: Dialect): { readonly path: string; readonly fragment: string } {
  const isIgnored = referencesStandAlone(dialect) && Object.hasOwn(schema, '$ref');
  const id = isIgnored ? undefined : stringOf(schema, '$id');
  const [path = '', fragment = ''] = (id ?? '').split('#');
  return { path, fragment };
}

const dangling = { problem: 'A reference to a place that this schema does not have was removed.' };

/** Subschemas in the value of a keyword, each with the tokens that lead to it. */
function subschemas(keyword: string, value: unknown): (readonly [unknown, ...string[]])[] {
  if (Array.isArray(value)) {
    if (positionOf(keyword) !== 'list' && keyword !== 'items') return [];
    return value.map((child: unknown, index) => [child, String(index)]);
  }
  const position = positionOf(keyword);
  if (position === 'map' || position === 'definitions' || keyword === 'dependencies') {
    return isObject(value) ? Object.entries(value).map(([name, child]) => [child, name]) : [];
  }
  return position === undefined && keyword !== 'additionalItems' ? [] : [[value]];
}

function stringOf(node: JsonObject, key: string): string | undefined {
  const value = Object.hasOwn(node, key) ? node[key] : undefined;
  return typeof value === 'string' ? value : undefined;
}
