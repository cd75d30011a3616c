import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freePort, inherited, until } from '../support.ts';
import { post, startProxy, statusOf, whenReady } from './proxy.ts';

const run = promisify(execFile);

interface Document {
  readonly openapi: string;
  readonly paths: Record<string, { post: { operationId: string } }>;
}

describe('the example of the repository', () => {
  it('serves three real servers, describes every tool, and prints a curl line that works', async () => {
    // The memory of one who has tried it before is not ours.
    const folder = await mkdtemp(join(tmpdir(), 'mcpo-example-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const proxy = await startProxy(['--port', '0', '--config', 'examples/config.json'], { TMPDIR: folder });
    await whenReady(proxy.url, 'everything', 'memory', 'filesystem');
    const { servers } = await statusOf(proxy.url);
    const document = (await (await fetch(`${proxy.url}/openapi.json`)).json()) as Document;
    const tools = Object.values(servers).reduce((sum, server) => sum + server.tools, 0);
    expect(Object.keys(document.paths)).toHaveLength(tools);
    expect(document.openapi).toBe('3.1.0');

    expect(await post(`${proxy.url}/memory/read_graph`)).toMatchObject({ status: 200, body: { entities: [] } });
    expect(await post(`${proxy.url}/everything/get-sum`, { a: 1, b: 2 })).toMatchObject({ status: 200 });
    const listed = await post(`${proxy.url}/filesystem/list_directory`, { path: '.' });
    expect(listed.status).toBe(200);

    const settled = await proxy.line((line) => line.type === 'settled');
    const { stdout } = await run('sh', ['-c', `${String(settled['try'])} --silent --show-error --fail`]);
    expect(stdout).not.toBe('');
  });
});

describe('the everything server', () => {
  it.each(['streamableHttp', 'sse'])('is served over %s', async (transport) => {
    const port = await freePort();
    const child = spawn(process.execPath, ['node_modules/.bin/mcp-server-everything', transport], {
      env: { ...inherited(), PORT: String(port) },
      stdio: 'ignore',
    });
    const exited = new Promise((resolve) => child.once('exit', resolve));
    onTestFinished(async () => {
      child.kill();
      await exited;
    });
    const upstream = `http://127.0.0.1:${port}/${transport === 'sse' ? 'sse' : 'mcp'}`;
    await until(() => fetch(upstream, { signal: AbortSignal.timeout(500) }).then(() => true, isNotRefused), 20_000);
    const type = transport === 'sse' ? 'sse' : 'streamable-http';
    const proxy = await startProxy(['--port', '0', '--server-type', type, '--', upstream]);
    await proxy.line((line) => line.type === 'settled');
    expect(await post(`${proxy.url}/echo`, { message: 'hi' })).toMatchObject({ status: 200, body: 'Echo: hi' });
    const image = await post(`${proxy.url}/get-tiny-image`);
    expect(JSON.stringify(image.body)).toContain('data:image/png;base64,');
  });
});

/** An SSE endpoint answers and never ends: the time running out means that it is up. */
function isNotRefused(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError';
}
