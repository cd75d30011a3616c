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

/** A copy of `node` in which every Schema Object directly below is what `replace` makes of it; data is shared. */
export function mapChildren(node: Node, replace: (child: Node) => unknown): Node {
  const copy: Node = Object.create(null);
  for (const keyword of Object.keys(node)) copy[keyword] = mapValue(keyword, node[keyword], replace);
  return copy;
}

function mapValue(keyword: string, value: unknown, replace: (child: Node) => unknown): unknown {
  const replaced = (child: unknown) => (isNode(child) ? replace(child) : child);
  switch (positionOf(keyword)) {
    case 'list':
      return Array.isArray(value) ? value.map(replaced) : value;
    case 'map': {
      if (!isObject(value)) return value;
      const map: Node = Object.create(null);
      for (const name of Object.keys(value)) map[name] = replaced(value[name]);
      return map;
    }
    case 'schema':
    case 'bounds':
      return replaced(value);
    default:
      return value;
  }
}

function isNode(value: unknown): value is Node {
  return isObject(value);
}
