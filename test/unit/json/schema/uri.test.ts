import { describe, expect, it } from 'vitest';
import { resolveUri } from '../../../../src/json/schema/uri.ts';

describe('resolveUri', () => {
  // RFC 3986, section 5.4.
  it.each([
    ['g:h', 'g:h'],
    ['g', 'http://a/b/c/g'],
    ['./g', 'http://a/b/c/g'],
    ['g/', 'http://a/b/c/g/'],
    ['/g', 'http://a/g'],
    ['//g', 'http://g'],
    ['?y', 'http://a/b/c/d;p?y'],
    ['g?y', 'http://a/b/c/g?y'],
    ['', 'http://a/b/c/d;p?q'],
    ['.', 'http://a/b/c/'],
    ['..', 'http://a/b/'],
    ['../g', 'http://a/b/g'],
    ['../..', 'http://a/'],
    ['../../../g', 'http://a/g'],
    ['/./g', 'http://a/g'],
    ['g.', 'http://a/b/c/g.'],
    ['./g/.', 'http://a/b/c/g/'],
    ['g/../h', 'http://a/b/c/h'],
  ])('takes %s to %s', (reference, target) => {
    expect(resolveUri('http://a/b/c/d;p?q', reference)).toBe(target);
  });

  it('begins a path under a bare authority', () => {
    expect(resolveUri('http://a', 'g')).toBe('http://a/g');
  });
});
