// What calls and questions have in common on their way to an upstream; what each of them says is tested where it is a route.
import { expect, test } from 'vitest';
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
