// Says again what a schema says already, for readers that look in one place only: a type beside a union, or a list of
// values, of one scalar type, and the properties of a tool's arguments beside the union that has them. Changes nothing of what is allowed.

import { isInteger, isNumber } from '../../json/number.ts';
import { printJson } from '../../json/print.ts';
import { isObject } from '../../json/value.ts';
import { copyOf, mapChildren } from './children.ts';
import type { Node } from './graph.ts';

const scalarTypes: ReadonlySet<unknown> = new Set(['string', 'number', 'integer', 'boolean']);

/** LangChain.js drops properties without a type. Never for lists of types: others fail at those. */
export function adaptSchema(schema: Node): Node {
  const adapted = mapChildren(schema, adaptSchema);
  const type = 'type' in adapted ? undefined : impliedType(adapted);
  if (type === undefined) return adapted;
  const typed = adapted === schema ? copyOf(schema) : adapted;
  typed['type'] = type;
  return typed;
}

function impliedType(schema: Node): unknown {
  if ('const' in schema) return typeOfValues([schema['const']]);
  if (Array.isArray(schema['enum'])) return typeOfValues(schema['enum'] as unknown[]);
  return commonType(schema['anyOf']) ?? commonType(schema['oneOf']);
}

function typeOfValues([first, ...others]: readonly unknown[]): string | undefined {
  const type = scalarTypeOf(first);
  return others.every((value) => scalarTypeOf(value) === type) ? type : undefined;
}

function scalarTypeOf(value: unknown): string | undefined {
  if (isNumber(value)) return isInteger(value) ? 'integer' : 'number';
  return typeof value === 'string' || typeof value === 'boolean' ? typeof value : undefined;
}

function commonType(branches: unknown): unknown {
  if (!Array.isArray(branches)) return undefined;
  const [first, ...others] = branches as Node[];
  const type = first?.['type'];
  return scalarTypes.has(type) && others.every((branch) => branch['type'] === type) ? type : undefined;
}

/**
 * The root of an input schema with the properties of its branches beside them: Open WebUI shows a model no others.
 * `resolve` gives what a `$ref` means.
 */
export function mergeBranches(root: Node, resolve: (reference: string) => Node | undefined = () => undefined): Node {
  const { additionalProperties: others = true } = root;
  // Beside it, a property that is named is allowed where it was not.
  const namesMatter = !(others === true || (isObject(others) && Object.keys(others).length === 0));
  if (namesMatter || !combinators.some((keyword) => keyword in root)) return root;
  const walk: Walk = { resolve, left: MAX_STEPS };
  const { properties, required } = shapeOf(root, walk, MAX_NESTING);
  if (walk.left < 0) return root;
  const own = isObject(root['properties']) ? root['properties'] : {};
  const merged: Node = Object.create(null);
  for (const [name, schema] of Object.entries(own)) merged[name] = schema;
  for (const [name, schema] of properties) if (!Object.hasOwn(own, name)) merged[name] = schema;
  // What is named beside it counts as evaluated: there it stands apart.
  const isApart = 'unevaluatedProperties' in root && properties.size > Object.keys(own).length;
  const result = Object.assign(Object.create(null) as Node, isApart ? { type: 'object', allOf: [root] } : root);
  if (Object.keys(merged).length > 0) result['properties'] = merged;
  if (required.size > 0) result['required'] = [...required];
  return result;
}

const combinators = ['allOf', 'anyOf', 'oneOf'];

/** Unions of unions beyond this are shown as they are. */
const MAX_NESTING = 3;
/** What the largest schema that is shown takes, about 50 ms; where it is more, nothing is merged. */
const MAX_STEPS = 100_000;
const CHARS_PER_STEP = 10;

interface Walk {
  readonly resolve: (reference: string) => Node | undefined;
  left: number;
}

/** What a schema implies for each value that it allows. */
interface Shape {
  readonly properties: ReadonlyMap<string, Node>;
  readonly required: ReadonlySet<string>;
  /** Whether properties that it does not name are refused. */
  readonly closed: boolean;
}

const anything: Shape = { properties: new Map(), required: new Set(), closed: false };

function shapeOf(node: Node, walk: Walk, nesting: number): Shape {
  if (nesting < 0 || walk.left < 0) return anything;
  const shapes = [ownShape(node)];
  const visit = (child: Node) => shapeOf(child, walk, nesting - 1);
  const target = typeof node['$ref'] === 'string' ? walk.resolve(node['$ref']) : undefined;
  if (target !== undefined) shapes.push(visit(target));
  for (const keyword of combinators) {
    const branches = node[keyword];
    if (!Array.isArray(branches)) continue;
    const found = (branches as Node[]).map(visit);
    if (keyword === 'allOf') for (const shape of found) shapes.push(shape);
    else shapes.push(eitherOf(found, walk));
  }
  const whole = allOf(shapes, walk);
  walk.left -= 1 + whole.properties.size + whole.required.size;
  return whole;
}

function ownShape({ properties, required, additionalProperties, patternProperties }: Node): Shape {
  return {
    properties: new Map(isObject(properties) ? (Object.entries(properties) as [string, Node][]) : []),
    required: new Set(Array.isArray(required) ? (required as string[]) : []),
    closed: additionalProperties === false && patternProperties === undefined,
  };
}

function allOf(shapes: readonly Shape[], walk: Walk): Shape {
  const properties = [...schemasByName(shapes)].map(([name, schemas]) => {
    return [name, together('allOf', schemas, walk)] as const;
  });
  return {
    properties: new Map(properties),
    required: new Set(shapes.flatMap(({ required }) => [...required])),
    closed: shapes.some(({ closed }) => closed),
  };
}

function eitherOf(branches: readonly Shape[], walk: Walk): Shape {
  const open = branches.filter(({ closed }) => !closed);
  const namedInOpen = schemasByName(open);
  const properties = [...schemasByName(branches)].map(([name, schemas]) => {
    const isNamedInAll = (namedInOpen.get(name)?.length ?? 0) === open.length;
    return [name, together('anyOf', isNamedInAll ? schemas : [...schemas, elsewhere], walk)] as const;
  });
  const [first = anything, ...others] = branches;
  return {
    properties: new Map(properties),
    required: new Set([...first.required].filter((name) => others.every(({ required }) => required.has(name)))),
    closed: open.length === 0,
  };
}

function schemasByName(shapes: readonly Shape[]): ReadonlyMap<string, readonly Node[]> {
  const schemas = new Map<string, Node[]>();
  for (const { properties } of shapes) {
    for (const [name, schema] of properties) {
      const known = schemas.get(name);
      if (known === undefined) schemas.set(name, [schema]);
      else known.push(schema);
    }
  }
  return schemas;
}

/** What a property is in a branch that does not name it: anything. In words, because linters take `{}` for a mistake. */
const elsewhere: Node = { description: 'Anything, in another alternative.' };

/** A union keeps the words of its first part, which readers may show alone. */
function together(keyword: 'allOf' | 'anyOf', schemas: readonly Node[], walk: Walk): Node {
  const distinct = distinctOf(schemas, walk);
  const [only] = distinct;
  if (only !== undefined && distinct.length === 1) return only;
  const described = distinct.find((node) => node !== elsewhere && typeof node['description'] === 'string');
  return Object.assign(Object.create(null) as Node, {
    ...(described !== undefined && { description: described['description'] }),
    [keyword]: distinct,
  });
}

/** By what they say. Beyond the limit they are not told apart, because nobody will see them. */
function distinctOf(schemas: readonly Node[], walk: Walk): readonly Node[] {
  const nodes = [...new Set(schemas)];
  if (nodes.length === 1) return nodes;
  const distinct = new Map<string, Node>();
  for (const node of nodes) {
    if (walk.left < 0) break;
    const text = printJson(node);
    walk.left -= text.length / CHARS_PER_STEP;
    if (!distinct.has(text)) distinct.set(text, node);
  }
  return [...distinct.values()];
}
