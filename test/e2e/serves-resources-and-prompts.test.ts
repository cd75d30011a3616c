import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { fixture, freePort, inherited, until } from '../support.ts';
import { post, startProxy, whenReady, type Proxy } from './proxy.ts';

const everything = { command: process.execPath, args: ['node_modules/.bin/mcp-server-everything'] };
const both = { expose: ['resources', 'prompts'] };

async function serve(
  mcpServers: unknown,
): Promise<{ readonly proxy: Proxy; readonly rewrite: (next: unknown) => void }> {
  const folder = await mkdtemp(join(tmpdir(), 'mcpo-offers-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'mcpo.json');
  const write = (servers: unknown) => writeFile(file, JSON.stringify({ mcpServers: servers }));
  await write(mcpServers);
  const proxy = await startProxy(['--port', '0', '--config', file]);
  const rewrite = (next: unknown) => void write(next).then(() => proxy.child.kill('SIGHUP'));
  return { proxy, rewrite };
}

interface Lists {
  readonly resources: { readonly uri: string }[];
  readonly resourceTemplates: unknown[];
  readonly prompts: { readonly name: string; readonly arguments?: { name: string; required?: boolean }[] }[];
}

const json = async (url: string) => (await (await fetch(url)).json()) as Lists & { contents: unknown[] };

async function exercise(base: string): Promise<void> {
  const { resources } = await json(`${base}/resources`);
  expect(resources.length).toBeGreaterThan(0);
  const { resourceTemplates } = await json(`${base}/resources/templates`);
  expect(resourceTemplates.length).toBeGreaterThan(0);
  const uri = encodeURIComponent(resources[0]?.uri ?? '');
  const { contents } = await json(`${base}/resources/read?uri=${uri}`);
  expect(contents).toMatchObject([{ uri: resources[0]?.uri }]);
  const missing = await fetch(`${base}/resources/read?uri=nothing%3A%2F%2Fhere`);
  expect([missing.status, await missing.json()]).toMatchObject([404, { code: 'not_found' }]);

  const { prompts } = await json(`${base}/prompts`);
  const needy = prompts.find((prompt) => prompt.arguments?.some(({ required }) => required === true));
  const address = `${base}/prompts/${encodeURIComponent(needy?.name ?? '')}`;
  expect(await post(address)).toMatchObject({ status: 422, body: { code: 'invalid_arguments' } });
  const args = Object.fromEntries((needy?.arguments ?? []).map(({ name }) => [name, 'Bern']));
  const got = await post(address, args);
  expect(got).toMatchObject({ status: 200, body: { messages: [{ role: expect.any(String) }] } });
  expect(JSON.stringify(got.body)).toContain('Bern');
}

it('serves what a real server has besides tools, over stdio', async () => {
  const { proxy } = await serve({ all: { ...everything, ...both }, tools: everything });
  await whenReady(proxy.url, 'all', 'tools');
  await exercise(`${proxy.url}/all`);
  const hidden = await fetch(`${proxy.url}/tools/resources`);
  expect([hidden.status, await hidden.json()]).toMatchObject([501, { code: 'not_supported' }]);
});

it.each(['streamableHttp', 'sse'])('serves it over %s', async (transport) => {
  const port = await freePort();
  const child = spawn(process.execPath, [...everything.args, transport], {
    env: { ...inherited(), PORT: String(port) },
    stdio: 'ignore',
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  onTestFinished(async () => {
    child.kill();
    await exited;
  });
  const url = `http://127.0.0.1:${port}/${transport === 'sse' ? 'sse' : 'mcp'}`;
  const { proxy } = await serve({ all: { url, type: transport, ...both } });
  await until(async () => {
    const { servers } = (await (await fetch(proxy.url, { headers: { accept: 'application/json' } })).json()) as {
      servers: { all: { state: string } };
    };
    return servers.all.state === 'ready';
  }, 30_000);
  await exercise(`${proxy.url}/all`);
});

it('gives bytes where they are asked for, and prompts that came later', async () => {
  const ours = { command: process.execPath, args: [fixture('offers-resources-and-prompts')] };
  const { proxy, rewrite } = await serve({ ours: { ...ours, ...both } });
  await whenReady(proxy.url, 'ours');
  const read = `${proxy.url}/ours/resources/read?uri=image%3A%2F%2Fpixel`;
  const image = await fetch(read, { headers: { accept: 'image/*' } });
  expect(image.headers.get('content-type')).toBe('image/png');
  expect(
    Buffer.from(await image.arrayBuffer())
      .subarray(1, 4)
      .toString(),
  ).toBe('PNG');
  expect(await (await fetch(`${proxy.url}/ours/resources`)).text()).toContain('"big":9007199254740993,"price":1.10');

  expect(await post(`${proxy.url}/ours/prompts/new`)).toMatchObject({ status: 404 });
  await post(`${proxy.url}/ours/add_prompt`, { name: 'new' });
  await until(async () => (await post(`${proxy.url}/ours/prompts/new`)).status === 200);

  rewrite({ ours: { ...ours, expose: ['resources'] } });
  await until(async () => (await fetch(`${proxy.url}/ours/prompts`)).status === 501);
  expect((await fetch(read)).status).toBe(200);
});

it('cancels what nobody waits for any more', async () => {
  const ours = { command: process.execPath, args: [fixture('offers-resources-and-prompts')], ...both };
  const { proxy } = await serve({ ours });
  await whenReady(proxy.url, 'ours');
  const abort = new AbortController();
  const slow = fetch(`${proxy.url}/ours/resources/read?uri=note%3A%2F%2Fslow`, { signal: abort.signal });
  const received = async () => (await post(`${proxy.url}/ours/received`)).body as Record<string, number>;
  await until(async () => (await received())['resources/read'] === 1);
  abort.abort();
  await expect(slow).rejects.toThrow('aborted');
  await until(async () => ((await post(`${proxy.url}/ours/cancelled`)).body as unknown[]).length === 1);
});
