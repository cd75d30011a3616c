// Who we are to an authorization server: configured, published or registered, in this order; and what a registration says.

import { describe, expect, test } from 'vitest';
import type { OAuthConfig } from '../../../../src/config/types.ts';
import { createMemoryStore } from '../../../../src/storage/memory.ts';
import { beginAs, makeSignIn, ownCallback, signInAs } from './made.ts';
import { startScripted, type ScriptedServer } from './scripted-server.ts';

function clientIn(url: string): string {
  return new URL(url).searchParams.get('client_id') ?? '';
}

function registered(server: ScriptedServer): Record<string, unknown>[] {
  return server.seen
    .filter(({ path }) => path === '/register')
    .map(({ body }) => JSON.parse(body) as Record<string, unknown>);
}

const document = 'https://proxy.example/client.json';

test('a configured client comes first', async () => {
  const server = await startScripted();
  Object.assign(server.script.metadata ?? {}, { client_id_metadata_document_supported: true });
  const made = makeSignIn(server, { config: { clientId: 'mine', clientMetadataUrl: document } });
  expect(clientIn(await beginAs(made, 'a'))).toBe('mine');
  expect(registered(server)).toEqual([]);
});

test('then a metadata document, where the server reads those', async () => {
  const server = await startScripted();
  Object.assign(server.script.metadata ?? {}, { client_id_metadata_document_supported: true });
  const made = makeSignIn(server, { config: { clientMetadataUrl: document } });
  expect(clientIn(await beginAs(made, 'a'))).toBe(document);
  await signInAs(made, server, 'a');
  const exchange = server.seen.find(({ path }) => path === '/token');
  expect(exchange?.params.get('client_id')).toBe(document);
  expect(exchange?.authorization).toBeUndefined();
  expect(registered(server)).toEqual([]);
  const elsewhere = await startScripted();
  expect(clientIn(await beginAs(makeSignIn(elsewhere, { config: { clientMetadataUrl: document } }), 'a'))).toMatch(
    /^client-/,
  );
});

test('a registration says what was configured, and the redirect URI that is served', async () => {
  const server = await startScripted();
  const config: Partial<OAuthConfig> = {
    tokenEndpointAuthMethod: 'client_secret_post',
    scopes: ['read'],
    clientMetadata: { client_name: 'Tools', contacts: ['a@b.c'], redirect_uris: ['https://elsewhere.example/cb'] },
  };
  await beginAs(makeSignIn(server, { config }), 'a');
  expect(registered(server)).toEqual([
    {
      client_name: 'Tools',
      contacts: ['a@b.c'],
      redirect_uris: [ownCallback],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      application_type: 'web',
      token_endpoint_auth_method: 'client_secret_post',
      scope: 'read',
    },
  ]);
});

test('a registration is kept, for each redirect URI, and shared by all users', async () => {
  const server = await startScripted();
  const store = createMemoryStore();
  const first = makeSignIn(server, { store });
  await Promise.all(['a', 'b', 'c'].map((user) => beginAs(first, user)));
  await beginAs(makeSignIn(server, { store }), 'd');
  expect(registered(server)).toHaveLength(1);
  const redirectUrl = 'https://other.example/oauth/notes/callback';
  await first.signIn.begin({ user: 'e', redirectUrl, binding: 'b', returnTo: undefined });
  expect(registered(server)).toHaveLength(2);
});

test('one with a secret that expired is made anew', async () => {
  const server = await startScripted();
  const expires = (seconds: number) => ({
    status: 201,
    body: {
      client_id: `c${seconds}`,
      client_secret: 's',
      client_secret_expires_at: seconds,
      redirect_uris: [ownCallback],
    },
  });
  const made = makeSignIn(server);
  const soon = Math.floor(made.clock.now / 1000) + 60;
  server.script.registration = expires(soon);
  expect(clientIn(await beginAs(made, 'a'))).toBe(`c${soon}`);
  server.script.registration = expires(0);
  expect(clientIn(await beginAs(made, 'a'))).toBe(`c${soon}`);
  made.clock.now += 61_000;
  expect(clientIn(await beginAs(made, 'a'))).toBe('c0');
});

test('one that the server lost, and only told the browser, is made anew once', async () => {
  const server = await startScripted();
  const store = createMemoryStore();
  await signInAs(makeSignIn(server, { store }), server, 'a');
  server.forgetClients();
  const restarted = makeSignIn(server, { store });
  const lost = await beginAs(restarted, 'b');
  expect(() => server.approve(lost)).toThrow('unknown client');
  const url = await beginAs(restarted, 'b');
  await restarted.signIn.finish(server.approve(url), 'browser of b');
  for (let more = 0; more < 5; more++) await beginAs(restarted, 'c');
  expect(registered(server)).toHaveLength(2);
});

test('one that the token endpoint does not know is made anew', async () => {
  const server = await startScripted();
  const made = makeSignIn(server);
  const back = server.approve(await beginAs(made, 'a'));
  server.forgetClients();
  await expect(made.signIn.finish(back, 'browser of a')).rejects.toThrow(/invalid_client.*begin it again/);
  await signInAs(made, server, 'a');
  expect(registered(server)).toHaveLength(2);
});

describe('where nothing is registered', () => {
  test.each([
    ['the server does not offer it', undefined],
    ['it needs more than we have', { status: 401, body: { error: 'invalid_token' } }],
    ['it is not there', { status: 404, body: '<html>' }],
  ])('because %s, the sentence says what to do', async (_, answer) => {
    const server = await startScripted({ registration: answer });
    if (answer === undefined) delete server.script.metadata?.['registration_endpoint'];
    const error: unknown = await beginAs(makeSignIn(server), 'a').catch((thrown: unknown) => thrown);
    expect(String(error)).toContain('registers no clients by itself');
    expect(String(error)).toContain(
      `create one there with the redirect URI ${ownCallback} and configure its client_id`,
    );
    expect(server.count('/register')).toBe(answer === undefined ? 0 : 1);
  });

  test('because it is refused, it says why', async () => {
    const body = { error: 'invalid_client_metadata', error_description: 'no such\nscope' };
    const server = await startScripted({ registration: { status: 400, body } });
    await expect(beginAs(makeSignIn(server), 'a')).rejects.toThrow(
      /refuses to register a client \(invalid_client_metadata: no such scope\); check client_metadata/,
    );
    expect(server.count('/register')).toBe(1);
  });

  test('because the server is away, nothing is decided', async () => {
    const server = await startScripted({ registration: { status: 503, body: {} } });
    await expect(beginAs(makeSignIn(server), 'a')).rejects.toThrow(
      /not possible just now: .* HTTP 503; try again later/,
    );
  });
});

test('a loopback address is offered as a web and as a native application, and no more', async () => {
  const refused = { status: 400, body: { error: 'invalid_redirect_uri' } };
  const server = await startScripted({ registration: refused });
  const redirectUrl = 'http://localhost:8000/oauth/notes/callback';
  const { signIn } = makeSignIn(server);
  const begun = signIn.begin({ user: 'a', redirectUrl, binding: 'b', returnTo: undefined });
  await expect(begun).rejects.toThrow(/refuses to register/);
  expect(registered(server).map(({ application_type: type }) => type)).toEqual(['web', 'native']);
});
