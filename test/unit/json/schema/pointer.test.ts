import { describe, expect, it } from 'vitest';
import { canonical, fromFragment, lookUp, step, toFragment, valuesAlong } from '../../../../src/json/schema/pointer.ts';

describe('JSON pointers', () => {
  it('escape tokens', () => {
    expect(step('', 'a/b', 'c~d', '')).toBe('/a~1b/c~0d/');
    expect(canonical('/a~1b/c~0d')).toBe('/a~1b/c~0d');
    expect(canonical('/c~d')).toBe('/c~0d');
  });

  it('find own members only', () => {
    const root = JSON.parse('{"a":[{"x/y":null}],"__proto__":{"b":1},"":2}') as unknown;
    expect(lookUp(root, '')).toBe(root);
    expect(lookUp(root, '/a/0/x~1y')).toBeNull();
    expect(lookUp(root, '/__proto__/b')).toBe(1);
    expect(lookUp(root, '/')).toBe(2);
    for (const pointer of ['/constructor', '/a/1', '/a/0/x~1y/z', '/b']) expect(lookUp(root, pointer)).toBeUndefined();
  });

  it('are URI fragments', () => {
    expect(toFragment('/$defs/a b#%"[é]')).toBe('/$defs/a%20b%23%25%22%5B%C3%A9%5D');
    expect(toFragment('/\ud800')).toBeUndefined();
    expect(fromFragment('/$defs/a%20b%23%25%22%5B%C3%A9%5D')).toBe('/$defs/a b#%"[é]');
    expect(fromFragment('/100%')).toBe('/100%');
  });

  it('pass through what lies on the way', () => {
    const root = { a: [{ b: 1 }] };
    expect(valuesAlong(root, '/a/0/b')).toEqual([root, root.a, root.a[0], 1]);
    expect(valuesAlong(root, '')).toEqual([root]);
    expect(valuesAlong(root, '/a/1/b')).toBeUndefined();
  });
});
