// A schema of a tool as components of a document, in the form that is wanted: in place or hoisted, complete or with
// texts cut, for OpenAPI 3.1 or 3.0. The order of the steps is here; each step has a file of its own in schema/.

import type { JsonObject } from '../json/value.ts';
import type { DocumentForm } from './form.ts';
import { cutSchemaTexts, MAX_PARAMETER_CHARS } from './profile.ts';
import { adaptSchema, mergeBranches } from './schema/adapt.ts';
import { downConvert } from './schema/down-convert.ts';
import { expandedSize } from './schema/expanded-size.ts';
import type { Degradation, Node, SchemaGraph } from './schema/graph.ts';
import { componentRef, createHoist, type Hoisted } from './schema/hoist.ts';
import { inline } from './schema/inline.ts';
import { MAX_NODES } from './schema/limits.ts';
import { findLossy } from './schema/lossy.ts';
import { translate, type SchemaRole } from './schema/translate.ts';

export interface ToolSchema {
  /** Of its component. */
  readonly key: string;
  /** What is in it, in JSON Schema 2020-12 whatever the form. */
  readonly root: Node;
  /** For `components.schemas`, by key: its own first, then those it refers to that no tool before has brought. */
  readonly components: ReadonlyMap<string, JsonObject>;
  readonly degradations: readonly Degradation[];
}

/** Makes the schemas of one document; they share components. */
export interface ToolSchemas {
  /** Each step costs a part of the schema's work; whoever takes them can rest in between. */
  add(schema: JsonObject, key: string, role: SchemaRole): Generator<string, ToolSchema>;
  /** The component that a `$ref` of this document means. */
  readonly resolve: (reference: string) => Node | undefined;
}

export function createToolSchemas(form: DocumentForm): ToolSchemas {
  const hoist = form.refs === 'components' ? createHoist() : undefined;
  const known = new Map<string, Node>();
  const lossy = new Set<string>();
  const resolve = (reference: string) => known.get(reference.slice(componentRef('').length));
  return {
    resolve,
    *add(schema, key, role) {
      const graph = translate(schema, role);
      // As components a bomb of references is small, and goes off wherever somebody writes them out.
      const isRepetitive = hoist !== undefined && expandedSize(graph) > MAX_NODES;
      yield '';
      const { components, degradations } =
        isRepetitive || hoist === undefined ? inPlace(graph, key) : hoist.add(graph, key);
      yield '';
      if (hoist !== undefined) {
        for (const [name, node] of components) known.set(name, node);
        const byReference = [...components].map(([name, node]) => [componentRef(name), node] as const);
        if (form.version === '3.0') for (const reference of findLossy(byReference, lossy)) lossy.add(reference);
      }
      const whole = components.get(key) ?? {};
      const root = role === 'arguments' ? mergeBranches(whole, resolve) : whole;
      const finished = new Map<string, JsonObject>();
      for (const [name, node] of components) finished.set(name, finish(name === key ? root : node, form, lossy));
      yield '';
      return { key, root, components: finished, degradations };
    },
  };
}

/** The steps that every schema of a document takes, also those of our own. */
export function finish(
  schema: JsonObject,
  { version, profile }: DocumentForm,
  lossy?: ReadonlySet<unknown>,
): JsonObject {
  const adapted = adaptSchema(schema);
  const cut = profile === undefined ? adapted : cutSchemaTexts(adapted, MAX_PARAMETER_CHARS);
  return version === '3.0' ? downConvert(cut, lossy) : cut;
}

function inPlace(graph: SchemaGraph, key: string): Hoisted {
  const { root, degradations } = inline(graph);
  return { components: new Map([[key, root]]), degradations };
}
