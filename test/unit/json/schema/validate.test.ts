// What the validator says where the official suite says nothing: dialects that are left out or unknown, invalid schemas,
// failures in detail, names that trip up objects, patterns that are not run.
/* oxlint-disable unicorn/no-thenable -- A keyword; nobody awaits a schema. */
import { describe, expect, test } from 'vitest';
import { parseJson } from '../../../../src/json/parse.ts';
import { createValidator } from '../../../../src/json/schema/validate.ts';
import type { Failure } from '../../../../src/json/schema/verdict.ts';
import { ExactNumber, type JsonObject } from '../../../../src/json/value.ts';

const validate = (schema: JsonObject, value: unknown, maxFailures = 20) =>
  createValidator(schema).validate(value, maxFailures);

function kindOf(schema: JsonObject, value: unknown): string {
  return validate(schema, value).kind;
}

function failuresOf(schema: JsonObject, value: unknown, maxFailures?: number): readonly Failure[] {
  const verdict = validate(schema, value, maxFailures);
  if (verdict.kind !== 'invalid') throw new Error(`It is ${verdict.kind}.`);
  return verdict.failures;
}

/** Where and by which keyword, in short. */
function placesOf(failures: readonly Failure[]): string[] {
  return failures.map(({ path, keyword, property }) =>
    [...path, keyword, ...(property === undefined ? [] : [property])].join(' '),
  );
}

function reasonOf(schema: JsonObject, value: unknown): string {
  const verdict = validate(schema, value);
  if (verdict.kind !== 'unjudged') throw new Error(`It is ${verdict.kind}.`);
  return verdict.reason;
}

const draft07 = 'http://json-schema.org/draft-07/schema#';
const draft2020 = 'https://json-schema.org/draft/2020-12/schema';

describe('dialects', () => {
  const tuple = { items: [{ type: 'string' }], additionalItems: false };

  test('without $schema, what older drafts write is understood', () => {
    expect([kindOf(tuple, ['a']), kindOf(tuple, [1]), kindOf(tuple, ['a', 1])]).toEqual([
      'valid',
      'invalid',
      'invalid',
    ]);
    const dependent = { dependencies: { a: ['b'], c: { required: ['d'] } } };
    expect(kindOf(dependent, { a: 1 })).toBe('invalid');
    expect(kindOf(dependent, { a: 1, b: 1 })).toBe('valid');
    expect(kindOf(dependent, { c: 1 })).toBe('invalid');
    expect(kindOf({ $ref: '#/definitions/x', definitions: { x: { type: 'string' } } }, 1)).toBe('invalid');
    expect(kindOf({ prefixItems: [{ type: 'string' }], items: false }, ['a', 1])).toBe('invalid');
  });

  test('a stated 2020-12 has no list in items', () => {
    expect(reasonOf({ $schema: draft2020, ...tuple }, ['a'])).toContain('#/items');
    expect(reasonOf({ ...tuple, prefixItems: [{}] }, ['a'])).toContain('#/items');
  });

  test('up to draft-07 nothing counts beside $ref', () => {
    const schema = { $ref: '#/definitions/x', type: 'string', required: 'a', definitions: { x: { type: 'number' } } };
    expect(kindOf({ $schema: draft07, ...schema }, 1)).toBe('valid');
    expect(kindOf({ ...schema, required: [] }, 1)).toBe('invalid');
  });

  test('keywords of later drafts mean nothing in earlier ones', () => {
    const schema = { prefixItems: 5, dependentRequired: { a: ['b'] }, unevaluatedProperties: false, minContains: 'x' };
    expect(kindOf({ $schema: draft07, ...schema }, { a: 1 })).toBe('valid');
    expect(kindOf({ $schema: 'http://json-schema.org/draft-06/schema', if: true, then: false }, 1)).toBe('valid');
    expect(kindOf({ $schema: draft07, $ref: '#/$defs/x', $defs: { x: { type: 'string' } } }, 1)).toBe('invalid');
  });

  test.each(['http://json-schema.org/draft-04/schema#', 'https://example.com/my-dialect', 7])(
    '%s is not known',
    ($schema) => {
      expect(reasonOf({ $schema, type: 'string' }, 1)).toBe(`The dialect ${JSON.stringify($schema)} is not known.`);
    },
  );

  test('an embedded schema with an $id may be of another dialect', () => {
    const inner = { $id: 'inner', items: [{ type: 'string' }] };
    const schema = ($schema: string) => ({ $schema: draft2020, properties: { a: { $schema, ...inner } } });
    expect(kindOf(schema(draft07), { a: [1] })).toBe('invalid');
    expect(kindOf(schema(draft07), { a: ['x', 1] })).toBe('valid');
    expect(reasonOf(schema('https://example.com/mine'), { a: [] })).toContain('is not known');
    expect(kindOf(schema('https://example.com/mine'), { b: [] })).toBe('valid');
  });
});

describe('schemas that JSON Schema does not allow are not judged by', () => {
  test.each<[JsonObject, string]>([
    [{ type: 'any' }, '#/type'],
    [{ type: ['string', 'String'] }, '#/type'],
    [{ type: null }, '#/type'],
    [{ required: 'a' }, '#/required'],
    [{ required: true }, '#/required'],
    [{ minimum: '1' }, '#/minimum'],
    [{ exclusiveMinimum: true }, '#/exclusiveMinimum'],
    [{ multipleOf: 0 }, '#/multipleOf'],
    [{ maxLength: -1 }, '#/maxLength'],
    [{ minItems: 1.5 }, '#/minItems'],
    [{ uniqueItems: 'yes' }, '#/uniqueItems'],
    [{ enum: { a: 1 } }, '#/enum'],
    [{ pattern: 5 }, '#/pattern'],
    [{ properties: [] }, '#/properties'],
    [{ properties: { 'a/b': null } }, '#/properties/a~1b is no schema'],
    [{ properties: { 'a/b': 'string' } }, '#/properties/a~1b is no schema'],
    [{ additionalProperties: 'false' }, '#/additionalProperties is no schema'],
    [{ allOf: [] }, '#/allOf'],
    [{ anyOf: { type: 'string' } }, '#/anyOf'],
    [{ oneOf: [[]] }, '#/oneOf/0 is no schema'],
    [{ not: null }, '#/not is no schema'],
    [{ if: 'x' }, '#/if is no schema'],
    [{ $ref: 5 }, '#/$ref'],
    [{ dependentRequired: { a: 'b' } }, '#/dependentRequired'],
    [{ dependencies: { a: [1] } }, '#/dependencies'],
    [{ propertyNames: 1 }, '#/propertyNames is no schema'],
    [{ patternProperties: { '(': {} } }, 'the pattern "(" is no regular expression'],
    [{ $ref: '#/$defs/x', $defs: { x: 1 } }, '#/$defs/x is no schema'],
  ])('%j', (schema, place) => {
    const reason = reasonOf(schema, { 'a/b': 1 });
    expect(reason).toMatch(/^The schema is invalid: .*\.$/);
    expect(reason).toContain(place);
  });

  test('a pattern that is none is found when a text comes', () => {
    expect(reasonOf({ pattern: '(' }, 'a')).toContain('is no regular expression');
    expect(kindOf({ pattern: '(' }, 1)).toBe('valid');
  });

  test('what a value does not come to is not looked at', () => {
    const schema = { properties: { a: { type: 'any' }, b: { type: 'string' } } };
    expect(kindOf(schema, { b: 'x' })).toBe('valid');
    expect(kindOf(schema, { b: 1 })).toBe('invalid');
    expect(kindOf(schema, { a: 1 })).toBe('unjudged');
  });

  test('annotations may be anything', () => {
    expect(kindOf({ title: 5, format: {}, default: undefined, examples: 'x', $comment: 1, type: 'string' }, 'x')).toBe(
      'valid',
    );
  });
});

describe('references', () => {
  test.each(['https://example.com/x', 'other.json', '#/$defs/nothing', '#nothing', draft2020, 'file:///etc/passwd'])(
    '%s leads nowhere, which is found by who comes there',
    ($ref) => {
      const schema = { properties: { a: { $ref } } };
      expect(reasonOf(schema, { a: 1 })).toBe(`The reference ${JSON.stringify($ref)} leads to no place in the schema.`);
      expect(kindOf(schema, {})).toBe('valid');
    },
  );

  test('pointers lead anywhere', () => {
    const schema = {
      properties: { 'a/b c~%': { type: 'string' }, b: { $ref: '#/properties/a~1b%20c~0%25' }, c: { $ref: '#/x/0/y' } },
      x: [{ y: { type: 'number' } }],
    };
    expect(kindOf(schema, { b: 'x', c: 1 })).toBe('valid');
    expect(placesOf(failuresOf(schema, { b: 1, c: 'x' }))).toEqual(['b type', 'c type']);
  });

  test('two validators do not see each other', () => {
    const $id = 'https://example.com/same';
    const one = createValidator({ $id, $ref: '#/$defs/x', $defs: { x: { $id: 'x', type: 'string' } } });
    const two = createValidator({ $id, $ref: '#/$defs/x', $defs: { x: { $id: 'x', type: 'number' } } });
    const three = createValidator({ $ref: `${$id}#/$defs/x` });
    expect([one, two, three].map((validator) => validator.validate(1, 1).kind)).toEqual([
      'invalid',
      'valid',
      'unjudged',
    ]);
  });

  test('a reference in data is none', () => {
    const schema = { const: { $ref: '#/nowhere' } };
    expect(kindOf(schema, { $ref: '#/nowhere' })).toBe('valid');
    expect(kindOf({ properties: { $ref: { type: 'string' } } }, { $ref: 1 })).toBe('invalid');
  });
});

describe('failures', () => {
  test('say what, where, and what was expected', () => {
    const schema = { type: 'object', properties: { a: { items: { minimum: 3 } } } };
    expect(failuresOf(schema, { a: [5, 1] })).toEqual([{ path: ['a', 1], keyword: 'minimum', expected: 3, actual: 1 }]);
  });

  test('name each missing property, and each that is not allowed', () => {
    const schema = { required: ['x', 'y', 'a'], properties: { a: {} }, additionalProperties: false };
    const value = { a: 1, b: 2, c: 3 };
    expect(failuresOf(schema, value)).toEqual([
      { path: [], keyword: 'required', expected: ['x', 'y', 'a'], actual: value, property: 'x' },
      { path: [], keyword: 'required', expected: ['x', 'y', 'a'], actual: value, property: 'y' },
      { path: ['b'], keyword: 'additionalProperties', expected: false, actual: 2 },
      { path: ['c'], keyword: 'additionalProperties', expected: false, actual: 3 },
    ]);
  });

  test.each<[JsonObject, unknown, string[]]>([
    [{ unevaluatedProperties: false, allOf: [{ properties: { a: {} } }] }, { a: 1, b: 2 }, ['b unevaluatedProperties']],
    [{ prefixItems: [{}], items: false }, [1, 2, 3], ['1 items', '2 items']],
    [{ items: [{}], additionalItems: false }, [1, 2], ['1 additionalItems']],
    [{ prefixItems: [{}], unevaluatedItems: false }, [1, 2], ['1 unevaluatedItems']],
    [{ properties: { a: false } }, { a: 1 }, ['a false']],
    [{ additionalProperties: { type: 'string' } }, { a: 1 }, ['a type']],
    [{ patternProperties: { '^a': { type: 'string' } } }, { a1: 1, b: 1 }, ['a1 type']],
    [{ propertyNames: { maxLength: 1 } }, { a: 1, bb: 2 }, ['propertyNames bb']],
    [{ dependentRequired: { a: ['b', 'c'] } }, { a: 1, c: 1 }, ['dependentRequired b']],
    [{ dependencies: { a: ['b'] } }, { a: 1 }, ['dependencies b']],
    [{ dependentSchemas: { a: { required: ['b'] } } }, { a: 1 }, ['required b']],
    [{ contains: { type: 'string' } }, [1], ['contains']],
    [{ contains: { type: 'string' }, minContains: 2 }, ['a'], ['minContains']],
    [{ contains: { type: 'string' }, maxContains: 1 }, ['a', 'b'], ['maxContains']],
    [{ if: { type: 'string' }, then: { minLength: 3 }, else: { minimum: 3 } }, 'a', ['minLength']],
    [{ if: { type: 'string' }, then: { minLength: 3 }, else: { minimum: 3 } }, 1, ['minimum']],
    [{ not: { type: 'string' } }, 'a', ['not']],
    [{ oneOf: [{ type: 'string' }, { minLength: 1 }] }, 'a', ['oneOf']],
    [{ uniqueItems: true }, [{ a: 1 }, { a: 1 }], ['uniqueItems']],
  ])('%j of %j', (schema, value, expected) => {
    expect(placesOf(failuresOf(schema, value))).toEqual(expected);
  });

  test('of unions keep what each branch found', () => {
    const schema = { anyOf: [{ type: 'string' }, { type: 'object', required: ['a', 'b'] }] };
    const [failure, ...others] = failuresOf({ properties: { x: schema } }, { x: { c: 1 } });
    expect(others).toEqual([]);
    expect(failure).toMatchObject({ path: ['x'], keyword: 'anyOf', expected: schema.anyOf, actual: { c: 1 } });
    expect(failure?.branches?.map(placesOf)).toEqual([['x type'], ['x required a', 'x required b']]);
  });

  test('of oneOf have branches only where none fits', () => {
    const schema = { oneOf: [{ type: 'string' }, { type: 'integer' }, { minimum: 5 }] };
    expect(failuresOf(schema, 1.5)[0]?.branches?.length).toBe(3);
    expect(failuresOf(schema, 7)[0]).not.toHaveProperty('branches');
  });

  test('of one branch are not very many', () => {
    const branch = { items: { type: 'string' } };
    const [failure] = failuresOf(
      { anyOf: [branch, branch] },
      Array.from({ length: 1_000 }, () => 1),
    );
    expect(failure?.branches?.map(({ length }) => length)).toEqual([100, 100]);
  });

  test('come in the order of the document, as many as were asked for', () => {
    const schema = {
      allOf: [
        { properties: { b: { type: 'string' } } },
        { properties: { a: { properties: { x: { type: 'string' } } } } },
      ],
      properties: { c: { type: 'string' } },
      maxProperties: 2,
    };
    const value = { a: { x: 1 }, b: 1, c: 1 };
    expect(placesOf(failuresOf(schema, value))).toEqual(['maxProperties', 'a x type', 'b type', 'c type']);
    expect(
      failuresOf(
        { items: { type: 'string' } },
        Array.from({ length: 50 }, () => 1),
        7,
      ).length,
    ).toBe(7);
    expect(failuresOf({ items: { type: 'string' } }, [1, 2], 0).length).toBe(1);
  });

  test('do not blame properties as unevaluated where the schema that knows them found another fault', () => {
    const schema = { allOf: [{ properties: { a: { type: 'string' }, b: {} } }], unevaluatedProperties: false };
    expect(placesOf(failuresOf(schema, { a: 1, b: 2 }))).toEqual(['a type']);
  });
});

describe('names that objects have by themselves are names like any other', () => {
  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'length'])('%s', (name) => {
    const own = (value: unknown): JsonObject =>
      JSON.parse(JSON.stringify([value]).replace('NAME', name))[0] as JsonObject;
    expect(kindOf(own({ required: ['NAME'] }), {})).toBe('invalid');
    expect(kindOf(own({ properties: { NAME: { type: 'string' } } }), {})).toBe('valid');
    const schema = parseJson(
      `{"properties": {"${name}": {"type": "string"}}, "additionalProperties": false}`,
    ) as JsonObject;
    expect(kindOf(schema, parseJson(`{"${name}": "x"}`))).toBe('valid');
    expect(placesOf(failuresOf(schema, parseJson(`{"${name}": 1}`)))).toEqual([`${name} type`]);
    expect(kindOf({ additionalProperties: false }, parseJson(`{"${name}": 1}`))).toBe('invalid');
    expect(kindOf({ additionalProperties: false }, {})).toBe('valid');
    expect(kindOf({ dependentRequired: own({ NAME: ['a'] }) }, {})).toBe('valid');
    expect(kindOf({ $ref: `#/$defs/${name}` }, {})).toBe('unjudged');
  });

  test('keywords too', () => {
    expect(
      kindOf(parseJson('{"__proto__": {"type": "string"}, "constructor": 1, "toString": {}}') as JsonObject, 1),
    ).toBe('valid');
  });
});

describe('numbers that a double cannot hold', () => {
  test.each<[string, string, string]>([
    ['{"type": "integer"}', '9007199254740993', 'valid'],
    ['{"type": "integer"}', '1e400', 'valid'],
    ['{"type": "integer"}', '0.1000000000000000055', 'invalid'],
    ['{"type": "number"}', '1e400', 'valid'],
    ['{"type": "object"}', '1e400', 'invalid'],
    ['{"maximum": 9007199254740992}', '9007199254740993', 'invalid'],
    ['{"maximum": 1e1000000000}', '1e400', 'valid'],
    ['{"minimum": 1e400}', '5', 'invalid'],
    ['{"multipleOf": 2}', '9007199254740993', 'invalid'],
    ['{"const": 9007199254740993}', '9007199254740992', 'invalid'],
    ['{"const": 9007199254740993}', '9007199254740993.0', 'valid'],
    ['{"enum": [1, 9007199254740993]}', '9007199254740993', 'valid'],
    ['{"enum": [1, 9007199254740992]}', '9007199254740993', 'invalid'],
    ['{"uniqueItems": true}', '[9007199254740993, 9007199254740992]', 'valid'],
    ['{"uniqueItems": true}', '[9007199254740993, 9007199254740993]', 'invalid'],
    ['{"maxLength": 1e400}', '"abc"', 'valid'],
    ['{"maxItems": 1e400}', '[1]', 'valid'],
    ['{"properties": {"text": {"type": "string"}}}', '1e400', 'valid'],
  ])('%s of %s: %s', (schema, value, kind) => {
    expect(kindOf(parseJson(schema) as JsonObject, parseJson(value))).toBe(kind);
  });

  test('are told as they are', () => {
    const [failure] = failuresOf({ maximum: 1 }, parseJson('1e400'));
    expect(failure?.actual).toEqual(new ExactNumber('1e400'));
  });
});

test('lengths are counted in code points', () => {
  expect([2, 3, 4].map((minLength) => kindOf({ minLength }, 'a😀b'))).toEqual(['valid', 'valid', 'invalid']);
  expect([2, 3].map((maxLength) => kindOf({ maxLength }, 'a😀b'))).toEqual(['invalid', 'valid']);
  expect(kindOf({ minLength: 2, maxLength: 2 }, '\ud83d\ud83d')).toBe('valid');
});

describe('a pattern that is not run', () => {
  const unknown = { pattern: '^(?!a)' };

  test.each<[JsonObject, unknown]>([
    [unknown, 'a'],
    [{ not: unknown }, 'b'],
    [{ not: { not: unknown } }, 'a'],
    [{ oneOf: [unknown, { pattern: '^a(?=b)' }, { type: 'string' }] }, 'ab'],
    [{ if: unknown, then: false }, 'a'],
    [{ if: unknown, then: true, else: false }, 'a'],
    [{ contains: unknown, maxContains: 0, minContains: 0 }, ['a']],
    [{ patternProperties: { '^(?!a)': false }, additionalProperties: false }, { a: 1 }],
    [{ patternProperties: { '^(?!a)': false }, unevaluatedProperties: false }, { a: 1 }],
  ])('refuses nothing: %j', (schema, value) => {
    expect(kindOf(schema, value)).toBe('valid');
  });

  test.each<[JsonObject, unknown]>([
    [{ ...unknown, maxLength: 1 }, 'abc'],
    [{ not: { ...unknown, type: 'string' }, type: 'number' }, 'a'],
    [{ oneOf: [unknown, { type: 'string' }, { minLength: 1 }] }, 'a'],
    [{ if: unknown, then: { minLength: 2 }, else: { minLength: 3 } }, 'a'],
    [{ anyOf: [{ ...unknown, minLength: 2 }, { type: 'number' }] }, 'a'],
  ])('hides no other fault: %j', (schema, value) => {
    expect(failuresOf(schema, value).length).toBeGreaterThan(0);
  });
});

test('formats are annotations', () => {
  expect(kindOf({ format: 'email', contentEncoding: 'base64', contentMediaType: 'application/json' }, '?')).toBe(
    'valid',
  );
});

test('a validator may be used again, after any verdict', () => {
  const validator = createValidator({ $defs: { x: { $ref: '#/$defs/x' } }, properties: { a: { $ref: '#/$defs/x' } } });
  const kinds = [{ a: 1 }, {}, 1, { a: 1 }, {}].map((value) => validator.validate(value, 1).kind);
  expect(kinds).toEqual(['unjudged', 'valid', 'valid', 'unjudged', 'valid']);
});
