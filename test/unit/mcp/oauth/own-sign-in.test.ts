// The sign-in that serves everybody: begun when the upstream asks for it, shown once, ended on a port of this machine.

import { describe, expect, test } from 'vitest';
import { AuthorizationRequired } from '../../../../src/mcp/oauth/authorizer.ts';
import type { CallbackPage } from '../../../../src/mcp/oauth/callback-place.ts';
import { createMemoryStore } from '../../../../src/storage/memory.ts';
import { changes, makeSignIn, ownCallback, refusal, type Made, type MadeOptions } from './made.ts';
import { startScripted, type ScriptedServer } from './scripted-server.ts';

function alone(server: ScriptedServer, { config, ...options }: MadeOptions = {}): Made {
  return makeSignIn(server, { ...options, config: { multiUser: false, ...config } });
}

async function refused({ signIn }: Made): Promise<AuthorizationRequired> {
  const error: unknown = await signIn
    .grantOf('')
    .refused(undefined, refusal)
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(AuthorizationRequired);
  return error as AuthorizationRequired;
}

async function addressOf(made: Made): Promise<string> {
  return (await refused(made)).authorizationUrl ?? '';
}

/** As the browser comes back to the loopback port. */
async function comeBack({ waiting }: Made, port: number, params: URLSearchParams): Promise<CallbackPage | undefined> {
  for (const take of waiting.get(port) ?? []) {
    const page = await take(params);
    if (page !== undefined) return page;
  }
  return undefined;
}

test('is begun when the upstream asks for it, and not before', async () => {
  const server = await startScripted();
  const made = alone(server);
  expect(await made.signIn.grantOf('').token()).toBeUndefined();
  expect(server.seen).toEqual([]);
  const error = await refused(made);
  const url = error.authorizationUrl ?? '';
  expect(error.message).toBe(`notes asks for a sign-in: open ${url}`);
  expect(new URL(url).searchParams.get('redirect_uri')).toBe('http://localhost:3030/callback');
  expect(made.events).toEqual([{ type: 'sign-in-needed', server: 'notes', url, opened: true }]);
  expect(made.opened).toEqual([url]);
  expect(await comeBack(made, 3030, new URLSearchParams({ state: 'unknown', code: 'x' }))).toBeUndefined();
  expect(await comeBack(made, 3030, server.approve(url))).toMatchObject({ title: 'Signed in', ok: true });
  expect(made.signedIn).toEqual(['']);
  expect(made.waiting.size).toBe(0);
  expect(server.takes(await made.signIn.grantOf('').token())).toBe(true);
  expect(JSON.parse(server.seen.find(({ path }) => path === '/register')?.body ?? '')).toMatchObject({
    application_type: 'native',
    redirect_uris: ['http://localhost:3030/callback'],
    token_endpoint_auth_method: 'none',
  });
});

test('has one address for all who ask, and one window', async () => {
  const server = await startScripted();
  const made = alone(server);
  const urls = await Promise.all(Array.from({ length: 50 }, () => addressOf(made)));
  expect(new Set(urls).size).toBe(1);
  expect(made.events).toHaveLength(1);
  expect(made.opened).toHaveLength(1);
  expect(server.count('/register')).toBe(1);
});

test('has another address before the first one is over, and opens no second window for it', async () => {
  const server = await startScripted();
  const made = alone(server);
  const first = await addressOf(made);
  made.clock.now += 8 * 60_000;
  const second = await addressOf(made);
  expect(second).not.toBe(first);
  expect(made.opened).toEqual([first]);
  expect(made.events.map((event) => event.type === 'sign-in-needed' && event.opened)).toEqual([true, false]);
  expect(made.waiting.get(3030)?.size).toBe(1);
  // Whoever was slow with the first one gets in all the same.
  expect(await comeBack(made, 3030, server.approve(first))).toMatchObject({ ok: true });
});

test('that was refused has another address at once', async () => {
  const server = await startScripted();
  const made = alone(server);
  const url = await addressOf(made);
  const back = server.approve(url, { code: undefined, error: 'access_denied' });
  expect(await comeBack(made, 3030, back)).toEqual({
    title: 'Not signed in',
    detail: 'the sign-in to notes was refused',
    ok: false,
  });
  expect(made.waiting.size).toBe(0);
  // The upstream is told to ask again: the address that it shows is used up.
  expect(made.signedIn).toEqual(['']);
  expect((await made.signIn.status('')).authenticated).toBe(false);
  expect(await addressOf(made)).not.toBe(url);
  expect(made.opened).toEqual([url]);
});

describe('comes back', () => {
  test('to the proxy where the port is taken', async () => {
    const server = await startScripted();
    const made = alone(server, { takenPorts: [3030] });
    const url = await addressOf(made);
    expect(new URL(url).searchParams.get('redirect_uri')).toBe(ownCallback);
    expect(made.opened).toEqual([url]);
    await made.signIn.finish(server.approve(url), undefined);
    expect((await made.signIn.status('')).authenticated).toBe(true);
  });

  test('to the proxy, and without a window, where use_loopback is false', async () => {
    const server = await startScripted();
    const made = alone(server, { config: { useLoopback: false } });
    const url = await addressOf(made);
    expect(new URL(url).searchParams.get('redirect_uri')).toBe(ownCallback);
    expect([made.opened, made.waiting.size]).toEqual([[], 0]);
  });

  test.each([
    ['http://127.0.0.1:4711/back', 4711, 'http://127.0.0.1:4711/back'],
    ['http://localhost:3031/callback', 3031, 'http://localhost:3031/callback'],
    ['https://tools.example.com/callback', 3030, 'http://localhost:3030/callback'],
    ['http://tools.example.com:80/callback', 3030, 'http://localhost:3030/callback'],
    ['https://tools.example.com/oauth/notes/callback', undefined, 'https://tools.example.com/oauth/notes/callback'],
  ])('where client_metadata.redirect_uris says, if it can: %s', async (written, port, used) => {
    const server = await startScripted();
    const made = alone(server, { config: { clientMetadata: { redirect_uris: [written] } } });
    const url = await addressOf(made);
    expect(new URL(url).searchParams.get('redirect_uri')).toBe(used);
    expect([...made.waiting.keys()]).toEqual(port === undefined ? [] : [port]);
  });
});

test('that cannot begin says why, and is not tried with every call', async () => {
  const server = await startScripted();
  delete server.script.metadata?.['registration_endpoint'];
  const made = alone(server);
  for (let call = 0; call < 20; call++) {
    const error = await refused(made);
    expect(error.message).toContain('configure its client_id');
    expect(error.authorizationUrl).toBeUndefined();
  }
  expect(server.seen.length).toBeLessThan(5);
  expect(changes(made.events)).toEqual(['failed']);
  expect(made.waiting.size).toBe(0);
  Object.assign(server.script.metadata ?? {}, { registration_endpoint: `${server.origin}/register` });
  made.clock.now += 10 * 60_000;
  expect(await addressOf(made)).toContain('/authorize');
});

test('is not what is missing where the authorization server is away', async () => {
  const server = await startScripted({ down: 503 });
  const made = alone(server);
  const error: unknown = await made.signIn
    .grantOf('')
    .refused(undefined, refusal)
    .catch((thrown: unknown) => thrown);
  expect(error).not.toBeInstanceOf(AuthorizationRequired);
  expect(made.waiting.size).toBe(0);
  expect(made.events).toEqual([]);
  server.script.down = undefined;
  expect(await addressOf(made)).toContain('/authorize');
});

test('asks for more rights with an own address, and goes on with the old ones meanwhile', async () => {
  const server = await startScripted();
  const made = alone(server);
  const grant = made.signIn.grantOf('');
  const challenge = { ...refusal, scope: 'read' };
  await expect(grant.refused(undefined, challenge)).rejects.toBeInstanceOf(AuthorizationRequired);
  await comeBack(made, 3030, server.approve(await addressOf(made)));
  const sent = await grant.token();
  const more: unknown = await grant
    .refused(sent, { status: 403, resourceMetadataUrl: undefined, scope: 'write' })
    .catch((thrown: unknown) => thrown);
  expect(more).toMatchObject({ onlyMoreScope: true });
  const url = (more as AuthorizationRequired).authorizationUrl ?? '';
  expect(new URL(url).searchParams.get('scope')).toContain('write');
  expect(await grant.token()).toBe(sent);
  await comeBack(made, 3030, server.approve(url));
  expect(await grant.token()).not.toBe(sent);
});

test('serves a program that starts again', async () => {
  const server = await startScripted();
  const store = createMemoryStore();
  const before = alone(server, { store });
  await comeBack(before, 3030, server.approve(await addressOf(before)));
  before.signIn.close();
  const after = alone(server, { store });
  expect(server.takes(await after.signIn.grantOf('').token())).toBe(true);
  expect(after.opened).toEqual([]);
});

test('closing waits for nobody', async () => {
  const server = await startScripted();
  const made = alone(server);
  await addressOf(made);
  made.signIn.close();
  made.signIn.close();
  expect(made.waiting.size).toBe(0);
});
