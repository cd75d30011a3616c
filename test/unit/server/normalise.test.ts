import { expect, test } from 'vitest';
import { normaliseUrl, outsidePrefix } from '../../../src/server/normalise.ts';

test.each([
  ['/', '/'],
  ['/time/get', '/time/get'],
  ['/time/get/', '/time/get'],
  ['//time///get//', '/time/get'],
  ['/time/?a=//b/', '/time?a=//b/'],
  ['/?a=1', '/?a=1'],
  ['//', '/'],
  ['', '/'],
  ['http://other.example/time/get', '/time/get'],
  ['http://other.example', '/'],
  ['http://other.example//time/?x', '/time?x'],
  ['/a%2Fb/c%20d', '/a%2Fb/c%20d'],
  ['/%zz', '/%zz'],
  ['*', '*'],
])('%j becomes %j', (url, normal) => {
  expect(normaliseUrl(url, '', '')).toBe(normal);
});

test.each([
  ['/mcp/time/get', '/time/get'],
  ['/time/get', '/time/get'],
  ['/mcp', '/'],
  ['/mcp/', '/'],
  ['//mcp//time/', '/time'],
  ['/mcp?a', '/?a'],
  ['/mcpo/time', '/mcpo/time'],
  ['/mcp/mcp/get', '/mcp/get'],
])('under the root path /mcp, %j becomes %j', (url, normal) => {
  expect(normaliseUrl(url, '/mcp', '')).toBe(normal);
});

test.each([
  ['/api/v1/time/get', '/time/get'],
  ['//api/v1//time/get/', '/time/get'],
  ['/time/get', outsidePrefix],
  ['/time', outsidePrefix],
  ['/api/time/get', outsidePrefix],
  ['/api/v1', '/'],
  ['/', '/'],
  ['/openapi.json', '/openapi.json'],
  ['/api/v1/openapi.json?x', '/openapi.json?x'],
  ['/docs', '/docs'],
  ['/api/v1/docs', '/docs'],
  ['/docs/x', outsidePrefix],
  ['/healthz', '/healthz'],
  ['/api/v1/healthz', outsidePrefix],
  ['/api/v1/readyz', outsidePrefix],
  ['/assets/swagger-ui/a.js', '/assets/swagger-ui/a.js'],
  ['/api/v1/assets/a.js', outsidePrefix],
  ['/oauth/time/callback?code=1', '/oauth/time/callback?code=1'],
])('under the path prefix /api/v1, %j becomes %j', (url, normal) => {
  expect(normaliseUrl(url, '', '/api/v1')).toBe(normal);
});

test('root path and path prefix work together', () => {
  expect(normaliseUrl('/mcp/api/time/get', '/mcp', '/api')).toBe('/time/get');
  expect(normaliseUrl('/api/time/get', '/mcp', '/api')).toBe('/time/get');
  expect(normaliseUrl('/mcp/healthz', '/mcp', '/api')).toBe('/healthz');
  expect(normaliseUrl('/mcp/time/get', '/mcp', '/api')).toBe(outsidePrefix);
});
