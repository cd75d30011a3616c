import { expect, it } from 'vitest';
import { alive, until } from '../support.ts';
import { post } from './proxy.ts';
import { child, codeOf, startCallers, startWith, type ConfiguredProxy } from './under-fire.ts';

const copies = 3;

async function start(): Promise<ConfiguredProxy> {
  const proxy = await startWith({ it: child('counts', {}, { instances: copies }) });
  await proxy.ready('it');
  await until(async () => (await pids(proxy)).size === copies);
  return proxy;
}

/** Of calls that run at the same time. */
async function pids({ url }: ConfiguredProxy, calls = copies): Promise<Map<number, number>> {
  const answers = await Promise.all(Array.from({ length: calls }, () => post(`${url}/it/count`, { ms: 300 })));
  const counts = new Map<number, number>();
  for (const { body } of answers) {
    const { pid } = body as { pid: number };
    counts.set(pid, (counts.get(pid) ?? 0) + 1);
  }
  return counts;
}

it('calls at the same time are spread over all copies, evenly', async () => {
  const proxy = await start();
  const spread = await pids(proxy, copies * 4);
  expect([...spread.values()]).toEqual([4, 4, 4]);
  expect(await proxy.status('it')).toMatchObject({ state: 'ready', restarts: 0 });
});

it('a copy that dies is replaced, and the others go on', async () => {
  const proxy = await start();
  const before = await pids(proxy);
  const [victim = 0] = before.keys();
  const { calls, stop } = startCallers(copies * 2, () => post(`${proxy.url}/it/count`, { ms: 50 }));
  await until(() => calls.length > 20);
  const killedAt = Date.now();
  process.kill(victim, 'SIGKILL');
  await until(async () => !(await alive(victim)));
  await until(async () => (await proxy.status('it')).restarts === 1);
  const noticedAt = Date.now();
  const since = calls.length;
  await until(() => new Set(calls.slice(since).map(({ body }) => (body as { pid?: number }).pid)).size === copies);
  const ended = await stop();
  const failed = ended.filter(({ status }) => status !== 200);
  expect(failed.length, 'calls on the others did not fail').toBeLessThanOrEqual(2);
  expect(failed.filter(({ body }) => codeOf(body) !== 'outcome_unknown')).toEqual([]);
  expect(failed.filter(({ startedAt, endedAt }) => startedAt > noticedAt || endedAt < killedAt)).toEqual([]);
  const after = await pids(proxy);
  expect([...after.keys()].filter((pid) => before.has(pid))).toHaveLength(copies - 1);
  expect((await proxy.status('it')).state).toBe('ready');
});

it('all copies end with the proxy', async () => {
  const proxy = await start();
  const running = [...(await pids(proxy)).keys()];
  proxy.child.kill('SIGTERM');
  expect(await proxy.exited).toBe(0);
  expect(await Promise.all(running.map(alive))).toEqual(running.map(() => false));
});
