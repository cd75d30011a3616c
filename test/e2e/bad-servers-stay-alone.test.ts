import { chmodSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fixture, freePort, startRemote, until } from '../support.ts';
import { post, statusOf } from './proxy.ts';
import { child, remote, startWith, temporaryFolder } from './under-fire.ts';

/** The promises, and what a busy machine may add. */
const listensWithinMs = 2_000;
const goodWithinMs = 8_000;
const connectionTimeoutS = 6;

it(
  'explains every bad server in a sentence while the good ones serve, and heals by itself',
  { timeout: 60_000 },
  async () => {
    const folder = temporaryFolder();
    const later = join(folder, 'later');
    const notExecutable = join(folder, 'not-executable');
    writeFileSync(notExecutable, '#!/bin/sh\n');
    chmodSync(notExecutable, 0o644);
    const closed = await freePort();
    const late = await remote('http-echo');
    const far = (name: string, env = {}) => startRemote(name, env).then(({ url }) => ({ url }));
    const typed = (entry: object) => ({ type: 'http', ...entry });

    const good = {
      good: child('echo'),
      far: await far('http-echo'),
      noisy: child('noisy-stdout'),
      doubled: child('answers-twice'),
      empty: child('no-tools'),
      loud: child('prints-huge-lines', { MIB: '2' }),
    };
    const bad = {
      missing: { command: 'no-such-command' },
      forbidden: { command: notExecutable },
      nowhere: { command: process.execPath, args: [fixture('echo')], cwd: join(folder, 'gone') },
      exits: child('exits-at-once'),
      dies: child('dies-on-list'),
      silent: child('never-initialises'),
      garbage: child('prints-garbage'),
      mute: child('closes-stdout', { AT: 'start' }),
      revision: child('invalid-revision'),
      refused: { url: `http://127.0.0.1:${closed}/mcp` },
      broken: typed(await far('http-500')),
      page: typed(await far('http-html')),
      stranger: await far('http-401'),
      moved: typed(await far('http-redirects', { TO: 'http://127.0.0.1:9/elsewhere' })),
      hanging: typed(await far('http-slow')),
      wrong: typed({ url: (await far('http-echo')).url.replace('/mcp', '/nothing-here') }),
    };
    const healing = {
      command: { command: later, args: [fixture('echo')] },
      port: { url: late.url },
      slow: child('slow-to-initialise', { MS: '2500' }),
    };
    const from = Date.now();
    const proxy = await startWith({ ...bad, ...good, ...healing }, '--connection-timeout', String(connectionTimeoutS));
    const { url } = proxy;
    expect(Date.now() - from).toBeLessThan(listensWithinMs);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    await proxy.ready(...Object.keys(good));
    expect(Date.now() - from, 'nobody waits for the silent ones').toBeLessThan(goodWithinMs);
    expect(await proxy.status('silent')).toMatchObject({ state: 'starting' });
    expect((await post(`${url}/good/add`, { a: 20, b: 22 })).body).toBe(42);
    expect((await post(`${url}/noisy/add`, { a: 20, b: 22 })).body).toBe(42);
    expect((await post(`${url}/doubled/add`, { a: 20, b: 22 })).body).toBe(42);
    expect(await proxy.status('empty')).toMatchObject({ state: 'ready', tools: 0 });

    expect(await post(`${url}/silent/anything`)).toMatchObject({ status: 503, body: { code: 'starting' } });
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    await until(async () => (await proxy.status('silent')).state === 'down');
    await until(async () => (await proxy.status('hanging')).state === 'down');
    await until(async () => (await fetch(`${url}/readyz`)).status === 200);

    const sentences: Record<keyof typeof bad | 'command' | 'port', RegExp> = {
      missing: /^command not found: no-such-command; trying again in/,
      forbidden: /^command is not executable: .*not-executable/,
      nowhere: /working directory.*gone/,
      exits: /^the process exited with code 3: .*KETTLE_TOKEN is not set/,
      dies: /the process exited with code 9/,
      silent: /^no answer to initialize within 6 s/,
      garbage: /(segfault|no answer to initialize|not JSON)/,
      mute: /^the process closed its output/,
      revision: /1999-12-31/,
      refused: new RegExp(`^connection refused by 127\\.0\\.0\\.1:${closed}`),
      broken: /answered HTTP 500/,
      page: /does not speak MCP/,
      stranger: /refuses our credentials \(HTTP 401\)/,
      moved: /redirects to another address \(HTTP 307\)/,
      hanging: /^no answer to initialize within 6 s/,
      wrong: /has nothing at this path \(HTTP 404\)/,
      command: new RegExp(`^command not found: ${later}`),
      port: new RegExp(`^connection refused by 127\\.0\\.0\\.1:${late.port}`),
    };
    const { servers } = await statusOf(url);
    const told = Object.fromEntries(Object.keys(sentences).map((name) => [name, servers[name]?.detail]));
    const unexplained = Object.entries(sentences).filter(([name, sentence]) => !sentence.test(told[name] ?? ''));
    expect(unexplained.map(([name]) => [name, told[name]])).toEqual([]);
    for (const name of Object.keys(sentences)) {
      expect(['down', 'crash-looping', 'starting'], `${name}: ${told[name]}`).toContain(servers[name]?.state);
      expect(servers[name]?.lastError).not.toBeNull();
    }

    const unavailable = await post(`${url}/missing/anything`);
    expect(unavailable).toMatchObject({ status: 502, body: { code: 'upstream_unavailable', server: 'missing' } });
    expect(unavailable.body).toHaveProperty('detail', expect.stringContaining('command not found: no-such-command'));
    expect(Number(unavailable.headers.get('retry-after'))).toBeGreaterThan(0);

    symlinkSync(process.execPath, later);
    await late.start();
    await proxy.ready('command', 'port', 'slow', ...Object.keys(good));
    for (const name of Object.keys(healing)) {
      expect(await post(`${url}/${name}/add`, { a: 1, b: 2 })).toMatchObject({ status: 200, body: 3 });
    }
  },
);

it('servers that are bad only when called hurt nobody else', async () => {
  const proxy = await startWith({
    good: child('echo'),
    fragile: child('crashes-on-call', { CALLS: '3' }),
    mute: child('closes-stdout'),
    deaf: child('stops-reading', {}, { timeout: 1 }),
    stranger: child('answers-unknown-ids'),
    huge: child('huge-line'),
    endless: child('many-pages', { PAGES: 'Infinity', TOOLS: '1' }),
    off: child('echo', {}, { disabled: true }),
  });
  const { url } = proxy;
  await proxy.ready('good', 'fragile', 'mute', 'deaf', 'stranger', 'huge');
  const add = (server: string) => post(`${url}/${server}/add`, { a: 1, b: 2 });
  const say = (server: string) => post(`${url}/${server}/say`, { text: 'here' });

  expect(await say('fragile')).toMatchObject({ status: 200 });
  expect(await say('fragile')).toMatchObject({ status: 200 });
  const crashed = await say('fragile');
  expect(crashed).toMatchObject({ status: 502, body: { code: 'outcome_unknown', server: 'fragile', tool: 'say' } });
  expect(crashed.body).toHaveProperty('detail', expect.stringContaining('the kettle exploded'));
  expect(await say('fragile'), 'the next call waits for the new child').toMatchObject({ status: 200, body: 'here' });

  expect(await post(`${url}/mute/close`)).toMatchObject({ status: 502, body: { code: 'outcome_unknown' } });
  expect(await add('mute')).toMatchObject({ status: 200, body: 3 });
  expect(await add('stranger')).toMatchObject({ status: 200, body: 3 });
  expect(await post(`${url}/huge/huge`, { mib: 10 })).toMatchObject({ status: 200 });
  expect(await post(`${url}/deaf/stop_reading`)).toMatchObject({ status: 200 });
  expect(await post(`${url}/deaf/say`, { text: 'hello?' })).toMatchObject({ status: 504, body: { code: 'timeout' } });
  expect(await post(`${url}/off/echo`)).toMatchObject({ status: 404, body: { code: 'unknown_server' } });
  expect((await proxy.status('off')).state).toBe('disabled');

  await proxy.ready('endless');
  expect(await proxy.status('endless')).toMatchObject({ tools: 1_000 });
  expect(await add('good')).toMatchObject({ status: 200, body: 3 });
  expect(await proxy.status('good')).toMatchObject({ state: 'ready', restarts: 0 });
});
