import { expect, test } from 'vitest';
import { fakeProgram, type FakeProgram } from '../fakes.ts';

const key = 'top-secret: ümlaut';

function guarded(strictAuth = false): FakeProgram {
  return fakeProgram({ time: { tools: ['get'] } }, { settings: { apiKey: key, strictAuth } });
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

function call(program: FakeProgram, headers: Record<string, string>) {
  return program.inject({ method: 'POST', url: '/time/get', headers });
}

// Header values are bytes; a client that speaks UTF-8 sends these.
const wireKey = Buffer.from(key).toString('latin1');

test.each([
  ['Bearer', { authorization: `Bearer ${wireKey}` }],
  ['bearer in small letters', { authorization: `bearer ${wireKey}` }],
  ['Basic with any user', { authorization: basic('anybody', key) }],
  ['Basic without a user', { authorization: basic('', key) }],
  ['X-API-Key', { 'x-api-key': wireKey }],
  ['X-API-Key beside another Authorization', { 'x-api-key': wireKey, authorization: 'Bearer a.b.c' }],
])('the key is accepted as %s', async (_name, headers) => {
  expect((await call(guarded(), headers)).statusCode).toBe(200);
});

test.each([
  ['nothing', {}],
  ['an unknown scheme', { authorization: 'Digest abc' }],
  ['an empty token', { authorization: 'Bearer ' }],
  ['a lone word', { authorization: 'Bearer' }],
  ['an empty X-API-Key', { 'x-api-key': '' }],
])('a call with %s is asked for the key', async (_name, headers) => {
  const response = await call(guarded(), headers);
  expect(response.statusCode).toBe(401);
  expect(response.headers['www-authenticate']).toBe('Bearer realm="mcpo"');
  expect(response.json()).toMatchObject({ code: 'unauthenticated', detail: expect.stringContaining('Authorization') });
});

test.each([
  ['Bearer', { authorization: 'Bearer top-secreT' }],
  ['a prefix of the key', { authorization: `Bearer ${wireKey.slice(0, -1)}` }],
  ['Basic', { authorization: basic('user', 'wrong') }],
  ['Basic with the key as user', { authorization: basic(key, '') }],
  ['X-API-Key', { 'x-api-key': 'wrong' }],
])('a wrong key in %s is forbidden', async (_name, headers) => {
  const program = guarded();
  const response = await call(program, headers);
  expect(response.statusCode).toBe(403);
  expect(response.json()).toMatchObject({ code: 'forbidden' });
  expect(response.body).not.toContain('top-secret');
  expect(program.upstreams.get('time')?.calls).toEqual([]);
});

const documents = ['/', '/time/', '/openapi.json', '/openapi.yaml', '/docs', '/time/openapi.json', '/time/docs'];

test.each(documents)('GET %s needs no key without strict authentication', async (url) => {
  expect((await guarded().inject(url)).statusCode).toBe(200);
});

test.each([...documents, '/no/such/path', '/redoc'])('GET %s needs the key with it', async (url) => {
  const program = guarded(true);
  const refused = await program.inject(url);
  expect(refused.statusCode).toBe(401);
  expect(refused.headers['www-authenticate']).toBe('Basic realm="mcpo", charset="UTF-8", Bearer realm="mcpo"');
  const answered = await program.inject({ url, headers: { authorization: basic('', key) } });
  expect([200, 307, 404]).toContain(answered.statusCode);
});

test.each(['/healthz', '/readyz', '/assets/frame.css'])('GET %s never needs the key', async (url) => {
  expect((await guarded(true).inject(url)).statusCode).toBe(200);
});

test('a reload that changes the key changes who may call', async () => {
  const program = guarded();
  program.publish({ apiKey: 'another' });
  expect((await call(program, { 'x-api-key': wireKey })).statusCode).toBe(403);
  expect((await call(program, { 'x-api-key': 'another' })).statusCode).toBe(200);
});
