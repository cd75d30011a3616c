import { expect, test } from 'vitest';
import { fakeProgram, type FakeOptions, type FakeProgram } from '../fakes.ts';

const guarded: FakeOptions = { settings: { apiKey: 'top-secret' } };
const servers = {
  all: { tools: ['get'] },
  user: { tools: ['get'], session: 'user' },
  caller: { tools: ['get'], session: 'caller', expose: ['resources'], resources: true },
} as const;

async function principalOfCall(program: FakeProgram, server: string, headers: Record<string, string> = {}) {
  const key = { 'x-api-key': 'top-secret' };
  const response = await program.inject({ method: 'POST', url: `/${server}/get`, headers: { ...key, ...headers } });
  expect(response.statusCode).toBe(200);
  return program.upstreams.get(server)?.calls.at(-1)?.principal;
}

test('without a key everybody is nobody in particular; with one everybody is the same user', async () => {
  const open = await principalOfCall(fakeProgram(servers), 'user');
  expect(open).toEqual({ user: '', sessionId: undefined });
  const known = await principalOfCall(fakeProgram(servers, guarded), 'user');
  expect(known).toEqual({ user: expect.stringMatching(/./), sessionId: undefined });
  expect(JSON.stringify(known)).not.toContain('secret');
});

test('a session is named by X-Session-Id where each caller has its own', async () => {
  for (const options of [{}, guarded]) {
    const program = fakeProgram(servers, options);
    const first = await principalOfCall(program, 'caller', { 'x-session-id': '!a{~' });
    const { user } = first ?? {};
    expect(first).toEqual({ user, sessionId: '!a{~' });
    expect(await principalOfCall(program, 'caller', { 'x-session-id': 'b'.repeat(128) })).toEqual({
      user,
      sessionId: 'b'.repeat(128),
    });
    expect(await principalOfCall(program, 'caller')).toEqual({ user, sessionId: undefined });
  }
});

test('questions are asked for the same principal', async () => {
  const program = fakeProgram(servers);
  await program.inject({ url: '/caller/resources', headers: { 'x-session-id': 's' } });
  expect(program.upstreams.get('caller')?.asked).toMatchObject([{ principal: { user: '', sessionId: 's' } }]);
});

test.each(['all', 'user'])('X-Session-Id means nothing where it is not asked for: %s', async (server) => {
  const program = fakeProgram(servers);
  for (const id of ['a', 'not an id', 'x'.repeat(200)]) {
    expect(await principalOfCall(program, server, { 'x-session-id': id })).toEqual({ user: '', sessionId: undefined });
  }
});

test('calls of a shared server share one principal', async () => {
  const program = fakeProgram(servers);
  const first = await principalOfCall(program, 'all');
  expect(await principalOfCall(program, 'all')).toBe(first);
});

test.each(['', 'two words', 'a, b', 'x'.repeat(129), 'gr\u00fc\u00dfe', 'tab\there'])(
  'the session id %j is refused',
  async (id) => {
    const program = fakeProgram(servers);
    const response = await program.inject({ method: 'POST', url: '/caller/get', headers: { 'x-session-id': id } });
    expect(response.statusCode).toBe(400);
    expect(response.json()).toMatchObject({
      code: 'malformed_request',
      detail: expect.stringContaining('X-Session-Id'),
      server: 'caller',
    });
    expect(response.body).not.toContain('two words');
    const { calls, leases } = program.upstreams.get('caller') ?? {};
    expect([calls, leases]).toEqual([[], 0]);
  },
);
