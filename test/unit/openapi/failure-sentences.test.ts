import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Failure } from '../../../src/json/schema/verdict.ts';
import { ExactNumber } from '../../../src/json/value.ts';
import { tellFailures } from '../../../src/openapi/failure-sentences.ts';
import type { Telling } from '../../../src/openapi/keyword-sentences.ts';

const open: Telling = { schema: {}, showValues: true };

function failure(keyword: string, expected: unknown, actual: unknown, more: Partial<Failure> = {}): Failure {
  return { path: ['x'], keyword, expected, actual, ...more };
}

/** The sentence about the one thing that is wrong. */
function detailOf(one: Failure, telling = open): string | undefined {
  const { places } = tellFailures([one], telling);
  expect(places).toHaveLength(1);
  return places[0]?.detail;
}

describe('the sentence of a keyword', () => {
  it.each<[string, unknown, unknown, string]>([
    ['type', 'integer', 'abc', 'must be an integer, not the string "abc"'],
    ['type', 'integer', 5.5, 'must be an integer, not 5.5'],
    ['type', ['integer', 'string', 'null'], true, 'must be an integer, a string or null, not true'],
    ['type', 'string', [1], 'must be a string, not an array'],
    ['type', 'array', { a: 1 }, 'must be an array, not an object'],
    ['type', 'boolean', new ExactNumber('1e400'), 'must be a boolean, not 1e400'],
    ['type', 'object', null, 'must be an object, not null'],
    ['const', 'a', 'b', 'must be "a", not the string "b"'],
    ['const', { a: [1] }, {}, 'must be {"a":[1]}, not an object'],
    ['enum', ['a', 1, null], 'b', 'must be one of: "a", 1, null'],
    ['enum', ['a'], 'b', 'must be "a", not the string "b"'],
    ['minimum', 1, 0, 'must be at least 1, not 0'],
    ['maximum', new ExactNumber('9007199254740993'), 1e300, 'must be at most 9007199254740993, not 1e+300'],
    ['exclusiveMinimum', 0, 0, 'must be greater than 0, not 0'],
    ['exclusiveMaximum', 1.5, 2, 'must be less than 1.5, not 2'],
    ['multipleOf', 5, 7, 'must be a multiple of 5, not 7'],
    ['pattern', '^a+$', 'b', 'must match the pattern ^a+$'],
    ['minLength', 1, '', 'must have at least 1 character'],
    ['maxLength', 2, 'abc', 'must have at most 2 characters'],
    ['minItems', 1, [], 'must have at least 1 item'],
    ['maxItems', 2, [1, 2, 3], 'must have at most 2 items'],
    ['minProperties', 2, {}, 'must have at least 2 properties'],
    ['maxProperties', 1, {}, 'must have at most 1 property'],
    ['uniqueItems', true, [1, 1], 'must not have the same item twice'],
    ['contains', {}, [], 'must have an item of the required kind'],
    ['not', { const: 'a' }, 'a', 'must not be "a"'],
    ['not', { required: ['a', 'b'] }, {}, 'must not have "a" and "b"'],
    ['not', { type: 'null' }, null, 'must not be null'],
    ['not', { minLength: 1 }, 'a', 'has a form that the tool excludes'],
    ['oneOf', [{}, {}], 1, 'fits more than one of the allowed forms, and must fit exactly one'],
    ['x-own', 1, 1, 'does not fit what the schema says with "x-own"'],
  ])('of %s %j for %j', (keyword, expected, actual, sentence) => {
    expect(detailOf(failure(keyword, expected, actual))).toBe(sentence);
  });

  it('cuts values, patterns and lists', () => {
    expect(detailOf(failure('type', 'integer', 'x'.repeat(1000)))?.length).toBeLessThan(110);
    expect(detailOf(failure('pattern', 'x'.repeat(1000), ''))?.length).toBeLessThan(230);
    const words = Array.from({ length: 200 }, (_, index) => `value-${index}`);
    const many = detailOf(failure('enum', words, 5));
    expect(many).toMatch(/^must be one of: "value-0", .*, and 180 more$/);
    const long = words.map((word) => word.padEnd(50, '.'));
    expect(detailOf(failure('enum', long, 5))).toMatch(/"value-4\.+", and 195 more$/);
  });

  it('names what comes near where the list is too long to show', () => {
    const zones = [...Array.from({ length: 200 }, (_, index) => `Zone/${index}`), 'Europe/Berlin'];
    expect(detailOf(failure('enum', zones, 'Europe/Berln'))).toContain('(near to it: "Europe/Berlin")');
  });

  it('shows no values where they may not be seen', () => {
    const hidden = { ...open, showValues: false };
    expect(detailOf(failure('type', 'integer', 'secret'), hidden)).toBe('must be an integer, not a string');
    expect(detailOf(failure('maximum', 5, 123456), hidden)).toBe('must be at most 5, not a number');
    expect(detailOf(failure('const', 'a', 'secret'), hidden)).toBe('must be "a", not a string');
    const zones = [...Array.from({ length: 200 }, (_, index) => `Zone/${index}`), 'Europe/Berlin'];
    expect(detailOf(failure('enum', zones, 'Europe/Berln'), hidden)).not.toContain('near');
  });
});

describe('the place of a failure', () => {
  it('is the missing property', () => {
    const missing = failure('required', ['a', 'city'], {}, { path: [], property: 'city' });
    expect(tellFailures([missing], open)).toEqual({
      places: [{ pointer: '#/city', detail: 'is required' }],
      summary: '"city" is required',
    });
    const dependent = failure('dependentRequired', { z: ['y'], a: ['b'] }, { a: 1 }, { property: 'b' });
    expect(tellFailures([dependent], open)).toEqual({
      places: [{ pointer: '#/x/b', detail: 'is required where "a" is given' }],
      summary: '"x.b" is required where "a" is given',
    });
  });

  it('is the property that is not allowed, and those that are known are named', () => {
    const schema = { properties: { city: {}, days: {}, no: false } };
    const tell = (name: string, inside: string[] = []) => {
      const path = [...inside, name];
      return tellFailures([failure('false', false, 1, { path })], { ...open, schema }).places[0];
    };
    expect(tell('town')).toEqual({
      pointer: '#/town',
      detail: 'is not a known property (known: "city", "days", "no")',
    });
    expect(tell('no')).toEqual({ pointer: '#/no', detail: 'is not allowed' });
    expect(tell('town', ['a'])).toEqual({ pointer: '#/a/town', detail: 'is not allowed' });
    const name = failure('propertyNames', { pattern: '^a' }, { b: 1 }, { property: 'b' });
    expect(tellFailures([name], open).places).toEqual([
      { pointer: '#/x/b', detail: 'is not an allowed name: names must match the pattern ^a' },
    ]);
    expect(detailOf(failure('false', false, 1, { path: ['list', 3] }))).toBe('is one item too many');
  });

  it('is a URI fragment and a readable path', () => {
    const told = tellFailures([failure('type', 'string', 1, { path: ['a b', 0, '~/%', 'é#"'] })], open);
    expect(told.places[0]?.pointer).toBe('#/a%20b/0/~0~1%25/%C3%A9%23%22');
    expect(told.summary).toBe('"a b[0].~/%.é#\\"" must be a string, not 1');
    expect(tellFailures([failure('minProperties', 1, {}, { path: [] })], open)).toEqual({
      places: [{ pointer: '#', detail: 'must have at least 1 property' }],
      summary: 'the whole value must have at least 1 property',
    });
  });

  it('is told as far as there is room for it', () => {
    const long = 'k'.repeat(10_000);
    const at = (...path: (string | number)[]) => tellFailures([failure('type', 'string', 1, { path })], open).places[0];
    expect(at('map', long, 3)).toEqual({
      pointer: '#/map',
      detail: expect.stringMatching(/^"k{80,100}… \[cut\]" must be a string, not 1$/) as string,
    });
    expect(at('é'.repeat(2_000))?.pointer).toBe('#');
    const deep = Array.from({ length: 499 }, () => 'next');
    expect(at(...deep)).toEqual({ pointer: `#${'/next'.repeat(499)}`, detail: 'must be a string, not 1' });
  });

  it('can have any name', () => {
    const told = tellFailures([failure('required', [], {}, { property: '\ud800', path: ['\udfff\n'] })], open);
    expect(told.places[0]?.pointer).toBe('#/%EF%BF%BD%0A/%EF%BF%BD');
    expect(told.summary).toBe('"\\udfff\\n.\\ud800" is required');
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.nat())), (path) => {
        const [place] = tellFailures([failure('type', 'string', 1, { path })], open).places;
        expect(place?.pointer).toMatch(/^#(?:\/[\x21-\x7e]*)*$/);
      }),
    );
  });
});

describe('of many failures', () => {
  const many = Array.from({ length: 30 }, (_, index) => failure('type', 'string', index, { path: ['list', index] }));

  it('twenty are listed, and three told', () => {
    const { places, summary } = tellFailures(many, open);
    expect(places).toHaveLength(20);
    expect(places[19]).toEqual({ pointer: '#/list/19', detail: 'must be a string, not 19' });
    expect(summary).toBe(
      '"list[0]" must be a string, not 0; "list[1]" must be a string, not 1; "list[2]" must be a string, not 2; and 27 more',
    );
  });

  it('the same is told once, and no type beside the list of values', () => {
    const twice = [failure('type', 'string', 5), failure('enum', ['a', 'b'], 5), failure('enum', ['a', 'b'], 5)];
    expect(tellFailures(twice, open).summary).toBe('"x" must be one of: "a", "b"');
  });
});

describe('of a union', () => {
  function union(actual: unknown, ...branches: Failure[][]): Failure {
    return failure('anyOf', [], actual, { branches });
  }

  it('the kinds are named where the value is of none', () => {
    const kinds = union(5, [failure('type', 'string', 5)], [failure('type', ['array', 'null'], 5)]);
    expect(detailOf(kinds)).toBe('must be a string, an array or null, not 5');
    expect(detailOf(union(5, [failure('const', 'a', 5)], [failure('enum', ['b', 'c'], 5)]))).toBe(
      'must be one of: "a", "b", "c"',
    );
    const listed = [failure('type', 'string', 5), failure('enum', ['a', 'b'], 5)];
    expect(detailOf(union(5, listed, [failure('type', 'null', 5)]))).toBe('must be null, or one of: "a", "b"');
    expect(detailOf(union(5, [kinds], [failure('type', 'object', 5)]))).toBe(
      'must be a string, an array, null or an object, not 5',
    );
    expect(detailOf(union(5, [failure('false', false, 5)]))).toBe('is not allowed');
  });

  it('the branch of the right kind is told', () => {
    const inside = failure('type', 'integer', 'a', { path: ['x', 'n'] });
    const told = tellFailures([union({ n: 'a' }, [failure('type', 'string', {})], [inside])], open);
    expect(told.places).toEqual([{ pointer: '#/x/n', detail: 'must be an integer, not the string "a"' }]);
  });

  it('the branch whose discriminator fits is told, however much is wrong in it', () => {
    const kind = (expected: string) => failure('const', expected, 'b', { path: ['x', 'kind'] });
    const missing = (property: string) => failure('required', [], {}, { property });
    const value = { kind: 'b' };
    const told = tellFailures([union(value, [kind('a')], [missing('p'), missing('q')], [kind('c')])], open);
    expect(told.summary).toBe('"x.p" is required; "x.q" is required');
    const unknown = tellFailures([union(value, [kind('a'), missing('p')], [kind('c')], [kind('a')])], open);
    expect(unknown.places).toEqual([{ pointer: '#/x/kind', detail: 'must be one of: "a", "c"' }]);
  });

  it('the branch with the fewest failures is told', () => {
    const missing = (property: string) => failure('required', [], {}, { property });
    const nested = union({}, [missing('d')], [missing('e'), missing('f')]);
    const told = tellFailures([union({}, [missing('a'), missing('b')], [nested])], open);
    expect(told.summary).toBe('"x.d" is required');
  });

  it('branches that come equally close are alternatives', () => {
    const missing = (property: string) => [failure('required', [], {}, { property })];
    const either = union({}, missing('id'), missing('name'));
    expect(detailOf(either)).toBe('fits none of its forms: "id" is required, or "name" is required');
    expect(tellFailures([union({}, missing('id'), missing('id'))], open).summary).toBe('"x.id" is required');
    const patterns = union('x', [failure('pattern', '^a', 'x')], [failure('pattern', '^b', 'x')]);
    expect(detailOf(patterns)).toBe('must match the pattern ^a, or must match the pattern ^b');
  });
});
