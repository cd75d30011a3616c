import { expect, test } from 'vitest';
import { identify, isResource, placeIn } from '../../../../src/json/schema/identifiers.ts';
import { dialectOf, ASSUMED } from '../../../../src/json/schema/dialect.ts';

const draft07 = 'http://json-schema.org/draft-07/schema#';
const identifiersOf = (schema: unknown) => {
  const found = identify(schema, 1_000, 100);
  if (found === undefined) throw new Error('too large');
  return found;
};

test('resources are found by URI, places in them by anchor and pointer', () => {
  const identifiers = identifiersOf({
    $id: 'https://example.com/a/root',
    $defs: { item: { $id: 'item', $anchor: 'top', properties: { x: { $anchor: 'x' } } }, other: { $anchor: 'x' } },
  });
  const root = identifiers.resourceOf('');
  const item = identifiers.resourceOf('/$defs/item/properties/x');
  expect(item).toEqual({ uri: 'https://example.com/a/item', pointer: '/$defs/item' });
  expect(identifiers.resolve('#x', root)).toEqual({ pointer: '/$defs/other' });
  expect(identifiers.resolve('#x', item)).toEqual({ pointer: '/$defs/item/properties/x' });
  expect(identifiers.resolve('item#top', root)).toEqual({ pointer: '/$defs/item' });
  expect(identifiers.resolve('item#/properties/x', root)).toEqual({ pointer: '/$defs/item/properties/x' });
  expect(identifiers.resolve('https://example.com/a/root#/$defs/other', item)).toEqual({ pointer: '/$defs/other' });
  expect(identifiers.resolve('https://example.org/a/root', root)).toHaveProperty('problem');
  expect(identifiers.resolve('#nothing', root)).toHaveProperty('problem');
});

test('dynamic anchors belong to their resource', () => {
  const identifiers = identifiersOf({
    $dynamicAnchor: 'node',
    $defs: {
      inner: { $id: 'inner', $defs: { deep: { $dynamicAnchor: 'node' } } },
      plain: { $id: 'p', $anchor: 'node' },
    },
  });
  const places = ['', '/$defs/inner', '/$defs/plain'].map((pointer) => {
    return identifiers.dynamicAnchorOf(identifiers.resourceOf(pointer), 'node');
  });
  expect(places).toEqual(['', '/$defs/inner/$defs/deep', undefined]);
});

test('up to draft-07 an $id beside a $ref names nothing', () => {
  const schema = { $id: 'inner', $ref: '#/definitions/x' };
  expect(isResource(schema, ASSUMED)).toBe(true);
  expect(isResource(schema, dialectOf(draft07) ?? ASSUMED)).toBe(false);
  const found = (root: object) => identifiersOf(root).resourceOf('/properties/a').pointer;
  expect(found({ properties: { a: schema } })).toBe('/properties/a');
  expect(found({ $schema: draft07, properties: { a: schema } })).toBe('');
});

test('pointers that are written from the outermost root are understood in embedded resources', () => {
  const root = { $defs: { x: { $id: 'x', $defs: { own: {} } }, y: {} } };
  expect(placeIn(root, '/$defs/x', '/$defs/own')).toBe('/$defs/x/$defs/own');
  expect(placeIn(root, '/$defs/x', '/$defs/y')).toBe('/$defs/y');
  expect(placeIn(root, '/$defs/x', '')).toBe('/$defs/x');
  expect(placeIn(root, '', '/$defs/z')).toBeUndefined();
});

test('too many subschemas are not looked through', () => {
  const schema = { allOf: Array.from({ length: 1_001 }, () => ({})) };
  expect(identify(schema, 1_000, 100)).toBeUndefined();
});
