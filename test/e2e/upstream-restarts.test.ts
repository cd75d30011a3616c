import { createServer, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { until } from '../support.ts';
import { post } from './proxy.ts';
import {
  codeOf,
  newJournal,
  remote,
  startCallers,
  startWith,
  untilSince,
  type Called,
  type Remote,
} from './under-fire.ts';

const restarts = 3;
const callers = 8;

const kinds = [
  { kind: 'Streamable HTTP, answers as JSON', name: 'http-echo', type: 'http', env: { MODE: 'json' } },
  { kind: 'Streamable HTTP, answers as event streams', name: 'http-echo', type: 'http', env: { MODE: 'sse' } },
  { kind: 'legacy SSE', name: 'sse-echo', type: 'sse', env: {} },
] as const;

async function restart(server: Remote): Promise<void> {
  await server.kill();
  await server.start();
}

describe.each(kinds)('a remote server that restarts: $kind', ({ name, type, env }) => {
  it('the next call works, every time', async () => {
    const journal = newJournal();
    const server = await remote(name, { ...env, ...journal.env });
    await server.start();
    const proxy = await startWith({ far: { type, url: server.url } });
    await proxy.ready('far');
    for (let turn = 0; turn < restarts; turn++) {
      await restart(server);
      expect(await post(`${proxy.url}/far/append`, { id: `${turn}` })).toMatchObject({ status: 200 });
    }
    expect(journal.runs()).toEqual(Array.from({ length: restarts }, (_, turn) => `${turn}`));
  });

  it('calls that come while it is down wait, and succeed when it is back', async () => {
    const journal = newJournal();
    const server = await remote(name, { ...env, ...journal.env });
    await server.start();
    const proxy = await startWith({ far: { type, url: server.url } });
    await proxy.ready('far');
    await server.kill();
    const downAt = Date.now();
    const calls = ['a', 'b', 'c', 'd'].map((id) => post(`${proxy.url}/far/append`, { id }));
    await untilSince(downAt, 1_500);
    await server.start();
    for (const answer of await Promise.all(calls)) expect(answer).toMatchObject({ status: 200 });
    expect(journal.runs().toSorted()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('under load only calls in flight fail, and nothing runs twice', async () => {
    const journal = newJournal();
    const server = await remote(name, { ...env, ...journal.env });
    await server.start();
    const proxy = await startWith({ far: { type, url: server.url } });
    await proxy.ready('far');
    const reads = (caller: number): boolean => caller % 2 === 1;
    const { calls, stop } = startCallers(callers, (id, caller) =>
      post(`${proxy.url}/far/${reads(caller) ? 'look_up' : 'append'}`, {
        id: reads(caller) ? `read ${id}` : id,
        ms: 20,
      }),
    );
    // Not before each of them is in calm water: two kills may take the two attempts of one call.
    const eachSucceeded = async (): Promise<void> => {
      const from = Date.now();
      const well = (): Called[] => calls.filter(({ startedAt, status }) => startedAt >= from && status === 200);
      await until(() => new Set(well().map(({ id }) => id.split('.')[0])).size === callers);
    };
    const killed: { readonly from: number; readonly to: number }[] = [];
    for (let turn = 0; turn < restarts; turn++) {
      await eachSucceeded();
      const from = Date.now();
      await server.kill();
      killed.push({ from, to: Date.now() });
      await server.start();
    }
    await eachSucceeded();
    const ended = await stop();
    const failed = ended.filter(({ status }) => status !== 200);
    expect(failed.filter(({ status, body }) => status !== 502 || codeOf(body) !== 'outcome_unknown')).toEqual([]);
    expect(failed.filter(({ id }) => reads(Number(id.split('.')[0])))).toEqual([]);
    const inFlight = (call: { startedAt: number; endedAt: number }): boolean =>
      killed.some(({ from, to }) => call.startedAt <= to && from <= call.endedAt);
    expect(failed.filter((call) => !inFlight(call))).toEqual([]);
    expect(journal.twice().filter((id) => !id.startsWith('read '))).toEqual([]);
  });
});

it.each(['404', '400'])('sessions that the server forgot are made anew (HTTP %s)', async (status) => {
  const journal = newJournal();
  const server = await remote('http-drops-session', { STATUS: status, ...journal.env });
  await server.start();
  const proxy = await startWith({ far: { type: 'http', url: server.url } });
  await proxy.ready('far');
  const ids: string[] = [];
  for (let turn = 0; turn < 5; turn++) {
    expect(await post(`${proxy.url}/far/drop`)).toMatchObject({ status: 200 });
    const together = Array.from({ length: 8 }, (_, index) => `${turn}.${index}`);
    ids.push(...together);
    const answers = await Promise.all(together.map((id) => post(`${proxy.url}/far/append`, { id })));
    expect(answers.map((answer) => answer.status)).toEqual(together.map(() => 200));
  }
  expect(journal.runs().toSorted()).toEqual(ids.toSorted());
});

it('a server that forgets each session after ten calls costs no call', async () => {
  const journal = newJournal();
  const server = await remote('http-drops-session', { CALLS: '10', ...journal.env });
  await server.start();
  const proxy = await startWith({ far: { type: 'http', url: server.url } });
  await proxy.ready('far');
  const { calls, stop } = startCallers(4, (id) => post(`${proxy.url}/far/append`, { id, ms: 5 }));
  await until(() => calls.length >= 60);
  const ended = await stop();
  expect(ended.filter(({ status }) => status !== 200)).toEqual([]);
  expect(journal.runs()).toHaveLength(ended.length);
});

it.each([
  { name: 'http-cuts-streams', type: 'http' },
  { name: 'sse-cuts-streams', type: 'sse' },
])('$name: a stream that breaks off in the middle of an answer', async ({ name, type }) => {
  const journal = newJournal();
  const server = await remote(name, journal.env);
  await server.start();
  const proxy = await startWith({ far: { type, url: server.url } });
  const { url } = proxy;
  await proxy.ready('far');
  for (const id of ['first', 'second', 'third']) {
    expect(await post(`${url}/far/cut`, { id })).toMatchObject({ status: 502, body: { code: 'outcome_unknown' } });
    expect(await post(`${url}/far/add`, { a: 1, b: 2 })).toMatchObject({ status: 200, body: 3 });
  }
  expect(journal.runs()).toEqual(['first', 'second', 'third']);
  expect(await post(`${url}/far/cut_once`, { id: 'reads' })).toMatchObject({ status: 200, body: 'reads' });
  expect(journal.runs().slice(3)).toEqual(['reads', 'reads']);
});

it('an event stream that went silent is noticed, and made anew', { timeout: 90_000 }, async () => {
  const journal = newJournal();
  const server = await remote('sse-goes-silent', journal.env);
  await server.start();
  const proxy = await startWith({ far: { type: 'sse', url: server.url, timeout: 1 } });
  const { url } = proxy;
  await proxy.ready('far');
  expect(await post(`${url}/far/go_silent`)).toMatchObject({ status: 200 });
  // It was delivered, and whether it ran nobody says: it is not sent again.
  expect(await post(`${url}/far/append`, { id: 'unheard' })).toMatchObject({ status: 504, body: { code: 'timeout' } });
  await until(async () => (await proxy.status('far')).restarts === 1, 75_000);
  expect(await post(`${url}/far/append`, { id: 'heard' })).toMatchObject({ status: 200, body: 'heard' });
  expect(journal.runs()).toEqual(['unheard', 'heard']);
});

it('a proxy that slept while its servers restarted', async () => {
  const journal = newJournal();
  const servers = await Promise.all(kinds.map(({ name, env }) => remote(name, { ...env, ...journal.env })));
  await Promise.all(servers.map((server) => server.start()));
  const entries = kinds.map(({ type }, index) => [`far${index}`, { type, url: servers[index]?.url }]);
  const proxy = await startWith(Object.fromEntries(entries));
  await proxy.ready('far0', 'far1', 'far2');
  proxy.child.kill('SIGSTOP');
  await Promise.all(servers.map(restart));
  proxy.child.kill('SIGCONT');
  const answers = await Promise.all(
    [0, 1, 2].map((index) => post(`${proxy.url}/far${index}/append`, { id: `${index}` })),
  );
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(journal.runs().toSorted()).toEqual(['0', '1', '2']);
});

/** A reverse proxy in front of a server on `port`: answers 502 with a page while nobody listens there. Gives its origin. */
async function startGateway(port: number): Promise<string> {
  const gateway = createServer((incoming, response) => {
    const { url, method, headers } = incoming;
    const onward = forward({ host: '127.0.0.1', port, path: url, method, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers).flushHeaders();
      answer.on('error', () => response.destroy()).pipe(response);
    });
    onward.on('error', () => {
      if (response.headersSent) response.destroy();
      else response.writeHead(502, { 'content-type': 'text/html' }).end('<html><h1>502 Bad Gateway</h1></html>');
    });
    response.on('close', () => onward.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    gateway.closeAllConnections();
    gateway.close();
  });
  return `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`;
}

describe.each(kinds)('a gateway that answers 502 while the server behind it is down: $kind', ({ name, type, env }) => {
  it('makes it down; calls wait for it, and none sees a page', async () => {
    const journal = newJournal();
    const server = await remote(name, { ...env, ...journal.env });
    await server.start();
    const url = `${await startGateway(server.port)}${new URL(server.url).pathname}`;
    const proxy = await startWith({ far: { type, url } });
    await proxy.ready('far');
    await server.kill();
    const read = post(`${proxy.url}/far/look_up`, { id: 'read' });
    const { detail } = await until(async () => {
      const status = await proxy.status('far');
      return status.state === 'down' ? status : undefined;
    });
    expect(detail).toMatch(/answered HTTP 502; trying again|ended the event stream; trying again/);
    const write = post(`${proxy.url}/far/append`, { id: 'write' });
    const downAt = Date.now();
    await untilSince(downAt, 1_000);
    await server.start();
    expect(await read).toMatchObject({ status: 200 });
    expect(await write).toMatchObject({ status: 200 });
    expect(journal.runs().filter((id) => id === 'write')).toHaveLength(1);
    expect(JSON.stringify(proxy.log)).not.toContain('<html');
  });
});
