import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { fixture, until } from '../support.ts';
import { post, startProxy, statusOf, whenReady } from './proxy.ts';

const node = (name: string, env: object = {}): object => ({ command: process.execPath, args: [fixture(name)], env });

it('explains every bad server in a sentence while the good ones serve', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mcpo-bad-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'config.json');
  const mcpServers = {
    missing: { command: 'no-such-command' },
    exits: node('exits-at-once'),
    silent: node('never-initialises'),
    refused: { url: 'http://127.0.0.1:9/mcp' },
    noisy: node('noisy-stdout'),
    malformed: node('bad-schema'),
    empty: node('no-tools'),
    good: node('echo'),
    off: { ...node('echo'), disabled: true },
  };
  await writeFile(path, JSON.stringify({ mcpServers }));
  const { url } = await startProxy(['--port', '0', '--config', path, '--connection-timeout', '6']);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  await whenReady(url, 'good', 'noisy', 'malformed', 'empty');
  expect((await statusOf(url)).servers['silent']?.state, 'the silent one delays nobody').toBe('starting');
  expect((await post(`${url}/good/add`, { a: 20, b: 22 })).body).toBe(42);

  expect(await post(`${url}/silent/anything`)).toMatchObject({ status: 503, body: { code: 'starting' } });
  expect((await fetch(`${url}/readyz`)).status).toBe(503);
  await until(async () => (await statusOf(url)).servers['silent']?.state === 'down');
  expect((await fetch(`${url}/readyz`)).status).toBe(200);

  const { servers } = await statusOf(url);
  const sentences = {
    missing: /^command not found: no-such-command; trying again in/,
    exits: /^the process exited with code 3: /,
    silent: /^no answer to initialize within 6 s/,
  };
  for (const [name, sentence] of Object.entries(sentences)) expect(servers[name]?.detail).toMatch(sentence);
  expect(servers['refused']?.state).toBe('down');
  expect(servers['empty']).toMatchObject({ state: 'ready', tools: 0 });
  expect(servers['off']?.state).toBe('disabled');
  const unavailable = await post(`${url}/missing/anything`);
  expect(unavailable).toMatchObject({ status: 502, body: { code: 'upstream_unavailable', server: 'missing' } });
  expect(Number(unavailable.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await post(`${url}/off/echo`)).toMatchObject({ status: 404, body: { code: 'unknown_server' } });
});
