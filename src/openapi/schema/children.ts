// Walking a normalised Schema Object (graph.ts): which of its members are Schema Objects. Data (`default`, `enum`, `x-`
// members) is never looked into.

import { positionOf } from '../../json/schema/keywords.ts';
import { isObject } from '../../json/value.ts';
import type { Node } from './graph.ts';

/** The Schema Objects directly below `node`, each once, in its order. */
export function* childrenOf(node: Node): Generator<Node> {
  for (const keyword of Object.keys(node)) {
    const position = positionOf(keyword);
    if (position === undefined) continue;
    const value = node[keyword];
    switch (position) {
      case 'list':
        if (Array.isArray(value)) yield* value.filter(isNode);
        break;
      case 'map':
        if (isObject(value)) yield* Object.values(value).filter(isNode);
        break;
      case 'schema':
      case 'bounds':
        if (isNode(value)) yield value;
        break;
      default:
    }
  }
}

/**
 * `node` with every Schema Object directly below as `replace` makes it: a copy, or `node` itself where nothing differs.
 * Data is shared.
 */
export function mapChildren(node: Node, replace: (child: Node) => unknown): Node {
  let copy: Node | undefined;
  for (const keyword of Object.keys(node)) {
    const value = node[keyword];
    const mapped = mapValue(keyword, value, replace);
    if (mapped !== value) (copy ??= copyOf(node))[keyword] = mapped;
  }
  return copy ?? node;
}

export function copyOf(node: Node): Node {
  return Object.assign(Object.create(null) as Node, node);
}

function mapValue(keyword: string, value: unknown, replace: (child: Node) => unknown): unknown {
  switch (positionOf(keyword)) {
    case 'list':
      return Array.isArray(value) ? mapList(value, replace) : value;
    case 'map':
      return isNode(value) ? mapMembers(value, replace) : value;
    case 'schema':
    case 'bounds':
      return isNode(value) ? replace(value) : value;
    default:
      return value;
  }
}

function mapList(list: readonly unknown[], replace: (child: Node) => unknown): readonly unknown[] {
  const mapped = list.map((child) => (isNode(child) ? replace(child) : child));
  return mapped.some((child, index) => child !== list[index]) ? mapped : list;
}

function mapMembers(map: Node, replace: (child: Node) => unknown): Node {
  let copy: Node | undefined;
  for (const name of Object.keys(map)) {
    const child = map[name];
    const mapped = isNode(child) ? replace(child) : child;
    if (mapped !== child) (copy ??= copyOf(map))[name] = mapped;
  }
  return copy ?? map;
}

function isNode(value: unknown): value is Node {
  return isObject(value);
}
