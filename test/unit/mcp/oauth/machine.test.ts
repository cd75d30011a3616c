// Signing in as the program itself: a token for the first refusal, another one before it ends, and no loop.

import { expect, test } from 'vitest';
import type { OAuthConfig } from '../../../../src/config/types.ts';
import { AuthorizationRequired, type Authorizer, type Challenge } from '../../../../src/mcp/oauth/authorizer.ts';
import { createMachineGrant } from '../../../../src/mcp/oauth/machine.ts';
import { createMemoryStore } from '../../../../src/storage/memory.ts';
import { fetchFor, oauthDefaults, refusal } from './made.ts';
import { startScripted, type Script, type ScriptedServer } from './scripted-server.ts';

interface MadeMachine {
  readonly server: ScriptedServer;
  readonly grant: Authorizer;
  readonly clock: { now: number };
  readonly again: () => Authorizer;
}

async function machine(config: Partial<OAuthConfig> = {}, script: Partial<Script> = {}): Promise<MadeMachine> {
  const server = await startScripted(script);
  server.know('robot', 'robot-secret');
  const clock = { now: Date.now() };
  const store = createMemoryStore();
  const fetch = fetchFor(server);
  const again = (): Authorizer =>
    createMachineGrant({
      server: 'notes',
      url: server.url,
      config: {
        ...oauthDefaults,
        grant: 'client_credentials',
        clientId: 'robot',
        clientSecret: 'robot-secret',
        ...config,
      },
      store,
      fetch,
      now: () => clock.now,
    });
  return { server, clock, grant: again(), again };
}

function asked(server: ScriptedServer): number {
  return server.count('/token', 'client_credentials');
}

test('gets one token for many refusals, and another one ahead of its end', async () => {
  const { server, grant, clock } = await machine();
  expect(await grant.token()).toBeUndefined();
  const all = await Promise.all(Array.from({ length: 100 }, () => grant.refused(undefined, refusal)));
  expect(all.every(Boolean)).toBe(true);
  const first = await grant.token();
  expect(server.takes(first)).toBe(true);
  expect(asked(server)).toBe(1);
  clock.now += 3540_000;
  const tokens = await Promise.all(Array.from({ length: 100 }, () => grant.token()));
  expect(new Set(tokens).size).toBe(1);
  expect(tokens[0]).not.toBe(first);
  expect(asked(server)).toBe(2);
  const exchange = server.seen.find(({ path }) => path === '/token');
  expect(exchange?.params.get('resource')).toBe(server.url);
});

test.each([
  ['in the header', undefined, `Basic ${btoa('robot:robot-secret')}`, null],
  ['in the body', 'client_secret_post', undefined, 'robot-secret'],
] as const)('proves itself %s', async (_, tokenEndpointAuthMethod, authorization, secret) => {
  const metadata = { token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'] };
  const { server, grant } = await machine({ tokenEndpointAuthMethod });
  Object.assign(server.script.metadata ?? {}, metadata);
  expect(await grant.refused(undefined, refusal)).toBe(true);
  const exchange = server.seen.find(({ path }) => path === '/token');
  expect(exchange?.authorization).toBe(authorization);
  expect(exchange?.params.get('client_secret')).toBe(secret);
});

test('asks for the scope that the upstream, or else the configuration, names; and for more where that is missed', async () => {
  const scopeOf = (server: ScriptedServer): (string | null | undefined)[] =>
    server.seen.filter(({ path }) => path === '/token').map(({ params }) => params.get('scope'));
  const one = await machine({ scopes: ['read'] });
  await one.grant.refused(undefined, refusal);
  const missed: Challenge = { status: 403, resourceMetadataUrl: undefined, scope: 'write' };
  expect(await one.grant.refused(await one.grant.token(), missed)).toBe(true);
  expect(await one.grant.refused(await one.grant.token(), missed)).toBe(false);
  expect(scopeOf(one.server)).toEqual(['read', 'read write']);
  const two = await machine({ scopes: ['read'] });
  await two.grant.refused(undefined, { ...refusal, scope: 'challenged' });
  expect(scopeOf(two.server)).toEqual(['challenged']);
});

test('that is not known says what to check, not who should sign in, and is left alone for a moment', async () => {
  const { server, grant, clock } = await machine({ clientSecret: 'wrong-secret' });
  const errors: unknown[] = [];
  for (let call = 0; call < 20; call++) {
    await grant.refused(undefined, refusal).catch((error: unknown) => errors.push(error));
  }
  expect(errors).toHaveLength(20);
  expect(errors[0]).not.toBeInstanceOf(AuthorizationRequired);
  expect(String(errors[0])).toMatch(/no token for notes was had: .* \(invalid_client\)/);
  expect(String(errors[0])).not.toContain('wrong-secret');
  expect(asked(server)).toBe(1);
  server.know('robot', 'wrong-secret');
  clock.now += 5_000;
  expect(await grant.refused(undefined, refusal)).toBe(true);
});

test('whose tokens are all refused stops asking for others, until one is taken', async () => {
  const { server, grant } = await machine();
  await grant.refused(undefined, refusal);
  const outcomes: string[] = [];
  for (let call = 0; call < 6; call++) {
    const sent = await grant.token();
    outcomes.push(await grant.refused(sent, refusal).then(String, (error: Error) => error.message));
  }
  expect(outcomes.slice(0, 2)).toEqual(['true', 'true']);
  for (const outcome of outcomes.slice(2)) expect(outcome).toContain('refuses every token');
  expect(asked(server)).toBe(3);
  grant.accepted?.(await grant.token());
  expect(await grant.refused(await grant.token(), refusal)).toBe(true);
});

test('uses its token to the end while the authorization server is away', async () => {
  const { server, grant, clock } = await machine();
  await grant.refused(undefined, refusal);
  const first = await grant.token();
  server.script.down = 503;
  clock.now += 3599_000;
  expect(await grant.token()).toBe(first);
  clock.now += 1_000;
  await expect(grant.token()).rejects.toThrow(/no token for notes was had/);
  server.script.down = undefined;
  clock.now += 5_000;
  expect(server.takes(await grant.token())).toBe(true);
});

test('does not give its secret to another authorization server, before or after a restart', async () => {
  const { server, grant, again, clock } = await machine();
  const other = await startScripted();
  other.know('robot', 'robot-secret');
  await grant.refused(undefined, refusal);
  server.script.resource = { resource: server.url, authorization_servers: [other.origin] };
  await expect(grant.refused(await grant.token(), refusal)).rejects.toThrow(/is not sent elsewhere/);
  clock.now += 3600_000;
  await expect(again().refused(undefined, refusal)).rejects.toThrow(/is not sent elsewhere/);
  expect(asked(other)).toBe(0);
});

test('without a client says that one is needed', async () => {
  const { grant } = await machine({ clientId: undefined });
  await expect(grant.refused(undefined, refusal)).rejects.toThrow(/notes has no client_id/);
});
