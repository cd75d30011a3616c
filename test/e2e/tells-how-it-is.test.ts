// The promise: probes, programs and people are told how the servers are, in the contract's words and in sentences, at any
// time: while some have yet to start, while others fail, after a reload that was refused, and while the program stops.
import { Agent, get } from 'node:http';
import { writeFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { fixture, until } from '../support.ts';
import { folderWith } from './program.ts';
import { post, startProxy, statusOf, whenReady } from './proxy.ts';

const node = (name: string, env: Readonly<Record<string, string>> = {}): object => ({
  command: process.execPath,
  args: [fixture(name)],
  env,
});
const configOf = (mcpServers: object): string => JSON.stringify({ mcpServers });

/** A path to a configuration, and a way to write it anew. */
function configFile(mcpServers: object): { readonly path: string; readonly write: (text: string) => void } {
  const path = folderWith({ 'config.json': configOf(mcpServers) })('config.json');
  return { path, write: (text) => writeFileSync(path, text) };
}

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

async function ask(url: string): Promise<Answer> {
  const response = await fetch(url);
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

describe('GET /', () => {
  test('tells of every server its state, a sentence and the numbers', async () => {
    const { path } = configFile({
      good: node('echo'),
      slow: node('never-initialises'),
      missing: { command: 'no-such-command-on-any-machine' },
      crashing: node('exits-at-once'),
      refusing: { type: 'http', url: 'http://127.0.0.1:1/mcp' },
      off: { ...node('echo'), disabled: true },
    });
    const { url } = await startProxy(['--port', '0', '--config', path]);
    const states = async (): Promise<string> => {
      const { servers } = await statusOf(url);
      return Object.entries(servers)
        .map(([name, { state }]) => `${name} ${state}`)
        .join(', ');
    };
    const wanted = 'good ready, slow starting, missing down, crashing crash-looping, refusing down, off disabled';
    await until(async () => (await states()) === wanted, 25_000);
    const { servers } = await statusOf(url);
    expect(servers['good']).toEqual({
      state: 'ready',
      detail: expect.stringMatching(/^ready with \d+ tools$/),
      since: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      tools: expect.any(Number),
      restarts: 0,
      inFlight: 0,
      queued: 0,
      sessions: 0,
      lastError: null,
      nextRetryAt: null,
    });
    for (const [name, reason] of [
      ['missing', /command not found: no-such-command-on-any-machine/],
      ['crashing', /exit/],
      ['refusing', /127\.0\.0\.1:1/],
    ] as const) {
      const server = servers[name];
      expect(server?.detail).toMatch(reason);
      expect(server?.detail).toMatch(/trying again (now|in \d)/);
      expect(server?.lastError).toMatch(reason);
      expect(server?.tools).toBe(0);
    }
    expect(Date.parse(servers['crashing']?.nextRetryAt ?? ''), 'a pause of many seconds').toBeGreaterThan(Date.now());
    expect(servers['off']?.detail).toBe('Disabled in the configuration.');
    const one = (await ask(`${url}/missing/`)).body;
    expect(one).toMatchObject({ name: 'missing', state: 'down' });
  });

  test('keeps the last reason while the next attempt runs', async () => {
    const marker = folderWith({})('failed-once');
    const script =
      'const fs = require("node:fs"); if (fs.existsSync(process.argv[1])) process.stdin.resume();' +
      'else { fs.writeFileSync(process.argv[1], ""); console.error("no license found"); process.exitCode = 3; }';
    const { path } = configFile({ a: { command: process.execPath, args: ['-e', script, marker] } });
    const { url } = await startProxy(['--port', '0', '--config', path]);
    const during = await until(async () => {
      const { a } = (await statusOf(url)).servers;
      return a?.state === 'down' && a.nextRetryAt === null ? a : undefined;
    });
    expect(during.detail).toContain('no license found');
    expect(during.lastError).toContain('no license found');
  });

  test('counts calls in flight, and restarts', async () => {
    const { path } = configFile({ a: node('echo'), b: node('echo') });
    const { url } = await startProxy(['--port', '0', '--config', path]);
    await whenReady(url, 'a', 'b');
    const call = post(`${url}/a/sleep`, { ms: 1_000 });
    await until(async () => (await statusOf(url)).servers['a']?.inFlight === 1);
    process.kill(Number((await post(`${url}/b/pid`)).body), 'SIGKILL');
    await until(async () => (await statusOf(url)).servers['b']?.restarts === 1);
    await call;
    expect((await statusOf(url)).servers['a']?.inFlight).toBe(0);
  });

  test('tells of a reload that was refused, to programs and to people, until one succeeds', async () => {
    const { path, write } = configFile({ a: node('echo') });
    const { url, child } = await startProxy(['--port', '0', '--config', path]);
    const last = async (): Promise<Record<string, unknown> | null> =>
      (await ask(`${url}/`)).body['lastReload'] as Record<string, unknown> | null;
    const page = async (): Promise<string> => (await fetch(`${url}/`, { headers: { accept: 'text/html' } })).text();
    expect(await last()).toBeNull();
    expect(await page()).not.toContain('reload was refused');

    write('{"mcpServers": {\n"a": {"comand": "x"}}}');
    child.kill('SIGHUP');
    const refused = await until(last);
    expect(refused).toMatchObject({ outcome: 'refused', added: [], removed: [], changed: [] });
    expect(refused['detail']).toContain('config.json:2:');
    expect(refused['at']).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(await page()).toContain('The last reload was refused');

    write(configOf({ a: node('echo'), b: { ...node('echo'), disabled: true } }));
    child.kill('SIGHUP');
    await until(async () => (await last())?.['outcome'] === 'applied');
    expect(await last()).toMatchObject({ added: ['b'] });
    expect(await page()).not.toContain('reload was refused');
  });
});

describe('GET /readyz and /healthz', () => {
  test('ready is when every required server had its first attempt, good or bad', async () => {
    const { path } = configFile({
      good: node('echo'),
      missing: { command: 'no-such-command-on-any-machine' },
      slow: node('slow-to-initialise', { MS: '2000' }),
      optional: { ...node('never-initialises'), required: false },
      off: { ...node('never-initialises'), disabled: true },
    });
    const { url } = await startProxy(['--port', '0', '--config', path]);
    await whenReady(url, 'good');
    const early = await ask(`${url}/readyz`);
    expect(early).toMatchObject({ status: 503, body: { status: 'starting' } });
    expect(early.body['reason']).toMatch(/^These servers have yet to end their first attempt: .*slow\.$/);
    expect(await ask(`${url}/healthz`)).toEqual({ status: 200, body: { status: 'ok' } });
    const late = await until(async () => {
      const answer = await ask(`${url}/readyz`);
      return answer.status === 200 ? answer : undefined;
    });
    expect(late.body).toEqual({
      status: 'ready',
      servers: {
        good: { state: 'ready', attempted: true, required: true, detail: expect.any(String) },
        missing: {
          state: 'down',
          attempted: true,
          required: true,
          detail: expect.stringContaining('command not found'),
        },
        slow: { state: 'ready', attempted: true, required: true, detail: expect.any(String) },
        optional: { state: 'starting', attempted: false, required: false, detail: expect.any(String) },
      },
    });
  });

  test('a server that a reload adds does not take the program out of service', async () => {
    const { path, write } = configFile({ a: node('echo') });
    const { url, child } = await startProxy(['--port', '0', '--config', path]);
    await until(async () => (await ask(`${url}/readyz`)).status === 200);
    write(configOf({ a: node('echo'), late: node('never-initialises') }));
    child.kill('SIGHUP');
    await until(async () => (await statusOf(url)).servers['late']);
    expect(await ask(`${url}/readyz`)).toMatchObject({
      status: 200,
      body: { servers: { late: { state: 'starting', attempted: false } } },
    });
  });

  test('while calls finish, connections that are open hear that the program is going', async () => {
    const { path } = configFile({ a: node('echo') });
    const { url, child, exited, line } = await startProxy(['--port', '0', '--config', path]);
    await whenReady(url, 'a');
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    expect((await askOver(agent, `${url}/readyz`)).status).toBe(200);
    const call = post(`${url}/a/sleep`, { ms: 2_000 });
    await until(async () => (await statusOf(url)).servers['a']?.inFlight === 1);
    child.kill('SIGTERM');
    await line(({ type }) => type === 'stopping');
    const going = await askOver(agent, `${url}/readyz`);
    expect(going).toMatchObject({
      status: 503,
      body: { status: 'shutting-down', reason: 'The program is shutting down.' },
    });
    expect((await call).status).toBe(200);
    expect(await exited).toBe(0);
  });
});

function askOver(agent: Agent, url: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as Answer['body'] });
      });
    }).on('error', reject);
  });
}
