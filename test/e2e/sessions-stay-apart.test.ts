import { describe, expect, it } from 'vitest';
import { alive, until } from '../support.ts';
import { post } from './proxy.ts';
import { child, killed, remote, startWith, type ConfiguredProxy } from './under-fire.ts';

interface Counted {
  readonly count: number;
  readonly pid: number;
  readonly session?: string;
}

/** A call of this caller; undefined is nobody in particular. */
function callAs({ url }: ConfiguredProxy, caller: string | undefined, tool = 'count', args: object = {}) {
  return post(`${url}/it/${tool}`, args, caller === undefined ? {} : { 'x-session-id': caller });
}

async function countAs(proxy: ConfiguredProxy, caller?: string): Promise<Counted> {
  const answer = await callAs(proxy, caller);
  expect(answer).toMatchObject({ status: 200 });
  return answer.body as Counted;
}

async function startStdio(more: object = {}): Promise<ConfiguredProxy> {
  const proxy = await startWith({ it: child('counts', {}, { session: 'caller', ...more }) });
  await proxy.ready('it');
  return proxy;
}

async function startHttp(more: object = {}): Promise<ConfiguredProxy> {
  const server = await remote('http-counts');
  await server.start();
  const proxy = await startWith({ it: { type: 'http', url: server.url, session: 'caller', ...more } });
  await proxy.ready('it');
  return proxy;
}

describe('"session": "caller"', () => {
  it.each([
    { kind: 'stdio', start: startStdio, told: 'pid' },
    { kind: 'Streamable HTTP', start: startHttp, told: 'session' },
  ] as const)('every X-Session-Id counts for itself: $kind', async ({ start, told }) => {
    const proxy = await start();
    const nobody = await countAs(proxy);
    const [a, b] = [await countAs(proxy, 'a'), await countAs(proxy, 'b')];
    expect([nobody.count, a.count, b.count]).toEqual([1, 1, 1]);
    expect(new Set([nobody[told], a[told], b[told]]).size).toBe(3);
    expect(await countAs(proxy, 'a')).toEqual({ ...a, count: 2 });
    expect(await countAs(proxy, 'a')).toEqual({ ...a, count: 3 });
    expect(await countAs(proxy, 'b')).toEqual({ ...b, count: 2 });
    expect(await countAs(proxy)).toEqual({ ...nobody, count: 2 });
  });

  it('calls that come at once on a new session share it', async () => {
    const proxy = await startStdio();
    const counted = await Promise.all(Array.from({ length: 8 }, () => countAs(proxy, 'together')));
    expect(new Set(counted.map(({ pid }) => pid)).size).toBe(1);
    expect(new Set(counted.map(({ count }) => count))).toEqual(new Set([1, 2, 3, 4, 5, 6, 7, 8]));
  });

  it('without it, everybody counts together', async () => {
    const proxy = await startWith({ it: child('counts') });
    await proxy.ready('it');
    expect((await countAs(proxy, 'a')).count).toBe(1);
    expect((await countAs(proxy, 'b')).count).toBe(2);
    expect((await countAs(proxy)).count).toBe(3);
  });

  it('a killed child of one caller hurts nobody else, and comes back for the next call', async () => {
    const proxy = await startStdio();
    const [nobody, a, b] = [await countAs(proxy), await countAs(proxy, 'a'), await countAs(proxy, 'b')];
    await killed(a.pid);
    const again = await countAs(proxy, 'a');
    expect(again.count).toBe(1);
    expect(again.pid).not.toBe(a.pid);
    expect(await countAs(proxy, 'b')).toEqual({ ...b, count: 2 });
    expect(await countAs(proxy)).toEqual({ ...nobody, count: 2 });
  });

  it('one too many ends the one that was idle longest', async () => {
    const proxy = await startStdio({ maxSessions: 2 });
    const a = await countAs(proxy, 'a');
    const b = await countAs(proxy, 'b');
    await countAs(proxy, 'a');
    const c = await countAs(proxy, 'c');
    await until(async () => !(await alive(b.pid)));
    expect(await countAs(proxy, 'a')).toEqual({ ...a, count: 3 });
    expect(await countAs(proxy, 'c')).toEqual({ ...c, count: 2 });
    expect((await countAs(proxy, 'b')).count).toBe(1);
    await until(async () => !(await alive(a.pid)));
  });

  it('one too many while all are busy is told to come later', async () => {
    const proxy = await startStdio({ maxSessions: 2 });
    const slow = ['a', 'b'].map((caller) => callAs(proxy, caller, 'count', { ms: 2_500 }));
    await until(async () => (await proxy.status('it')).inFlight === 2);
    const refused = await callAs(proxy, 'c');
    expect(refused).toMatchObject({ status: 503, body: { code: 'overloaded', server: 'it', tool: 'count' } });
    expect(refused.body).toHaveProperty(
      'detail',
      expect.stringMatching(/all of its sessions are in use \(maxSessions: 2\)/),
    );
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await countAs(proxy)).count, 'who needs no session of its own').toBe(1);
    expect((await Promise.all(slow)).map(({ status }) => status)).toEqual([200, 200]);
    expect((await countAs(proxy, 'c')).count).toBe(1);
  });

  it('an idle one is closed: its child ends', async () => {
    const proxy = await startStdio({ sessionIdleTimeout: 1 });
    const nobody = await countAs(proxy);
    const { pid } = await countAs(proxy, 'a');
    const slow = callAs(proxy, 'b', 'count', { ms: 2_500 });
    await until(async () => !(await alive(pid)), 5_000);
    expect(await slow, 'one in use is not idle').toMatchObject({ status: 200, body: { count: 1 } });
    expect((await countAs(proxy, 'a')).count).toBe(1);
    expect(await countAs(proxy), 'the shared one stays').toEqual({ ...nobody, count: 2 });
  });

  it('an idle one is closed: the server is told', async () => {
    const proxy = await startHttp({ sessionIdleTimeout: 1 });
    const { session } = await countAs(proxy, 'a');
    await until(
      async () => ((await callAs(proxy, undefined, 'deleted')).body as string[]).includes(session ?? ''),
      5_000,
    );
    expect((await countAs(proxy, 'a')).count).toBe(1);
  });
});
