// The program that is killed here is a process of its own, which runs the modules of `src/mcp/process`.
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { compiled } from '../../../modules.ts';
import { startedWith, watchdogOf } from '../../../processes.ts';
import { alive, fixture, inherited, until } from '../../../support.ts';

const built = await compiled('mcp/process', ['spawn', 'terminate', 'watchdog']);

interface Program {
  readonly process: ChildProcess;
  readonly pid: number;
  /** The code, or the signal. */
  readonly exited: Promise<number | NodeJS.Signals | null>;
  /** The first that it prints. */
  readonly said: Promise<string>;
  /** Processes that the program started through spawnChild, with all that descends from them. */
  readonly started: () => Promise<number[]>;
}

/** Runs `body` with a `target` for spawnChild; what is left of it is ended with the test. */
function run(server: string, body: string): Program {
  const variable = `MARK=${randomUUID()}`;
  const target = { kind: 'stdio', command: process.execPath, args: [fixture(server)] };
  const source = `
    import { spawnChild } from '${built}spawn.js';
    import { terminate } from '${built}terminate.js';
    import { unwatchGroup } from '${built}watchdog.js';
    const [name, value] = ${JSON.stringify(variable.split('='))};
    const target = { ...${JSON.stringify(target)}, env: { ...process.env, [name]: value } };
    ${body}`;
  const program = spawn(process.execPath, ['--input-type=module', '-e', source], {
    env: { ...inherited(), SECRET: 'of the program' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise<number | NodeJS.Signals | null>((resolve) => {
    program.once('exit', (code, signal) => resolve(code ?? signal));
  });
  const said = new Promise<string>((resolve) => program.stdout.once('data', (data: Buffer) => resolve(String(data))));
  const started = (): Promise<number[]> => startedWith(variable);
  onTestFinished(async () => {
    program.kill('SIGKILL');
    for (const pid of await started()) process.kill(pid, 'SIGKILL');
  });
  return { process: program, pid: program.pid ?? 0, exited, said, started };
}

describe.runIf(process.platform === 'linux')('the watchdog', () => {
  it('ends a whole family that ignores everything, and itself, when the program is killed', async () => {
    const program = run('immortal-family', 'await spawnChild(target);');
    const family = await until(async () => {
      const pids = await program.started();
      return pids.length === 3 ? pids : undefined;
    });
    const watchdog = await until(() => watchdogOf(program.pid));
    program.process.kill('SIGKILL');
    expect(await program.exited).toBe('SIGKILL');
    for (const pid of [...family, watchdog]) await until(async () => !(await alive(pid)));
  });

  it('knows of a child in the turn that starts it', async () => {
    const program = run('ignores-eof', `spawnChild(target); process.kill(process.pid, 'SIGKILL');`);
    expect(await program.exited).toBe('SIGKILL');
    await until(async () => (await program.started()).length === 0);
  });

  it('is started again when it is killed, and told everything again', async () => {
    const program = run('ignores-eof', 'await spawnChild(target); await spawnChild(target);');
    await until(async () => (await program.started()).length === 2);
    const first = await until(() => watchdogOf(program.pid));
    process.kill(first, 'SIGKILL');
    const second = await until(async () => {
      const found = await watchdogOf(program.pid);
      return found === first ? undefined : found;
    });
    program.process.kill('SIGKILL');
    await program.exited;
    await until(async () => !(await alive(second)));
    await until(async () => (await program.started()).length === 0);
  });

  it('leaves alone what it was told is gone', async () => {
    const program = run(
      'ignores-eof',
      'const { pid } = await spawnChild(target); unwatchGroup(pid); console.log(pid);',
    );
    const left = Number(await program.said);
    const watchdog = await until(() => watchdogOf(program.pid));
    program.process.kill('SIGKILL');
    await until(async () => !(await alive(watchdog)));
    expect(await alive(left)).toBe(true);
  });

  it('knows nothing of the environment, is a session of its own, and ignores what is sent to all', async () => {
    const program = run('ignores-eof', 'await spawnChild(target);');
    const watchdog = await until(() => watchdogOf(program.pid));
    expect((await readFile(`/proc/${watchdog}/environ`, 'utf8')).split('\0')).toEqual([
      `PATH=${process.env['PATH']}`,
      '',
    ]);
    const stat = await readFile(`/proc/${watchdog}/stat`, 'utf8');
    const [, , group, session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    expect([group, session]).toEqual([String(watchdog), String(watchdog)]);
    await until(async () => /^SigIgn:\s+0*4007$/m.test(await readFile(`/proc/${watchdog}/status`, 'utf8')));
  });

  it('keeps no program running, and ends with it', async () => {
    const program = run(
      'echo',
      `
      const asked = new Promise((resolve) => process.once('SIGTERM', resolve));
      const child = await spawnChild(target);
      for (const stream of [child.stdout, child.stderr]) stream.resume();
      await asked;
      await terminate(child);`,
    );
    const watchdog = await until(() => watchdogOf(program.pid));
    program.process.kill('SIGTERM');
    expect(await program.exited).toBe(0);
    await until(async () => !(await alive(watchdog)));
    expect(await program.started()).toEqual([]);
  });
});
