import { describe, expect, it } from 'vitest';
import { parseJson } from '../../../../src/json/parse.ts';
import type { JsonObject } from '../../../../src/json/value.ts';
import { createHoist, type Hoisted } from '../../../../src/openapi/schema/hoist.ts';
import { translate } from '../../../../src/openapi/schema/translate.ts';
import { denseRecursion, hostileTools, referenceBomb } from '../hostile-tools.ts';

/** What each of the schemas brings into one document, the first under the key A, the next under B. */
function hoisted(...schemas: JsonObject[]): Record<string, JsonObject>[] {
  const hoist = createHoist();
  return schemas.map((schema, index) => {
    const { components } = hoist.add(translate(schema, 'result'), 'ABCDEFGH'.charAt(index));
    return JSON.parse(JSON.stringify(Object.fromEntries(components))) as Record<string, JsonObject>;
  });
}

const to = (key: string) => ({ $ref: `#/components/schemas/${key}` });
const pointing = (name: string, $defs: JsonObject) => ({ properties: { p: { $ref: `#/$defs/${name}` } }, $defs });

describe('a component', () => {
  it('is made of each definition, the schema itself first', () => {
    const schema = {
      type: 'object',
      properties: { a: { $ref: '#/$defs/Address' }, again: { $ref: '#/$defs/Address', description: 'kept' } },
      $defs: { Address: { type: 'object', properties: { c: { $ref: '#/$defs/Country' } } }, Country: { enum: ['x'] } },
    };
    const [components = {}] = hoisted(schema);
    expect(components).toEqual({
      A: { type: 'object', properties: { a: to('Address'), again: { ...to('Address'), description: 'kept' } } },
      Address: { type: 'object', properties: { c: to('Country') } },
      Country: { enum: ['x'] },
    });
    expect(Object.keys(components)).toEqual(['A', 'Address', 'Country']);
  });

  it('is made of a place within the schema, which refers to it too', () => {
    const schema = { properties: { a: { items: { type: 'string' } }, b: { $ref: '#/properties/a/items' } } };
    expect(hoisted(schema)).toEqual([
      { A: { properties: { a: { items: to('a_items') }, b: to('a_items') } }, a_items: { type: 'string' } },
    ]);
  });

  it('stands in an allOf beside what judges values', () => {
    const schema = { properties: { a: { $ref: '#/$defs/D', minLength: 1, title: 't' } }, $defs: { D: { title: 'D' } } };
    expect(hoisted(schema)[0]?.['A']).toEqual({ properties: { a: { minLength: 1, title: 't', allOf: [to('D')] } } });
  });

  it('is no alias of another where it is the root', () => {
    const Args = { type: 'object', properties: { child: { $ref: '#/$defs/Args' } } };
    expect(hoisted({ $ref: '#/$defs/Alias', title: 't', $defs: { Alias: { $ref: '#/$defs/Args' }, Args } })).toEqual([
      {
        A: { type: 'object', title: 't', properties: { child: to('Args') } },
        Args: { type: 'object', properties: { child: to('Args') } },
      },
    ]);
    const unlike = { $ref: '#/$defs/Args', required: ['a'], $defs: { Args: { required: ['b'] } } };
    expect(hoisted(unlike)).toEqual([{ A: { required: ['a'], allOf: [to('Args')] }, Args: { required: ['b'] } }]);
  });

  it('refers to the root by the key of the root', () => {
    expect(hoisted({ items: { $ref: '#' } })).toEqual([{ A: { items: to('A') } }]);
  });
});

describe('a name', () => {
  const names = (...schemas: JsonObject[]) => hoisted(...schemas).map((components) => Object.keys(components));

  it('is the plain word while it is free, then begins with the key, then is numbered', () => {
    const defs = (value: number) => ({ Def: { const: value }, other: { $defs: { def: { const: -value } } } });
    const schema = (value: number) => ({
      properties: {
        p: { $ref: '#/$defs/Def' },
        q: { $ref: '#/$defs/other/$defs/def' },
        r: { $ref: '#/properties/s/def' },
      },
      $defs: defs(value),
    });
    const both = { ...schema(1), properties: { ...schema(1).properties, s: { def: { const: 100 } } } };
    expect(names(both, schema(2)).map((keys) => keys.toSorted())).toEqual([
      ['A', 'A.def', 'A.def.2', 'Def'].toSorted(),
      ['B', 'B.Def', 'B.def.2'].toSorted(),
    ]);
  });

  it('fits what OpenAPI allows, and differs by more than case and punctuation', () => {
    const words = ['a b', 'a_b', 'AB', 'ünï', '日本', '0', '__proto__', '', 'constructor', 'x'.repeat(500)];
    const $defs = JSON.parse(
      `{${words.map((word, index) => `${JSON.stringify(word)}:{"const":${index}}`).join(',')}}`,
    ) as JsonObject;
    const properties = Object.fromEntries(
      words.map((word, index) => [`p${index}`, { $ref: `#/$defs/${encodeURIComponent(word)}` }]),
    );
    const [keys = []] = names({ properties, $defs });
    expect(keys).toHaveLength(1 + words.length);
    for (const key of keys) expect(key).toMatch(/^[A-Za-z][A-Za-z0-9._-]{0,70}$/);
    expect(new Set(keys.map((key) => key.toLowerCase().replaceAll(/[._-]/g, ''))).size).toBe(keys.length);
  });

  it('is never one that the document has, or will have', () => {
    const taken = { Problem: { const: 1 }, search_form_model: { const: 2 }, B: { const: 3 }, A: { const: 4 } };
    const schema = {
      properties: Object.fromEntries(Object.keys(taken).map((name) => [name, { $ref: `#/$defs/${name}` }])),
      $defs: taken,
    };
    expect(names({ type: 'null' }, schema)[1]?.toSorted()).toEqual(
      ['B', 'B.A', 'B.B', 'B.Problem', 'B.search_form_model.2'].toSorted(),
    );
  });

  it('is found at once however many want the same', () => {
    const count = 4_000;
    const indices = Array.from({ length: count }, (_, index) => index);
    const $defs = Object.fromEntries(indices.map((index) => [`g${index}`, { $defs: { x: { const: index } } }]));
    const properties = Object.fromEntries(indices.map((index) => [`p${index}`, { $ref: `#/$defs/g${index}/$defs/x` }]));
    expect(names({ properties, $defs })[0]).toHaveLength(count + 1);
  });
});

describe('definitions that say the same', () => {
  it('are one component, from whichever tool', () => {
    const $defs = { Rich: { properties: { t: { $ref: '#/$defs/Text' } } }, Text: { type: 'string' } };
    expect(hoisted(pointing('Rich', $defs), pointing('Rich', $defs))[1]).toEqual({
      B: { properties: { p: to('Rich') } },
    });
    const renamed = { def0: { properties: { t: { $ref: '#/$defs/def1' } } }, def1: { type: 'string' } };
    expect(hoisted(pointing('Rich', $defs), pointing('def0', renamed))[1]).toEqual({
      B: { properties: { p: to('Rich') } },
    });
  });

  it('are several if what they refer to differs', () => {
    const defs = (type: string) => ({ Rich: { properties: { t: { $ref: '#/$defs/Text' } } }, Text: { type } });
    expect(hoisted(pointing('Rich', defs('string')), pointing('Rich', defs('number')))[1]).toEqual({
      B: { properties: { p: to('B.Rich') } },
      'B.Rich': { properties: { t: to('B.Text') } },
      'B.Text': { type: 'number' },
    });
  });

  it('are several if their data differ by a number that no double holds', () => {
    const hoist = createHoist();
    const sizes = ['9007199254740992', '9007199254740993', '9007199254740993'].map((value, index) => {
      const schema = parseJson(`{"items":{"$ref":"#/$defs/D"},"$defs":{"D":{"const":${value}}}}`) as JsonObject;
      return hoist.add(translate(schema, 'result'), `key${index}`).components.size;
    });
    expect(sizes).toEqual([2, 2, 1]);
  });

  it('are one if they are recursive, wherever one enters', () => {
    const Tree = { properties: { kids: { items: { $ref: '#/$defs/Node' } } } };
    const Node = { properties: { tree: { $ref: '#/$defs/Tree' }, again: { $ref: '#/$defs/Node' } } };
    const other = JSON.parse(
      JSON.stringify({ Tree, Node }).replaceAll('Tree', 'def1').replaceAll('Node', 'def0'),
    ) as JsonObject;
    const [first, second, third] = hoisted(
      pointing('Tree', { Tree, Node }),
      pointing('def1', other),
      pointing('def0', other),
    );
    expect(Object.keys(first ?? {}).toSorted()).toEqual(['A', 'Node', 'Tree']);
    expect(second).toEqual({ B: { properties: { p: to('Tree') } } });
    expect(third).toEqual({ C: { properties: { p: to('Node') } } });
  });

  it('are several if their recursion leads elsewhere', () => {
    const defs = (leaf: string) => ({
      T: { properties: { l: { $ref: '#/$defs/T' }, v: { $ref: '#/$defs/V' } } },
      V: { type: leaf },
    });
    expect(Object.keys(hoisted(pointing('T', defs('null')), pointing('T', defs('string')))[1] ?? {})).toEqual([
      'B',
      'B.T',
      'B.V',
    ]);
    const root = { properties: { t: { $ref: '#/$defs/T' } }, $defs: { T: { items: { $ref: '#' } } } };
    expect(hoisted(root, root)).toEqual([
      { A: { properties: { t: to('T') } }, T: { items: to('A') } },
      { B: { properties: { t: to('B.T') } }, 'B.T': { items: to('B') } },
    ]);
  });

  it('are not compared where that would take too long', () => {
    const [first, second] = hoisted(denseRecursion(60), denseRecursion(60));
    expect(Object.keys(first ?? {})).toHaveLength(61);
    expect(Object.keys(second ?? {})).toHaveLength(61);
  });
});

describe('a schema too large', () => {
  const add = (schema: JsonObject): Hoisted => createHoist().add(translate(schema, 'result'), 'A');
  const long = (count: number) => ({ enum: Array.from({ length: count }, (_, index) => `value-${index}`) });

  it('is not one because of what references would come to in place', () => {
    expect(add(referenceBomb(24)).degradations).toEqual([]);
    expect(add(referenceBomb(24)).components.size).toBe(26);
  });

  it('loses its largest properties', () => {
    const { components, degradations } = add({ properties: { a: long(60_000), b: long(40_000), c: { type: 'null' } } });
    expect(components.get('A')?.['properties']).toMatchObject({
      a: { 'x-mcp-schema-error': expect.stringContaining('more than 1000000 characters') as string },
      b: long(40_000),
      c: { type: 'null' },
    });
    expect(degradations.map(({ pointer }) => pointer)).toEqual(['#/properties/a']);
  });

  it('is all gone where no property is to blame, and leaves no name behind', () => {
    const hoist = createHoist();
    const $defs = { Large: { anyOf: [long(40_000), long(50_000)] }, Small: { const: 1 } };
    const large = hoist.add(
      translate({ anyOf: [{ $ref: '#/$defs/Large' }, { $ref: '#/$defs/Small' }], $defs }, 'result'),
      'A',
    );
    expect([...large.components]).toEqual([
      ['A', { 'x-mcp-schema-error': 'The schema is too large to show: it has more than 1000000 characters.' }],
    ]);
    expect(large.degradations).toHaveLength(1);
    const small = hoist.add(translate(pointing('Small', { Small: { const: 1 } }), 'result'), 'B');
    expect([...small.components.keys()]).toEqual(['B', 'Small']);
  });
});

describe('whatever the schemas', () => {
  it('every reference has its component', () => {
    const hoist = createHoist();
    const all = new Map<string, unknown>();
    for (const [index, tool] of hostileTools.entries()) {
      const { components } = hoist.add(
        translate(tool['inputSchema'] as JsonObject, 'arguments'),
        `t${index}_form_model`,
      );
      for (const [key, component] of components) {
        expect(all.has(key)).toBe(false);
        all.set(key, component);
      }
    }
    const references = JSON.stringify([...all.values()]).matchAll(/"\$ref":"#\/components\/schemas\/([^"]*)"/g);
    for (const [, key] of references) expect(all.has(key ?? '')).toBe(true);
  });
});
