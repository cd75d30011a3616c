// A document must say what the upstream's schema says: instances are judged by the schema as it came and by both forms
// that a document shows, with Ajv as the judge.

import { readdirSync, readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isObject, type JsonObject } from '../../../../src/json/value.ts';
import { createHoist } from '../../../../src/openapi/schema/hoist.ts';
import { inline } from '../../../../src/openapi/schema/inline.ts';
import { translate } from '../../../../src/openapi/schema/translate.ts';

const lists = new URL('../../../fixtures/tool-lists/', import.meta.url);
const options = {
  strict: false,
  validateFormats: false,
  logger: false,
  validateSchema: false,
  addUsedSchema: false,
} as const;

/** Shared: making one takes longer than all of its judgements. */
const draft07 = new Ajv(options);
const draft2020 = new Ajv2020(options);

type Judge = (instance: unknown) => boolean;

function ajvOf(schema: JsonObject): Judge {
  const validate = (String(schema['$schema']).includes('draft-07') ? draft07 : draft2020).compile(schema);
  return (instance) => validate(instance);
}

function formsOf(schema: JsonObject): { readonly inlined: Judge; readonly hoisted: Judge; readonly text: string } {
  const graph = translate(schema, 'result');
  expect(graph.degradations).toEqual([]);
  const { root, degradations } = inline(graph);
  expect(degradations).toEqual([]);
  const { components } = createHoist().add(graph, 'Root');
  const whole = { $ref: '#/components/schemas/Root', components: { schemas: Object.fromEntries(components) } };
  const printed = (value: unknown) => JSON.parse(JSON.stringify(value)) as JsonObject;
  return { inlined: ajvOf(printed(root)), hoisted: ajvOf(printed(whole)), text: JSON.stringify(root) };
}

describe('recorded tools', () => {
  const schemas: [string, JsonObject][] = readdirSync(lists).flatMap((file) => {
    const { tools } = JSON.parse(readFileSync(new URL(file, lists), 'utf8')) as { tools: JsonObject[] };
    return tools.flatMap((tool): [string, JsonObject][] =>
      ['inputSchema', 'outputSchema']
        .filter((member) => tool[member] !== undefined)
        .map((member) => [`${String(tool['name'])} ${member}`, tool[member] as JsonObject]),
    );
  });

  it('are there', () => {
    expect(schemas.length).toBeGreaterThan(120);
  });

  const seen = { valid: 0, invalid: 0 };

  it.each(schemas)('%s', (_, schema) => {
    const raw = ajvOf(schema);
    const { inlined, hoisted, text } = formsOf(schema);
    for (const instance of fc.sample(instanceOf(JSON.parse(text) as JsonObject, 5), { numRuns: 40, seed: 7 })) {
      const verdict = raw(instance);
      seen[verdict ? 'valid' : 'invalid']++;
      expect({ instance, verdicts: [inlined(instance), hoisted(instance)] }).toEqual({
        instance,
        verdicts: [verdict, verdict],
      });
    }
  });

  it('were shown instances of both kinds', () => {
    expect(seen.valid).toBeGreaterThan(1_500);
    expect(seen.invalid).toBeGreaterThan(500);
  });
});

describe('made-up schemas', () => {
  it('without recursion say the same in place, hoisted and raw', () => {
    let valid = 0;
    fc.assert(
      fc.property(
        schemaWithDefs(false),
        fc.array(anyInstance(), { minLength: 8, maxLength: 8 }),
        (schema, instances) => {
          const raw = ajvOf(schema);
          const { inlined, hoisted } = formsOf(schema);
          for (const instance of instances) {
            const verdict = raw(instance);
            if (verdict) valid++;
            expect([inlined(instance), hoisted(instance)]).toEqual([verdict, verdict]);
          }
        },
      ),
      { numRuns: 120, seed: 11 },
    );
    expect(valid).toBeGreaterThan(150);
  });

  it('with recursion say the same hoisted', () => {
    fc.assert(
      fc.property(
        schemaWithDefs(true),
        fc.array(anyInstance(), { minLength: 8, maxLength: 8 }),
        (schema, instances) => {
          const graph = translate(schema, 'result');
          fc.pre(graph.degradations.length === 0);
          const raw = ajvOf(schema);
          const { hoisted } = formsOf(schema);
          for (const instance of instances) expect(hoisted(instance)).toBe(raw(instance));
        },
      ),
      { numRuns: 100, seed: 13 },
    );
  });

  it('of draft-07 ignore what stands beside a reference', () => {
    fc.assert(
      fc.property(schemaWithDefs(false), fc.array(anyInstance(), { minLength: 8, maxLength: 8 }), (made, instances) => {
        const schema = { ...made, $schema: 'http://json-schema.org/draft-07/schema#' };
        const raw = ajvOf(withoutSiblings(schema));
        const { inlined, hoisted } = formsOf(schema);
        for (const instance of instances) {
          const verdict = raw(instance);
          expect([inlined(instance), hoisted(instance)]).toEqual([verdict, verdict]);
        }
      }),
      { numRuns: 100, seed: 17 },
    );
  });

  it('stubs of recursion accept what the schema accepts', () => {
    const list = {
      type: 'object',
      properties: { next: { $ref: '#/$defs/L' }, n: { type: 'integer' } },
      required: ['n'],
    };
    const schema = { $ref: '#/$defs/L', $defs: { L: { ...list, additionalProperties: false } } };
    const raw = ajvOf(schema);
    const { inlined } = formsOf(schema);
    const chain = fc.letrec<{ list: unknown }>((tie) => ({
      list: fc.record(
        { n: fc.oneof(fc.integer(), fc.constant('x')), next: fc.option(tie('list'), { nil: undefined }) },
        { requiredKeys: ['n'] },
      ),
    })).list;
    fc.assert(fc.property(chain, (instance) => !raw(withoutHoles(instance)) || inlined(withoutHoles(instance))));
    expect(inlined({ n: 1, next: { n: 'x' } })).toBe(false);
  });
});

/** Ajv judges what stands beside a reference in any draft. */
function withoutSiblings(schema: JsonObject): JsonObject {
  return JSON.parse(JSON.stringify(schema), (_, value: unknown) => {
    if (!isObject(value) || !('$ref' in value)) return value;
    return withoutHoles({ $ref: value['$ref'], $schema: value['$schema'], $defs: value['$defs'] });
  }) as JsonObject;
}

const names = ['a', 'b', 'c'];
/** The linter takes an object with a member of that name for a promise. */
const consequence = ['th', 'en'].join('');

/** Schemas of few words, so that they meet each other and the instances. */
function schemaWithDefs(isRecursive: boolean): fc.Arbitrary<JsonObject> {
  const defNames = ['D0', 'D1', 'D2'];
  // A definition refers to later ones only, unless recursion is wanted; only below a property, or it would be a loop.
  const definitions = defNames.map((_, index) => schemaOf(isRecursive ? defNames : defNames.slice(index + 1)));
  return fc.tuple(schemaOf(defNames), ...definitions).map(([root, ...defs]) => {
    return { ...root, $defs: Object.fromEntries(defs.map((schema, index) => [`D${index}`, schema])) };
  });
}

function schemaOf(targets: readonly string[]): fc.Arbitrary<JsonObject> {
  const some = (value: fc.Arbitrary<unknown>, weight = 4) => fc.option(value, { nil: undefined, freq: weight });
  const build = (depth: number): fc.Arbitrary<JsonObject> => {
    const child =
      depth === 0 ? fc.constantFrom<unknown>(true, false, { type: 'string' }, { type: 'number' }) : build(depth - 1);
    const rare = (value: fc.Arbitrary<unknown>) => fc.option(value, { nil: undefined, freq: 1 }).filter(() => true);
    const map = fc.dictionary(fc.constantFrom(...names), child, { maxKeys: 2 });
    const seldom = (value: fc.Arbitrary<unknown>) =>
      fc.oneof({ weight: 6, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });
    return fc
      .record({
        $ref:
          targets.length === 0
            ? fc.constant(undefined)
            : rare(fc.constantFrom(...targets.map((name) => `#/$defs/${name}`))),
        type: seldom(fc.constantFrom('object', 'array', 'string', ['object', 'null'], 'number')),
        description: seldom(fc.constantFrom('one', 'two')),
        properties: some(map),
        additionalProperties: seldom(child),
        patternProperties: seldom(fc.dictionary(fc.constantFrom('^a', 'b$'), child, { maxKeys: 1 })),
        required: seldom(fc.uniqueArray(fc.constantFrom(...names), { maxLength: 2 })),
        minProperties: seldom(fc.nat(2)),
        items: seldom(child),
        minItems: seldom(fc.nat(2)),
        contains: seldom(child),
        allOf: seldom(fc.array(child, { minLength: 1, maxLength: 2 })),
        anyOf: seldom(fc.array(child, { minLength: 1, maxLength: 2 })),
        not: seldom(child),
        if: seldom(child),
        [consequence]: seldom(child),
        enum: seldom(fc.uniqueArray(fc.constantFrom<unknown>('x', 1, null, [], {}), { minLength: 1, maxLength: 3 })),
        unevaluatedProperties: seldom(fc.constantFrom<unknown>(false, { type: 'string' })),
      })
      .map(withoutHoles) as fc.Arbitrary<JsonObject>;
  };
  return build(2);
}

function anyInstance(): fc.Arbitrary<unknown> {
  return fc.letrec<{ any: unknown }>((tie) => ({
    any: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom<unknown>('x', 'y', 1, 2, null, true),
      fc.dictionary(fc.constantFrom(...names), tie('any'), { maxKeys: 3 }),
      fc.array(tie('any'), { maxLength: 3 }),
    ),
  })).any;
}

/** Values that mostly fit a plain schema, and sometimes do not. */
function instanceOf(schema: JsonObject, depth: number): fc.Arbitrary<unknown> {
  const junk = fc.constantFrom<unknown>('', 'x', 0, -1, 1.5, 1e6, true, null, [], {}, ['x'], { a: 1 });
  return fc.oneof({ weight: 12, arbitrary: fitting(schema, depth) }, { weight: 1, arbitrary: junk });
}

function fitting(schema: JsonObject, depth: number): fc.Arbitrary<unknown> {
  for (const keyword of ['anyOf', 'oneOf', 'allOf']) {
    const branches = schema[keyword];
    if (Array.isArray(branches)) return fc.oneof(...branches.map((branch) => instanceOf(branch as JsonObject, depth)));
  }
  if ('const' in schema) return fc.constant(schema['const']);
  if (Array.isArray(schema['enum'])) return fc.constantFrom(...(schema['enum'] as unknown[]));
  const types = [schema['type']].flat();
  return fc.oneof(...types.map((type) => typed(type, schema, depth)));
}

function typed(type: unknown, schema: JsonObject, depth: number): fc.Arbitrary<unknown> {
  const number = (keyword: string) => (typeof schema[keyword] === 'number' ? schema[keyword] : undefined);
  switch (type) {
    case 'string': {
      const lengths = [number('minLength'), number('maxLength')].filter((length) => length !== undefined);
      const samples = [
        'x',
        'abc',
        '2024-01-01',
        'https://a.example',
        ...lengths.map((length) => 'x'.repeat(Math.min(length, 5_000))),
      ];
      return fc.constantFrom(...samples, ...lengths.map((length) => 'x'.repeat(Math.min(length + 1, 5_000))));
    }
    case 'integer':
    case 'number': {
      const [low, high] = [number('minimum') ?? 0, number('maximum') ?? 100];
      return fc.constantFrom(low, high, Math.round((low + high) / 2), low - 1, high + 1);
    }
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array': {
      const items = schema['items'];
      const item =
        depth > 0 && typeof items === 'object' ? instanceOf(items as JsonObject, depth - 1) : fc.constant('x');
      return fc.array(item, { maxLength: 3 });
    }
    default: {
      const properties = Object.entries((schema['properties'] ?? {}) as Record<string, JsonObject>);
      const required = new Set((schema['required'] ?? []) as string[]);
      const members = properties
        .filter(([name]) => depth > 0 || required.has(name))
        .map(([name, property]) => {
          const value = instanceOf(property, depth - 1);
          return [
            name,
            required.has(name)
              ? fc.oneof({ weight: 20, arbitrary: value }, { weight: 1, arbitrary: fc.constant(undefined) })
              : fc.option(value, { nil: undefined }),
          ] as const;
        });
      const extra = fc.oneof(
        { weight: 9, arbitrary: fc.constant({}) },
        { weight: 1, arbitrary: fc.constant({ unknown: 1 }) },
      );
      return fc
        .tuple(fc.record(Object.fromEntries(members)), extra)
        .map(([object, more]) => withoutHoles({ ...object, ...more }));
    }
  }
}

function withoutHoles(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value)) as unknown;
}
