import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { AccessKey } from '../../../../src/config/types.ts';
import { checkKey, isKey, knownKeys, type KnownKey } from '../../../../src/server/access/keys.ts';
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

test('a key that was accepted a moment ago opens nothing for another of its length', async () => {
  const program = guarded();
  const wrong = `${wireKey.slice(0, -1)}x`;
  for (const [sent, status] of [
    [wireKey, 200],
    [wrong, 403],
    [wireKey, 200],
    [wrong, 403],
  ] as const) {
    expect((await call(program, { 'x-api-key': sent })).statusCode).toBe(status);
  }
});

test('each of several keys is itself, whichever came before', () => {
  const digestOf = (text: string) => createHash('sha256').update(text).digest('hex');
  const limits = { servers: undefined, tools: undefined, readOnly: false, expiresAt: undefined };
  const keys = knownKeys({
    apiKey: 'aaaa',
    keys: ['bbbb', 'cccc'].map((text) => ({ ...limits, name: text, digest: digestOf(text) })),
  });
  for (const sent of ['bbbb', 'bbbb', 'cccc', 'aaaa', 'bbbb']) {
    const { name } = checkKey(keys, { 'x-api-key': sent });
    expect(name).toBe(sent === 'aaaa' ? '' : sent);
  }
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

function named(name: string, value: string, changes: Partial<AccessKey> = {}): AccessKey {
  const digest = createHash('sha256').update(value).digest('hex');
  return { name, digest, servers: undefined, tools: undefined, readOnly: false, expiresAt: undefined, ...changes };
}

describe('many keys', () => {
  const keys = knownKeys({ apiKey: 'main', keys: [named('ci', 'key-of-ci'), named('gr\u00fc\u00df', 'key-\u00fc')] });

  test.each([
    ['main', ''],
    ['key-of-ci', 'ci'],
    [Buffer.from('key-\u00fc').toString('latin1'), 'gr\u00fc\u00df'],
  ])('each opens the door, and says which it is: %s', (sent, name) => {
    expect(checkKey(keys, { authorization: `Bearer ${sent}` })).toMatchObject({ name });
    expect(checkKey(keys, { 'x-api-key': sent })).toMatchObject({ name });
    expect(checkKey(keys, { 'x-api-key': 'wrong', authorization: `Bearer ${sent}` })).toMatchObject({ name });
    expect(isKey(keys, sent)).toBe(true);
  });

  test.each(['', 'mai', 'main ', 'key-of-', named('ci', 'key-of-ci').digest])('nothing else does: %j', (sent) => {
    expect(() => checkKey(keys, { 'x-api-key': sent })).toThrow(sent === '' ? /needs the API key/ : /is wrong/);
    expect(isKey(keys, sent)).toBe(false);
  });

  test('of two that are sent, X-API-Key is the one', () => {
    expect(checkKey(keys, { 'x-api-key': 'key-of-ci', authorization: 'Bearer main' })).toMatchObject({ name: 'ci' });
  });

  test('a holder is told from others by the name of the key, never by the key', () => {
    expect(keys.map(({ holder }) => holder.user)).toEqual(['key', 'key:ci', 'key:gr\u00fc\u00df']);
  });

  test('named ones alone guard the calls as well', async () => {
    const program = fakeProgram({ time: { tools: ['get'] } }, { settings: { keys: [named('ci', 'key-of-ci')] } });
    expect((await call(program, { 'x-api-key': 'key-of-ci' })).statusCode).toBe(200);
    expect((await call(program, { 'x-api-key': 'wrong' })).statusCode).toBe(403);
    expect((await call(program, {})).statusCode).toBe(401);
    expect((await program.inject('/time/openapi.json')).statusCode).toBe(200);
  });
});

test('every key is compared, whichever fits, in constant time', () => {
  let compared: string[] = [];
  const watched = knownKeys({ apiKey: 'one', keys: [named('two', '2'), named('three', '3')] }).map(
    (known): KnownKey => ({
      ...known,
      get digest() {
        compared.push(known.name);
        return known.digest;
      },
    }),
  );
  for (const sent of ['one', '2', '3', 'wrong']) {
    compared = [];
    isKey(watched, sent);
    expect(compared).toEqual(['', 'two', 'three']);
  }
  // Only the comparison in constant time refuses to compare what differs in length.
  const short = watched.map((known) => ({ ...known, digest: Buffer.from('short') }));
  expect(() => isKey(short, 'one')).toThrow(expect.objectContaining({ code: 'ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH' }));
});

test('an expired key is forbidden, and told so', () => {
  const expiresAt = Date.UTC(2026, 0, 2, 3, 4, 5);
  const keys = knownKeys({ apiKey: 'main', keys: [named('ci', 'key-of-ci', { expiresAt })] });
  expect(checkKey(keys, { 'x-api-key': 'key-of-ci' }, () => expiresAt - 1)).toMatchObject({ name: 'ci' });
  const expired = expect.objectContaining({
    code: 'forbidden',
    message: 'The API key "ci" expired on 2026-01-02T03:04:05Z: ask for a new one.',
  });
  expect(() => checkKey(keys, { 'x-api-key': 'key-of-ci' }, () => expiresAt)).toThrow(expired);
  // Nor is another one beside it looked for.
  const beside = { 'x-api-key': 'key-of-ci', authorization: 'Bearer main' };
  expect(() => checkKey(keys, beside, () => expiresAt)).toThrow(expired);
});
