// Values for a schema, made by fast-check: such as may fit it, and the same with something spoilt. Whether they really
// fit is for validators to say.
import fc, { type Arbitrary } from 'fast-check';
import { lookUp } from '../../../../src/json/schema/pointer.ts';
import { isObject, type JsonObject } from '../../../../src/json/value.ts';

const MAX_DEPTH = 5;

/** Of a schema as real servers write them: references by pointer from the root. */
export function instancesOf(schema: JsonObject): Arbitrary<unknown> {
  const fitting = fittingOf(schema, schema, 0);
  return fc.oneof(
    fitting,
    fc.tuple(fitting, fc.nat(), junk).map(spoilt),
    fc.tuple(fitting, fc.nat(), junk).map(spoilt),
  );
}

const names = fc.constantFrom('a', 'b', 'id', '__proto__', 'toString', 'constructor', 'type');
const junk: Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, 0, 1, -1, 0.5, 1e21, '', 'a', '😀', '12', {}, []),
  fc.string(),
  fc.dictionary(names, fc.constantFrom<unknown>(1, 'x', null), { maxKeys: 2 }),
  fc.array(fc.constantFrom<unknown>(1, 'x', null), { maxLength: 3 }),
);

function fittingOf(schema: unknown, root: JsonObject, depth: number): Arbitrary<unknown> {
  if (!isObject(schema) || depth > MAX_DEPTH) return junk;
  const below = (child: unknown) => fittingOf(child, root, depth + 1);
  const { $ref, const: only, enum: members, type, properties, items, required } = schema;
  if (typeof $ref === 'string' && $ref.startsWith('#')) return below(lookUp(root, $ref.slice(1)));
  if (only !== undefined) return fc.constant(only);
  if (Array.isArray(members) && members.length > 0) return fc.constantFrom(...(members as unknown[]));
  for (const keyword of ['anyOf', 'oneOf', 'allOf']) {
    const branches = schema[keyword];
    if (!Array.isArray(branches) || branches.length === 0) continue;
    const { [keyword]: _, ...others } = schema;
    const beside = 'properties' in others || 'type' in others ? [below(others)] : [];
    return fc.oneof(...branches.map(below), ...beside);
  }
  const types = [type].flat().filter((name) => typeof name === 'string');
  if (types.length > 1) return fc.oneof(...types.map((name) => below({ ...schema, type: name })));
  if (types[0] === 'object' || isObject(properties)) {
    const known = Object.entries(isObject(properties) ? properties : {});
    const needed = new Set(Array.isArray(required) ? (required as unknown[]) : []);
    const entries = known.map(([name, child]) => {
      return needed.has(name) ? below(child).map((value) => [name, value]) : optional(name, below(child));
    });
    return fc.tuple(...entries).map((made) => Object.fromEntries(made.filter((entry) => entry !== undefined)));
  }
  if (types[0] === 'array') return fc.array(below(items), { maxLength: 3 });
  return scalarOf(types[0], schema);
}

function optional(name: string, value: Arbitrary<unknown>): Arbitrary<[string, unknown] | undefined> {
  return fc.option(
    value.map((member): [string, unknown] => [name, member]),
    { nil: undefined, freq: 2 },
  );
}

function scalarOf(
  type: string | undefined,
  { minimum, maximum, minLength, maxLength }: JsonObject,
): Arbitrary<unknown> {
  const limits = [minimum, maximum].filter((limit) => typeof limit === 'number');
  const lengths = [minLength, maxLength].filter((limit) => typeof limit === 'number');
  switch (type) {
    case 'string': {
      const exact = lengths.filter((length) => length < 200).map((length) => 'é'.repeat(length));
      return fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom('2024-01-01', 'abc_1', 'a/b', ...exact));
    }
    case 'integer':
      return fc.oneof(fc.integer({ min: -5, max: 200 }), fc.constantFrom(0, ...limits, ...limits.map((x) => x + 1)));
    case 'number':
      return fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constantFrom(0, 0.5, ...limits));
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    default:
      return junk;
  }
}

/** One part replaced, removed or added, chosen by a number. */
function spoilt([value, choice, other]: [unknown, number, unknown]): unknown {
  if (Array.isArray(value) && value.length > 0 && choice % 4 !== 0) {
    const index = choice % value.length;
    return value.map((item, at) => (at === index ? spoilt([item, Math.floor(choice / 3), other]) : item));
  }
  if (!isObject(value) || choice % 5 === 0) return other;
  const entries = Object.entries(value);
  if (entries.length === 0 || choice % 5 === 1) return Object.fromEntries([...entries, [`extra${choice % 3}`, other]]);
  const index = choice % entries.length;
  if (choice % 5 === 2) return Object.fromEntries(entries.filter((_, at) => at !== index));
  return Object.fromEntries(
    entries.map(([name, member], at) => [
      name,
      at === index ? spoilt([member, Math.floor(choice / 3), other]) : member,
    ]),
  );
}
