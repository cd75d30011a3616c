import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ServerConfig, Target } from '../../../src/config/types.ts';
import { Fleet } from '../../../src/mcp/fleet.ts';
import type { Upstream } from '../../../src/mcp/upstream.ts';
import { alive, callTool, serverConfig, stdioTarget, textOf, until } from '../../support.ts';

const limits = { connectionTimeoutMs: 10_000, maxResultBytes: 1_000_000 };

function server(name: string, target = stdioTarget('echo'), changes: Partial<ServerConfig> = {}): ServerConfig {
  return serverConfig(target, { name, ...changes });
}

function startFleet(servers: readonly ServerConfig[]) {
  let changes = 0;
  const observed: string[] = [];
  const fleet = new Fleet({
    observe: (event) => {
      if (event.type === 'upstream-state') observed.push(event.state);
    },
    onChange: () => changes++,
    version: '0.0.0',
    accessOf: () => undefined,
  });
  onTestFinished(() => fleet.close(0));
  fleet.apply(servers, limits);
  return { fleet, observed, changes: () => changes };
}

it('keeps the very object of what did not change, adds, and drains what was removed', async () => {
  const { fleet } = startFleet([server('kept'), server('removed')]);
  await fleet.attempted();
  const kept = fleet.handles.get('kept');
  const removed = fleet.handles.get('removed');
  const pid = removed?.status().pid ?? 0;
  const call = removed && callTool(removed, 'sleep', { ms: 400 });
  fleet.apply([server('kept', stdioTarget('echo'), { disabledTools: ['echo'] }), server('added')], limits);
  expect([...fleet.handles.keys()]).toEqual(['kept', 'added']);
  expect(fleet.handles.get('kept')).toBe(kept);
  expect(call && textOf(await call)).toBe('slept 400 ms');
  await until(async () => !(await alive(pid)));
});

it('serves from the old until the changed one is up, then swaps', async () => {
  const { fleet, changes } = startFleet([server('a')]);
  await fleet.attempted();
  const old = fleet.handles.get('a');
  const pid = old?.status().pid ?? 0;
  const before = changes();
  fleet.apply([server('a', stdioTarget('slow-to-initialise', { MS: '300' }))], limits);
  expect(fleet.handles.get('a')).toBe(old);
  expect(old && textOf(await callTool(old, 'add', { a: 1, b: 1 }))).toBe('2');
  await until(() => fleet.handles.get('a') !== old);
  expect(fleet.handles.get('a')?.status().state).toBe('ready');
  expect(changes()).toBeGreaterThan(before);
  await until(async () => !(await alive(pid)));
});

describe('a successor', () => {
  /** A server that is ready, with its process. */
  async function startOne() {
    const started = startFleet([server('a')]);
    await started.fleet.attempted();
    const old = started.fleet.handles.get('a');
    if (old === undefined) throw new Error('no server');
    const serves = async (): Promise<string> => textOf(await callTool(old, 'add', { a: 1, b: 1 }));
    return { ...started, old, oldPid: old.status().pid ?? 0, serves };
  }

  it('that never gets ready takes over at its connection timeout; the old one serves meanwhile', async () => {
    const { fleet, old, oldPid, serves } = await startOne();
    const startedAt = Date.now();
    fleet.apply([server('a', stdioTarget('never-initialises'))], { ...limits, connectionTimeoutMs: 800 });
    while (fleet.handles.get('a') === old) {
      expect(await serves()).toBe('2');
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(795);
    expect(fleet.handles.get('a')?.catalogue).toBeUndefined();
    await until(async () => !(await alive(oldPid)));
  });

  it('that fails at first takes over when it is ready', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mcpo-successor-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const command = join(folder, 'server');
    const { fleet, old, oldPid, serves, observed } = await startOne();
    fleet.apply([server('a', { ...stdioTarget('echo'), command } as Target)], limits);
    await until(() => observed.filter((state) => state === 'down').length === 2);
    expect(fleet.handles.get('a')).toBe(old);
    expect(await serves()).toBe('2');
    await symlink(process.execPath, command);
    await until(() => fleet.handles.get('a') !== old);
    expect(fleet.handles.get('a')?.status()).toMatchObject({
      state: 'ready',
      restarts: 0,
      lastError: `command not found: ${command}`,
    });
    await until(async () => !(await alive(oldPid)));
  });

  it('gives way to the next change; the old one serves until that is ready', async () => {
    const { fleet, old, serves, changes } = await startOne();
    fleet.apply([server('a', stdioTarget('never-initialises'))], { ...limits, connectionTimeoutMs: 1_200 });
    fleet.apply([server('a', stdioTarget('slow-to-initialise', { MS: '600' }))], limits);
    const before = changes();
    expect(fleet.handles.get('a')).toBe(old);
    expect(await serves()).toBe('2');
    await until(() => fleet.handles.get('a') !== old);
    const next = fleet.handles.get('a');
    expect(next?.catalogue?.serverName).toBe('slow');
    expect(changes()).toBeGreaterThan(before);
    const swappedAt = Date.now();
    await until(() => Date.now() - swappedAt > 1_300);
    expect(fleet.handles.get('a'), 'the time of the first one is nobody’s any more').toBe(next);
  });

  it('that is wanted as it is goes on, and takes what changed about its presentation', async () => {
    const { fleet, old } = await startOne();
    const target = stdioTarget('slow-to-initialise', { MS: '500' });
    fleet.apply([server('a', target)], limits);
    fleet.apply([server('a', target, { maxInFlight: 7 })], limits);
    await until(() => fleet.handles.get('a') !== old);
    expect((fleet.handles.get('a') as Upstream).config.maxInFlight).toBe(7);
  });

  it('is forgotten where the old one is wanted again', async () => {
    const { fleet, old, oldPid } = await startOne();
    const target = stdioTarget('slow-to-initialise', { MS: '300' });
    fleet.apply([server('a', target)], { ...limits, connectionTimeoutMs: 400 });
    fleet.apply([server('a', stdioTarget('echo'), { maxInFlight: 7 })], limits);
    const forgottenAt = Date.now();
    await until(() => Date.now() - forgottenAt > 600);
    expect(fleet.handles.get('a')).toBe(old);
    expect((fleet.handles.get('a') as Upstream).config.maxInFlight).toBe(7);
    expect(old.status().pid).toBe(oldPid);
  });

  it('goes with the old one where the server is removed', async () => {
    const { fleet, oldPid, changes } = await startOne();
    fleet.apply([server('a', stdioTarget('slow-to-initialise', { MS: '300' }))], limits);
    const before = changes();
    fleet.apply([], limits);
    expect(fleet.handles.size).toBe(0);
    await until(async () => !(await alive(oldPid)));
    const removedAt = Date.now();
    await until(() => Date.now() - removedAt > 500);
    expect(fleet.handles.size).toBe(0);
    expect(changes()).toBe(before);
    fleet.apply([server('a')], limits);
    await until(() => fleet.handles.get('a')?.status().state === 'ready');
  });

  it('ends with the fleet', async () => {
    const { fleet, oldPid } = await startOne();
    fleet.apply([server('a', stdioTarget('slow-to-initialise', { MS: '300' }))], limits);
    const startedAt = Date.now();
    await fleet.close(0);
    expect(Date.now() - startedAt).toBeLessThan(8_000);
    expect(await alive(oldPid)).toBe(false);
    expect(fleet.handles.size).toBe(0);
  });
});

it('lets nobody drain for longer than it closes', async () => {
  const { fleet } = startFleet([server('a')]);
  await fleet.attempted();
  const removed = fleet.handles.get('a');
  const pid = removed?.status().pid ?? 0;
  const call = removed && callTool(removed, 'sleep', { ms: 60_000 }, { deadlineAt: Date.now() + 60_000 });
  fleet.apply([], limits);
  const startedAt = Date.now();
  await fleet.close(100);
  expect(Date.now() - startedAt).toBeLessThan(8_000);
  expect(await alive(pid)).toBe(false);
  expect(await call).toMatchObject({ kind: 'unknown' });
});

it('starts nothing any more once it closes', async () => {
  const { fleet } = startFleet([server('a')]);
  const closed = fleet.close(0);
  fleet.apply([server('a'), server('late')], limits);
  await closed;
  expect(fleet.handles.size).toBe(0);
});

it('closes soon, whatever its servers do', async () => {
  const { fleet } = startFleet([
    server('a', stdioTarget('never-initialises')),
    server('b', stdioTarget('ignores-eof')),
  ]);
  await until(() => fleet.handles.get('b')?.status().state === 'ready');
  const startedAt = Date.now();
  await fleet.close(0);
  expect(Date.now() - startedAt).toBeLessThan(8_000);
});

it('has no upstream for a disabled server', () => {
  const { fleet } = startFleet([server('off', stdioTarget('echo'), { disabled: true })]);
  expect(fleet.handles.size).toBe(0);
});
