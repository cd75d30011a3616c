import { expect, it, onTestFinished } from 'vitest';
import type { ServerConfig } from '../../../src/config/types.ts';
import { Fleet } from '../../../src/mcp/fleet.ts';
import { alive, callTool, serverConfig, stdioTarget, textOf, until } from '../../support.ts';

const limits = { connectionTimeoutMs: 10_000, maxResultBytes: 1_000_000 };

function server(name: string, target = stdioTarget('echo'), changes: Partial<ServerConfig> = {}): ServerConfig {
  return serverConfig(target, { name, ...changes });
}

function startFleet(servers: readonly ServerConfig[]): { fleet: Fleet; changes: () => number } {
  let changes = 0;
  const fleet = new Fleet({ observe: () => {}, onChange: () => changes++, version: '0.0.0' });
  onTestFinished(() => fleet.close(0));
  fleet.apply(servers, limits);
  return { fleet, changes: () => changes };
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

it('forgets a successor that is no longer wanted', async () => {
  const { fleet } = startFleet([server('a')]);
  await fleet.attempted();
  const old = fleet.handles.get('a');
  fleet.apply([server('a', stdioTarget('never-initialises'))], limits);
  fleet.apply([server('a')], limits);
  expect(fleet.handles.get('a')).toBe(old);
  await fleet.close(0);
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
