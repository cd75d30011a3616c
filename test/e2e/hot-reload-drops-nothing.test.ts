import { writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { alive, until } from '../support.ts';
import { post, statusOf } from './proxy.ts';
import { child, pidOf, remote, startCallers, startWith } from './under-fire.ts';

const callers = 16;
const rewrites = 24;

it('calls of servers that a reload does not touch never fail, and their processes stay', async () => {
  const far = await remote('http-echo');
  await far.start();
  const kept = {
    near: child('echo'),
    other: child('echo', { OTHER: 'yes' }),
    far: { type: 'http', url: far.url },
  };
  const proxy = await startWith({ ...kept, changing: child('echo', { TURN: 'first' }) }, '--hot-reload');
  const { url } = proxy;
  await proxy.ready('near', 'other', 'far', 'changing');
  const pids = { near: await pidOf(url, 'near'), other: await pidOf(url, 'other'), far: await pidOf(url, 'far') };
  const names = Object.keys(pids);

  const { calls, stop } = startCallers(callers, async (id, caller) => {
    const server = names[caller % names.length];
    if (caller % 2 === 0) return post(`${url}/${server}/say`, { text: `text ${id}` });
    const slept = await post(`${url}/${server}/sleep`, { ms: 20 });
    return slept.status === 200 ? post(`${url}/${server}/pid`) : slept;
  });

  const reloads = (): number => proxy.log.filter(({ type }) => type === 'reload').length;
  for (let turn = 0; turn < rewrites; turn++) {
    const before = reloads();
    switch (turn % 4) {
      case 0:
        proxy.write({ ...kept, changing: child('echo', { TURN: `${turn}` }), added: child('echo') });
        break;
      case 1:
        proxy.write({ ...kept, changing: child('echo', { TURN: `${turn}` }), bad: child('exits-at-once') });
        break;
      case 2:
        writeFileSync(proxy.path, `{ "mcpServers": { "near": ${turn}`);
        break;
      default:
        proxy.write({ added: child('echo', { TURN: `${turn}` }), ...kept });
    }
    await until(() => reloads() > before);
  }
  // Faster than they can be taken over: the last one counts.
  for (let turn = 0; turn < 10; turn++) proxy.write({ ...kept, last: child('echo', { TURN: `${turn}` }) });
  await until(async () => Object.keys((await statusOf(url)).servers).join() === 'near,other,far,last');
  await proxy.ready('last');
  await until(async () => (await post(`${url}/last/environment`, { name: 'TURN' })).body === 9);
  const before = calls.length;
  await until(() => calls.length > before + callers);

  const ended = await stop();
  expect(ended.filter(({ status }) => status !== 200)).toEqual([]);
  expect(ended.length).toBeGreaterThan(rewrites * callers);
  expect(new Set(ended.map(({ body }) => body).filter((body) => typeof body === 'number'))).toEqual(
    new Set(Object.values(pids)),
  );
  for (const [name, pid] of Object.entries(pids)) expect(await pidOf(url, name)).toBe(pid);
  expect(proxy.log.filter(({ type, outcome }) => type === 'reload' && outcome === 'refused')).toHaveLength(
    rewrites / 4,
  );
});

it('calls in flight on a server that is removed or changed come to their end', async () => {
  const proxy = await startWith({ removed: child('echo'), changed: child('echo') }, '--hot-reload');
  const { url } = proxy;
  await proxy.ready('removed', 'changed');
  const pids = [await pidOf(url, 'removed'), await pidOf(url, 'changed')];
  const calls = ['removed', 'changed'].map((name) => post(`${url}/${name}/sleep`, { ms: 1_500 }));
  await until(async () => Object.values((await statusOf(url)).servers).every(({ inFlight }) => inFlight === 1));
  proxy.write({ changed: child('echo', { NEW: 'yes' }) });
  await until(async () => (await post(`${url}/removed/pid`)).status === 404);
  await until(async () => (await post(`${url}/changed/environment`, { name: 'NEW' })).body === 'yes');
  for (const answer of await Promise.all(calls)) expect(answer).toMatchObject({ status: 200, body: 'slept 1500 ms' });
  await until(async () => (await Promise.all(pids.map(alive))).every((running) => !running));
});
