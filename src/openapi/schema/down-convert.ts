// Schema Objects of OpenAPI 3.1 (JSON Schema 2020-12) as those of 3.0.3, which know no null type, no lists of types, no
// tuples, and fewer keywords. Never refuses what the original allows; allows more only where 3.0 has no word for what
// the original says. Those keywords are left out, here and nowhere else.

import { compareNumbers, isNumber } from '../../json/number.ts';
import { printJson } from '../../json/print.ts';
import { isObject } from '../../json/value.ts';
import { copyOf, mapChildren } from './children.ts';
import type { Node } from './graph.ts';
import { isAnnotation } from './merge.ts';

/** `lossy` are references to components that allow more in 3.0 (lossy.ts). */
export function downConvert(schema: Node, lossy: ReadonlySet<unknown> = new Set()): Node {
  return convert(schema, new Set(), lossy);
}

/** Converted schemas that allow more than their originals: they must not stand where that would refuse something. */
type Relaxed = Set<Node>;

function convert(schema: Node, relaxed: Relaxed, lossy: ReadonlySet<unknown>): Node {
  let loses = lossy.has(schema['$ref']);
  const mapped = mapChildren(schema, (child) => {
    const converted = convert(child, relaxed, lossy);
    loses ||= relaxed.has(converted);
    return converted;
  });
  const out = mapped === schema ? copyOf(schema) : mapped;
  const steps = [convertNot, convertOneOf, convertTuple, convertUnevaluated, convertPatterns, dropUnknown];
  for (const step of steps) loses = step(out, relaxed) || loses;
  convertLimits(out);
  convertValues(out);
  convertAnnotations(out);
  const result = asReference(convertTypes(convertUnion(out)));
  if (result['default'] === null && result['nullable'] !== true && 'type' in result) delete result['default'];
  if (loses) relaxed.add(result);
  return result;
}

/** Allows nothing but null. Without a type beside it, `nullable` means nothing (OpenAPI 3.0.3, Schema Object). */
function onlyNull(): Node {
  return nodeOf({ type: 'string', nullable: true, enum: [null] });
}

/** Under `not`, allowing more is allowing less. */
function convertNot(out: Node, relaxed: Relaxed): boolean {
  if (!isObject(out['not']) || !relaxed.has(out['not'])) return false;
  delete out['not'];
  return true;
}

/** Branches that allow more may both allow what only one of them did. */
function convertOneOf(out: Node, relaxed: Relaxed): boolean {
  const branches = out['oneOf'];
  if (!Array.isArray(branches) || !branches.some((branch: Node) => relaxed.has(branch))) return false;
  delete out['oneOf'];
  addAnyOf(out, branches as Node[]);
  return true;
}

/** `prefixItems`: any item may be what one of them is. */
function convertTuple(out: Node): boolean {
  const prefix = out['prefixItems'];
  if (!Array.isArray(prefix)) return false;
  delete out['prefixItems'];
  const rest = isObject(out['items']) ? out['items'] : {};
  const endsThere = isNothing(rest);
  if (endsThere) {
    const most = out['maxItems'];
    out['maxItems'] = typeof most === 'number' ? Math.min(most, prefix.length) : prefix.length;
  }
  out['items'] = anyOfThese([...(prefix as Node[]), ...(endsThere ? [] : [rest])]);
  return true;
}

/** Properties that a pattern allows must stay allowed. */
function convertPatterns(out: Node): boolean {
  const patterns = out['patternProperties'];
  delete out['patternProperties'];
  if (!isObject(patterns)) return false;
  const others = out['additionalProperties'];
  const allowed = Object.values(patterns) as Node[];
  if (others === false && allowed.length > 0) out['additionalProperties'] = anyOfThese(allowed);
  else if (isObject(others)) out['additionalProperties'] = anyOfThese([others, ...allowed]);
  return allowed.length > 0;
}

/** Where nothing but `properties` evaluates anything, `unevaluatedProperties` is `additionalProperties`. */
function convertUnevaluated(out: Node): boolean {
  const value = out['unevaluatedProperties'];
  const evaluates = ['allOf', 'anyOf', 'oneOf', 'if', 'dependentSchemas', '$ref', 'additionalProperties'];
  if (value === undefined || evaluates.some((keyword) => keyword in out)) return false;
  delete out['unevaluatedProperties'];
  out['additionalProperties'] = value;
  return false;
}

/** What 3.0 has no word for, with the keywords that say nothing without it. */
const unknownKeywords: readonly (readonly string[])[] = [
  ['if', 'then', 'else'],
  ['contains', 'minContains', 'maxContains'],
  ['dependentRequired'],
  ['dependentSchemas'],
  ['propertyNames'],
  ['unevaluatedProperties'],
  ['unevaluatedItems'],
];

function dropUnknown(out: Node): boolean {
  let dropped = false;
  for (const [keyword = '', ...companions] of unknownKeywords) {
    dropped ||= keyword in out && (keyword !== 'if' || companions.some((companion) => companion in out));
    for (const name of [keyword, ...companions]) delete out[name];
  }
  return dropped;
}

/** A numeric exclusive limit is a limit and a flag. */
function convertLimits(out: Node): void {
  for (const [inclusive, exclusive, sign] of [
    ['minimum', 'exclusiveMinimum', 1],
    ['maximum', 'exclusiveMaximum', -1],
  ] as const) {
    const limit = out[exclusive];
    if (!isNumber(limit)) continue;
    const other = out[inclusive];
    delete out[exclusive];
    if (isNumber(other) && sign * compareNumbers(limit, other) < 0) continue;
    out[inclusive] = limit;
    out[exclusive] = true;
  }
}

function convertValues(out: Node): void {
  if ('const' in out) {
    const value = out['const'];
    delete out['const'];
    const own = out['enum'];
    const isShared = !Array.isArray(own) || own.some((item) => printJson(item) === printJson(value));
    if (isShared) out['enum'] = [value];
    else out['not'] = {};
    const type = scalarTypeOf(value);
    if (isShared && type !== undefined && !('type' in out)) out['type'] = type;
  }
  for (const keyword of ['enum', 'required']) {
    const list = out[keyword];
    if (!Array.isArray(list) || list.length > 0) continue;
    delete out[keyword];
    if (keyword === 'enum') out['not'] = {};
  }
}

function scalarTypeOf(value: unknown): string | undefined {
  if (value === null) return 'null';
  if (isNumber(value)) return 'number';
  return typeof value === 'string' || typeof value === 'boolean' ? typeof value : undefined;
}

function convertAnnotations(out: Node): void {
  const { examples, contentEncoding } = out;
  if (Array.isArray(examples) && examples.length > 0 && !('example' in out)) out['example'] = examples[0];
  if (contentEncoding === 'base64' && !('format' in out)) out['format'] = 'byte';
  for (const keyword of ['examples', 'contentEncoding', 'contentMediaType', 'contentSchema', '$comment']) {
    delete out[keyword];
  }
}

/** A union with null: the other branch made nullable where that is simple, else with a branch that allows only null. */
function convertUnion(out: Node): Node {
  for (const keyword of ['anyOf', 'oneOf']) {
    const branches = out[keyword];
    if (!Array.isArray(branches)) continue;
    const others = (branches as Node[]).filter((branch) => !isOnlyNull(branch));
    const [other] = others;
    const nulls = branches.length - others.length;
    if (nulls === 0) continue;
    // What two branches of a oneOf allow, it refuses.
    const allowsNull = keyword === 'anyOf' || (nulls === 1 && other?.['nullable'] !== true);
    if (others.length === 1 && other !== undefined && allowsNull && isSimple(other) && onlyAnnotates(out, keyword)) {
      const { [keyword]: _, ...annotations } = out;
      return nullable(nodeOf({ ...other, ...annotations }));
    }
    out[keyword] = keyword === 'anyOf' || nulls === 1 ? withNull(keyword, others) : [...others, onlyNull(), onlyNull()];
  }
  return out;
}

/** Generators of code prefer a type that may be null to a branch for null; of `oneOf` only one branch may allow it. */
function withNull(keyword: string, branches: readonly Node[]): readonly Node[] {
  const first = branches.findIndex(isSimple);
  const isAlone = keyword === 'anyOf' || branches.every((branch) => 'type' in branch && branch['nullable'] !== true);
  if (first < 0 || !isAlone) return [...branches, onlyNull()];
  return branches.map((branch, index) => (index === first ? nullable(copyOf(branch)) : branch));
}

/** Whether `nullable` beside its type allows null: nothing else of it may refuse. */
function isSimple(branch: Node): boolean {
  return typeof branch['type'] === 'string' && !combinators.some((keyword) => keyword in branch);
}

/** What may refuse null whatever `type` and `enum` say. */
const combinators = ['allOf', 'anyOf', 'oneOf', 'not', '$ref'];

function onlyAnnotates(node: Node, besides: string): boolean {
  return Object.keys(node).every((keyword) => keyword === besides || isAnnotation(keyword));
}

function nullable(node: Node): Node {
  node['nullable'] = true;
  const values = node['enum'];
  if (Array.isArray(values) && !values.includes(null)) node['enum'] = [...(values as unknown[]), null];
  return node;
}

function convertTypes(out: Node): Node {
  const { type } = out;
  if (type === 'array' && !('items' in out)) out['items'] = {};
  if (type === 'null') return withNullOnly(out);
  if (!Array.isArray(type)) return out;
  const types = (type as string[]).filter((name) => name !== 'null');
  const allowsNull = types.length < type.length;
  const [first] = types;
  if (first === undefined) return withNullOnly(out);
  delete out['type'];
  if (types.length === 1) {
    out['type'] = first;
    if (first === 'array' && !('items' in out)) out['items'] = {};
    if (allowsNull) out['nullable'] = true;
    return out;
  }
  addAnyOf(
    out,
    types.map((name, index) => {
      const branch = nodeOf({ type: name });
      if (name === 'array') branch['items'] = out['items'] ?? {};
      if (allowsNull && index === 0) branch['nullable'] = true;
      return branch;
    }),
  );
  delete out['items'];
  return out;
}

/** What only null can be: other keywords say nothing of null, but for `enum` and combinators, which stay. */
function withNullOnly(out: Node): Node {
  const values = out['enum'];
  const nothing = Array.isArray(values) && !values.includes(null);
  Object.assign(out, onlyNull());
  if (nothing) out['not'] = {};
  delete out['items'];
  return out;
}

/** In 3.0 nothing counts beside a `$ref`. */
function asReference(out: Node): Node {
  if (!('$ref' in out)) return out;
  const { $ref, ...others } = out;
  if (Object.keys(others).length === 0) return out;
  const more = Array.isArray(others['allOf']) ? (others['allOf'] as Node[]) : [];
  return nodeOf({ ...others, allOf: [nodeOf({ $ref }), ...more] });
}

/** One more condition: beside an `anyOf` that stands there already, a second goes into `allOf`. */
function addAnyOf(out: Node, branches: readonly Node[]): void {
  if (!('anyOf' in out)) {
    out['anyOf'] = branches;
    return;
  }
  const more = Array.isArray(out['allOf']) ? (out['allOf'] as Node[]) : [];
  out['allOf'] = [...more, nodeOf({ anyOf: branches })];
}

function anyOfThese(schemas: readonly Node[]): Node {
  const distinct = new Map(schemas.map((schema) => [printJson(schema), schema]));
  const open = distinct.get('{}');
  const [only] = distinct.values();
  if (open !== undefined) return open;
  return distinct.size === 1 && only !== undefined ? only : nodeOf({ anyOf: [...distinct.values()] });
}

/** Before or after conversion. */
function isOnlyNull(branch: Node): boolean {
  const { type, enum: values } = branch;
  const isNull = Array.isArray(values) && values.length === 1 && values[0] === null;
  const allowsNull = type === undefined || branch['nullable'] === true;
  return isNull && allowsNull && !combinators.some((keyword) => keyword in branch);
}

function isNothing(schema: object): boolean {
  return printJson(schema) === '{"not":{}}';
}

function nodeOf(members: object): Node {
  return Object.assign(Object.create(null) as Node, members);
}
