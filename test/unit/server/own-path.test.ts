import { expect, test } from 'vitest';
import { ownPath } from '../../../src/server/own-path.ts';

const mount = { origin: 'https://tools.example', rootPath: '' };

test.each([
  ['/', '/'],
  ['/linear/', '/linear/'],
  ['/linear/docs?x=1&y=%2F#tag', '/linear/docs?x=1&y=%2F#tag'],
  ['/my%20files/docs', '/my%20files/docs'],
  ['/gr\u00fc\u00dfe/', '/gr%C3%BC%C3%9Fe/'],
  ['/a/../b', '/b'],
  ['/?next=https://evil.example', '/?next=https://evil.example'],
])('%j is a path of ours', (text, path) => {
  expect(ownPath(text, mount)).toBe(path);
});

test.each([
  undefined,
  null,
  '',
  'linear',
  'https://evil.example',
  'https://tools.example/',
  'https:evil.example',
  'javascript:alert(1)',
  '//evil.example',
  '///evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  '/\t/evil.example',
  '/\n/evil.example',
  '\t//evil.example',
  ' //evil.example',
  '/.//evil.example',
  '/..//evil.example',
  '/%2e//evil.example',
  '/a/..//evil.example',
  '/%2e%2e//evil.example',
  '/a\r\nSet-Cookie: x=1',
  '/a\r\n\r\n<script>',
  '/a b',
  '/\u0000',
  '/\u202ecod',
  '/a\\..\\..\\evil.example',
  '@evil.example/',
  '.evil.example/',
  '/oauth/linear/authorize',
  '/x/../oauth/linear/logout',
  `/${'a'.repeat(3000)}`,
])('%j leads nowhere of ours', (text) => {
  expect(ownPath(text, mount)).toBeUndefined();
});

test('below a root path nothing beside it is ours', () => {
  const mounted = { origin: 'https://tools.example', rootPath: '/mcp' };
  expect(ownPath('/mcp/linear/docs', mounted)).toBe('/mcp/linear/docs');
  expect(ownPath('/mcp', mounted)).toBe('/mcp');
  for (const text of ['/', '/other/', '/mcpx/', '/mcp/../other/', '/mcp/oauth/linear/authorize']) {
    expect([text, ownPath(text, mounted)]).toEqual([text, undefined]);
  }
});
