import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startedWith, watchdogOf } from '../processes.ts';
import { alive, fixture, until } from '../support.ts';
import { post, startProxy, statusOf, whenReady } from './proxy.ts';

async function started(name: string): Promise<{ proxy: Awaited<ReturnType<typeof startProxy>>; pid: number }> {
  const proxy = await startProxy(['--port', '0', '--', process.execPath, fixture(name)]);
  await proxy.line((line) => line.type === 'settled');
  return { proxy, pid: Number((await post(`${proxy.url}/pid`)).body) };
}

/** A configuration file, gone with the test. */
async function configOf(mcpServers: Readonly<Record<string, object>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mcpo-end-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'config.json');
  await writeFile(path, JSON.stringify({ mcpServers }));
  return path;
}

/** Serves one command; `variable` is in the environment of all that descends from it. */
async function serve(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const mark = randomUUID();
  const path = await configOf({ it: { command, args, env: { ...env, MARK: mark } } });
  const proxy = await startProxy(['--port', '0', '--config', path]);
  await whenReady(proxy.url, 'it');
  return { proxy, url: `${proxy.url}/it`, path, running: () => startedWith(`MARK=${mark}`) };
}

/** An entry of the configuration. */
function entry(name: string): { command: string; args: string[] } {
  return { command: process.execPath, args: [fixture(name)] };
}

describe('the end of the proxy', () => {
  it.each(['echo', 'ignores-eof', 'ignores-eof-and-sigterm'])('SIGTERM ends %s, and the proxy with 0', async (name) => {
    const { proxy, pid } = await started(name);
    proxy.child.kill('SIGTERM');
    expect(await proxy.exited).toBe(0);
    expect(await alive(pid)).toBe(false);
  });

  it('lets calls finish that are in flight, and takes no new one', async () => {
    const { proxy } = await started('echo');
    const calls = Array.from({ length: 5 }, () => post(`${proxy.url}/sleep`, { ms: 800 }));
    await until(async () => Object.values((await statusOf(proxy.url)).servers)[0]?.inFlight === calls.length);
    proxy.child.kill('SIGTERM');
    for (const call of calls) expect(await call).toMatchObject({ status: 200, body: 'slept 800 ms' });
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

  it.each([
    { signal: 'SIGINT', code: 130 },
    { signal: 'SIGTERM', code: 143 },
  ] as const)('a second $signal ends at once, children too', async ({ signal, code }) => {
    const { proxy, pid } = await started('ignores-eof-and-sigterm');
    proxy.child.kill(signal);
    await proxy.line((line) => line.type === 'stopping');
    proxy.child.kill(signal);
    expect(await proxy.exited).toBe(code);
    await until(async () => !(await alive(pid)));
  });

  it('a reload that comes with the end starts nothing', async () => {
    const first = entry('ignores-eof-and-sigterm');
    const path = await configOf({ first });
    const proxy = await startProxy(['--port', '0', '--config', path]);
    await proxy.line((line) => line.type === 'settled');
    const second = { ...first, env: { MARK: path } };
    await writeFile(path, JSON.stringify({ mcpServers: { first, second } }));
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

  it('a dead single server ends the start with 1 and one sentence', async () => {
    const start = startProxy(['--port', '0', '--', process.execPath, fixture('exits-at-once')]);
    await expect(start).rejects.toThrow(
      /^mcpo ended with 1: mcpo: the server did not start: the process exited with code 3: /,
    );
  });
});

const nodeServer = `'${process.execPath}' '${fixture('forks-a-grandchild')}'; true`;
const npx = ['-y', '@modelcontextprotocol/server-memory'];
const offline = { npm_config_offline: 'true', npm_config_update_notifier: 'false' };

describe.runIf(process.platform === 'linux')('whatever a server starts', () => {
  describe.each([
    { wrapper: 'sh -c', command: 'sh', args: ['-c', nodeServer], env: {} },
    { wrapper: 'npx', command: 'npx', args: npx, env: offline },
  ])('behind $wrapper', ({ command, args, env }) => {
    it('ends with the proxy', async () => {
      const { proxy, running } = await serve(command, args, env);
      expect((await running()).length).toBeGreaterThan(1);
      proxy.child.kill('SIGTERM');
      expect(await proxy.exited).toBe(0);
      expect(await running()).toEqual([]);
    });

    it('ends when the proxy is killed', async () => {
      const { proxy, running } = await serve(command, args, env);
      proxy.child.kill('SIGKILL');
      await proxy.exited;
      await until(async () => (await running()).length === 0);
    });

    it('ends when the wrapper is killed alone, and runs again', async () => {
      const { proxy, running } = await serve(command, args, env);
      const before = await running();
      process.kill(Math.min(...before), 'SIGKILL');
      for (const pid of before) await until(async () => !(await alive(pid)));
      await whenReady(proxy.url, 'it');
      expect((await running()).length).toBeGreaterThan(1);
    });
  });

  it('ends when the server behind a wrapper is killed', async () => {
    const { url } = await serve('sh', ['-c', nodeServer]);
    const grandchild = Number((await post(`${url}/grandchild`)).body);
    process.kill(Number((await post(`${url}/pid`)).body), 'SIGKILL');
    await until(async () => !(await alive(grandchild)));
    await until(async () => Number((await post(`${url}/pid`)).body) > 0);
  });

  it('ends when it left the group of its server', async () => {
    const { proxy, url } = await serve(process.execPath, [fixture('detaches-a-descendant')]);
    const detached = Number((await post(`${url}/detached`)).body);
    expect(await alive(detached)).toBe(true);
    proxy.child.kill('SIGTERM');
    expect(await proxy.exited).toBe(0);
    expect(await alive(detached)).toBe(false);
  });

  it.each(['SIGTERM', 'SIGKILL'] as const)('ends with %s to the proxy, however deaf it is', async (signal) => {
    const { proxy, url, running } = await serve(process.execPath, [fixture('immortal-family')]);
    expect((await post(`${url}/family`)).body).toHaveLength(3);
    expect(await running()).toHaveLength(3);
    const watchdog = await until(() => watchdogOf(proxy.child.pid ?? 0));
    proxy.child.kill(signal);
    expect(await proxy.exited).toBe(signal === 'SIGTERM' ? 0 : signal);
    await until(async () => (await running()).length === 0);
    await until(async () => !(await alive(watchdog)));
  });

  it('ends with a second signal', async () => {
    const { proxy, running } = await serve(process.execPath, [fixture('immortal-family')]);
    proxy.child.kill('SIGTERM');
    await proxy.line((line) => line.type === 'stopping');
    proxy.child.kill('SIGTERM');
    expect(await proxy.exited).toBe(143);
    await until(async () => (await running()).length === 0);
  });

  it('ends when a reload removes its server', async () => {
    const { proxy, path, running } = await serve(process.execPath, [fixture('immortal-family')]);
    await writeFile(path, JSON.stringify({ mcpServers: { other: entry('echo') } }));
    proxy.child.kill('SIGHUP');
    await whenReady(proxy.url, 'other');
    await until(async () => (await running()).length === 0);
    expect(Object.keys((await statusOf(proxy.url)).servers)).toEqual(['other']);
  });
});
