import { expect, it } from 'vitest';
import { until } from '../support.ts';
import { post } from './proxy.ts';
import { child, codeOf, killed, newJournal, pidOf, startCallers, startWith, untilSince } from './under-fire.ts';

const callers = 16;
const times = 8;
/** So long a connection holds before its end is a crash at start. */
const apartMs = 1_200;

it('only calls in flight fail, reading ones never, and nothing runs twice', { timeout: 60_000 }, async () => {
  const journal = newJournal();
  const proxy = await startWith({ victim: child('echo', journal.env) });
  const { url } = proxy;
  await proxy.ready('victim');
  const reads = (caller: number): boolean => caller % 2 === 1;
  const { calls, stop } = startCallers(callers, (id, caller) =>
    post(`${url}/victim/${reads(caller) ? 'look_up' : 'append'}`, { id: reads(caller) ? `read ${id}` : id, ms: 30 }),
  );

  const kills: { readonly from: number; readonly to: number }[] = [];
  for (let kill = 0; kill < times; kill++) {
    await untilSince(kills.at(-1)?.to ?? Date.now(), apartMs);
    const before = calls.length;
    await until(() => calls.slice(before).filter(({ status }) => status === 200).length >= callers);
    const pid = await pidOf(url, 'victim');
    const from = Date.now();
    await killed(pid);
    kills.push({ from, to: Date.now() });
    await until(async () => {
      const { state, restarts } = await proxy.status('victim');
      return state === 'ready' && restarts === kill + 1;
    });
  }
  const ended = await stop();

  const failed = ended.filter(({ status }) => status !== 200);
  expect(failed.filter(({ status, body }) => status !== 502 || codeOf(body) !== 'outcome_unknown')).toEqual([]);
  expect(failed.filter(({ id }) => reads(Number(id.split('.')[0])))).toEqual([]);
  const inFlightAtAKill = (call: { startedAt: number; endedAt: number }): boolean =>
    kills.some(({ from, to }) => call.startedAt <= to && from <= call.endedAt);
  expect(failed.filter((call) => !inFlightAtAKill(call))).toEqual([]);
  expect(failed.length, 'kills met calls in flight').toBeGreaterThan(0);
  expect(failed.length).toBeLessThanOrEqual(times * callers);

  const twice = journal.twice().filter((id) => !id.startsWith('read '));
  expect(twice).toEqual([]);
  const ran = new Set(journal.runs());
  expect(ended.filter(({ id, status }) => status === 200 && !ran.has(id) && !ran.has(`read ${id}`))).toEqual([]);
});

it('a call in flight that fails says what became of it', async () => {
  const proxy = await startWith({ victim: child('echo', {}, {}) });
  const { url } = proxy;
  await proxy.ready('victim');
  const pid = await pidOf(url, 'victim');
  const call = post(`${url}/victim/sleep`, { ms: 60_000 });
  await until(async () => (await proxy.status('victim')).inFlight === 1);
  process.kill(pid, 'SIGKILL');
  const answer = await call;
  expect(answer).toMatchObject({ status: 502, body: { code: 'outcome_unknown', server: 'victim', tool: 'sleep' } });
  expect(answer.body).toHaveProperty('detail', expect.stringMatching(/SIGKILL/));
  // Without a wait: the child is started anew at once.
  expect(await pidOf(url, 'victim')).not.toBe(pid);
});

it('a call that comes after the death is not lost', async () => {
  const journal = newJournal();
  const proxy = await startWith({ victim: child('echo', journal.env) });
  const { url } = proxy;
  await proxy.ready('victim');
  for (let turn = 0; turn < 4; turn++) {
    const readyAt = Date.now();
    const pid = await pidOf(url, 'victim');
    await untilSince(readyAt, apartMs);
    await killed(pid);
    expect(await post(`${url}/victim/append`, { id: `${turn}` })).toMatchObject({ status: 200, body: turn });
  }
  expect(journal.runs()).toEqual(['0', '1', '2', '3']);
});
