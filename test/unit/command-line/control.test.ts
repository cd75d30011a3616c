// Both ends of `mcpo reload` on real sockets, in a home of the test's own. Processes that were killed are real ones.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { knownAddresses, ownAddress, type Machine } from '../../../src/command-line/control-places.ts';
import { openControl, type Reloaded } from '../../../src/command-line/control.ts';
import { askForReload } from '../../../src/command-line/reload.ts';
import { ConfigError } from '../../../src/config/config-error.ts';
import { until } from '../../support.ts';

const url = 'http://127.0.0.1:8000';
const applied: Reloaded = { outcome: 'applied', detail: 'added b; 1 untouched' };

describe.skipIf(process.platform === 'win32')('mcpo reload', () => {
  test('tells what changed', async () => {
    const machine = newMachine();
    await serve(machine, { pid: 1, file: '/etc/a.json' }, applied);
    const one = [`mcpo at ${url} (process 1) reloaded /etc/a.json: added b; 1 untouched.`];
    expect(await askForReload('/etc/a.json', machine)).toEqual({ done: one, failed: [] });
    expect(await askForReload(undefined, machine), 'the only one needs no name').toEqual({ done: one, failed: [] });
  });

  test('tells that nothing changed, or why it was refused', async () => {
    const machine = newMachine();
    const state = { now: { outcome: 'unchanged', detail: 'nothing changed' } as Reloaded };
    await serve(machine, { pid: 1, file: '/etc/a.json' }, () => Promise.resolve(state.now));
    const unchanged = await askForReload(undefined, machine);
    expect(unchanged).toEqual({
      done: [`mcpo at ${url} (process 1) read /etc/a.json again: nothing changed.`],
      failed: [],
    });
    state.now = { outcome: 'refused', detail: 'a.json:1:2: no; the configuration in force stays' };
    expect(await askForReload(undefined, machine)).toEqual({
      done: [],
      failed: [`mcpo at ${url} (process 1) refused /etc/a.json: a.json:1:2: no; the configuration in force stays.`],
    });
  });

  test('asks every program with that file, by whatever name, and no other', async () => {
    const machine = newMachine();
    const file = join(machine.home, 'a.json');
    const link = join(machine.home, 'link.json');
    writeFileSync(file, '{}');
    symlinkSync(file, link);
    await serve(machine, { pid: 1, file }, applied);
    await serve(machine, { pid: 2, file: link }, applied);
    await serve(machine, { pid: 3, file: '/etc/other.json' }, () => Promise.reject(new Error('not asked')));
    for (const name of [file, link]) {
      const { done, failed } = await askForReload(name, machine);
      expect(new Set(done.map((sentence) => /process \d/.exec(sentence)?.[0]))).toEqual(
        new Set(['process 1', 'process 2']),
      );
      expect(failed).toEqual([]);
    }
    await expect(askForReload(undefined, machine)).rejects.toThrow(ConfigError);
    await expect(askForReload(undefined, machine)).rejects.toThrow(/--config: .*\/etc\/other\.json/);
  });

  test('says how to start a program where none is found', async () => {
    const machine = newMachine();
    const { failed } = await askForReload('/etc/a.json', machine);
    expect(failed).toHaveLength(1);
    expect(failed[0]).toContain('start one with "mcpo --config /etc/a.json", or run this as the user that runs it');
    expect((await askForReload(undefined, machine)).failed[0]).toContain('mcpo --config FILE');
    expect(readdirSync(machine.home), 'nothing is made').toEqual([]);
  });

  test('says that a server of a command line has nothing to reload', async () => {
    const machine = newMachine();
    await serve(machine, { pid: 1, file: null }, () => Promise.reject(new Error('not asked')));
    expect((await askForReload(undefined, machine)).failed).toEqual([
      `mcpo at ${url} (process 1) has no configuration file: its server was given on the command line, so there is nothing to reload.`,
    ]);
    expect((await askForReload('/etc/a.json', machine)).failed[0]).toMatch(/^No running mcpo/);
  });

  test('never waits for ever', async () => {
    const machine = newMachine();
    await serve(machine, { pid: 1, file: '/etc/a.json' }, () => new Promise(() => {}));
    const { failed } = await askForReload(undefined, machine, { introductionMs: 5_000, reloadMs: 20 });
    expect(failed).toEqual([
      `mcpo at ${url} (process 1) did not answer within 0.02 s: its log tells what becomes of the reload.`,
    ]);
    // Takes connections and says nothing, as a stopped process does.
    const mute = createServer().listen(ownAddress(2, machine));
    onTestFinished(() => void mute.close());
    await once(mute, 'listening');
    const silent = await askForReload('/etc/b.json', machine, { introductionMs: 20, reloadMs: 20 });
    expect(silent.failed[0]).toContain('(process 2 does not answer)');
  });

  test('tells of a program that ends, or fails, instead of answering', async () => {
    const machine = newMachine();
    const control = await serve(machine, { pid: 1, file: '/etc/a.json' }, () => {
      control.close();
      return new Promise(() => {});
    });
    expect((await askForReload(undefined, machine)).failed).toEqual([
      `mcpo at ${url} (process 1) ended before it answered.`,
    ]);
    await serve(machine, { pid: 1, file: '/etc/a.json' }, () => Promise.reject(new Error('a bug')));
    expect((await askForReload(undefined, machine)).failed[0]).toContain('internal error: a bug');
  });

  test('does not mind who else connects and what he says', async () => {
    const machine = newMachine();
    await serve(machine, { pid: 1, file: '/etc/a.json' }, applied);
    const socket = connect(ownAddress(1, machine)).resume();
    socket.on('error', () => {});
    socket.end('GET / HTTP/1.1\r\n\r\n');
    await once(socket, 'close');
    expect((await askForReload(undefined, machine)).failed).toEqual([]);
  });
});

describe.skipIf(process.platform === 'win32')('the socket', () => {
  test('is of this user alone, and gone at the end', async () => {
    const machine = newMachine();
    const control = await serve(machine, { pid: 7, file: null }, applied);
    const folder = join(machine.home, '.mcpo', 'run');
    expect(readdirSync(folder)).toEqual(['7.sock']);
    const modes = [join(machine.home, '.mcpo'), folder, join(folder, '7.sock')].map(
      (path) => statSync(path).mode & 0o777,
    );
    expect(modes).toEqual([0o700, 0o700, 0o600]);
    control.close();
    control.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  test('of a process that was killed is removed, and its name can be had again', async () => {
    const machine = newMachine();
    const left = ownAddress(1, machine);
    await leaveBehind(left);
    await leaveBehind(ownAddress(2, machine));
    const { failed } = await askForReload('/etc/b.json', machine);
    expect(failed[0]).not.toContain('does not answer');
    expect(knownAddresses(machine)).toEqual([]);

    await leaveBehind(left);
    await serve(machine, { pid: 1, file: '/etc/a.json' }, applied);
    expect((await askForReload(undefined, machine)).failed).toEqual([]);
  });

  test('of a living process is left alone', async () => {
    const machine = newMachine();
    await serve(machine, { pid: 1, file: '/etc/a.json' }, applied);
    await expect(openControl({ pid: 1, file: null, url }, () => Promise.resolve(applied), machine)).rejects.toThrow(
      'EADDRINUSE',
    );
    expect((await askForReload('/etc/a.json', machine)).failed).toEqual([]);
  });

  test('goes to the temporary folder where the home cannot be had, or its path is too long', async () => {
    for (const home of ['/nonexistent', '', join(newMachine().home, 'x'.repeat(100))]) {
      const machine = { ...newMachine(), home };
      if (home !== '' && home !== '/nonexistent') mkdirSync(home, { recursive: true });
      const address = ownAddress(1, machine);
      expect(address).toBe(join(machine.temporary, `mcpo-${machine.uid}`, '1.sock'));
      await serve(machine, { pid: 1, file: '/etc/a.json' }, applied);
      expect((await askForReload(undefined, machine)).failed).toEqual([]);
      rmSync(join(machine.temporary, `mcpo-${machine.uid}`), { recursive: true, force: true });
    }
  });

  test("goes into no other user's folder, and is looked for in none", async () => {
    const machine = { ...newMachine(), home: '/nonexistent' };
    const folder = join(machine.temporary, `mcpo-${machine.uid}`);
    const refusal = 'not private to this user';
    mkdirSync(folder);
    chmodSync(folder, 0o777);
    expect(() => ownAddress(1, machine)).toThrow(refusal);
    writeFileSync(join(folder, '1.sock'), '');
    expect(knownAddresses(machine)).toEqual([]);
    chmodSync(folder, 0o700);
    expect(knownAddresses(machine)).toEqual([join(folder, '1.sock')]);
    const stranger = { ...machine, uid: 4_000_000 };
    symlinkSync(folder, join(machine.temporary, 'mcpo-4000000'));
    expect(() => ownAddress(1, stranger)).toThrow(refusal);
    expect(knownAddresses(stranger)).toEqual([]);
    expect(() => ownAddress(1, { ...stranger, home: newMachine().home })).toThrow("is another user's");
  });
});

/** A home and a temporary folder with short names, until the test ends. */
function newMachine(): Machine {
  const root = mkdtempSync(join(tmpdir(), 'mcpo-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const machine = {
    platform: process.platform,
    home: join(root, 'h'),
    temporary: join(root, 't'),
    uid: process.getuid?.(),
  };
  mkdirSync(machine.home);
  mkdirSync(machine.temporary);
  return machine;
}

async function serve(
  machine: Machine,
  program: { readonly pid: number; readonly file: string | null },
  reload: Reloaded | (() => Promise<Reloaded>),
): Promise<{ close(): void }> {
  const answer = typeof reload === 'function' ? reload : () => Promise.resolve(reload);
  const control = await openControl({ ...program, url }, answer, machine);
  onTestFinished(() => control.close());
  return control;
}

/** A socket whose process was killed. */
async function leaveBehind(address: string): Promise<void> {
  const script = 'require("node:net").createServer().listen(process.argv[1], () => console.log("up"))';
  const child = spawn(process.execPath, ['-e', script, address], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const gone = once(child, 'exit');
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await gone;
  await until(() => statSync(address).isSocket());
}
