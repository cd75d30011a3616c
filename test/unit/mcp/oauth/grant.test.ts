// Tokens in use: renewed once however many ask, lost for nobody because a server was away, and never asked for in a loop.

import { describe, expect, test } from 'vitest';
import { AuthorizationRequired } from '../../../../src/mcp/oauth/authorizer.ts';
import { createMemoryStore } from '../../../../src/storage/memory.ts';
import { changes, makeSignIn, refusal, signInAs, type Made, type MadeOptions } from './made.ts';
import { startScripted, type Script, type ScriptedServer } from './scripted-server.ts';

const user = 'webui:ann';

async function signedIn(script: Partial<Script> = {}, options: MadeOptions = {}) {
  const server = await startScripted(script);
  const made = makeSignIn(server, options);
  await signInAs(made, server, user);
  return { ...made, server, grant: made.signIn.grantOf(user) };
}

function refreshes(server: ScriptedServer): number {
  return server.count('/token', 'refresh_token');
}

describe('ahead of expiry', () => {
  test.each([
    ['a minute, of an hour', 3600, 60],
    ['a fifth, of a minute and a half', 90, 18],
  ])('a token is renewed: %s', async (_, seconds, ahead) => {
    const { server, grant, clock } = await signedIn({ accessTokenSeconds: seconds });
    const first = await grant.token();
    clock.now += (seconds - ahead) * 1000 - 1;
    expect(await grant.token()).toBe(first);
    clock.now += 1;
    const second = await grant.token();
    expect(second).not.toBe(first);
    expect(server.takes(second)).toBe(true);
    expect(refreshes(server)).toBe(1);
  });

  test('200 calls at expiry are one refresh, and all have the new token', async () => {
    const { server, grant, clock } = await signedIn();
    clock.now += 3600_000;
    const tokens = await Promise.all(Array.from({ length: 200 }, () => grant.token()));
    expect(new Set(tokens).size).toBe(1);
    expect(server.takes(tokens[0])).toBe(true);
    expect(refreshes(server)).toBe(1);
  });

  test('a token without an end is used until it is refused', async () => {
    const { server, grant, clock } = await signedIn({ accessTokenSeconds: undefined });
    const first = await grant.token();
    clock.now += 365 * 24 * 3600_000;
    expect(await grant.token()).toBe(first);
    expect(await grant.refused(first, refusal)).toBe(true);
    expect(await grant.token()).not.toBe(first);
    expect(refreshes(server)).toBe(1);
  });

  test('without a refresh token it is used to its end, and no longer', async () => {
    const { grant, clock, signIn, signedOut } = await signedIn({ refreshTokens: false });
    const first = await grant.token();
    clock.now += 3599_000;
    expect(await grant.token()).toBe(first);
    clock.now += 1_000;
    expect((await signIn.status(user)).authenticated).toBe(false);
    await expect(grant.token()).rejects.toBeInstanceOf(AuthorizationRequired);
    expect(signedOut).toEqual([user]);
  });
});

describe('after a refusal', () => {
  test('200 refusals are one refresh', async () => {
    const { server, grant } = await signedIn();
    const sent = await grant.token();
    const again = await Promise.all(Array.from({ length: 200 }, () => grant.refused(sent, refusal)));
    expect(again.every(Boolean)).toBe(true);
    expect(refreshes(server)).toBe(1);
  });

  test('a refusal that comes late, of a token that was replaced, costs nothing', async () => {
    const { server, grant } = await signedIn();
    const sent = await grant.token();
    await grant.refused(sent, refusal);
    expect(await grant.refused(sent, refusal)).toBe(true);
    expect(await grant.refused(undefined, refusal)).toBe(true);
    expect(refreshes(server)).toBe(1);
  });

  test('refresh tokens that rotate are used once each', async () => {
    const { server, grant } = await signedIn();
    for (let round = 0; round < 2; round++) await grant.refused(await grant.token(), refusal);
    grant.accepted?.(await grant.token());
    for (let round = 0; round < 2; round++) await grant.refused(await grant.token(), refusal);
    expect(refreshes(server)).toBe(4);
    expect(server.takes(await grant.token())).toBe(true);
  });

  test('the old refresh token stays where the server gives no new one', async () => {
    const { server, grant, clock } = await signedIn({ rotates: false });
    for (let round = 0; round < 3; round++) {
      clock.now += 3600_000;
      await grant.token();
    }
    expect(refreshes(server)).toBe(3);
    const spent = server.seen.map(({ params }) => params.get('refresh_token')).filter((token) => token !== null);
    expect(new Set(spent).size).toBe(1);
  });

  test('a server that refuses every token is not asked for ever, nor is the user', async () => {
    const { server, grant, signIn } = await signedIn();
    const errors: unknown[] = [];
    for (let round = 0; round < 10; round++) {
      await grant.refused(await grant.token(), refusal).catch((error: unknown) => errors.push(error));
    }
    expect(refreshes(server)).toBe(2);
    expect(errors).toHaveLength(8);
    expect(errors[0]).not.toBeInstanceOf(AuthorizationRequired);
    expect(String(errors[0])).toMatch(/refuses every token .* check that they belong together/);
    // Signing out and in again begins afresh.
    await signIn.signOut(user);
    await signInAs({ signIn }, server, user);
    const later = signIn.grantOf(user);
    expect(await later.refused(await later.token(), refusal)).toBe(true);
  });

  test('nor where each sign-in gives one token only', async () => {
    const { server, signIn, grant } = await signedIn({ refreshTokens: false });
    const outcomes: string[] = [];
    for (let round = 0; round < 4; round++) {
      const sent = await grant.token();
      outcomes.push(await grant.refused(sent, refusal).then(String, (error: Error) => error.name));
      if (outcomes.at(-1) === 'AuthorizationRequired') await signInAs({ signIn }, server, user);
    }
    expect(outcomes).toEqual(['AuthorizationRequired', 'AuthorizationRequired', 'Error', 'Error']);
  });

  test('a token that worked for a while, and is refused then, is none of those', async () => {
    const { server, grant, clock } = await signedIn({ accessTokenSeconds: undefined });
    for (let round = 0; round < 6; round++) {
      clock.now += 61_000;
      expect(await grant.refused(await grant.token(), refusal)).toBe(true);
    }
    expect(refreshes(server)).toBe(6);
  });
});

describe('a refresh that fails', () => {
  test('by the word of the server, ends the sign-in', async () => {
    const { server, grant, clock, signIn, signedOut, events } = await signedIn();
    server.script.token = { status: 400, body: { error: 'invalid_grant' } };
    clock.now += 3600_000;
    const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => grant.token()));
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { name: 'AuthorizationRequired' } });
    }
    expect(refreshes(server)).toBe(1);
    expect((await signIn.status(user)).authenticated).toBe(false);
    expect(signedOut).toEqual([user]);
    expect(changes(events)).toEqual(['signed-in', 'failed']);
    await expect(grant.token()).rejects.toBeInstanceOf(AuthorizationRequired);
    expect(refreshes(server)).toBe(1);
  });

  test.each([
    ['503', { status: 503, body: 'busy' }],
    ['429', { status: 429, body: {} }],
    ['500 with an OAuth error', { status: 500, body: { error: 'invalid_grant' } }],
    ['temporarily_unavailable', { status: 400, body: { error: 'temporarily_unavailable' } }],
    ['a page', { status: 404, body: '<html>' }],
    ['an answer that is no token', { status: 200, body: '{}' }],
  ])('with %s, decides nothing', async (_, answer) => {
    const { server, grant, clock, signIn, signedOut } = await signedIn();
    const first = await grant.token();
    clock.now += 3590_000;
    server.script.token = answer;
    // The old one is still good for a moment.
    expect(await grant.token()).toBe(first);
    clock.now += 10_000;
    const error: unknown = await grant.token().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(AuthorizationRequired);
    expect(String(error)).toMatch(/cannot be renewed just now/);
    const asked = refreshes(server);
    await Promise.allSettled(Array.from({ length: 50 }, () => grant.refused(first, refusal)));
    expect(refreshes(server)).toBe(asked);
    expect((await signIn.status(user)).authenticated).toBe(true);
    expect(signedOut).toEqual([]);
    server.script.token = undefined;
    clock.now += 5_000;
    expect(server.takes(await grant.token())).toBe(true);
  });

  test('because the upstream and its metadata are away, decides nothing', async () => {
    const { server, grant, clock, signIn } = await signedIn();
    for (const status of [500, 502, 503]) {
      server.script.down = status;
      clock.now += 3600_000;
      const error: unknown = await grant.token().catch((thrown: unknown) => thrown);
      expect(error).not.toBeInstanceOf(AuthorizationRequired);
      expect(String(error)).toContain(`HTTP ${status}`);
      server.script.down = undefined;
      clock.now += 5_000;
      expect(server.takes(await grant.token())).toBe(true);
    }
    expect((await signIn.status(user)).authenticated).toBe(true);
  });

  test('because the client is not known any more, has the next sign-in register another', async () => {
    const { server, grant, clock, signIn } = await signedIn();
    server.forgetClients();
    clock.now += 3600_000;
    await expect(grant.token()).rejects.toBeInstanceOf(AuthorizationRequired);
    expect(server.count('/register')).toBe(1);
    await signInAs({ signIn }, server, user);
    expect(server.count('/register')).toBe(2);
    expect(server.takes(await grant.token())).toBe(true);
  });
});

describe('more rights', () => {
  const missing = (scope: string | undefined) => ({ status: 403, resourceMetadataUrl: undefined, scope }) as const;

  test('are asked for together with those that were given', async () => {
    const { server, grant, signIn } = await signedIn({}, { config: { scopes: ['read'] } });
    const sent = await grant.token();
    await expect(grant.refused(sent, missing('write'))).rejects.toMatchObject({
      name: 'AuthorizationRequired',
      onlyMoreScope: true,
    });
    expect((await signIn.status(user)).authenticated).toBe(true);
    await signInAs({ signIn }, server, user);
    expect((await signIn.status(user)).scope).toBe('read write');
  });

  test('are not asked for again where they were asked for and not given', async () => {
    const { server, grant } = await signedIn({ grants: 'read' }, { config: { scopes: ['read', 'write'] } });
    const sent = await grant.token();
    expect(await grant.refused(sent, missing('write'))).toBe(false);
    expect(await grant.refused(sent, missing('read'))).toBe(false);
    expect(await grant.refused(sent, missing(undefined))).toBe(false);
    expect(refreshes(server)).toBe(0);
  });
});

describe('in a store that is shared', () => {
  async function twoProcesses(script: Partial<Script> = {}) {
    const server = await startScripted(script);
    const [store, clock] = [createMemoryStore(), { now: Date.now() }];
    const one = makeSignIn(server, { store, clock });
    await signInAs(one, server, user);
    const two: Made = makeSignIn(server, { store, clock });
    return { server, clock, one, two };
  }

  test('two processes refresh once', async () => {
    const { server, clock, one, two } = await twoProcesses();
    clock.now += 3600_000;
    const tokens = await Promise.all(
      Array.from({ length: 100 }, (_, index) => (index % 2 === 0 ? one : two).signIn.grantOf(user).token()),
    );
    expect(new Set(tokens).size).toBe(1);
    expect(refreshes(server)).toBe(1);
  });

  test('what one process has renewed, the other one does not spend again', async () => {
    const { server, one, two } = await twoProcesses();
    const sent = await two.signIn.grantOf(user).token();
    await one.signIn.grantOf(user).refused(sent, refusal);
    expect(await two.signIn.grantOf(user).refused(sent, refusal)).toBe(true);
    expect(await two.signIn.grantOf(user).token()).toBe(await one.signIn.grantOf(user).token());
    expect(refreshes(server)).toBe(1);
  });

  test('a new process goes on where the old one ended', async () => {
    const { server, clock, two } = await twoProcesses();
    expect((await two.signIn.status(user)).authenticated).toBe(true);
    clock.now += 3600_000;
    two.signIn.grantOf(user);
    expect(server.takes(await two.signIn.grantOf(user).token())).toBe(true);
    expect(refreshes(server)).toBe(1);
    expect(server.count('/register')).toBe(1);
  });

  test('who signed out in one process is soon signed out in the other', async () => {
    const { clock, one, two } = await twoProcesses();
    await two.signIn.grantOf(user).token();
    await one.signIn.signOut(user);
    clock.now += 5_000;
    expect((await two.signIn.status(user)).authenticated).toBe(false);
  });

  test('the new token is stored before anybody has it', async () => {
    const server = await startScripted();
    const inner = createMemoryStore();
    let stored = '';
    let release = (): void => {};
    let held: Promise<void> | undefined;
    const store = {
      ...inner,
      set: async (key: string, value: string, ttlMs?: number) => {
        await held;
        if (key.startsWith('grant/')) stored = value;
        return inner.set(key, value, ttlMs);
      },
    };
    const made = makeSignIn(server, { store });
    await signInAs(made, server, user);
    const before = stored;
    held = new Promise((resolve) => (release = resolve));
    made.clock.now += 3600_000;
    let given = '';
    const asking = made.signIn
      .grantOf(user)
      .token()
      .then((token) => (given = token ?? ''));
    await expect.poll(() => refreshes(server)).toBe(1);
    expect([given, stored]).toEqual(['', before]);
    release();
    await asking;
    expect(stored).toContain(given);
  });
});

test('a grant of another client than the configured one is not used', async () => {
  const server = await startScripted();
  server.know('old', undefined);
  const store = createMemoryStore();
  const before = makeSignIn(server, { store, config: { clientId: 'old' } });
  await signInAs(before, server, user);
  const after = makeSignIn(server, { store, config: { clientId: 'new' } });
  after.clock.now += 3600_000;
  await expect(after.signIn.grantOf(user).token()).rejects.toBeInstanceOf(AuthorizationRequired);
  expect(refreshes(server)).toBe(0);
});
