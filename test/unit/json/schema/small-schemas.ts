// Random schemas that mix the keywords of a dialect, and values small enough to meet them: for comparing validators.
// All are valid schemas, with references only to definitions that exist and that consume a part of the value.
import fc, { type Arbitrary } from 'fast-check';
import type { JsonObject } from '../../../../src/json/value.ts';

const name = fc.constantFrom('a', 'b', 'c');
const count = fc.integer({ min: 0, max: 3 });
const scalar = fc.constantFrom<unknown>(null, true, 0, 1, 2, 1.5, -1, '', 'a', 'ab', 'abc', '😀');

export const smallValues: Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(name, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value;

type SchemaArbitrary = Arbitrary<JsonObject | boolean>;

export function smallSchemas($schema: string | undefined): Arbitrary<JsonObject> {
  const isOld = $schema?.includes('draft-0') === true;
  const is2020 = $schema === undefined;
  const { schema } = fc.letrec<{ schema: JsonObject | boolean }>((tie) => {
    const child = tie('schema');
    const children = fc.array(child, { minLength: 1, maxLength: 3 });
    const asserting = fc.record(
      {
        type: fc.oneof(types, fc.uniqueArray(types, { minLength: 1, maxLength: 3 })),
        enum: fc.uniqueArray(scalar, { minLength: 1, maxLength: 4 }),
        const: smallValues,
        minimum: count,
        exclusiveMaximum: count,
        multipleOf: fc.constantFrom(1, 2, 0.5),
        minLength: count,
        maxLength: count,
        pattern: fc.constantFrom('^a', 'b$', '^.$', 'a|c'),
        maxItems: count,
        minItems: count,
        uniqueItems: fc.boolean(),
        minProperties: count,
        maxProperties: count,
        required: fc.uniqueArray(name, { maxLength: 2 }),
      },
      { requiredKeys: [] },
    );
    const applying = fc.record<Record<string, unknown>>(
      {
        properties: fc.dictionary(name, child, { maxKeys: 3 }),
        patternProperties: fc.dictionary(fc.constantFrom('^a', 'b', '.'), child, { maxKeys: 2 }),
        additionalProperties: child,
        propertyNames: child,
        items: isOld || !is2020 ? fc.oneof(child, children) : child,
        ...(is2020 ? { prefixItems: children } : { additionalItems: child }),
        contains: child,
        ...(isOld ? { dependencies: dependencies(child) } : modern(child)),
        allOf: children,
        anyOf: children,
        oneOf: children,
        not: child,
        if: child,
        // oxlint-disable-next-line unicorn/no-thenable -- A keyword; nobody awaits a schema.
        then: child,
        else: child,
      },
      { requiredKeys: [] },
    );
    return {
      schema: fc.oneof(
        { maxDepth: 3, depthSize: 'small' },
        fc.boolean(),
        asserting.map(few),
        fc
          .tuple(fc.nat(), applying, asserting)
          .map(([choice, a, b]) => ({ ...few(a, choice), ...few(b, choice >> 4) })),
        fc.constant({ properties: { a: { $ref: '#/$defs/x' } }, items: { $ref: '#/$defs/x' } }),
      ),
    };
  });
  return fc.tuple(schema, schema).map(([root, $defs]) => ({
    ...(typeof root === 'boolean' ? { not: !root } : root),
    ...($schema === undefined ? {} : { $schema }),
    $defs: { x: $defs },
  }));
}

const types = fc.constantFrom('null', 'boolean', 'integer', 'number', 'string', 'array', 'object');

function dependencies(child: SchemaArbitrary): Arbitrary<unknown> {
  return fc.dictionary(name, fc.oneof(child, fc.uniqueArray(name, { maxLength: 2 })), { maxKeys: 2 });
}

function modern(child: SchemaArbitrary): Record<string, Arbitrary<unknown>> {
  return {
    dependentRequired: fc.dictionary(name, fc.uniqueArray(name, { maxLength: 2 }), { maxKeys: 2 }),
    dependentSchemas: fc.dictionary(name, child, { maxKeys: 2 }),
    minContains: count,
    maxContains: count,
    unevaluatedProperties: child,
    unevaluatedItems: child,
  };
}

/** With all keywords at once nothing would ever fit: two or three neighbours of them. */
function few(schema: Record<string, unknown>, choice = 0): JsonObject {
  const entries = Object.entries(schema);
  const start = entries.length === 0 ? 0 : choice % entries.length;
  return Object.fromEntries(entries.slice(start, start + 2 + (choice % 2)));
}
