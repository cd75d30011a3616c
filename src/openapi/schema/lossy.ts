// Which components OpenAPI 3.0 says less of than 3.1 does, themselves or through what they refer to: down-convert.ts must
// not let a reference to one stand where allowing more would refuse something. In doubt a component is one of them.

import { childrenOf } from './children.ts';
import type { Node } from './graph.ts';

/** More of them: the references to components that lose, of those here and those `known` from before. */
export function findLossy(components: Iterable<readonly [string, Node]>, known: ReadonlySet<string>): Set<string> {
  const lossy = new Set<string>();
  const referrers = new Map<string, string[]>();
  for (const [reference, node] of components) {
    const { loses, references } = look(node);
    if (loses || references.some((other) => known.has(other))) lossy.add(reference);
    for (const other of references) {
      const others = referrers.get(other);
      if (others === undefined) referrers.set(other, [reference]);
      else others.push(reference);
    }
  }
  // What is added on the way is come to as well.
  for (const reference of lossy) for (const referrer of referrers.get(reference) ?? []) lossy.add(referrer);
  return lossy;
}

/** Keywords that 3.0 has no word for, or says less with. */
const lossyKeywords = [
  'if',
  'contains',
  'dependentRequired',
  'dependentSchemas',
  'propertyNames',
  'unevaluatedProperties',
  'unevaluatedItems',
  'prefixItems',
  'patternProperties',
];

function look(root: Node): { readonly loses: boolean; readonly references: readonly string[] } {
  const references: string[] = [];
  let loses = false;
  const open = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const { $ref } = node;
    if (typeof $ref === 'string') references.push($ref);
    const current = node;
    loses ||= lossyKeywords.some((keyword) => keyword in current);
    for (const child of childrenOf(node)) open.push(child);
  }
  return { loses, references };
}
