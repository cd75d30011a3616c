// What calls and questions have in common on their way to an upstream; what each of them says is tested where it is a route.
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { fakeSignIn } from './fake-sign-in.ts';
import { fakeCatalogue, fakeProgram, type FakeProgram, type FakeServer } from './fakes.ts';

const requests = [
  ['a call', { method: 'POST', url: '/far/get' }],
  ['a question', { method: 'GET', url: '/far/resources' }],
] as const;

const down: FakeServer = {
  expose: ['resources'],
  status: { state: 'down', detail: 'connection refused', attempted: true, nextRetryAt: Date.now() + 60_000 },
};

function learned() {
  return { ...fakeCatalogue(['get']), offers: { resources: true, prompts: false } };
}

test.each(requests)(
  '%s tries a server of which nothing is known, and goes on with what it learned',
  async (_, request) => {
    const program: FakeProgram = fakeProgram({
      far: {
        ...down,
        retry(upstream) {
          upstream.catalogue = learned();
          program.publish();
        },
      },
    });
    expect((await program.inject(request)).statusCode).toBe(200);
    expect(program.upstreams.get('far')?.leases).toBe(0);
  },
);

test.each(requests)('%s to a server that stays down is told why, and when it is tried again', async (_, request) => {
  const program = fakeProgram({ far: down });
  const response = await program.inject(request);
  expect(response.statusCode).toBe(502);
  expect(response.json()).toMatchObject({
    code: 'upstream_unavailable',
    detail: expect.stringContaining('connection refused'),
  });
  expect(Number(response.headers['retry-after'])).toBeGreaterThan(50);
  expect(Number(response.headers['retry-after'])).toBeLessThanOrEqual(60);
});

test.each(requests)('%s to a server whose first attempt runs does not wait for it', async (_, request) => {
  let tried = false;
  const program = fakeProgram({
    far: {
      expose: ['resources'],
      retry() {
        tried = true;
      },
    },
  });
  const response = await program.inject(request);
  expect([response.statusCode, response.headers['retry-after'], tried]).toEqual([503, '1', false]);
  expect(response.json()).toMatchObject({ code: 'starting', server: 'far' });
});

test('an error while it is leased names the server, and a tool only where there is one', async () => {
  const full = { kind: 'overloaded', detail: 'full', retryAfterMs: 1 } as const;
  const far: FakeServer = { tools: ['get'], expose: ['resources'], resources: true, call: () => full, ask: () => full };
  const program = fakeProgram({ far });
  const [call, question] = [await program.inject(requests[0][1]), await program.inject(requests[1][1])];
  expect(call.json()).toMatchObject({ code: 'overloaded', server: 'far', tool: 'get', retryAfter: 1 });
  expect(question.json()).toMatchObject({ code: 'overloaded', server: 'far' });
  expect(question.json()).not.toHaveProperty('tool');
  expect(program.events).toMatchObject([
    { type: 'call', server: 'far', tool: 'get', code: 'overloaded' },
    { type: 'call', server: 'far', tool: 'resources/list', code: 'overloaded' },
  ]);
});

const addressOfEverybody = 'https://auth.example/authorize?state=secret';

/** One sign-in serves everybody, and nobody signed in yet. */
function unsigned(tools: string[] | undefined): FakeServer {
  const detail = `far asks for a sign-in: open ${addressOfEverybody}`;
  return {
    ...(tools !== undefined && { tools }),
    expose: ['resources'],
    resources: true,
    signIn: fakeSignIn({ multiUser: false }),
    call: () => ({ kind: 'unauthorized', detail, authorizationUrl: addressOfEverybody }),
    ask: () => ({ kind: 'unauthorized', detail, authorizationUrl: addressOfEverybody }),
    status: { state: 'authorization-required', detail, authorizationUrl: addressOfEverybody, attempted: true },
  };
}

function limitedKey(limits: object) {
  const digest = createHash('sha256').update('limited').digest('hex');
  return { name: 'ci', digest, servers: undefined, tools: undefined, readOnly: false, expiresAt: undefined, ...limits };
}

const headers = { 'x-api-key': 'limited' };

describe.each([
  ['of which nothing is known', undefined],
  ['that was known', ['get']],
])('a server %s asks for the sign-in that serves everybody', (_, tools) => {
  test.each(requests)('%s with a key for another server is refused, and told nothing of it', async (__, request) => {
    const settings = { keys: [limitedKey({ servers: ['near'] })] };
    const program = fakeProgram({ far: unsigned(tools), near: { tools: ['get'] } }, { settings });
    const response = await program.inject({ ...request, headers });
    expect([response.statusCode, response.json().code]).toEqual([403, 'forbidden']);
    expect(response.body).not.toContain('auth.example');
  });

  test('a call with a key that is not good for signing in is shown our own address, which asks for one', async () => {
    const settings = { keys: [limitedKey({ tools: ['get'] })] };
    const program = fakeProgram({ far: unsigned(tools) }, { settings });
    const response = await program.inject({ method: 'POST', url: '/far/get', headers });
    expect(response.statusCode).toBe(401);
    expect(response.body).not.toContain('auth.example');
    expect(response.json()).toMatchObject({
      code: 'authorization_required',
      authorizationUrl: expect.stringMatching(/\/oauth\/far\/authorize$/),
      detail: expect.stringContaining('/oauth/far/authorize in a browser'),
    });
  });

  test('a call with a key without limits is shown where', async () => {
    const program = fakeProgram({ far: unsigned(tools) }, { settings: { keys: [limitedKey({})] } });
    const response = await program.inject({ method: 'POST', url: '/far/get', headers });
    expect(response.json()).toMatchObject({ authorizationUrl: addressOfEverybody });
  });
});

test('a server that a key is not for is not tried for it', async () => {
  let tried = false;
  const far: FakeServer = { ...down, retry: () => void (tried = true) };
  const program = fakeProgram({ far, near: {} }, { settings: { keys: [limitedKey({ servers: ['near'] })] } });
  const response = await program.inject({ method: 'POST', url: '/far/get', headers });
  expect([response.statusCode, tried]).toEqual([403, false]);
});
