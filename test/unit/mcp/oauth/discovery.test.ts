// Where the authorization server is: as servers of all revisions say it, and as bad ones do.

import { expect, test } from 'vitest';
import { AuthorizationServerDown } from '../../../../src/mcp/oauth/authorization-server.ts';
import { SignInError } from '../../../../src/mcp/oauth/authorizer.ts';
import { Discovery } from '../../../../src/mcp/oauth/discovery.ts';
import { fetchFor } from './made.ts';
import { startScripted, type ScriptedServer } from './scripted-server.ts';

function discover(
  server: ScriptedServer,
  changes: { hint?: string; url?: string; now?: () => number } = {},
): Discovery {
  const { hint, url = server.url, now = Date.now } = changes;
  return new Discovery({ server: 'notes', url, hint, fetch: fetchFor(server), now });
}

function asked(server: ScriptedServer): string[] {
  return server.seen.map(({ path }) => path);
}

test('the metadata beside the path of the endpoint names it', async () => {
  const server = await startScripted();
  const found = await discover(server).find();
  expect(found).toMatchObject({ issuer: server.origin, resource: server.url });
  expect(found.revocationEndpoint).toBe(`${server.origin}/revoke`);
});

test('or that at the root', async () => {
  const server = await startScripted({ resourcePath: '/.well-known/oauth-protected-resource' });
  expect(await discover(server).find()).toMatchObject({ issuer: server.origin, resource: server.url });
});

test('or that which a refusal named, and nothing else is asked', async () => {
  const server = await startScripted({ resourcePath: '/elsewhere' });
  const discovery = discover(server);
  discovery.heard({ resourceMetadataUrl: `${server.origin}/elsewhere`, scope: 'a b' });
  expect((await discovery.find()).resource).toBe(server.url);
  expect(discovery.scope).toBe('a b');
  expect(asked(server)).toEqual(['/elsewhere', '/.well-known/oauth-authorization-server']);
});

test('without a refusal, one is asked for', async () => {
  const server = await startScripted();
  await discover(server).find();
  expect(asked(server)[0]).toBe('/mcp');
  expect(server.seen[0]?.authorization).toBeUndefined();
});

test('OpenID metadata does as well, and keeps its revocation endpoint', async () => {
  const server = await startScripted({ openId: true });
  Object.assign(server.script.metadata ?? {}, {
    jwks_uri: `${server.origin}/jwks`,
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
  });
  const found = await discover(server).find();
  expect(found.issuer).toBe(server.origin);
  expect(found.revocationEndpoint).toBe(`${server.origin}/revoke`);
});

test('a server of revision 2025-03-26 has its metadata, or just its endpoints, at its root', async () => {
  const server = await startScripted({ resource: undefined });
  expect(await discover(server).find()).toMatchObject({ issuer: server.origin, resource: server.url });
  server.script.metadata = undefined;
  const found = await discover(server).find();
  expect(found).toMatchObject({ metadata: undefined, url: `${server.origin}/`, issuer: `${server.origin}/` });
});

test.each(['', '/', '/mcp'])(
  'server_url helps where the upstream does not say, and is not the resource (%j)',
  async (path) => {
    const [upstream, auth] = [await startScripted({ resource: undefined, metadata: undefined }), await startScripted()];
    const found = await discover(upstream, { hint: `${auth.origin}${path}` }).find();
    expect(found).toMatchObject({ issuer: auth.origin, resource: upstream.url });
  },
);

test('server_url loses against what the upstream says', async () => {
  const [upstream, other] = [await startScripted(), await startScripted()];
  expect((await discover(upstream, { hint: other.origin }).find()).issuer).toBe(upstream.origin);
  expect(other.seen).toEqual([]);
});

test('server_url chooses among several that the upstream names', async () => {
  const [upstream, second] = [await startScripted(), await startScripted()];
  upstream.script.resource = { resource: upstream.url, authorization_servers: [upstream.origin, second.origin] };
  expect((await discover(upstream).find()).issuer).toBe(upstream.origin);
  expect((await discover(upstream, { hint: second.origin }).find()).issuer).toBe(second.origin);
});

test.each([
  ['another issuer', { issuer: 'https://evil.example' }, /names another issuer/],
  ['no endpoints', { token_endpoint: undefined }, /not what RFC 8414 asks for/],
  ['a token endpoint without https', { token_endpoint: 'http://auth.example/token' }, /without https/],
  ['a registration without https', { registration_endpoint: 'http://auth.example/r' }, /without https/],
])('metadata with %s is not believed', async (_, changed, sentence) => {
  const server = await startScripted();
  Object.assign(server.script.metadata ?? {}, changed);
  const error: unknown = await discover(server)
    .find()
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(SignInError);
  expect(String(error)).toMatch(sentence);
  expect(String(error)).not.toContain('evil');
});

test('metadata of another resource is not believed', async () => {
  const server = await startScripted();
  server.script.resource = { resource: 'https://other.example/mcp', authorization_servers: [server.origin] };
  await expect(discover(server).find()).rejects.toThrow(/speaks of the resource https:\/\/other.example/);
  expect(asked(server)).not.toContain('/.well-known/oauth-authorization-server');
});

test('an authorization server without https is not asked', async () => {
  const server = await startScripted();
  server.script.resource = { resource: server.url, authorization_servers: ['http://auth.example'] };
  await expect(discover(server).find()).rejects.toThrow(/https/);
});

test('a server in trouble is no server without metadata', async () => {
  for (const status of [429, 500, 502, 503]) {
    const server = await startScripted({ down: status });
    await expect(discover(server).find()).rejects.toBeInstanceOf(AuthorizationServerDown);
  }
});

test('nor is one that is not there', async () => {
  const server = await startScripted();
  server.script.resource = { resource: server.url, authorization_servers: ['http://127.0.0.1:1'] };
  await expect(discover(server).find()).rejects.toBeInstanceOf(AuthorizationServerDown);
});

test('what was found is kept for ten minutes, or until somebody doubts it', async () => {
  const server = await startScripted();
  let now = 0;
  const discovery = discover(server, { now: () => now });
  discovery.heard({ resourceMetadataUrl: undefined, scope: undefined });
  await Promise.all([discovery.find(), discovery.find(), discovery.find()]);
  now = 10 * 60_000 - 1;
  await discovery.find();
  expect(server.seen).toHaveLength(2);
  now += 1;
  await discovery.find();
  expect(server.seen).toHaveLength(4);
  discovery.drop();
  await discovery.find();
  expect(server.seen).toHaveLength(6);
  // The same refusal again changes nothing; another one does.
  discovery.heard({ resourceMetadataUrl: undefined, scope: 'more' });
  await discovery.find();
  expect(server.seen).toHaveLength(6);
  discovery.heard({ resourceMetadataUrl: `${server.origin}${server.script.resourcePath}`, scope: undefined });
  await discovery.find();
  expect(server.seen).toHaveLength(8);
});
