import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { alive, fixture, until } from '../support.ts';
import { post, startProxy, statusOf } from './proxy.ts';

async function started(name: string): Promise<{ proxy: Awaited<ReturnType<typeof startProxy>>; pid: number }> {
  const proxy = await startProxy(['--port', '0', '--', process.execPath, fixture(name)]);
  await proxy.line((line) => line.type === 'settled');
  return { proxy, pid: Number((await post(`${proxy.url}/pid`)).body) };
}

/** Processes with this in their environment; none where the system does not tell. */
async function startedWith(variable: string): Promise<string[]> {
  const pids = await readdir('/proc').catch((): string[] => []);
  const environments = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')));
  return pids.filter((_, index) => environments[index]?.includes(variable));
}

describe('the end of the proxy', () => {
  it.each(['echo', 'ignores-eof', 'ignores-eof-and-sigterm'])('SIGTERM ends %s, and the proxy with 0', async (name) => {
    const { proxy, pid } = await started(name);
    proxy.child.kill('SIGTERM');
    expect(await proxy.exited).toBe(0);
    expect(await alive(pid)).toBe(false);
  });

  it('lets a call finish that is in flight, and takes no new one', async () => {
    const { proxy } = await started('echo');
    const call = post(`${proxy.url}/sleep`, { ms: 800 });
    await until(async () => Object.values((await statusOf(proxy.url)).servers)[0]?.inFlight === 1);
    proxy.child.kill('SIGTERM');
    expect(await call).toMatchObject({ status: 200, body: 'slept 800 ms' });
    expect(await proxy.exited).toBe(0);
    await expect(fetch(`${proxy.url}/healthz`)).rejects.toThrow('fetch failed');
  });

  it('tells a call that is still running when the time is up', async () => {
    const { proxy } = await started('echo');
    const call = post(`${proxy.url}/sleep`, { ms: 60_000 });
    await until(async () => Object.values((await statusOf(proxy.url)).servers)[0]?.inFlight === 1);
    proxy.child.kill('SIGTERM');
    expect(await call).toMatchObject({ status: 503, body: { code: 'shutting_down' } });
    expect(await proxy.exited).toBe(0);
  });

  it('a second signal ends at once, children too', async () => {
    const { proxy, pid } = await started('ignores-eof-and-sigterm');
    proxy.child.kill('SIGINT');
    await proxy.line((line) => line.type === 'stopping');
    proxy.child.kill('SIGINT');
    expect(await proxy.exited).toBe(130);
    await until(async () => !(await alive(pid)));
  });

  it('a reload that comes with the end starts nothing', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mcpo-end-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const path = join(folder, 'config.json');
    const entry = { command: process.execPath, args: [fixture('ignores-eof-and-sigterm')] };
    await writeFile(path, JSON.stringify({ mcpServers: { first: entry } }));
    const proxy = await startProxy(['--port', '0', '--config', path]);
    await proxy.line((line) => line.type === 'settled');
    await writeFile(path, JSON.stringify({ mcpServers: { first: entry, second: { ...entry, env: { MARK: path } } } }));
    proxy.child.kill('SIGHUP');
    proxy.child.kill('SIGTERM');
    expect(await proxy.exited).toBe(0);
    expect(await startedWith(`MARK=${path}`)).toEqual([]);
  });

  it('ends what a server forked', async () => {
    const { proxy } = await started('forks-a-grandchild');
    const grandchild = Number((await post(`${proxy.url}/grandchild`)).body);
    expect(await alive(grandchild)).toBe(true);
    proxy.child.kill('SIGTERM');
    expect(await proxy.exited).toBe(0);
    expect(await alive(grandchild)).toBe(false);
  });

  it('also when it is a wrapper that dies', async () => {
    const command = `${process.execPath} ${fixture('forks-a-grandchild')}; exit 0`;
    const proxy = await startProxy(['--port', '0', '--', 'sh', '-c', command]);
    await proxy.line((line) => line.type === 'settled');
    const server = Number((await post(`${proxy.url}/pid`)).body);
    const grandchild = Number((await post(`${proxy.url}/grandchild`)).body);
    process.kill(server, 'SIGKILL');
    await until(async () => !(await alive(grandchild)));
    await until(async () => Number((await post(`${proxy.url}/pid`)).body) > 0);
  });

  it('a dead single server ends the start with 1 and one sentence', async () => {
    const start = startProxy(['--port', '0', '--', process.execPath, fixture('exits-at-once')]);
    await expect(start).rejects.toThrow(
      /^mcpo ended with 1: mcpo: the server did not start: the process exited with code 3: /,
    );
  });
});
