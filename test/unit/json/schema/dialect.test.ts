import { expect, test } from 'vitest';
import { ASSUMED, dialectOf, isKeyword, itemsMayBeList } from '../../../../src/json/schema/dialect.ts';

test.each([
  ['http://json-schema.org/draft-06/schema#', 6],
  ['http://json-schema.org/draft-06/schema', 6],
  ['http://json-schema.org/draft-07/schema#', 7],
  ['https://json-schema.org/draft-07/schema', 7],
  ['https://json-schema.org/draft/2019-09/schema', 2019],
  ['http://json-schema.org/draft/2019-09/schema#', 2019],
  ['https://json-schema.org/draft/2020-12/schema', 2020],
  ['https://json-schema.org/draft/2020-12/schema#', 2020],
])('%s is %i', (uri, draft) => {
  expect(dialectOf(uri)).toEqual({ draft, isAssumed: false });
});

test.each([
  'http://json-schema.org/draft-04/schema#',
  'http://json-schema.org/schema#',
  'https://example.com/draft-07/schema',
  'https://json-schema.org/draft-07/schema#/definitions/x',
  '__proto__',
  '',
  7,
  null,
])('%s is not known', (uri) => {
  expect(dialectOf(uri)).toBeUndefined();
});

test('without a word it is 2020-12, with the spellings of older drafts', () => {
  expect(dialectOf(undefined)).toEqual({ draft: 2020, isAssumed: true });
  const stated = { draft: 2020, isAssumed: false } as const;
  expect([itemsMayBeList(ASSUMED), itemsMayBeList(stated)]).toEqual([true, false]);
  expect([isKeyword('additionalItems', ASSUMED), isKeyword('additionalItems', stated)]).toEqual([true, false]);
});

test('keywords belong to dialects', () => {
  const drafts = [6, 7, 2019, 2020] as const;
  const knownIn = (keyword: string) => drafts.filter((draft) => isKeyword(keyword, { draft, isAssumed: false }));
  expect(knownIn('if')).toEqual([7, 2019, 2020]);
  expect(knownIn('unevaluatedProperties')).toEqual([2019, 2020]);
  expect(knownIn('$recursiveRef')).toEqual([2019]);
  expect(knownIn('prefixItems')).toEqual([2020]);
  expect(knownIn('dependencies')).toEqual([6, 7, 2019, 2020]);
});
