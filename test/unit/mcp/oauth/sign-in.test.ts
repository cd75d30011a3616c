// The sign-ins of many users: who is signed in, for how long, and what is left of one who is not.

import { expect, test } from 'vitest';
import { createMemoryStore } from '../../../../src/storage/memory.ts';
import type { Store } from '../../../../src/storage/store.ts';
import { beginAs, changes, makeSignIn, ownCallback, refusal, signInAs } from './made.ts';
import { startScripted } from './scripted-server.ts';

const timeoutMs = 30 * 60_000;
const idle = { config: { sessionTimeoutMs: timeoutMs } };

test('users have their own tokens, whatever order they come in', async () => {
  const server = await startScripted();
  const made = makeSignIn(server);
  const users = Array.from({ length: 50 }, (_, index) => `session:${index}`);
  await Promise.all(users.map((user) => signInAs(made, server, user)));
  const tokens = await Promise.all(users.map((user) => made.signIn.grantOf(user).token()));
  expect(new Set(tokens).size).toBe(50);
  expect(server.count('/register')).toBe(1);
  await made.signIn.signOut('session:7');
  const known = await Promise.all(users.map(async (user) => (await made.signIn.status(user)).authenticated));
  expect(known.flatMap((is, index) => (is ? [] : [index]))).toEqual([7]);
});

test('signing out forgets at once, closes what was open, then gives the tokens back', async () => {
  const server = await startScripted();
  const made = makeSignIn(server);
  await signInAs(made, server, 'a');
  const pending = await beginAs(made, 'a');
  const access = await made.signIn.grantOf('a').token();
  await made.signIn.signOut('a');
  expect(made.signedOut).toEqual(['a']);
  expect(changes(made.events)).toEqual(['signed-in', 'signed-out']);
  expect((await made.signIn.status('a')).authenticated).toBe(false);
  expect(server.revoked).toEqual([expect.stringMatching(/^refresh-/), access]);
  // What was begun before is over, too.
  await expect(made.signIn.finish(server.approve(pending), 'browser of a')).rejects.toThrow(/not known here/);
  await made.signIn.signOut('a');
  expect(made.signedOut).toEqual(['a']);
});

test('signing out works where the authorization server does not', async () => {
  const server = await startScripted();
  const made = makeSignIn(server);
  await signInAs(made, server, 'a');
  server.script.down = 503;
  await made.signIn.signOut('a');
  server.script.down = undefined;
  expect((await made.signIn.status('a')).authenticated).toBe(false);
  expect(server.revoked).toEqual([]);
});

test('a user who does nothing is signed out, and no other', async () => {
  const server = await startScripted();
  const made = makeSignIn(server, idle);
  await signInAs(made, server, 'idle');
  await signInAs(made, server, 'busy');
  for (let tenth = 0; tenth < 9; tenth++) {
    made.clock.now += timeoutMs / 10;
    expect((await made.signIn.status('busy')).authenticated).toBe(true);
    // What a connection does by itself is no use: it goes on as long as it is open.
    await made.signIn.grantOf('idle').token();
  }
  await made.signIn.sweep();
  expect(made.signedOut).toEqual([]);
  made.clock.now += timeoutMs / 10;
  await made.signIn.sweep();
  expect(made.signedOut).toEqual(['idle']);
  expect(changes(made.events)).toEqual(['signed-in', 'signed-in', 'expired']);
  expect(server.revoked).toHaveLength(2);
  expect((await made.signIn.status('idle')).authenticated).toBe(false);
  expect((await made.signIn.status('busy')).authenticated).toBe(true);
});

test('a user who comes back too late finds himself signed out, before any sweep', async () => {
  const server = await startScripted();
  const made = makeSignIn(server, idle);
  await signInAs(made, server, 'a');
  made.clock.now += timeoutMs;
  expect((await made.signIn.status('a')).authenticated).toBe(false);
  expect(made.signedOut).toEqual(['a']);
});

test('the time of a grant in the store is prolonged by use, and not at every call', async () => {
  const server = await startScripted();
  const inner = createMemoryStore();
  const lifetimes: number[] = [];
  const store: Store = {
    ...inner,
    set: (key, value, ttlMs) => {
      if (key.startsWith('grant/')) lifetimes.push(ttlMs ?? Infinity);
      return inner.set(key, value, ttlMs);
    },
  };
  const made = makeSignIn(server, { ...idle, store });
  await signInAs(made, server, 'a');
  expect(lifetimes).toEqual([60 * 60_000]);
  for (let call = 0; call < 100; call++) await made.signIn.status('a');
  expect(lifetimes).toHaveLength(1);
  made.clock.now += timeoutMs / 10;
  for (let call = 0; call < 100; call++) await made.signIn.status('a');
  await expect.poll(() => lifetimes.length).toBe(2);
  // A renewed token is no use: the time goes on from the last one.
  made.clock.now += timeoutMs / 2;
  const grant = made.signIn.grantOf('a');
  await grant.refused(await grant.token(), refusal);
  expect(lifetimes.slice(1)).toEqual([60 * 60_000, 45 * 60_000]);
});

test('a user who is busy in another process is not signed out', async () => {
  const server = await startScripted();
  const inner = createMemoryStore();
  let noted = '';
  const store: Store = { ...inner, set: (key, value, ttlMs) => inner.set(key, (noted = value), ttlMs) };
  const clock = { now: Date.now() };
  const here = makeSignIn(server, { ...idle, store, clock });
  await signInAs(here, server, 'a');
  const there = makeSignIn(server, { ...idle, store, clock });
  for (let tenth = 0; tenth < 12; tenth++) {
    clock.now += timeoutMs / 10;
    expect((await there.signIn.status('a')).authenticated).toBe(true);
    await expect.poll(() => noted).toContain(`"usedAt":${clock.now}`);
  }
  await here.signIn.sweep();
  expect(here.signedOut).toEqual([]);
  clock.now += timeoutMs;
  await here.signIn.sweep();
  expect(here.signedOut).toEqual(['a']);
});

test('one sign-in for everybody does not end by itself', async () => {
  const server = await startScripted();
  const made = makeSignIn(server, { config: { multiUser: false, sessionTimeoutMs: timeoutMs } });
  await signInAs(made, server, '');
  made.clock.now += 100 * timeoutMs;
  await made.signIn.sweep();
  expect((await made.signIn.status('')).authenticated).toBe(true);
});

test('what cannot be read in the store counts as gone', async () => {
  const server = await startScripted();
  for (const text of ['{', '{"accessToken":1}', 'null', '"x"']) {
    const inner = createMemoryStore();
    const made = makeSignIn(server, { store: { ...inner, get: async () => text } });
    expect((await made.signIn.status('a')).authenticated).toBe(false);
    await expect(beginAs(made, 'a')).resolves.toMatch(/^http/);
  }
});

test('credentials and tokens of one authorization server never go to another', async () => {
  const [server, other] = [await startScripted({ registersSecret: true }), await startScripted()];
  other.script.metadata = { ...other.script.metadata, authorization_response_iss_parameter_supported: false };
  const made = makeSignIn(server);
  await signInAs(made, server, 'a');
  // What is known of the upstream is fresh when the refusal comes.
  await beginAs(made, 'b');
  server.script.resource = { resource: server.url, authorization_servers: [other.origin] };
  const grant = made.signIn.grantOf('a');
  await expect(grant.refused(await grant.token(), refusal)).rejects.toThrow('notes asks for a sign-in');
  expect(server.count('/token', 'refresh_token')).toBe(0);
  const url = await beginAs(made, 'a');
  expect(url.startsWith(`${other.origin}/authorize`)).toBe(true);
  expect(other.count('/register')).toBe(1);
  await made.signIn.finish(other.approve(url), 'browser of a');
  expect(other.takes(await made.signIn.grantOf('a').token())).toBe(true);
  for (const secret of server.secrets) expect(JSON.stringify(other.seen.map(said))).not.toContain(secret);
});

test('a sign-in that began before a migration ends where it began', async () => {
  const [server, other] = [await startScripted(), await startScripted()];
  const made = makeSignIn(server);
  const url = await beginAs(made, 'a');
  server.script.resource = { resource: server.url, authorization_servers: [other.origin] };
  await made.signIn.finish(server.approve(url), 'browser of a');
  expect(other.seen).toEqual([]);
  // From then on the upstream is believed.
  await expect(beginAs(made, 'b')).resolves.toContain(other.origin);
});

test('a configured secret stays with the authorization server it was first used with', async () => {
  const [server, other] = [await startScripted(), await startScripted()];
  server.know('mine', 'my-secret');
  const store = createMemoryStore();
  const config = { clientId: 'mine', clientSecret: 'my-secret' };
  const made = makeSignIn(server, { store, config });
  await signInAs(made, server, 'a');
  server.script.resource = { resource: server.url, authorization_servers: [other.origin] };
  const later = makeSignIn(server, { store, config });
  await expect(beginAs(later, 'a')).rejects.toThrow(/client_secret belongs to .* and is not sent elsewhere/);
  expect(JSON.stringify(other.seen.map(said))).not.toContain('secret');
  // Other credentials are those of the other one.
  const changed = makeSignIn(server, { store, config: { clientId: 'theirs', clientSecret: 'other-secret' } });
  await expect(beginAs(changed, 'a')).resolves.toContain(other.origin);
});

test('a changed address of the upstream does not get the old tokens', async () => {
  const [server, moved] = [await startScripted(), await startScripted()];
  const store = createMemoryStore();
  await signInAs(makeSignIn(server, { store }), server, 'a');
  expect((await makeSignIn(moved, { store }).signIn.status('a')).authenticated).toBe(false);
  expect((await makeSignIn(server, { store }).signIn.status('a')).authenticated).toBe(true);
});

test('an address of our own that an operator registered is used as it is written', async () => {
  const server = await startScripted();
  const written = 'https://tools.example.com/oauth/notes/callback';
  const redirects = ['http://localhost:3030/callback', 'not a url', written];
  const { signIn } = makeSignIn(server, { config: { clientMetadata: { redirect_uris: redirects } } });
  const url = await signIn.begin({ user: 'a', redirectUrl: ownCallback, binding: 'b', returnTo: undefined });
  expect(new URL(url).searchParams.get('redirect_uri')).toBe(written);
});

test('users that somebody made up are not remembered', async () => {
  const server = await startScripted();
  const inner = createMemoryStore();
  let locks = 0;
  const store: Store = { ...inner, withLock: (...args) => (locks++, inner.withLock(...args)) };
  const made = makeSignIn(server, { ...idle, store });
  for (let id = 0; id < 100; id++) await made.signIn.status(`session:${id}`);
  await made.signIn.sweep();
  expect(locks).toBe(0);
});

function said({
  params,
  authorization,
  body,
}: {
  params: URLSearchParams;
  authorization?: string | undefined;
  body: string;
}) {
  return [params.toString(), authorization === undefined ? '' : atob(authorization.replace('Basic ', '')), body];
}
