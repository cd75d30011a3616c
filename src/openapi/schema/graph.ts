// A schema on its way into a document: normalised to JSON Schema 2020-12, position by position, with references as
// edges between nodes instead of text. translate.ts makes it, inline.ts and hoist.ts take it apart.

/** A Schema Object. Without a prototype, so that `__proto__` is a name like any other. */
export type Node = { [keyword: string]: unknown };

export interface SchemaGraph {
  readonly root: Node;
  /** What nodes with a `$ref` member refer to; the text of that member means nothing until it is written anew. */
  readonly targets: ReadonlyMap<Node, Node>;
  /** Of nodes that are referred to: the last word of the reference, such as `Address` of `#/$defs/Address`. */
  readonly names: ReadonlyMap<Node, string>;
  readonly degradations: readonly Degradation[];
}

/** A place where the document says less than the schema. */
export interface Degradation {
  /** A JSON Pointer into the schema as a URI fragment: `#/properties/x`. */
  readonly pointer: string;
  /** One sentence. */
  readonly reason: string;
}

/** Stands where the document says less than the schema, with the reason. */
export const ERROR_KEY = 'x-mcp-schema-error';
