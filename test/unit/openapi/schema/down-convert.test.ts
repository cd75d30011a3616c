import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExactNumber, type JsonObject } from '../../../../src/json/value.ts';
import { printJson } from '../../../../src/json/print.ts';
import { downConvert } from '../../../../src/openapi/schema/down-convert.ts';
import { judgeOf, judgeOf30, schemas, values } from './judges.ts';

const converted = (schema: JsonObject): unknown => JSON.parse(printJson(downConvert({ ...schema })));

/** 3.0 has no word for these, or not the whole of it. */
const unsayable =
  /"(?:then|contains|dependentRequired|propertyNames|unevaluatedProperties|prefixItems|patternProperties)":/;

const words30 = new Set(
  (
    'type enum minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength pattern items minItems ' +
    'maxItems uniqueItems properties required additionalProperties minProperties maxProperties allOf anyOf oneOf not ' +
    'nullable title description default example format deprecated readOnly writeOnly $ref'
  ).split(' '),
);

/** What 3.0.3 has no place for. */
function faultsOf(schema: unknown): string[] {
  if (typeof schema === 'boolean') return [];
  const node = schema as Record<string, unknown>;
  const { type, $ref } = node;
  const faults = Object.keys(node).filter((keyword) => !words30.has(keyword));
  if (type === 'null' || Array.isArray(type)) faults.push(`type ${JSON.stringify(type)}`);
  if (type === 'array' && !('items' in node)) faults.push('an array without items');
  if ($ref !== undefined && Object.keys(node).length > 1) faults.push('members beside $ref');
  for (const keyword of ['enum', 'required']) if (JSON.stringify(node[keyword]) === '[]') faults.push(`no ${keyword}`);
  const lists = ['allOf', 'anyOf', 'oneOf'].flatMap((keyword) => (node[keyword] ?? []) as unknown[]);
  const alone = ['not', 'items', 'additionalProperties'].filter((keyword) => keyword in node).map((key) => node[key]);
  return [...faults, ...[...lists, ...alone, ...Object.values(node['properties'] ?? {})].flatMap(faultsOf)];
}

describe('a converted schema', () => {
  it('allows all that its original allows, the same where 3.0 has words for it, and is one of 3.0', () => {
    let same = 0;
    fc.assert(
      fc.property(schemas, fc.array(values, { minLength: 5, maxLength: 15 }), (schema, samples) => {
        const result = downConvert(schema);
        expect(faultsOf(JSON.parse(printJson(result)))).toEqual([]);
        const [before, after] = [judgeOf(schema), judgeOf30(result)];
        const isExact = !unsayable.test(JSON.stringify(schema));
        const wrong = samples.filter((value) =>
          isExact ? before(value) !== after(value) : before(value) && !after(value),
        );
        expect({ result: printJson(result), wrong }).toMatchObject({ wrong: [] });
        if (isExact) same += samples.length;
      }),
      { numRuns: 1_500 },
    );
    expect(same).toBeGreaterThan(1_000);
  }, 60_000);

  it.each([
    [
      { type: ['string', 'null'], minLength: 1 },
      { type: 'string', minLength: 1, nullable: true },
    ],
    [{ type: 'null' }, { type: 'string', nullable: true, enum: [null] }],
    [
      { anyOf: [{ type: 'integer' }, { type: 'null' }], description: 'd', default: null },
      { type: 'integer', description: 'd', default: null, nullable: true },
    ],
    [
      { anyOf: [{ type: 'string', enum: ['a'] }, { type: 'null' }] },
      { type: 'string', enum: ['a', null], nullable: true },
    ],
    [
      { anyOf: [{ $ref: '#/components/schemas/A' }, { type: 'null' }] },
      { anyOf: [{ $ref: '#/components/schemas/A' }, { type: 'string', nullable: true, enum: [null] }] },
    ],
    [
      { oneOf: [{ type: ['string', 'null'] }, { type: 'null' }] },
      {
        oneOf: [
          { type: 'string', nullable: true },
          { type: 'string', nullable: true, enum: [null] },
        ],
      },
    ],
    [
      { oneOf: [{ type: 'null' }, { enum: [null] }] },
      {
        oneOf: [
          { type: 'string', nullable: true, enum: [null] },
          { type: 'string', nullable: true, enum: [null] },
        ],
      },
    ],
    [
      { anyOf: [{ type: 'integer' }, { enum: [null], allOf: [{ $ref: '#/components/schemas/A' }] }] },
      { anyOf: [{ type: 'integer' }, { enum: [null], allOf: [{ $ref: '#/components/schemas/A' }] }] },
    ],
    [
      { type: ['string', 'array'], items: { type: 'string' } },
      { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
    ],
    [
      { oneOf: [{ type: 'null' }, { type: 'integer' }, { type: 'string' }] },
      { oneOf: [{ type: 'integer', nullable: true }, { type: 'string' }] },
    ],
    [{ const: 'a' }, { type: 'string', enum: ['a'] }],
    [
      { exclusiveMinimum: 1, minimum: 1 },
      { minimum: 1, exclusiveMinimum: true },
    ],
    [{ exclusiveMaximum: 5, maximum: 3 }, { maximum: 3 }],
    [
      { prefixItems: [{ type: 'string' }, { type: 'number' }], items: { not: {} } },
      { items: { anyOf: [{ type: 'string' }, { type: 'number' }] }, maxItems: 2 },
    ],
    [
      { $ref: '#/components/schemas/A', description: 'd' },
      { description: 'd', allOf: [{ $ref: '#/components/schemas/A' }] },
    ],
    [
      { examples: [1, 2], type: 'integer' },
      { example: 1, type: 'integer' },
    ],
    [{ type: 'string', default: null }, { type: 'string' }],
    [
      { patternProperties: { '^x-': { type: 'string' } }, additionalProperties: false },
      { additionalProperties: { type: 'string' } },
    ],
    [
      { type: 'string', contentEncoding: 'base64' },
      { type: 'string', format: 'byte' },
    ],
    [{ oneOf: [{ contains: {} }, { type: 'string' }] }, { anyOf: [{}, { type: 'string' }] }],
    [
      { patternProperties: { '^x-': { type: 'string' } }, unevaluatedProperties: false },
      { additionalProperties: { type: 'string' } },
    ],
    [{ not: { contains: { type: 'string' } } }, {}],
    [
      { type: 'object', unevaluatedProperties: false },
      { type: 'object', additionalProperties: false },
    ],
    [
      { properties: { const: { const: 1 }, $ref: {} } },
      { properties: { const: { enum: [1], type: 'number' }, $ref: {} } },
    ],
    [{ default: { const: 1, type: ['a'] } }, { default: { const: 1, type: ['a'] } }],
  ])('%j is %j', (schema, expected) => {
    expect(converted(schema)).toEqual(expected);
  });

  it('keeps exact numbers, and the stronger of two limits', () => {
    const big = new ExactNumber('9223372036854775807');
    expect(printJson(downConvert({ maximum: big, exclusiveMaximum: 9223372036854775808 }))).toBe(
      '{"maximum":9223372036854775807}',
    );
  });

  it('leaves its original as it was', () => {
    const schema = { anyOf: [{ type: 'string' }, { type: 'null' }], properties: { a: { const: 1 } } };
    const before = structuredClone(schema);
    downConvert(schema);
    expect(schema).toEqual(before);
  });
});
