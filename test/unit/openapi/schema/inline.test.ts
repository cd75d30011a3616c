import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../src/json/value.ts';
import { inline, type Inlined } from '../../../../src/openapi/schema/inline.ts';
import { translate } from '../../../../src/openapi/schema/translate.ts';
import { denseRecursion, hostileTools, referenceBomb } from '../hostile-tools.ts';

function inlined(schema: JsonObject): Inlined {
  return inline(translate(schema, 'result'));
}

/** As a reader of the document gets it. */
function shown(schema: JsonObject): unknown {
  return JSON.parse(JSON.stringify(inlined(schema).root)) as unknown;
}

function reasons(schema: JsonObject): string[] {
  return inlined(schema).degradations.map(({ pointer, reason }) => `${pointer} ${reason}`);
}

function property(schema: JsonObject, $defs: JsonObject): unknown {
  return (shown({ properties: { a: schema }, $defs }) as { properties: { a: unknown } }).properties.a;
}

describe('a reference', () => {
  it('is replaced by what it names, through other references', () => {
    const schema = {
      properties: { a: { $ref: '#/$defs/A' }, list: { type: 'array', items: { $ref: '#/properties/a' } } },
      $defs: { A: { $ref: '#/$defs/B' }, B: { type: 'object', properties: { c: { $ref: '#/$defs/C' } } }, C: true },
    };
    const b = { type: 'object', properties: { c: {} } };
    expect(shown(schema)).toEqual({ properties: { a: b, list: { type: 'array', items: b } } });
    expect(reasons(schema)).toEqual([]);
  });

  it('may be all that a schema is', () => {
    const schema = { $ref: '#/$defs/A', description: 'mine', $defs: { A: { type: 'object', description: 'its' } } };
    expect(shown(schema)).toEqual({ type: 'object', description: 'mine' });
  });

  it('gives way to annotations beside it', () => {
    const A = { type: 'string', title: 'A', description: 'of A', default: 'a', 'x-own': 1, minLength: 1 };
    const beside = { description: 'here', default: 'b', deprecated: true, examples: ['c'], 'x-own': 2 };
    expect(property({ $ref: '#/$defs/A', ...beside }, { A })).toEqual({
      type: 'string',
      title: 'A',
      minLength: 1,
      ...beside,
    });
  });

  it('is merged with what judges beside it where that says the same', () => {
    const A = { type: 'object', properties: { a: {} }, required: ['a'] };
    expect(property({ $ref: '#/$defs/A', minProperties: 2 }, { A })).toEqual({ ...A, minProperties: 2 });
    expect(property({ $ref: '#/$defs/A', type: 'object', required: ['a'] }, { A })).toEqual(A);
    expect(property({ $ref: '#/$defs/A', enum: [{ x: [1] }] }, { A: { enum: [{ x: [1] }] } })).toEqual({
      enum: [{ x: [1] }],
    });
  });

  it.each<[string, JsonObject, JsonObject]>([
    ['another value of a keyword', { minLength: 2 }, { minLength: 1 }],
    ['another order of the same', { required: ['a', 'b'] }, { required: ['b', 'a'] }],
    ['properties of both', { properties: { b: {} } }, { properties: { a: {} } }],
    ['properties beside additionalProperties', { properties: { b: {} } }, { additionalProperties: false }],
    ['patternProperties beside additionalProperties', { patternProperties: { b: {} } }, { additionalProperties: {} }],
    ['items beside prefixItems', { items: { type: 'null' } }, { prefixItems: [{}], items: {} }],
    ['minContains without its contains', { minContains: 2 }, { contains: {} }],
    ['then without its if', JSON.parse('{"then":{"minLength":1}}') as JsonObject, { if: {} }],
    ['branches of both', { anyOf: [{ type: 'null' }] }, { anyOf: [{ type: 'string' }] }],
    ['what counts others', { anyOf: [{ properties: { a: {} } }] }, { unevaluatedProperties: false }],
    ['what is counted', { unevaluatedItems: false }, { anyOf: [{ prefixItems: [{}] }] }],
  ])('stands in an allOf beside %s', (_, beside, A) => {
    expect(property({ $ref: '#/$defs/A', ...beside, description: 'd' }, { A })).toEqual({
      ...beside,
      description: 'd',
      allOf: [A],
    });
  });

  it('comes before what stands in the allOf already', () => {
    const A = { allOf: [{ minLength: 1 }] };
    expect(property({ $ref: '#/$defs/A', allOf: [{ maxLength: 3 }] }, { A })).toEqual({ allOf: [A, { maxLength: 3 }] });
  });
});

describe('names that look like keywords', () => {
  it('are names', () => {
    const schema = JSON.parse(
      `{"properties":{"$ref":{"$ref":"#/$defs/__proto__"},"__proto__":{"$ref":"#/$defs/hasOwnProperty"},"properties":{}},
        "$defs":{"__proto__":{"type":"null"},"hasOwnProperty":{"enum":[{"$ref":"#/x"}]}}}`,
    ) as JsonObject;
    expect(JSON.stringify(inlined(schema).root)).toBe(
      '{"properties":{"$ref":{"type":"null"},"__proto__":{"enum":[{"$ref":"#/x"}]},"properties":{}}}',
    );
  });
});

describe('recursion', () => {
  it('is shown one level deep, then described', () => {
    const schema = {
      type: 'object',
      properties: { name: { type: 'string' }, tree: { $ref: '#/$defs/Tree' } },
      $defs: {
        Tree: {
          type: 'object',
          description: 'A tree',
          required: ['leaf'],
          properties: { leaf: {}, left: { $ref: '#/$defs/Tree' } },
        },
      },
    };
    const tree = (left: JsonObject) => ({ ...schema.$defs.Tree, properties: { leaf: {}, left } });
    const stub = { type: 'object', description: 'A tree. Recursive: the same shape as Tree above.' };
    expect(shown(schema)).toEqual({ type: 'object', properties: { name: { type: 'string' }, tree: tree(tree(stub)) } });
    expect(reasons(schema)).toEqual([]);
  });

  it('of the whole is one of the whole', () => {
    const schema = { type: 'array', items: { $ref: '#' } };
    const stub = { type: 'array', items: {}, description: 'Recursive: the same shape as the whole above.' };
    expect(shown(schema)).toEqual({ type: 'array', items: { type: 'array', items: stub } });
  });

  it('is shown the same wherever one comes from', () => {
    const $defs = { T: { items: { $ref: '#/$defs/X' } }, X: { not: { items: { $ref: '#/$defs/T' } } } };
    const both = { properties: { a: { $ref: '#/$defs/T' }, b: { $ref: '#/$defs/X' } }, $defs };
    const b = (schema: JsonObject) => (shown(schema) as { properties: { b: unknown } }).properties.b;
    expect(b(both)).toEqual(b({ properties: { b: { $ref: '#/$defs/X' } }, $defs }));
  });

  it('of a place within the tree counts the place itself', () => {
    const schema = { properties: { a: { properties: { b: { $ref: '#/properties/a' } } } } };
    const stub = { description: 'Recursive: the same shape as a above.' };
    expect(shown(schema)).toEqual({ properties: { a: { properties: { b: { properties: { b: stub } } } } } });
  });

  it('keeps what stands beside the reference', () => {
    const schema = {
      $ref: '#/$defs/L',
      $defs: { L: { type: ['array', 'null'], items: { $ref: '#/$defs/L', description: 'Below?', maxItems: 3 } } },
    };
    const stub = {
      type: ['array', 'null'],
      items: {},
      description: 'Below? Recursive: the same shape as L above.',
      maxItems: 3,
    };
    expect(shown(schema)).toEqual({
      type: ['array', 'null'],
      items: { description: 'Below?', maxItems: 3, type: ['array', 'null'], items: stub },
    });
  });

  it('is cut where it begins if a level more would be too much', () => {
    const schema = denseRecursion(4);
    const root = shown(schema) as { properties: Record<string, JsonObject> };
    expect(reasons(schema)).toEqual([]);
    expect(root.properties['k0']).toMatchObject({
      properties: { k0: { type: 'object', description: 'Recursive: the same shape as k0 above.' } },
    });
    expect(JSON.stringify(root)).not.toContain('$ref');
  });
});

describe('a schema too large in place', () => {
  const sentence = (subject: string, excess: string) =>
    `The schema of this property is too large to show: ${subject} has ${excess}.`;

  it('loses the property that is a bomb of references', () => {
    const reason = sentence('it', 'more than 20000 subschemas');
    const schema = referenceBomb(24);
    expect(shown(schema)).toEqual({
      type: 'object',
      properties: {
        bomb: { type: 'object', description: 'Grows.', 'x-mcp-schema-error': reason },
        fine: { type: 'string' },
      },
    });
    expect(reasons(schema)).toEqual([`#/properties/bomb ${reason}`]);
    expect(reasons(referenceBomb(10))).toEqual([]);
  });

  it('loses what recursion multiplies, and nothing else', () => {
    for (const size of [12, 130]) {
      const { root, degradations } = inlined(denseRecursion(size));
      expect(degradations).toHaveLength(Math.min(size, 20));
      expect(root['properties']).toMatchObject({
        k0: { type: 'object', 'x-mcp-schema-error': sentence('it', 'more than 20000 subschemas') },
        plain: { type: 'string' },
      });
    }
  });

  it('keeps small properties beside any number of bombs', () => {
    const bombs = Object.fromEntries(Array.from({ length: 3_000 }, (_, i) => [`b${i}`, { $ref: '#/$defs/k0' }]));
    const schema = { ...denseRecursion(12), properties: { ...bombs, plain: { type: 'string' } } };
    expect(inlined(schema).root['properties']).toMatchObject({ plain: { type: 'string' } });
  });

  it('loses the largest first, and as few as it takes', () => {
    const list = (count: number) => ({ enum: Array.from({ length: count }, (_, i) => `value-${i}`) });
    const properties = { large: list(40_000), huge: list(60_000), small: list(10) };
    const { root, degradations } = inlined({ type: 'object', properties });
    expect(root['properties']).toEqual({
      large: properties.large,
      huge: { 'x-mcp-schema-error': sentence('the whole', 'more than 1000000 characters') },
      small: properties.small,
    });
    expect(degradations.map(({ pointer }) => pointer)).toEqual(['#/properties/huge']);
  });

  it('is all gone where no property is to blame', () => {
    const bomb = { type: 'object', anyOf: [{ $ref: '#/$defs/d0' }], $defs: referenceBomb(24)['$defs'] };
    const reason = 'The schema is too large to show: it has more than 20000 subschemas.';
    expect(shown(bomb)).toEqual({ type: 'object', 'x-mcp-schema-error': reason });
    expect(reasons(bomb)).toEqual([`# ${reason}`]);
  });

  it('is seen through a reference at the root', () => {
    const { properties, $defs } = referenceBomb(24);
    const schema = { $ref: '#/$defs/Args', $defs: { ...($defs as JsonObject), Args: { type: 'object', properties } } };
    expect(inlined(schema).root['properties']).toMatchObject({ fine: { type: 'string' } });
  });

  it('is measured by the budget that is given', () => {
    const graph = translate({ properties: { a: { anyOf: [{}, {}, {}] }, b: {} } }, 'result');
    const budget = { maxNodes: 5, maxChars: 1_000, maxDepth: 64 };
    expect(inline(graph, { ...budget, maxNodes: 6 }).degradations).toEqual([]);
    expect(inline(graph, budget).root['properties']).toMatchObject({ b: {} });
    expect(inline(graph, budget).degradations).toHaveLength(1);
  });
});

describe('depth', () => {
  it('is counted with references in place', () => {
    const defs: Record<string, JsonObject> = {};
    for (let level = 0; level < 100; level++) defs[`d${level}`] = { items: { $ref: `#/$defs/d${level + 1}` } };
    const schema = { $ref: '#/$defs/d0', $defs: { ...defs, d100: { type: 'string' } } };
    const text = JSON.stringify(inlined(schema).root);
    expect(text.match(/"items"/g)).toHaveLength(65);
    expect(text).toContain('What nests deeper than 64 levels is not shown.');
    expect(reasons(schema)).toEqual(['# What nests deeper than 64 levels is not shown.']);
  });

  it('costs no stack through references in a row', () => {
    const defs: Record<string, JsonObject> = { d9000: { type: 'string' } };
    for (let link = 0; link < 9_000; link++) defs[`d${link}`] = { $ref: `#/$defs/d${link + 1}`, title: 't' };
    expect(reasons({ properties: { a: { $ref: '#/$defs/d0' } }, $defs: defs })).toHaveLength(1);
  });
});

describe('whatever the schema', () => {
  it.each(hostileTools.map((tool) => [tool['name'] as string, tool['inputSchema'] as JsonObject]))(
    '%s has no reference in place',
    (_, schema) => {
      for (const role of ['arguments', 'result'] as const) {
        const graph = translate(schema, role);
        const before = JSON.stringify([...graph.targets.keys(), graph.root]);
        const text = JSON.stringify(inline(graph).root);
        expect(text.includes('"$ref":"#/')).toBe(false);
        expect(text.length).toBeLessThan(1_100_000);
        expect(JSON.stringify([...graph.targets.keys(), graph.root])).toBe(before);
      }
    },
  );
});
