import { expect, test } from 'vitest';
import { assets } from '../../../../src/server/pages/assets.ts';
import { fakeProgram } from '../fakes.ts';

const servers = { time: { tools: ['get'] }, 'my files': { tools: ['read'] } };

test.each([
  ['/docs', '/openapi.json'],
  ['/time/docs', '/time/openapi.json'],
  ['/my%20files/docs/', '/my%20files/openapi.json'],
])('GET %s is a page for %s', async (url, document) => {
  const response = await fakeProgram(servers).inject(url);
  expect(response.statusCode).toBe(200);
  expect(response.headers['content-type']).toBe('text/html; charset=utf-8');
  expect(response.headers['content-security-policy']).toContain("script-src 'self'");
  expect(response.body).toContain(`data-document="${document}"`);
});

test('every file that the pages refer to is there', async () => {
  const program = fakeProgram(servers);
  const pages = await Promise.all(
    ['/docs', '/', '/time/'].map((url) => program.inject({ url, headers: { accept: 'text/html' } })),
  );
  const links = new Set(
    pages.flatMap(({ body }) => [...body.matchAll(/"(\/assets\/[^"]+)"/g)].map(([, link]) => link)),
  );
  expect(links.size).toBeGreaterThan(4);
  for (const link of links) {
    const response = await program.inject(link ?? '');
    expect([link, response.statusCode]).toEqual([link, 200]);
    expect(response.headers['cache-control']).toBe('public, max-age=31536000, immutable');
  }
});

test.each([...assets])('GET /assets/%s has its type and is checked again', async (name, { contentType }) => {
  const program = fakeProgram(servers);
  const response = await program.inject(`/assets/${name}`);
  expect(response.statusCode).toBe(200);
  expect(response.headers['content-type']).toBe(contentType);
  expect(response.headers['x-content-type-options']).toBe('nosniff');
  expect(response.headers['cache-control']).toBe('no-cache');
  expect(response.rawPayload.length).toBeGreaterThan(0);
  const etag = String(response.headers['etag']);
  const again = await program.inject({ url: `/assets/${name}`, headers: { 'if-none-match': etag } });
  expect(again.statusCode).toBe(304);
});

test.each([
  '/assets/../frame.ts',
  '/assets/..%2fframe.ts',
  '/assets/%2e%2e/frame.ts',
  '/assets//etc/passwd',
  '/assets/frame.css%00',
  '/assets/',
  '/assets',
  '/assets/constructor',
])('GET %s finds nothing', async (url) => {
  const response = await fakeProgram(servers).inject(url);
  expect(response.statusCode).toBe(404);
  expect(response.headers['content-type']).toBe('application/problem+json');
});

test.each([
  ['/redoc', {}, '/docs'],
  ['/time/redoc', {}, '/time/docs'],
  ['/mcp/api/my%20files/redoc', { rootPath: '/mcp', pathPrefix: '/api' }, '/mcp/api/my%20files/docs'],
])('GET %s leads to the docs', async (url, settings, location) => {
  const response = await fakeProgram(servers, { settings }).inject(url);
  expect(response.statusCode).toBe(307);
  expect(response.headers['location']).toBe(location);
});
