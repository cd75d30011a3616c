// Requests that need a token of a user, through the whole of the server: calls, and documents with strict authentication.

import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { JwtConfig, Settings } from '../../../../src/config/types.ts';
import { fakeProgram, type FakeProgram } from '../fakes.ts';
import { chatToken, hmacToken, inSeconds, rsaToken } from './tokens.ts';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const secret = 'secret-of-the-company';

const withSecret: JwtConfig = {
  algorithms: ['HS256'],
  secret,
  jwks: undefined,
  issuer: undefined,
  audience: undefined,
  userClaim: 'sub',
};

interface Kind {
  readonly jwt: () => JwtConfig;
  readonly good: () => string;
  readonly bad: () => string;
}

let keys = '';
let asked = 0;

beforeAll(async () => {
  const server = createServer((_request, response) => {
    asked++;
    response.end(JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one' }] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  keys = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return () => server.close().closeAllConnections();
});

const claims = { sub: 'bob', exp: inSeconds(600) };

describe.each<[string, Kind]>([
  ['a secret', { jwt: () => withSecret, good: () => chatToken('bob', secret), bad: () => chatToken('bob', 'guess') }],
  [
    'a key set',
    {
      jwt: () => ({ ...withSecret, secret: undefined, jwks: keys, algorithms: ['RS256'] }),
      good: () => rsaToken(claims, privateKey, { kid: 'one' }),
      bad: () => hmacToken(claims, 'guess', { alg: 'RS256', kid: 'one' }),
    },
  ],
])('where tokens are verified by %s', (_name, { jwt, good, bad }) => {
  function program(settings: Partial<Settings> = {}): FakeProgram {
    return fakeProgram({ time: { tools: ['get'], session: 'user' } }, { settings: { jwt: jwt(), ...settings } });
  }

  function call(given: FakeProgram, token?: string, more: Record<string, string> = {}) {
    const headers = { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...more };
    return given.inject({ method: 'POST', url: '/time/get', headers });
  }

  test('a call with one is its user\u2019s', async () => {
    const given = program();
    expect((await call(given, good())).statusCode).toBe(200);
    const expected = { user: 'jwt:bob', sessionId: undefined, claims: { id: 'bob' } };
    expect(given.upstreams.get('time')?.calls[0]?.principal).toMatchObject(expected);
  });

  test.each<[string, () => string | undefined]>([
    ['without one', () => undefined],
    ['with a bad one', bad],
    ['with something else', () => 'some-key'],
  ])('a call %s is refused, and the tool does not run', async (_case, token) => {
    const given = program();
    const response = await call(given, token());
    expect(response.statusCode).toBe(401);
    expect(response.headers['www-authenticate']).toBe('Bearer realm="mcpo"');
    expect(response.headers['access-control-allow-origin']).toBe('*');
    expect(response.json()).toMatchObject({
      code: 'unauthenticated',
      detail: expect.stringContaining('Authorization'),
    });
    expect(given.upstreams.get('time')).toMatchObject({ calls: [], leases: 0 });
  });

  test('documents need one with strict authentication only', async () => {
    const open = program();
    const strict = program({ strictAuth: true });
    for (const url of ['/', '/openapi.json', '/docs', '/time/openapi.json', '/time/docs', '/no/such']) {
      expect((await open.inject(url)).statusCode).not.toBe(401);
      const refused = await strict.inject(url);
      expect(refused.statusCode).toBe(401);
      // A password box would be of no use.
      expect(refused.headers['www-authenticate']).toBe('Bearer realm="mcpo"');
      expect((await strict.inject({ url, headers: { authorization: `Bearer ${bad()}` } })).statusCode).toBe(401);
      const admitted = await strict.inject({ url, headers: { authorization: `Bearer ${good()}` } });
      expect([200, 404]).toContain(admitted.statusCode);
    }
    for (const url of ['/healthz', '/readyz']) expect((await strict.inject(url)).statusCode).toBe(200);
  });

  test('a page of any origin may call with one, and no cookie of it counts', async () => {
    const given = program();
    const response = await call(given, good(), { origin: 'https://chat.example', host: 'mcpo.example' });
    expect(response.statusCode).toBe(200);
    expect(response.headers['access-control-allow-origin']).toBe('*');
    expect(response.headers['access-control-allow-credentials']).toBeUndefined();
  });

  test('a request that waited runs on what is in force then', async () => {
    const given = program();
    const waiting = call(given, good());
    given.publish({ name: 'changed' });
    expect((await waiting).statusCode).toBe(200);
  });

  test('beside a key it says who calls, and does not replace it', async () => {
    const given = program({ apiKey: 'k' });
    expect((await call(given, good())).statusCode).toBe(403);
    expect((await call(given, bad(), { 'x-api-key': 'k' })).statusCode).toBe(401);
    expect((await call(given, good(), { 'x-api-key': 'k' })).statusCode).toBe(200);
    expect((await call(given, 'k')).statusCode).toBe(200);
    const users = given.upstreams.get('time')?.calls.map(({ principal }) => principal.user);
    expect(users).toEqual(['jwt:bob', 'key']);
  });
});

test('a reload that changes something else keeps the keys that were fetched', async () => {
  const jwt = () => ({ ...withSecret, secret: undefined, jwks: `${keys}kept`, algorithms: ['RS256'] });
  const given = fakeProgram({ time: { tools: ['get'] } }, { settings: { jwt: jwt() } });
  onTestFinished(() => given.stop());
  const headers = () => ({
    authorization: `Bearer ${rsaToken({ ...claims, jti: asked }, privateKey, { kid: 'one' })}`,
  });
  const before = asked;
  expect((await given.inject({ method: 'POST', url: '/time/get', headers: headers() })).statusCode).toBe(200);
  given.publish({ name: 'changed', jwt: jwt() });
  expect((await given.inject({ method: 'POST', url: '/time/get', headers: headers() })).statusCode).toBe(200);
  expect(asked - before).toBe(1);
  given.publish({ jwt: { ...jwt(), audience: ['mcpo'] } });
  expect((await given.inject({ method: 'POST', url: '/time/get', headers: headers() })).statusCode).toBe(401);
});
