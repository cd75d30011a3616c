// The promise: `mcpo reload` is SIGHUP with an answer. It finds the program that serves the file, waits, says what changed,
// and fails with the reason where the file was refused. Each test has a home of its own, so that it finds only its own
// programs.
import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { fixture, until } from '../support.ts';
import { runProgram, type Ended } from './program.ts';
import { post, startProxy, whenReady, type Proxy } from './proxy.ts';

const echo = { command: process.execPath, args: [fixture('echo')] };

interface Home {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  /** Writes a configuration; gives its path. */
  write(name: string, servers: object | string): string;
  start(...args: readonly string[]): Promise<Proxy>;
  reload(...args: readonly string[]): Promise<Ended>;
  sockets(): string[];
}

function newHome(): Home {
  const folder = mkdtempSync(join(tmpdir(), 'mcpo-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const env = { HOME: folder, TMPDIR: folder };
  const run = join(folder, '.mcpo', 'run');
  return {
    folder,
    env,
    write(name, servers) {
      const path = join(folder, name);
      writeFileSync(path, typeof servers === 'string' ? servers : JSON.stringify({ mcpServers: servers }));
      return path;
    },
    async start(...args) {
      const proxy = await startProxy(['--port', '0', ...args], env);
      // It listens for callers first.
      await until(() => existsSync(join(run, `${proxy.child.pid}.sock`)));
      return proxy;
    },
    reload: (...args) => runProgram(['reload', ...args], env),
    sockets: () => (existsSync(run) ? readdirSync(run) : []),
  };
}

describe.skipIf(process.platform === 'win32')('mcpo reload', () => {
  test('has the program read its file, and tells what changed once it is in force', async () => {
    const home = newHome();
    const file = home.write('a.json', { kept: echo, removed: echo });
    const { url, child, log } = await home.start('--config', file);
    await whenReady(url, 'kept', 'removed');
    const pid = (await post(`${url}/kept/pid`)).body;

    home.write('a.json', { kept: echo, added: { ...echo, disabledTools: ['say'] } });
    expect(await home.reload('--config', file)).toEqual({
      code: 0,
      stdout: `mcpo at ${url} (process ${child.pid}) reloaded ${file}: added added; removed removed; 1 untouched.\n`,
      stderr: '',
    });
    expect((await post(`${url}/removed/pid`)).status).toBe(404);
    expect((await post(`${url}/kept/pid`)).body).toBe(pid);
    expect((await post(`${url}/added/add`, { a: 1, b: 1 })).status).not.toBe(404);

    expect(await home.reload('--config', file)).toEqual({
      code: 0,
      stdout: `mcpo at ${url} (process ${child.pid}) read ${file} again: nothing changed.\n`,
      stderr: '',
    });
    const outcomes = log.filter(({ type }) => type === 'reload').map((line) => line['outcome']);
    expect(outcomes).toEqual(['applied', 'unchanged']);
  });

  test('fails with the reason where the file is refused, and everything stays', async () => {
    const home = newHome();
    const file = home.write('a.json', { a: echo });
    const { url, child } = await home.start('--config', file);
    await whenReady(url, 'a');
    home.write('a.json', '{"mcpServers": {\n  "a": {"comand": "x", "env": {"TOKEN": "s3cret"}}}}');
    const { code, stdout, stderr } = await home.reload();
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^mcpo: mcpo at [^\n]+\n$/);
    expect(stderr).toContain(`mcpo at ${url} (process ${child.pid}) refused ${file}: ${file}:2:`);
    expect(stderr).toContain('Did you mean "command"');
    expect(stderr).toContain('? The configuration in force stays');
    expect(stderr).not.toContain('s3cret');
    expect((await post(`${url}/a/add`, { a: 1, b: 1 })).body).toBe(2);
  });

  test('takes the file from a flag, a variable or a link, or needs none', async () => {
    const home = newHome();
    const file = home.write('a.json', { a: echo });
    const link = join(home.folder, 'link.json');
    symlinkSync(file, link);
    await home.start('--config', file);
    const ways = [
      home.reload(),
      home.reload('-c', link),
      runProgram(['--config', file, 'reload'], home.env),
      runProgram(['reload'], { ...home.env, MCPO_CONFIG: file }),
    ];
    for (const { code, stdout, stderr } of await Promise.all(ways)) {
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toContain(`read ${file} again: nothing changed.`);
    }
  });

  test('with several programs asks which, or the one that is named', async () => {
    const home = newHome();
    const a = home.write('a.json', { a: echo });
    const b = home.write('b.json', { b: echo });
    await home.start('--config', a);
    const second = await home.start('--config', b);
    const which = await home.reload();
    expect(which).toMatchObject({ code: 2, stdout: '' });
    expect(which.stderr).toContain(a);
    expect(which.stderr).toContain(b);
    expect(which.stderr).toContain('--config');
    const named = await home.reload('--config', b);
    expect(named).toMatchObject({ code: 0, stderr: '' });
    expect(named.stdout).toContain(`mcpo at ${second.url} `);
    expect(named.stdout.trim().split('\n')).toHaveLength(1);
  });

  test('says so where there is nobody to ask, or nothing to reload', async () => {
    const home = newHome();
    const file = home.write('a.json', { a: echo });
    const nobody = await home.reload('--config', file);
    expect(nobody).toMatchObject({ code: 1, stdout: '' });
    expect(nobody.stderr).toContain(`start one with "mcpo --config ${file}"`);

    const single = await home.start('--', echo.command, ...echo.args);
    const nothing = await home.reload();
    expect(nothing).toMatchObject({ code: 1, stdout: '' });
    expect(nothing.stderr).toContain(`mcpo at ${single.url} (process ${single.child.pid}) has no configuration file`);
  });

  test('refuses words that do not belong, before it asks anybody', async () => {
    const home = newHome();
    for (const args of [['--port', '1'], ['a.json'], ['--', 'x']]) {
      const { code, stdout, stderr } = await home.reload(...args);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(/^mcpo: [^\n]*"mcpo reload"[^\n]*\n$/);
    }
  });
});

describe.skipIf(process.platform === 'win32')('what it finds programs by', () => {
  test("goes with them, and what a killed one leaves is in nobody's way", async () => {
    const home = newHome();
    const file = home.write('a.json', { a: echo });
    const first = await home.start('--config', file);
    expect(home.sockets()).toEqual([`${first.child.pid}.sock`]);
    first.child.kill('SIGTERM');
    expect(await first.exited).toBe(0);
    expect(home.sockets()).toEqual([]);

    const killed = await home.start('--config', file);
    await whenReady(killed.url, 'a');
    killed.child.kill('SIGKILL');
    await killed.exited;
    expect(home.sockets()).toEqual([`${killed.child.pid}.sock`]);
    expect(await home.reload()).toMatchObject({ code: 1 });
    expect(home.sockets()).toEqual([]);
  });

  test('is not missed by anything else where it cannot be had', async () => {
    const home = newHome();
    const file = home.write('a.json', { a: echo });
    const { url, child, line } = await startProxy(['--port', '0', '--config', file], {
      HOME: '/nonexistent',
      TMPDIR: '/nonexistent',
    });
    const warning = await line(({ type }) => type === 'warning');
    expect(String(warning.msg)).toContain('"mcpo reload" cannot reach this program, SIGHUP can');
    await whenReady(url, 'a');
    child.kill('SIGHUP');
    await line(({ type }) => type === 'reload');
  });
});
