import { describe, expect, it } from 'vitest';
import { parseJson } from '../../../../src/json/parse.ts';
import { printJson } from '../../../../src/json/print.ts';
import type { JsonObject } from '../../../../src/json/value.ts';
import type { Node } from '../../../../src/openapi/schema/graph.ts';
import { createHoist, type Hoisted } from '../../../../src/openapi/schema/hoist.ts';
import { inline } from '../../../../src/openapi/schema/inline.ts';
import { translate } from '../../../../src/openapi/schema/translate.ts';
import { hostileTools, nested } from '../hostile-tools.ts';

const draft07 = 'http://json-schema.org/draft-07/schema#';

/** The graph as components, which say all that is in it. */
function hoisted(schema: JsonObject): Hoisted {
  return createHoist().add(translate(schema, 'result'), 'T');
}

/** As a reader of the document gets it. */
function shown({ components }: Hoisted): Record<string, JsonObject> {
  return JSON.parse(JSON.stringify(Object.fromEntries(components))) as Record<string, JsonObject>;
}

function translated(schema: JsonObject): JsonObject {
  return shown(hoisted(schema))['T'] as JsonObject;
}

function reasons(schema: JsonObject): string[] {
  return translate(schema, 'result').degradations.map(({ pointer, reason }) => `${pointer} ${reason}`);
}

describe('a schema of today', () => {
  it('stays exactly as it is, in its order', () => {
    const schema = {
      type: 'object',
      title: 'Arguments',
      description: 'd',
      properties: {
        s: { type: 'string', minLength: 1, maxLength: 9, pattern: '^\\d+$', format: 'uuid', default: 'x' },
        n: { type: ['number', 'null'], minimum: -1.5, exclusiveMaximum: 10, multipleOf: 0.5, examples: [1, null] },
        e: { enum: ['a', 1, null, { deep: [true] }] },
        c: { const: { properties: 'data' } },
        a: { type: 'array', items: { anyOf: [{ type: 'string' }, { not: { type: 'null' } }] }, uniqueItems: true },
        t: {
          type: 'array',
          prefixItems: [{ type: 'string' }],
          items: { type: 'number' },
          minContains: 0,
          contains: {},
        },
        o: { type: 'object', additionalProperties: { type: 'string' }, propertyNames: { maxLength: 3 } },
        p: {
          patternProperties: { '^x-': { type: 'integer' } },
          unevaluatedProperties: false,
          dependentRequired: { a: ['b'] },
        },
        i: JSON.parse('{"if":{"type":"string"},"then":{"minLength":1},"else":{}}') as JsonObject,
        d: { deprecated: true, readOnly: true, writeOnly: false },
        b: { type: 'string', contentEncoding: 'base64', contentMediaType: 'image/png', $comment: 'c', 'x-own': [1] },
      },
      required: ['s', 'n'],
      additionalProperties: false,
      allOf: [{ minProperties: 1 }],
      oneOf: [{ maxProperties: 5 }],
      dependentSchemas: { s: { required: ['e'] } },
    };
    expect(JSON.stringify(translated(schema))).toBe(JSON.stringify(schema));
    expect(reasons(schema)).toEqual([]);
  });

  it('loses what only identified it', () => {
    const schema = { $schema: draft07, $id: 'https://a.example/b', $anchor: 'x', type: 'object' };
    expect(translated(schema)).toEqual({ type: 'object' });
  });

  it('says of an open array that it is one, unless something counts what others looked at', () => {
    expect(translated({ type: 'array' })).toEqual({ type: 'array', items: {} });
    expect(translated({ type: ['array', 'null'] })).toEqual({ type: ['array', 'null'], items: {} });
    const counting = { type: 'array', unevaluatedItems: false };
    expect(translated(counting)).toEqual(counting);
  });

  it('keeps unknown keywords as extensions', () => {
    expect(translated({ nullable: true, enumNames: ['a'], discriminator: { propertyName: 'x' } })).toEqual({
      'x-nullable': true,
      'x-enumNames': ['a'],
      'x-discriminator': { propertyName: 'x' },
    });
    expect(reasons({ nullable: true })).toEqual([]);
  });

  it('has no boolean subschemas but where everybody understands them', () => {
    const schema = {
      properties: { yes: true, no: false },
      items: true,
      anyOf: [false],
      additionalProperties: true,
      unevaluatedProperties: false,
    };
    expect(translated(schema)).toEqual({
      properties: { yes: {}, no: { not: {} } },
      items: {},
      anyOf: [{ not: {} }],
      additionalProperties: true,
      unevaluatedProperties: false,
    });
  });

  it('lists a value once', () => {
    const values = ['a', 1, { b: [null] }];
    expect(translated({ enum: [...values, 'a', { b: [null] }] })).toEqual({ enum: values });
  });

  it('says of an empty list of values that nothing fits', () => {
    expect(translated({ type: 'string', enum: [], not: { minLength: 1 } })).toEqual({
      type: 'string',
      not: {},
      'x-enum': [],
    });
  });

  it('names required properties once', () => {
    expect(translated({ required: ['a', 'b', 'a'] })).toEqual({ required: ['a', 'b'] });
  });
});

describe('names that look like keywords', () => {
  it('are data in the place of names', () => {
    const schema = JSON.parse(
      `{"type":"object","properties":{
        "$ref":{"type":"string"},"__proto__":{"type":"integer"},"hasOwnProperty":{"type":"boolean"},
        "$id":{"type":"null"},"properties":{"type":"object","properties":{"items":{"type":"number"}}}},
      "required":["$ref","__proto__"]}`,
    ) as JsonObject;
    expect(JSON.stringify(translated(schema))).toBe(JSON.stringify(schema));
  });

  it('are data in values', () => {
    const data = { $ref: '#/nowhere', $id: 'x', properties: false };
    const schema = { default: data, const: data, enum: [data], examples: [data], example: data };
    expect(translated(schema)).toEqual(schema);
  });

  it('can be referred to', () => {
    const schema = JSON.parse(
      '{"properties":{"a":{"$ref":"#/$defs/__proto__"},"b":{"$ref":"#/$defs/constructor"}},"$defs":{"__proto__":{"type":"null"}}}',
    ) as JsonObject;
    expect(shown(hoisted(schema))).toEqual({
      T: {
        properties: {
          a: { $ref: '#/components/schemas/T.__proto__' },
          b: { 'x-mcp-schema-error': 'A reference to a place that this schema does not have was removed.' },
        },
      },
      'T.__proto__': { type: 'null' },
    });
  });
});

describe('references', () => {
  const refs = (schema: JsonObject) => JSON.stringify(shown(hoisted(schema))).match(/"\$ref":"[^"]*"/g);

  it('lead to the component, or to a definition or a place that becomes one', () => {
    const schema = {
      properties: {
        root: { $ref: '#' },
        place: { $ref: '#/properties/list/items' },
        list: { type: 'array', items: { type: 'string' } },
        def: { $ref: '#/$defs/D', description: 'kept' },
        old: { $ref: '#/definitions/E' },
      },
      $defs: {
        D: { $ref: '#/$defs/F' },
        F: { type: 'object', properties: { again: { $ref: '#/$defs/D' } } },
        unused: {},
      },
      definitions: { E: { type: 'null' } },
    };
    expect(shown(hoisted(schema))).toEqual({
      T: {
        properties: {
          root: { $ref: '#/components/schemas/T' },
          place: { $ref: '#/components/schemas/list_items' },
          list: { type: 'array', items: { $ref: '#/components/schemas/list_items' } },
          def: { $ref: '#/components/schemas/D', description: 'kept' },
          old: { $ref: '#/components/schemas/E' },
        },
      },
      list_items: { type: 'string' },
      D: { $ref: '#/components/schemas/F' },
      E: { type: 'null' },
      F: { type: 'object', properties: { again: { $ref: '#/components/schemas/D' } } },
    });
  });

  it('survive every encoding of a name', () => {
    const name = 'a/b~c%d {x}"é';
    const encoded = 'a~1b~0c%25d%20%7Bx%7D%22%C3%A9';
    const schema = {
      properties: { [name]: {}, r: { $ref: `#/properties/${encoded}` }, d: { $ref: `#/$defs/${encoded}` } },
      $defs: { [name]: { type: 'null' } },
    };
    expect(refs(schema)).toEqual([
      '"$ref":"#/components/schemas/a_b_c_d_x_"',
      '"$ref":"#/components/schemas/a_b_c_d_x_"',
      '"$ref":"#/components/schemas/T.a_b_c_d_x_"',
    ]);
  });

  it('keep definitions of like names apart', () => {
    const schema = {
      properties: { a: { $ref: '#/$defs/x y' }, b: { $ref: '#/$defs/x_y' } },
      $defs: { 'x y': { const: 1 }, x_y: { const: 2 } },
    };
    expect(shown(hoisted(schema))).toMatchObject({ x_y: { const: 1 }, 'T.x_y': { const: 2 } });
  });

  it('go by identifiers and anchors within the schema', () => {
    const schema = {
      $id: 'https://a.example/dir/root.json',
      properties: {
        anchor: { $ref: '#here' },
        relative: { $ref: '../dir/item.json' },
        absolute: { $ref: 'https://a.example/dir/root.json#/$defs/x' },
        inside: { $ref: 'item.json#/$defs/inner' },
        dynamic: { $dynamicRef: '#moving' },
      },
      $defs: {
        x: { $anchor: 'here', type: 'string' },
        m: { $dynamicAnchor: 'moving', type: 'null' },
        item: { $id: 'item.json', properties: { q: { $ref: '#/$defs/inner' } }, $defs: { inner: { type: 'integer' } } },
      },
    };
    expect(reasons(schema)).toEqual([]);
    expect(shown(hoisted(schema))).toEqual({
      T: {
        properties: {
          anchor: { $ref: '#/components/schemas/x' },
          relative: { $ref: '#/components/schemas/item' },
          absolute: { $ref: '#/components/schemas/x' },
          inside: { $ref: '#/components/schemas/inner' },
          dynamic: { $ref: '#/components/schemas/m' },
        },
      },
      x: { type: 'string' },
      m: { type: 'null' },
      item: { properties: { q: { $ref: '#/components/schemas/inner' } } },
      inner: { type: 'integer' },
    });
  });

  it('may point into what is no schema keyword', () => {
    const schema = {
      properties: { a: { $ref: '#/x-things/thing' } },
      'x-things': { thing: { type: 'array', items: [true] } },
    };
    expect(shown(hoisted(schema))).toMatchObject({
      T: { properties: { a: { $ref: '#/components/schemas/thing' } } },
      thing: { type: 'array', prefixItems: [{}], items: {} },
    });
  });

  it('stand in an allOf where the same object says more than they', () => {
    const schema = {
      $ref: '#/$defs/A',
      properties: { p: { $ref: '#/$defs/B', minLength: 1 } },
      allOf: [{}],
      $defs: { A: { properties: {}, allOf: [{ type: 'object' }] }, B: { type: 'string' } },
    };
    expect(translated(schema)).toEqual({
      properties: { p: { minLength: 1, allOf: [{ $ref: '#/components/schemas/B' }] } },
      allOf: [{ $ref: '#/components/schemas/A' }, {}],
    });
  });

  it('are removed where they lead nowhere, and only there', () => {
    const schema = {
      properties: {
        out: { $ref: 'http://127.0.0.1:9/trap.json#/x', description: 'kept' },
        file: { $ref: 'other.json' },
        gone: { $ref: '#/$defs/none' },
        anchor: { $ref: '#none' },
        data: { $ref: '#/required/0' },
        number: { $ref: 5 },
        self: { $ref: '#/properties/self' },
        ring: { $ref: '#/$defs/a' },
        fine: { $ref: '#/properties/kept' },
        kept: { type: 'string' },
      },
      required: ['kept'],
      $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } },
    };
    const error = expect.any(String) as string;
    expect(translated(schema)).toMatchObject({
      properties: {
        out: { 'x-mcp-schema-error': error, description: 'kept' },
        file: { 'x-mcp-schema-error': error },
        gone: { 'x-mcp-schema-error': error },
        anchor: { 'x-mcp-schema-error': error },
        data: { 'x-mcp-schema-error': error },
        number: { 'x-mcp-schema-error': error },
        self: { 'x-mcp-schema-error': error },
        fine: { $ref: '#/components/schemas/kept' },
        kept: { $ref: '#/components/schemas/kept' },
      },
    });
    expect(JSON.stringify(shown(hoisted(schema)))).not.toMatch(/127\.0\.0\.1|other\.json/);
    const places = ['out', 'file', 'gone', 'anchor', 'data', 'number', 'self'].map(
      (name) => `#/properties/${name}/$ref`,
    );
    const reported = reasons(schema).map((reason) => reason.split(' ')[0]);
    expect(new Set(reported)).toEqual(new Set(['#/$defs/a/$ref', '#/$defs/b/$ref', ...places]));
    expect(reported).toHaveLength(places.length + 2);
  });
});

describe('older drafts', () => {
  it('write tuples another way', () => {
    const schema = {
      $schema: draft07,
      properties: {
        closed: { type: 'array', items: [{ type: 'string' }, true], additionalItems: false },
        rest: { items: [{}], additionalItems: { type: 'null' } },
        open: { items: [{}] },
        empty: { items: [], additionalItems: { type: 'null' } },
      },
    };
    expect(translated(schema)).toEqual({
      properties: {
        closed: { type: 'array', prefixItems: [{ type: 'string' }, {}], items: { not: {} } },
        rest: { prefixItems: [{}], items: { type: 'null' } },
        open: { prefixItems: [{}], items: {} },
        empty: { items: { type: 'null' } },
      },
    });
    const pointing = {
      $schema: draft07,
      properties: {
        tuple: { items: [{ type: 'string' }], additionalItems: { type: 'null' } },
        one: { $ref: '#/properties/tuple/items/0' },
        other: { $ref: '#/properties/tuple/additionalItems' },
      },
    };
    expect(shown(hoisted(pointing))).toMatchObject({
      T: {
        properties: {
          tuple: {
            prefixItems: [{ $ref: '#/components/schemas/tuple_items_0' }],
            items: { $ref: '#/components/schemas/tuple_additionalItems' },
          },
          one: { $ref: '#/components/schemas/tuple_items_0' },
          other: { $ref: '#/components/schemas/tuple_additionalItems' },
        },
      },
      tuple_items_0: { type: 'string' },
      tuple_additionalItems: { type: 'null' },
    });
    expect(translated({ items: [{}] })).toEqual({ prefixItems: [{}], items: {} });
  });

  it('have one keyword for two kinds of dependencies', () => {
    const schema = { dependencies: { a: ['b'], c: { required: ['d'] }, e: true } };
    const today = { dependentRequired: { a: ['b'] }, dependentSchemas: { c: { required: ['d'] }, e: {} } };
    expect(translated({ $schema: draft07, ...schema })).toEqual(today);
    expect(translated(schema)).toEqual(today);
    expect(translated({ $schema: 'https://json-schema.org/draft/2020-12/schema', ...schema })).toEqual({
      'x-dependencies': schema.dependencies,
    });
  });

  it('ignore constraints beside a reference', () => {
    const schema = {
      properties: { a: { $ref: '#/definitions/D', minLength: 3, description: 'd' } },
      definitions: { D: {} },
    };
    const $ref = '#/components/schemas/D';
    expect(translated({ $schema: draft07, ...schema })).toEqual({
      properties: { a: { $ref, description: 'd', 'x-minLength': 3 } },
    });
    expect(translated(schema)).toEqual({ properties: { a: { allOf: [{ $ref }], description: 'd', minLength: 3 } } });
  });
});

describe('a draft that is older than a keyword', () => {
  it('gives it no meaning', () => {
    const schema = {
      properties: { a: { prefixItems: [{}], minContains: 1 }, b: { dependentRequired: { x: ['y'] } } },
      unevaluatedProperties: false,
    };
    expect(translated({ $schema: draft07, ...schema })).toEqual({
      properties: {
        a: { 'x-prefixItems': [{}], 'x-minContains': 1 },
        b: { 'x-dependentRequired': { x: ['y'] } },
      },
      'x-unevaluatedProperties': false,
    });
    expect(translated(schema)).toMatchObject({ unevaluatedProperties: false });
  });

  it('does not leave references in what has no meaning', () => {
    const schema = { $schema: draft07, dependentSchemas: { a: { $ref: '#/definitions/A' } }, definitions: { A: {} } };
    expect(translated(schema)).toEqual({});
  });
});

describe('draft-04', () => {
  const draft04 = 'http://json-schema.org/draft-04/schema#';

  it('says by a boolean whether a limit is exclusive', () => {
    const schema = {
      $schema: draft04,
      properties: {
        open: { type: 'number', minimum: 0, exclusiveMinimum: true, maximum: 5, exclusiveMaximum: true },
        closed: { minimum: 0, exclusiveMinimum: false },
        alone: { exclusiveMaximum: true },
        exclusiveMinimum: { enum: [{ minimum: 1, exclusiveMinimum: true }] },
      },
      dependencies: { open: { maximum: 1, exclusiveMaximum: true } },
      items: [{ maximum: 1, exclusiveMaximum: true }],
    };
    expect(translated(schema)).toEqual({
      properties: {
        open: { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 5 },
        closed: { minimum: 0 },
        alone: {
          'x-exclusiveMaximum': true,
          'x-mcp-schema-error': 'JSON Schema does not allow this value of "exclusiveMaximum".',
        },
        exclusiveMinimum: { enum: [{ minimum: 1, exclusiveMinimum: true }] },
      },
      dependentSchemas: { open: { exclusiveMaximum: 1 } },
      prefixItems: [{ exclusiveMaximum: 1 }],
      items: {},
    });
  });

  it('calls an identifier id', () => {
    const definitions = { a: { id: '#here', type: 'null' }, b: { id: 'other.json', type: 'string' } };
    const properties = { id: { $ref: '#here' }, b: { $ref: 'other.json' } };
    const { root } = inline(
      translate({ $schema: draft04, id: 'https://a.example/x.json', properties, definitions }, 'result'),
    );
    expect(root).toEqual({ properties: { id: { type: 'null' }, b: { type: 'string' } } });
    expect(translated({ properties: {}, id: 'x' })).toEqual({ properties: {}, 'x-id': 'x' });
  });
});

describe('arguments', () => {
  const args = (schema: JsonObject) => {
    const graph = translate(schema, 'arguments');
    return { root: inline(graph).root, degradations: graph.degradations };
  };

  it('are an object whether their schema says so or not', () => {
    expect(args({ properties: { a: {} } }).root).toEqual({ type: 'object', properties: { a: {} } });
    expect(args({ type: ['object', 'null'] })).toEqual({ root: { type: 'object' }, degradations: [] });
    expect(args({ anyOf: [{ required: ['a'] }] }).root).toEqual({ type: 'object', anyOf: [{ required: ['a'] }] });
    expect(translated({ properties: {} })).toEqual({ properties: {} });
  });

  it('are marked where their schema wants something else', () => {
    const { root, degradations } = args({ type: 'string', title: 't' });
    expect(root).toEqual({
      type: 'object',
      title: 't',
      'x-type': 'string',
      'x-mcp-schema-error': 'Arguments are always an object, whatever "type" says.',
    });
    expect(degradations).toHaveLength(1);
    expect(args({ type: 'dict' }).root).toMatchObject({ type: 'object', 'x-type': 'dict' });
  });

  it('may be said by what the root refers to', () => {
    const { root } = args({ $ref: '#/$defs/A', $defs: { A: { type: 'object', additionalProperties: false } } });
    expect(root).toEqual({ type: 'object', additionalProperties: false });
  });

  it('do not make an object of what refers to their schema', () => {
    const schema = { properties: { child: { $ref: '#' } } };
    const components = createHoist().add(translate(schema, 'arguments'), 'T_form_model').components;
    expect(Object.fromEntries(components)).toEqual({
      T_form_model: {
        type: 'object',
        properties: { child: { $ref: '#/components/schemas/T_form_model.definition' } },
      },
      'T_form_model.definition': { properties: { child: { $ref: '#/components/schemas/T_form_model.definition' } } },
    });
  });
});

describe('numbers that no double holds', () => {
  it('are numbers', () => {
    const schema = parseJson(
      '{"properties":{"a":{"minimum":9007199254740993,"multipleOf":0.1000000000000000055,"maxLength":9007199254740993,"default":1e400}}}',
    ) as JsonObject;
    expect(printJson(inline(translate(schema, 'result')).root)).toBe(printJson(schema));
    expect(reasons(schema)).toEqual([]);
  });

  it('obey the rules of their keyword', () => {
    const schema = parseJson('{"multipleOf":-1e400,"maxLength":1.00000000000000000001}') as JsonObject;
    expect(reasons(schema)).toHaveLength(2);
  });
});

describe('references that go round', () => {
  const looped = 'A reference that leads only back to itself was removed.';

  it.each([
    [{ $ref: '#' }, 1],
    [{ allOf: [{ $ref: '#' }] }, 1],
    [{ anyOf: [{ type: 'string' }, { not: { $ref: '#' } }] }, 1],
    [{ $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/b' }, b: { if: { $ref: '#/$defs/a' } } } }, 2],
    [{ dependentSchemas: { a: { $ref: '#' } } }, 1],
  ])('without a step into the value are removed: %j', (schema, count) => {
    expect(reasons(schema).filter((reason) => reason.endsWith(looped))).toHaveLength(count);
    expect(JSON.stringify([...hoisted(schema).components])).toContain(looped);
  });

  it('with a step into the value stay', () => {
    expect(reasons({ items: { $ref: '#' }, properties: { a: { anyOf: [{ $ref: '#' }] } } })).toEqual([]);
  });

  it('through a very long chain cost no stack', () => {
    const defs: Record<string, JsonObject> = {};
    for (let link = 0; link < 9_000; link++) defs[`d${link}`] = { $ref: `#/$defs/d${(link + 1) % 9_000}` };
    expect(reasons({ properties: { a: { $ref: '#/$defs/d0' } }, $defs: defs })).toHaveLength(20);
  });
});

describe('references to odd places', () => {
  it('find schemas in data, and nothing through another reference', () => {
    const schema = {
      properties: {
        data: { default: { type: 'string' } },
        from: { $ref: '#/properties/data/default' },
        through: { $ref: '#/properties/from/type' },
      },
    };
    expect(inline(translate(schema, 'result')).root).toEqual({
      properties: {
        data: { default: { type: 'string' } },
        from: { type: 'string' },
        through: { 'x-mcp-schema-error': 'A reference to a place that this schema does not have was removed.' },
      },
    });
  });

  it('share one node for one place, whichever way it is reached', () => {
    const graph = translate(
      {
        properties: { inner: { $ref: '#/$defs/A/properties/x' }, outer: { $ref: '#/$defs/A' } },
        $defs: { A: { properties: { x: { type: 'string' } } } },
      },
      'result',
    );
    const [inner, outer] = [...graph.targets.values()] as [Node, Node];
    expect((outer['properties'] as Node)['x']).toBe(inner);
    expect([graph.names.get(inner), graph.names.get(outer)]).toEqual(['x', 'A']);
  });
});

describe('what cannot be said', () => {
  it.each([
    ['type', 'any'],
    ['type', []],
    ['type', ['string', 'string']],
    ['required', 'a'],
    ['required', true],
    ['enum', 'a'],
    ['examples', { a: 1 }],
    ['minimum', '5'],
    ['exclusiveMinimum', true],
    ['multipleOf', 0],
    ['minLength', -1],
    ['maxItems', 1.5],
    ['uniqueItems', 'yes'],
    ['pattern', '('],
    ['pattern', 5],
    ['description', 5],
    ['properties', []],
    ['anyOf', []],
    ['allOf', {}],
    ['dependentRequired', { a: 'b' }],
  ])('of %s: %j is marked and left as an extension', (keyword, value) => {
    const schema = { type: 'string', properties: { a: { title: 'kept', [keyword]: value } } };
    expect(translated(schema)).toEqual({
      type: 'string',
      properties: {
        a: {
          title: 'kept',
          'x-mcp-schema-error': `JSON Schema does not allow this value of "${keyword}".`,
          [`x-${keyword}`]: value,
        },
      },
    });
    expect(reasons(schema)).toEqual([
      `#/properties/a/${keyword} JSON Schema does not allow this value of "${keyword}".`,
    ]);
  });

  it.each([{ value: null }, { value: 'string' }, { value: 5 }, { value: [] }])('is a subschema $value', ({ value }) => {
    expect(translated({ properties: { a: value, b: { type: 'null' } } })).toEqual({
      properties: { a: { 'x-mcp-schema-error': 'What stands here is no schema.' }, b: { type: 'null' } },
    });
  });

  it('is data that would send readers elsewhere', () => {
    const away = { nested: [{ $ref: 'https://trap.example/x' }] };
    const schema = { properties: { a: { type: 'object', default: away }, b: { enum: [away] }, c: { unknown: away } } };
    expect(JSON.stringify(translated(schema))).not.toContain('trap.example');
    expect(reasons(schema)).toHaveLength(3);
  });

  it('is a pattern of names that is none', () => {
    expect(translated({ patternProperties: { '(': {}, '^a': {} } })).toEqual({
      patternProperties: { '^a': {} },
      'x-mcp-schema-error': 'A pattern that is no regular expression was left out.',
    });
  });

  it('is reported a limited number of times', () => {
    const properties = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`p${index}`, null]));
    expect(reasons({ properties })).toHaveLength(20);
  });
});

describe('schemas without measure', () => {
  it('are shown 64 levels deep, where a property counts one and a half', () => {
    expect(reasons(nested(42))).toEqual([]);
    expect(JSON.stringify(translated(nested(42)))).toBe(JSON.stringify(nested(42)));
    expect(reasons(nested(43))).toHaveLength(1);
    const text = JSON.stringify(translated(nested(10_000)));
    expect(text.match(/"properties"/g)).toHaveLength(43);
    expect(text).toContain('x-mcp-schema-error');
  });

  it('do not overflow the stack by data', () => {
    let deep: unknown = 1;
    for (let level = 0; level < 50_000; level++) deep = [deep];
    expect(translated({ default: deep, enum: [deep], unknown: deep, type: 'string' })).toEqual({
      type: 'string',
      'x-mcp-schema-error': expect.stringContaining('"default" was left out') as string,
    });
  });

  it('are one stub if they are too many', () => {
    const stub = { type: 'object', 'x-mcp-schema-error': expect.stringContaining('too large') as string };
    const properties = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`p${i}`, {}]));
    expect(translated({ properties: properties(19_999) })).not.toHaveProperty('x-mcp-schema-error');
    expect(translated({ properties: properties(20_000) })).toEqual(stub);
  });

  it('lose a single value that is too long', () => {
    const schema = { properties: { a: { type: 'string', enum: ['x'.repeat(1_000_001)] }, b: { type: 'null' } } };
    const reason = '"enum" was left out: it has more than 1000000 characters.';
    expect(translated(schema)).toEqual({
      properties: { a: { type: 'string', 'x-mcp-schema-error': reason }, b: { type: 'null' } },
    });
    expect(reasons(schema)).toEqual([`#/properties/a/enum ${reason}`]);
  });

  it('do not grow without measure by references into each other', () => {
    const levels = 60;
    const referring = (chains: number) => {
      const d = Object.fromEntries(Array.from({ length: chains }, (_, chain) => [`c${chain}`, nested(levels)]));
      const properties: Record<string, JsonObject> = {};
      // The deepest first, so that what is brought in later holds it all once more.
      for (let place = chains * levels - 1; place >= 0; place--) {
        const pointer = `c${place % chains}${'/properties/a'.repeat(place / chains)}`;
        properties[`r${place}`] = { $ref: `#/$defs/${pointer}` };
      }
      return { properties, $defs: d };
    };
    // The chains say the same, so each level is there once.
    expect(hoisted(referring(2)).components.size).toBe(1 + levels);
    expect(hoisted(referring(20)).components.size).toBe(1 + levels);
  });

  it.each(hostileTools.map((tool) => [tool['name'] as string, tool['inputSchema'] as JsonObject]))(
    'and with the vice %s are no reason to throw',
    (_, schema) => {
      expect(() => JSON.stringify(translated(schema))).not.toThrow();
    },
  );

  it('never change what they were given', () => {
    for (const tool of hostileTools) {
      const before = JSON.stringify(tool);
      translated(tool['inputSchema'] as JsonObject);
      expect(JSON.stringify(tool)).toBe(before);
    }
  });
});
