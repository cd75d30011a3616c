import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../src/json/value.ts';
import { relocate, type Relocated } from '../../../../src/openapi/schema/relocate.ts';
import { hostileTools, nested } from '../hostile-tools.ts';

const draft07 = 'http://json-schema.org/draft-07/schema#';

/** As a reader of the document gets it. */
function shown({ components }: Relocated): Record<string, JsonObject> {
  return JSON.parse(JSON.stringify(Object.fromEntries(components))) as Record<string, JsonObject>;
}

function relocated(schema: JsonObject): JsonObject {
  return shown(relocate(schema, 'T'))['T'] as JsonObject;
}

function reasons(schema: JsonObject): string[] {
  return relocate(schema, 'T').degradations.map(({ pointer, reason }) => `${pointer} ${reason}`);
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
    expect(JSON.stringify(relocated(schema))).toBe(JSON.stringify(schema));
    expect(reasons(schema)).toEqual([]);
  });

  it('loses what only identified it', () => {
    const schema = { $schema: draft07, $id: 'https://a.example/b', $anchor: 'x', type: 'object' };
    expect(relocated(schema)).toEqual({ type: 'object' });
  });

  it('says of an open array that it is one, unless something counts what others looked at', () => {
    expect(relocated({ type: 'array' })).toEqual({ type: 'array', items: {} });
    expect(relocated({ type: ['array', 'null'] })).toEqual({ type: ['array', 'null'], items: {} });
    const counting = { type: 'array', unevaluatedItems: false };
    expect(relocated(counting)).toEqual(counting);
  });

  it('keeps unknown keywords as extensions', () => {
    expect(relocated({ nullable: true, enumNames: ['a'], discriminator: { propertyName: 'x' } })).toEqual({
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
    expect(relocated(schema)).toEqual({
      properties: { yes: {}, no: { not: {} } },
      items: {},
      anyOf: [{ not: {} }],
      additionalProperties: true,
      unevaluatedProperties: false,
    });
  });

  it('names required properties once', () => {
    expect(relocated({ required: ['a', 'b', 'a'] })).toEqual({ required: ['a', 'b'] });
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
    expect(JSON.stringify(relocated(schema))).toBe(JSON.stringify(schema));
  });

  it('are data in values', () => {
    const data = { $ref: '#/nowhere', $id: 'x', properties: false };
    const schema = { default: data, const: data, enum: [data], examples: [data], example: data };
    expect(relocated(schema)).toEqual(schema);
  });

  it('can be referred to', () => {
    const schema = JSON.parse(
      '{"properties":{"a":{"$ref":"#/$defs/__proto__"},"b":{"$ref":"#/$defs/constructor"}},"$defs":{"__proto__":{"type":"null"}}}',
    ) as JsonObject;
    expect(shown(relocate(schema, 'T'))).toEqual({
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
  const refs = (schema: JsonObject) => JSON.stringify(shown(relocate(schema, 'T'))).match(/"\$ref":"[^"]*"/g);

  it('lead to the component, a place in it, or a definition that becomes a component', () => {
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
    expect(shown(relocate(schema, 'T'))).toEqual({
      T: {
        properties: {
          root: { $ref: '#/components/schemas/T' },
          place: { $ref: '#/components/schemas/T/properties/list/items' },
          list: { type: 'array', items: { type: 'string' } },
          def: { $ref: '#/components/schemas/T.D', description: 'kept' },
          old: { $ref: '#/components/schemas/T.E' },
        },
      },
      'T.D': { $ref: '#/components/schemas/T.F' },
      'T.E': { type: 'null' },
      'T.F': { type: 'object', properties: { again: { $ref: '#/components/schemas/T.D' } } },
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
      `"$ref":"#/components/schemas/T/properties/${encoded}"`,
      '"$ref":"#/components/schemas/T.a_b_c_d_x_"',
    ]);
  });

  it('keep definitions of like names apart', () => {
    const schema = {
      properties: { a: { $ref: '#/$defs/x y' }, b: { $ref: '#/$defs/x_y' } },
      $defs: { 'x y': { const: 1 }, x_y: { const: 2 } },
    };
    expect(shown(relocate(schema, 'T'))).toMatchObject({ 'T.x_y': { const: 1 }, 'T.x_y.2': { const: 2 } });
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
    expect(shown(relocate(schema, 'T'))).toEqual({
      T: {
        properties: {
          anchor: { $ref: '#/components/schemas/T.x' },
          relative: { $ref: '#/components/schemas/T.item' },
          absolute: { $ref: '#/components/schemas/T.x' },
          inside: { $ref: '#/components/schemas/T.inner' },
          dynamic: { $ref: '#/components/schemas/T.m' },
        },
      },
      'T.x': { type: 'string' },
      'T.m': { type: 'null' },
      'T.item': { properties: { q: { $ref: '#/components/schemas/T.inner' } } },
      'T.inner': { type: 'integer' },
    });
  });

  it('may point into what is no schema keyword', () => {
    const schema = { properties: { a: { $ref: '#/x-things/t' } }, 'x-things': { t: { type: 'array', items: [true] } } };
    expect(shown(relocate(schema, 'T'))).toMatchObject({
      T: { properties: { a: { $ref: '#/components/schemas/T.t' } } },
      'T.t': { type: 'array', prefixItems: [{}], items: {} },
    });
  });

  it('stand in an allOf where the same object says more than they', () => {
    const schema = {
      $ref: '#/$defs/A',
      properties: { p: {}, q: { $ref: '#/properties/p' } },
      allOf: [{ $ref: '#/allOf/1' }, {}],
      $defs: { A: {} },
    };
    expect(relocated(schema)).toEqual({
      properties: { p: {}, q: { $ref: '#/components/schemas/T/properties/p' } },
      allOf: [{ $ref: '#/components/schemas/T.A' }, { $ref: '#/components/schemas/T/allOf/2' }, {}],
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
    expect(relocated(schema)).toMatchObject({
      properties: {
        out: { 'x-mcp-schema-error': error, description: 'kept' },
        file: { 'x-mcp-schema-error': error },
        gone: { 'x-mcp-schema-error': error },
        anchor: { 'x-mcp-schema-error': error },
        data: { 'x-mcp-schema-error': error },
        number: { 'x-mcp-schema-error': error },
        self: { 'x-mcp-schema-error': error },
        fine: { $ref: '#/components/schemas/T/properties/kept' },
        kept: { type: 'string' },
      },
    });
    expect(JSON.stringify(shown(relocate(schema, 'T')))).not.toMatch(/127\.0\.0\.1|other\.json/);
    const places = ['out', 'file', 'gone', 'anchor', 'data', 'number', 'self'].map(
      (name) => `#/properties/${name}/$ref`,
    );
    const reported = reasons(schema).map((reason) => reason.split(' ')[0]);
    expect(new Set(reported)).toEqual(new Set(['#/$defs/a/$ref', ...places]));
    expect(reported).toHaveLength(places.length + 1);
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
        one: { $ref: '#/properties/closed/items/0' },
        other: { $ref: '#/properties/rest/additionalItems' },
      },
    };
    expect(relocated(schema)).toEqual({
      properties: {
        closed: { type: 'array', prefixItems: [{ type: 'string' }, {}], items: { not: {} } },
        rest: { prefixItems: [{}], items: { type: 'null' } },
        open: { prefixItems: [{}], items: {} },
        empty: { items: { type: 'null' } },
        one: { $ref: '#/components/schemas/T/properties/closed/prefixItems/0' },
        other: { $ref: '#/components/schemas/T/properties/rest/items' },
      },
    });
    expect(relocated({ items: [{}] })).toEqual({ prefixItems: [{}], items: {} });
  });

  it('have one keyword for two kinds of dependencies', () => {
    const schema = { dependencies: { a: ['b'], c: { required: ['d'] }, e: true } };
    const today = { dependentRequired: { a: ['b'] }, dependentSchemas: { c: { required: ['d'] }, e: {} } };
    expect(relocated({ $schema: draft07, ...schema })).toEqual(today);
    expect(relocated(schema)).toEqual(today);
    expect(relocated({ $schema: 'https://json-schema.org/draft/2020-12/schema', ...schema })).toEqual({
      'x-dependencies': schema.dependencies,
    });
  });

  it('ignore constraints beside a reference', () => {
    const schema = {
      properties: { a: { $ref: '#/definitions/D', minLength: 3, description: 'd' } },
      definitions: { D: {} },
    };
    const reference = { $ref: '#/components/schemas/T.D', description: 'd' };
    expect(relocated({ $schema: draft07, ...schema })).toEqual({
      properties: { a: { ...reference, 'x-minLength': 3 } },
    });
    expect(relocated(schema)).toEqual({ properties: { a: { ...reference, minLength: 3 } } });
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
    expect(relocated(schema)).toEqual({
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
    expect(relocated({ properties: { a: value, b: { type: 'null' } } })).toEqual({
      properties: { a: { 'x-mcp-schema-error': 'What stands here is no schema.' }, b: { type: 'null' } },
    });
  });

  it('is data that would send readers elsewhere', () => {
    const away = { nested: [{ $ref: 'https://trap.example/x' }] };
    const schema = { properties: { a: { type: 'object', default: away }, b: { enum: [away] }, c: { unknown: away } } };
    expect(JSON.stringify(relocated(schema))).not.toContain('trap.example');
    expect(reasons(schema)).toHaveLength(3);
  });

  it('is a pattern of names that is none', () => {
    expect(relocated({ patternProperties: { '(': {}, '^a': {} } })).toEqual({
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
  it('are shown 64 levels deep', () => {
    expect(reasons(nested(64))).toEqual([]);
    expect(JSON.stringify(relocated(nested(64)))).toBe(JSON.stringify(nested(64)));
    expect(reasons(nested(65))).toHaveLength(1);
    const text = JSON.stringify(relocated(nested(10_000)));
    expect(text.match(/"properties"/g)).toHaveLength(65);
    expect(text).toContain('x-mcp-schema-error');
  });

  it('do not overflow the stack by data', () => {
    let deep: unknown = 1;
    for (let level = 0; level < 50_000; level++) deep = [deep];
    expect(relocated({ default: deep, enum: [deep], unknown: deep, type: 'string' })).toEqual({
      type: 'string',
      'x-mcp-schema-error': expect.stringContaining('"default" was left out') as string,
    });
  });

  it('are one stub if they are too many or too long', () => {
    const stub = { type: 'object', 'x-mcp-schema-error': expect.stringContaining('too large') as string };
    const properties = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`p${i}`, {}]));
    expect(relocated({ properties: properties(19_999) })).not.toHaveProperty('x-mcp-schema-error');
    expect(relocated({ properties: properties(20_000) })).toEqual(stub);
    expect(relocated({ properties: { a: { description: 'x'.repeat(1_000_000) } } })).toEqual(stub);
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
    expect(relocate(referring(2), 'T').components.size).toBe(1 + 2 * levels);
    expect(relocated(referring(20))).toHaveProperty('x-mcp-schema-error');
  });

  it.each(hostileTools.map((tool) => [tool['name'] as string, tool['inputSchema'] as JsonObject]))(
    'and with the vice %s are no reason to throw',
    (_, schema) => {
      expect(() => JSON.stringify(relocated(schema))).not.toThrow();
    },
  );

  it('never change what they were given', () => {
    for (const tool of hostileTools) {
      const before = JSON.stringify(tool);
      relocated(tool['inputSchema'] as JsonObject);
      expect(JSON.stringify(tool)).toBe(before);
    }
  });
});
