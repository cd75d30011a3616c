import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { freePort } from '../../support.ts';
import { rsaToken } from './access/tokens.ts';
import { fakeProgram } from './fakes.ts';

const servers = { time: { tools: ['get'] }, slow: {}, off: { disabled: true } };
const reading = 'GET, HEAD';

test.each([
  ['POST', '/', reading],
  ['POST', '/docs', reading],
  ['PUT', '/openapi.json', reading],
  ['POST', '/healthz', reading],
  ['DELETE', '/assets/frame.css', reading],
  ['POST', '/time', reading],
  ['POST', '/time/', reading],
  ['POST', '/time/openapi.json', reading],
  ['PATCH', '/time/docs', reading],
  ['GET', '/time/get', 'POST'],
  ['DELETE', '/time/get/', 'POST'],
  ['GET', '/slow/anything', 'POST'],
] as const)('%s %s is 405 and says what would be right', async (method, url, allow) => {
  const response = await fakeProgram(servers).inject({ method, url });
  expect(response.statusCode).toBe(405);
  expect(response.headers['allow']).toBe(allow);
  expect(response.json()).toMatchObject({ code: 'method_not_allowed' });
});

test.each([
  ['GET', '/time/gett', 'unknown_tool'],
  ['GET', '/tim/get', 'unknown_server'],
  ['GET', '/off/get', 'unknown_server'],
  ['POST', '/metrics', 'not_found'],
  ['GET', '/metrics', 'not_found'],
  ['GET', '/favicon.ico', 'not_found'],
  ['GET', '/time/metrics', 'not_found'],
  ['GET', '/a/b/c', 'not_found'],
  ['GET', '/assets/nothing.js', 'not_found'],
] as const)('%s %s is 404 %s', async (method, url, code) => {
  const response = await fakeProgram(servers).inject({ method, url });
  expect(response.statusCode).toBe(404);
  expect(response.json()).toMatchObject({ code });
});

test.each([
  ['/healtz', 'healthz'],
  ['/opnapi.json', 'openapi.json'],
  ['/time/opnapi.json', 'openapi.json'],
])('GET %s is 404 and names %s', async (url, name) => {
  const response = await fakeProgram(servers).inject(url);
  expect(response.statusCode).toBe(404);
  expect(response.json().detail).toContain(`Did you mean "${name}"?`);
});

test('with a single server too', async () => {
  const program = fakeProgram({ time: servers.time }, { mode: 'single' });
  expect((await program.inject('/healtz')).json().detail).toContain('Did you mean "healthz"?');
});

test('a call is told of tools and servers only', async () => {
  for (const url of ['/time/doc', '/doc/get']) {
    const response = await fakeProgram(servers).inject({ method: 'POST', url });
    expect(response.json().detail).not.toContain('docs');
  }
});

test('with a single server the paths of tools take POST only', async () => {
  const program = fakeProgram({ time: servers.time }, { mode: 'single' });
  expect((await program.inject('/get')).headers['allow']).toBe('POST');
  for (const url of ['/docs', '/', '//']) {
    const response = await program.inject({ method: 'POST', url });
    expect([url, response.statusCode, response.headers['allow']]).toEqual([url, 405, reading]);
  }
  expect((await program.inject('/gett')).json()).toMatchObject({ code: 'unknown_tool' });
  expect((await program.inject('/time/docs')).json()).toMatchObject({ code: 'not_found' });
  expect((await program.inject('/docs')).statusCode).toBe(200);
});

test('nothing runs before a token is verified whose keys have to be fetched', async () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const token = rsaToken({ sub: 'alice' }, privateKey);
  const jwt = {
    algorithms: ['RS256'],
    secret: undefined,
    // Nobody is there.
    jwks: `http://127.0.0.1:${await freePort()}/keys`,
    issuer: undefined,
    audience: undefined,
    userClaim: 'sub',
  };
  const program = fakeProgram(servers, { settings: { jwt } });
  const headers = { authorization: `Bearer ${token}` };
  const response = await program.inject({ method: 'POST', url: '/time/get', headers });
  expect(response.statusCode).toBe(502);
  expect(program.upstreams.get('time')?.calls).toEqual([]);
});

test.each(['PROPFIND', 'SEARCH', 'PURGE', 'TRACE'] as const)('%s is a wrong method like any other', async (method) => {
  // Methods that no route of ours knows; the type lists only Fastify's own.
  const response = await fakeProgram(servers).inject({ method: method as 'GET', url: '/time/get' });
  expect(response.statusCode).toBe(405);
  expect(response.headers['allow']).toBe('POST');
  expect(response.headers['content-type']).toBe('application/problem+json');
});

test.each(['/time/get/', '//time//get', '/time/get?x=//', '///time/get///?x=1', '/mcp/time/get', '/mcp/time/get/'])(
  'POST %s calls the tool and never redirects',
  async (url) => {
    const program = fakeProgram(servers, { settings: { rootPath: '/mcp' } });
    expect((await program.inject({ method: 'POST', url })).statusCode).toBe(200);
  },
);

test('under a path prefix, servers answer there and nowhere else', async () => {
  const program = fakeProgram(servers, { settings: { pathPrefix: '/api' } });
  expect((await program.inject({ method: 'POST', url: '/api/time/get' })).statusCode).toBe(200);
  const outside = await program.inject({ method: 'POST', url: '/time/get' });
  expect(outside.statusCode).toBe(404);
  expect(outside.json()).toMatchObject({ detail: expect.stringContaining('/api') });
  for (const url of ['/', '/api', '/api/', '/openapi.json', '/api/openapi.json', '/docs', '/api/docs', '/healthz']) {
    expect([url, (await program.inject(url)).statusCode]).toEqual([url, 200]);
  }
  expect((await program.inject('/api/healthz')).statusCode).toBe(404);
});

test.each(['/%', '/time/%zz', '/%c3%28/get', '/time/%e0%a4'])(
  'a path that is badly encoded is 400: %s',
  async (url) => {
    for (const method of ['GET', 'POST'] as const) {
      const response = await fakeProgram(servers).inject({ method, url });
      expect(response.statusCode).toBe(400);
      expect(response.json()).toMatchObject({ code: 'malformed_request', detail: expect.stringContaining('%25') });
      expect(response.headers['x-request-id']).toBeDefined();
    }
  },
);

test.each(['/time/get', '/docs', '/nope/x', '/%zz', '/'])('a preflight for %s needs no key', async (url) => {
  const program = fakeProgram(servers, { settings: { apiKey: 'k', strictAuth: true } });
  const response = await program.inject({
    method: 'OPTIONS',
    url,
    headers: {
      origin: 'https://chat.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization, content-type, x-session-id',
      'access-control-request-private-network': 'true',
    },
  });
  expect(response.statusCode).toBe(204);
  expect(response.body).toBe('');
  expect(response.headers).toMatchObject({
    'access-control-allow-origin': '*',
    'access-control-allow-methods': expect.stringContaining('POST'),
    'access-control-allow-headers': 'authorization, content-type, x-session-id',
    'access-control-allow-private-network': 'true',
    'access-control-max-age': expect.stringMatching(/^\d+$/),
  });
  expect(response.headers['content-length']).toBeUndefined();
});

test('every answer carries CORS, nosniff and a request id, errors too', async () => {
  const program = fakeProgram(servers, { settings: { apiKey: 'k' } });
  const key = { 'x-api-key': 'k' };
  const answers = await Promise.all([
    program.inject({ method: 'POST', url: '/time/get' }),
    program.inject({ method: 'POST', url: '/time/get', headers: { 'x-api-key': 'wrong' } }),
    program.inject({ method: 'POST', url: '/nope/get', headers: key }),
    program.inject({ method: 'DELETE', url: '/time/get', headers: key }),
    program.inject({ method: 'POST', url: '/time/get', headers: key, payload: `"${'x'.repeat(2 * 1024 * 1024)}"` }),
    program.inject({ url: `/${'x'.repeat(9000)}` }),
    program.inject({ url: '/', headers: { cookie: 'x'.repeat(17_000) } }),
    program.inject({ method: 'POST', url: '/time/get', headers: key, payload: 'a=1' }),
    program.inject({ method: 'POST', url: '/slow/get', headers: key }),
    program.inject({ method: 'POST', url: '/time/get', headers: key }),
    program.inject('/docs'),
  ]);
  expect(answers.map(({ statusCode }) => statusCode)).toEqual([401, 403, 404, 405, 413, 414, 431, 400, 503, 200, 200]);
  for (const { headers } of answers) {
    expect(headers['access-control-allow-origin']).toBe('*');
    expect(headers['access-control-expose-headers']).toBe(
      'Content-Disposition, Location, X-Request-Id, Retry-After, ETag',
    );
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['x-request-id']).toMatch(/^[\w.-]{1,128}$/);
  }
  expect(new Set(answers.map(({ headers }) => headers['x-request-id'])).size).toBe(answers.length);
});

test.each(['', 'has space', 'x'.repeat(129), 'a/b', 'a\u00e9', '<script>'])(
  'a request id that could do harm is replaced: %j',
  async (id) => {
    const response = await fakeProgram(servers).inject({ url: '/', headers: { 'x-request-id': id } });
    expect(response.headers['x-request-id']).not.toBe(id);
    expect(response.headers['x-request-id']).toMatch(/^[\w.-]{1,128}$/);
  },
);
