import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import type { GivenOptions } from '../../../src/config/options.ts';
import type { ServerConfig } from '../../../src/config/types.ts';

const tls = join(import.meta.dirname, '../../fixtures/configs/tls');

async function load(entry: Record<string, unknown>, options: GivenOptions = {}): Promise<ServerConfig> {
  const { servers } = await loadConfig({ options, environment: {}, mcpServers: { a: entry } });
  return servers[0] as ServerConfig;
}

describe('an entry', () => {
  it('has defaults', async () => {
    expect(await load({ command: 'x' })).toMatchObject({
      name: 'a',
      target: { kind: 'stdio', command: 'x', args: [], env: {}, cwd: undefined },
      disabled: false,
      disabledTools: [],
      enabledTools: undefined,
      timeoutMs: undefined,
      required: true,
      toolErrorStatus: undefined,
      expose: [],
      validate: true,
      session: 'shared',
      maxSessions: 50,
      sessionIdleMs: 600_000,
      instances: 1,
      maxInFlight: 1_000,
      maxQueued: 1_000,
    });
  });

  it.each([
    [{ url: 'http://h' }, 'auto'],
    [{ url: 'http://h', type: 'sse' }, 'sse'],
    [{ url: 'http://h', type: 'http' }, 'streamable-http'],
    [{ url: 'http://h', type: 'streamableHttp' }, 'streamable-http'],
    [{ url: 'http://h', transport: 'streamable_http' }, 'streamable-http'],
    [{ url: 'http://h', type: 'http', transport: 'streamable-http' }, 'streamable-http'],
    [{ url: 'http://h', args: [], env: {}, cwd: '' }, 'auto'],
    [{ command: 'x', type: 'stdio', headers: {} }, 'stdio'],
  ])('%j is reached by %s', async (entry, kind) => {
    expect((await load(entry)).target.kind).toBe(kind);
  });

  it('takes the snake case of the Python program', async () => {
    const { disabledTools, enabledTools } = await load({ command: 'x', disabled_tools: ['a'], enabled_tools: ['b*'] });
    expect({ disabledTools, enabledTools }).toEqual({ disabledTools: ['a'], enabledTools: ['b*'] });
  });

  it('tunes single tools', async () => {
    const { tools, timeoutMs } = await load({
      command: 'x',
      timeout: 0.5,
      tools: { constructor: { name: 'n', timeout: 2 }, b: { disabled: true, description: '' } },
    });
    expect(timeoutMs).toBe(500);
    expect([...tools]).toEqual([
      ['constructor', { name: 'n', description: undefined, timeoutMs: 2000, disabled: false }],
      ['b', { name: undefined, description: '', timeoutMs: undefined, disabled: true }],
    ]);
  });

  it.each([
    ['on', true],
    ['off', false],
    [true, true],
    [false, false],
  ])('takes %j for validate', async (written, validate) => {
    expect(await load({ command: 'x', validate: written })).toMatchObject({ validate });
  });

  it.each([
    [
      { session: 'user', maxSessions: 1, sessionIdleTimeout: 0.5 },
      { maxSessions: 1, sessionIdleMs: 500 },
    ],
    [
      { session: 'caller', instances: 1 },
      { session: 'caller', instances: 1 },
    ],
    [
      { instances: 100, maxInFlight: 1, maxQueued: 0 },
      { instances: 100, maxInFlight: 1, maxQueued: 0 },
    ],
  ])('takes %j', async (written, expected) => {
    expect(await load({ command: 'x', ...written })).toMatchObject(expected);
  });

  it('of a remote server may say that it is one', async () => {
    expect(await load({ url: 'http://h', instances: 1 })).toMatchObject({ instances: 1 });
  });

  it('takes numbers as strings, so that variables can give them', async () => {
    const written = { timeout: '5', toolErrorStatus: '500', tools: { t: { timeout: '0.5' } }, maxInFlight: '${N:-7}' };
    const { tools, ...config } = await load({ command: 'x', instances: '2', maxQueued: ' 0 ', ...written });
    expect(config).toMatchObject({
      timeoutMs: 5_000,
      toolErrorStatus: 500,
      maxInFlight: 7,
      instances: 2,
      maxQueued: 0,
    });
    expect(tools.get('t')).toMatchObject({ timeoutMs: 500 });
    const sessions = { session: 'user', maxSessions: '3', sessionIdleTimeout: '${IDLE:-60}' };
    expect(await load({ command: 'x', ...sessions })).toMatchObject({ maxSessions: 3, sessionIdleMs: 60_000 });
  });

  it('exposes each kind once', async () => {
    const { expose } = await load({ command: 'x', expose: ['prompts', 'resources', 'prompts'] });
    expect(expose).toEqual(['prompts', 'resources']);
  });

  it('reads the TLS files it names', async () => {
    const files = { ca: join(tls, 'cert.pem'), cert: join(tls, 'cert.pem'), key: join(tls, 'key.pem') };
    const { target } = await load({ url: 'https://h', tls: files });
    expect(target).toMatchObject({
      tls: {
        ca: expect.stringContaining('BEGIN CERTIFICATE'),
        cert: expect.stringContaining('BEGIN CERTIFICATE'),
        key: expect.stringContaining('BEGIN PRIVATE KEY'),
        insecure: false,
      },
    });
  });
});

describe('templates of callers', () => {
  it.each(['user', 'caller'])('may be in the variables of a program with the session %s', async (session) => {
    const { target } = await load({ command: 'x', session, env: { ID: '${user.id}' } });
    expect(target).toMatchObject({ env: { ID: '${user.id}' } });
  });

  it('may be in the headers of a remote server, whoever shares its sessions', async () => {
    const { target } = await load({ url: 'http://h', headers: { 'X-User': '${user.email}' } });
    expect(target).toMatchObject({ headers: { 'X-User': '${user.email}' } });
  });

  const shared = 'stands for something of a caller, and here all share one process;';
  const beside = `${shared} write "session": "user" or "caller" beside "env".`;

  it('need a process for each caller', async () => {
    const entry = { command: 'x', env: { A: 'a', ID: 'x${header:X-Id}' } };
    await expect(load(entry)).rejects.toThrow(`mcpServers.a.env.ID ${beside}`);
    await expect(load({ ...entry, session: 'shared' })).rejects.toThrow(`mcpServers.a.env.ID ${beside}`);
  });

  it('are such in --env too, and in nothing that is inherited', async () => {
    await expect(load({ command: 'x' }, { env: ['ID=${user.id}'] })).rejects.toThrow(
      `mcpServers.a gets the variable ID from --env or --env-path, which ${shared} a file can say "session": "user".`,
    );
    expect((await load({ command: 'x', env: { ID: '1' } }, { env: ['ID=${user.id}'] })).target).toMatchObject({
      env: { ID: '1' },
    });
    const inherited = { options: {}, environment: { ID: '${user.id}' }, mcpServers: { a: { command: 'x' } } };
    expect((await loadConfig(inherited)).servers[0]?.target).toMatchObject({ env: { ID: '${user.id}' } });
  });
});

describe('fingerprints', () => {
  const entry = { command: 'x', args: ['a', 'b'], env: { A: '1', B: '2' }, tools: { t: { name: 'u' }, v: {} } };

  it('are equal for equal entries, in whatever order they are written', async () => {
    const reordered = { tools: { v: {}, t: { name: 'u' } }, env: { B: '2', A: '1' }, args: ['a', 'b'], command: 'x' };
    const [before, after] = [await load(entry), await load(reordered)];
    expect(after.fingerprint).toBe(before.fingerprint);
    expect(after.connectionFingerprint).toBe(before.connectionFingerprint);
  });

  it.each<[Record<string, unknown>, GivenOptions]>([
    [{ ...entry, command: 'y' }, {}],
    [{ ...entry, args: ['b', 'a'] }, {}],
    [{ ...entry, env: { A: '1', B: '3' } }, {}],
    [{ ...entry, cwd: '.' }, {}],
    [{ ...entry, expose: ['prompts'] }, {}],
    [{ ...entry, session: 'user' }, {}],
    [{ ...entry, instances: 2 }, {}],
    [entry, { maxResult: '1MiB' }],
    [entry, { connectionTimeout: 5 }],
    [entry, { env: ['C=1'] }],
  ])('tell that a new connection is needed: %j, %j', async (changed, options) => {
    const [before, after] = [await load(entry), await load(changed, options)];
    expect(after.connectionFingerprint).not.toBe(before.connectionFingerprint);
    expect(after.fingerprint).not.toBe(before.fingerprint);
  });

  it.each<Record<string, unknown>>([
    { disabled: true },
    { disabledTools: ['t'] },
    { enabledTools: [] },
    { timeout: 3 },
    { required: false },
    { toolErrorStatus: 500 },
    { validate: 'off' },
    { expose: ['resources'] },
    { tools: { t: { name: 'w' }, v: {} } },
    { tools: { t: { name: 'u' } } },
    { maxInFlight: 5 },
    { maxQueued: 5 },
    { client_header_forwarding: { enabled: true } },
  ])('tell that only the presentation changed: %j', async (change) => {
    const [before, after] = [await load(entry), await load({ ...entry, ...change })];
    expect(after.connectionFingerprint).toBe(before.connectionFingerprint);
    expect(after.fingerprint).not.toBe(before.fingerprint);
  });

  it('tell that limits of sessions are no reason for a new connection', async () => {
    const before = await load({ ...entry, session: 'user' });
    for (const change of [{ maxSessions: 5 }, { sessionIdleTimeout: 5 }]) {
      const after = await load({ ...entry, session: 'user', ...change });
      expect(after.connectionFingerprint).toBe(before.connectionFingerprint);
      expect(after.fingerprint).not.toBe(before.fingerprint);
    }
  });

  it('hold no secret', async () => {
    const { fingerprint, connectionFingerprint } = await load({ command: 'x', env: { A: 's3cret' } });
    expect(fingerprint).toMatch(/^[0-9a-f]{64}$/);
    expect(connectionFingerprint).toMatch(/^[0-9a-f]{64}$/);
  });
});
