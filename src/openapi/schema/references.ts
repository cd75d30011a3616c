// References of one schema on its way into a document: what refers to what, noted while the schema is walked, and turned
// into `$ref`s when every place is known. A definition comes along only if something refers to it.

import { toFragment } from '../../json/schema/pointer.ts';

/** Without a prototype, so that `__proto__` is a name like any other. */
export type Node = { [keyword: string]: unknown };

interface Reference {
  readonly node: Node;
  /** Where the reference stands in the schema. */
  readonly from: string;
  /** What it names in the schema. */
  readonly target: string;
}

export interface Settling {
  /** Makes a component of what was not walked yet and says where; undefined if it is no schema. */
  readonly bringIn: (target: string) => string | undefined;
  readonly degrade: (node: Node, from: string, reason: string) => void;
}

/** Where every place of a schema ends up: in `components.schemas` of the document. */
const HOME = '#/components/schemas';

/** What a component of that name is referred to by. */
export function componentRef(key: string): string {
  return `${HOME}/${key}`;
}

/** The other way: the pointer within `components.schemas`. */
export function placeOf(reference: string): string {
  return decodeURIComponent(reference.slice(HOME.length));
}

export class References {
  readonly #placeByOrigin = new Map<string, string>();
  readonly #nodeByPlace = new Map<string, Node>();
  readonly #references: Reference[] = [];

  /** What stood at `from` in the schema is `node`, at `to` within `components.schemas`. */
  place(node: Node, from: string, to: string): void {
    this.#placeByOrigin.set(from, to);
    this.#nodeByPlace.set(to, node);
  }

  refer(node: Node, from: string, target: string): void {
    node['$ref'] = ''; // Keeps its turn among the keywords until the target has a place.
    this.#references.push({ node, from, target });
  }

  /** Brings in definitions, and with them more references: the list grows while it is read. */
  settle({ bringIn, degrade }: Settling): void {
    for (const { node, from, target } of this.#references) {
      const place = this.#placeByOrigin.get(target) ?? bringIn(target);
      const fragment = place === undefined ? undefined : toFragment(place);
      if (fragment !== undefined) {
        node['$ref'] = HOME + fragment;
      } else {
        delete node['$ref'];
        degrade(node, from, 'A reference to something that is no schema was removed.');
      }
    }
    this.#breakLoops(degrade);
  }

  /** References that lead only to each other mean nothing, and send readers round for ever. */
  #breakLoops(degrade: Settling['degrade']): void {
    const origins = new Map(this.#references.map(({ node, from }) => [node, from]));
    const ending = new Set<Node>();
    for (const start of origins.keys()) {
      const path = new Set<Node>();
      let node: Node | undefined = start;
      while (node !== undefined && !ending.has(node) && !path.has(node)) {
        path.add(node);
        node = this.#referred(node);
      }
      if (node !== undefined && path.has(node)) {
        delete node['$ref'];
        degrade(node, origins.get(node) ?? '', 'A reference that leads only back to itself was removed.');
      }
      for (const seen of path) ending.add(seen);
    }
  }

  #referred(node: Node): Node | undefined {
    const reference = node['$ref'];
    if (typeof reference !== 'string') return undefined;
    return this.#nodeByPlace.get(placeOf(reference));
  }
}
