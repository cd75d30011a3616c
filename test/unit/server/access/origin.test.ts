import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Settings } from '../../../../src/config/types.ts';
import { allowsOrigin, checkHostAndOrigin } from '../../../../src/server/access/origin.ts';
import { accessRules } from '../../../../src/server/access/rules.ts';
import { fakeProgram } from '../fakes.ts';

const digestOf = (key: string) => createHash('sha256').update(key).digest('hex');

const time = { time: { tools: ['get'] } };

function call(settings: Partial<Settings>, headers: Record<string, string>) {
  return fakeProgram(time, { settings }).inject({ method: 'POST', url: '/time/get', headers });
}

const loopbackNames = [
  'localhost',
  'localhost:8000',
  'LOCALHOST:1',
  'a.b.localhost',
  '127.0.0.1:9',
  '127.8.9.10',
  '[::1]',
  '[::1]:8000',
];

test.each(loopbackNames)('without a key the host %s is accepted', async (host) => {
  expect((await call({}, { host })).statusCode).toBe(200);
});

const foreignNames = [
  'evil.example',
  'evil.example:8000',
  'localhost.evil.example',
  '127.0.0.1.evil.example',
  '10.0.0.1',
  'notlocalhost',
  '127.0.0.1@evil.example',
  '127.1',
];

test.each(foreignNames)('and the host %j is refused, with the options that would allow it', async (host) => {
  const response = await call({}, { host });
  expect(response.statusCode).toBe(403);
  expect(response.json()).toMatchObject({
    code: 'forbidden',
    detail: expect.stringMatching(/--public-url.*--host.*--api-key/),
  });
});

test.each(['/', '/openapi.json', '/docs', '/healthz', '/readyz', '/nope'])(
  'the host is asked at GET %s',
  async (url) => {
    const response = await fakeProgram(time).inject({ url, headers: { host: 'evil.example' } });
    expect(response.statusCode).toBe(403);
  },
);

test('the host of --public-url is accepted', async () => {
  const settings = { publicUrl: 'https://Tools.example/mcp' };
  expect((await call(settings, { host: 'tools.example' })).statusCode).toBe(200);
  expect((await call(settings, { host: 'tools.example:443' })).statusCode).toBe(200);
  expect((await call(settings, { host: 'evil.example' })).statusCode).toBe(403);
});

test('an address that was asked for by name accepts every host', async () => {
  expect((await call({ host: '0.0.0.0' }, { host: 'mcpo.internal:8000' })).statusCode).toBe(200);
  expect((await call({ host: '10.1.2.3' }, { host: 'anything' })).statusCode).toBe(200);
});

test('a loopback address asked for by name does not', async () => {
  expect((await call({ host: '127.0.0.1' }, { host: 'evil.example' })).statusCode).toBe(403);
  expect((await call({ host: 'localhost' }, { host: 'evil.example' })).statusCode).toBe(403);
  expect((await call({ host: '::1' }, { host: 'evil.example' })).statusCode).toBe(403);
});

test('with a key every host and every origin may call', async () => {
  const headers = { host: 'evil.example', origin: 'https://evil.example', 'x-api-key': 'k' };
  const response = await call({ apiKey: 'k' }, headers);
  expect(response.statusCode).toBe(200);
  expect(response.headers['access-control-allow-origin']).toBe('*');
  expect(response.headers['vary']).toBeUndefined();
  expect(response.headers['access-control-allow-credentials']).toBeUndefined();
});

test.each<[string, Partial<Settings>]>([
  [
    'named keys',
    { keys: [{ name: 'ci', digest: digestOf('k'), servers: [], tools: [], readOnly: true, expiresAt: 1 }] },
  ],
  [
    'tokens of users',
    { jwt: { algorithms: [], secret: 's', jwks: undefined, issuer: undefined, audience: undefined, userClaim: 'sub' } },
  ],
])('so they may with %s', (_name, changed) => {
  const settings = { ...fakeProgram(time).snapshot().config.settings, ...changed };
  const rules = accessRules(settings, { address: '::', port: 8000, scheme: 'http' });
  expect(() => checkHostAndOrigin(rules, 'evil.example', 'https://evil.example', '10.1.2.3')).not.toThrow();
  expect(rules.origins.any).toBe(true);
});

test('all interfaces without a key, should it come to that, are for this machine alone', async () => {
  const program = fakeProgram(time, { settings: { apiKey: 'k' } });
  program.publish({ apiKey: undefined });
  const answer = await program.inject({ url: '/', headers: { host: 'mcpo.internal' } });
  expect(answer.statusCode).toBe(403);

  const rules = accessRules(program.snapshot().config.settings, { address: '::', port: 8000, scheme: 'http' });
  const check = (localAddress: string) => () => checkHostAndOrigin(rules, 'localhost', undefined, localAddress);
  expect(check('192.168.1.5')).toThrow(/--host/);
  expect(check('::ffff:192.168.1.5')).toThrow(/--host/);
  expect(check('127.0.0.1')).not.toThrow();
  expect(check('::ffff:127.0.0.1')).not.toThrow();
  expect(check('::1')).not.toThrow();
});

const localOrigins = [
  'http://localhost:3000',
  'https://localhost',
  'http://app.localhost:5173',
  'http://127.0.0.1:8080',
  'http://127.9.9.9',
  'http://[::1]:4000',
];

test.each(localOrigins)('without a key pages of %s may call', async (origin) => {
  const response = await call({}, { origin });
  expect(response.statusCode).toBe(200);
  expect(response.headers['access-control-allow-origin']).toBe(origin);
  expect(response.headers['vary']).toBe('Origin');
  expect(response.headers['access-control-allow-credentials']).toBeUndefined();
});

const foreignOrigins = [
  'https://evil.example',
  'null',
  'http://localhost.evil.example',
  'file://localhost',
  'http://localhost:80/',
  'http://127.0.0.1@evil.example',
  'chrome-extension://localhost',
  'localhost',
];

test.each(foreignOrigins)('and pages of %s may not', async (origin) => {
  for (const settings of [{}, { host: '0.0.0.0' }]) {
    const response = await call(settings, { origin });
    expect(response.statusCode).toBe(403);
    expect(response.headers['access-control-allow-origin']).toBeUndefined();
    expect(response.headers['vary']).toBe('Origin');
    expect(response.json()).toMatchObject({ detail: expect.stringMatching(/--cors-allow-origins.*--api-key/) });
  }
});

test('the origin of --public-url is our own, the Host header is not', async () => {
  const settings = { publicUrl: 'https://tools.example/mcp', host: '0.0.0.0' };
  const own = await call(settings, { origin: 'https://tools.example' });
  expect(own.headers['access-control-allow-origin']).toBe('https://tools.example');
  const host = await call(settings, { origin: 'https://evil.example', host: 'evil.example' });
  expect(host.statusCode).toBe(403);
});

test('explicit origins win: they and our own may call, with credentials only they', async () => {
  const settings = { corsAllowOrigins: ['https://chat.example', 'http://localhost:3000'], port: 8123 };
  const listed = await call(settings, { origin: 'https://chat.example' });
  expect(listed.statusCode).toBe(200);
  expect(listed.headers['access-control-allow-origin']).toBe('https://chat.example');
  expect(listed.headers['access-control-allow-credentials']).toBe('true');

  const own = await call(settings, { origin: 'http://localhost:8123' });
  expect(own.headers['access-control-allow-origin']).toBe('http://localhost:8123');
  expect(own.headers['access-control-allow-credentials']).toBeUndefined();

  expect((await call(settings, { origin: 'http://localhost:4000' })).statusCode).toBe(403);
});

test('explicit origins beside a key: others get an answer that their page may not read', async () => {
  const settings = { corsAllowOrigins: ['https://chat.example'], apiKey: 'k' };
  const response = await call(settings, { origin: 'https://evil.example', 'x-api-key': 'k' });
  expect(response.statusCode).toBe(200);
  expect(response.headers['access-control-allow-origin']).toBeUndefined();
  expect(response.headers['vary']).toBe('Origin');
});

test('* among the explicit origins means every origin, without credentials', async () => {
  const response = await call({ corsAllowOrigins: ['*'] }, { origin: 'https://evil.example' });
  expect(response.statusCode).toBe(200);
  expect(response.headers['access-control-allow-origin']).toBe('*');
  expect(response.headers['access-control-allow-credentials']).toBeUndefined();
});

test('where every interface is bound, the address that a page came from is our own', () => {
  const settings = { ...fakeProgram(time).snapshot().config.settings, host: '0.0.0.0' };
  const { origins } = accessRules(settings, { address: '0.0.0.0', port: 8000, scheme: 'http' });
  expect(allowsOrigin(origins, 'http://192.168.1.5:8000', '192.168.1.5')).toBe(true);
  expect(allowsOrigin(origins, 'http://192.168.1.5:8000', '::ffff:192.168.1.5')).toBe(true);
  expect(allowsOrigin(origins, 'http://[fd00::5]:8000', 'fd00::5')).toBe(true);
  expect(allowsOrigin(origins, 'http://192.168.1.5:9000', '192.168.1.5')).toBe(false);
  expect(allowsOrigin(origins, 'https://192.168.1.5:8000', '192.168.1.5')).toBe(false);
  expect(allowsOrigin(origins, 'http://192.168.1.6:8000', '192.168.1.5')).toBe(false);

  const { origins: standard } = accessRules(settings, { address: '::', port: 443, scheme: 'https' });
  expect(allowsOrigin(standard, 'https://192.168.1.5', '192.168.1.5')).toBe(true);
});

test('an address that was bound by name is our own origin', () => {
  const settings = { ...fakeProgram(time).snapshot().config.settings, host: '192.168.1.5' };
  const { origins } = accessRules(settings, { address: '192.168.1.5', port: 8000, scheme: 'http' });
  expect(allowsOrigin(origins, 'http://192.168.1.5:8000', '192.168.1.5')).toBe(true);
  expect(allowsOrigin(origins, 'http://192.168.1.6:8000', '192.168.1.5')).toBe(false);
});
