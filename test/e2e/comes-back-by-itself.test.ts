import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { freePort, startRemote, until } from '../support.ts';
import { post, startProxy, statusOf } from './proxy.ts';

it('a remote server that was never up is found by the first call after it is', async () => {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'mcpo-late-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'config.json');
  await writeFile(path, JSON.stringify({ mcpServers: { late: { url: `http://127.0.0.1:${port}/mcp` } } }));
  const { url } = await startProxy(['--port', '0', '--config', path]);
  // Long enough for pauses of several seconds.
  await until(async () => (await statusOf(url)).servers['late']?.detail.includes('trying again in 4 s'));
  expect(await post(`${url}/late/add`, { a: 1, b: 2 })).toMatchObject({
    status: 502,
    body: { code: 'upstream_unavailable', server: 'late', tool: 'add' },
  });
  await startRemote('http-echo', { PORT: String(port) });
  expect(await post(`${url}/late/add`, { a: 1, b: 2 })).toMatchObject({ status: 200, body: 3 });
});
