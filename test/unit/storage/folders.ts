// What tests of files share: a folder of their own, stores in it, and programs that work in it at the same time.

import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { createFileStore } from '../../../src/storage/file.ts';
import { createSeal } from '../../../src/storage/seal.ts';
import type { Store } from '../../../src/storage/store.ts';
import { compiled } from '../../modules.ts';

/** Removed when the test ends. */
export async function ownFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mcpo-storage-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** `reports`: what it told of files that were set aside. */
export async function openStore(
  folder: string,
  secret = 'secret of the operator',
): Promise<{ readonly store: Store; readonly reports: string[] }> {
  const reports: string[] = [];
  const seal = await createSeal({ secret, keyFile: join(folder, 'key') });
  const store = await createFileStore({ folder, seal, onSetAside: (sentence) => reports.push(sentence) });
  return { store, reports };
}

export async function sealedFiles(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith('.sealed')).toSorted();
}

export interface Program {
  readonly pid: number;
  /** The next line that it prints. */
  next(): Promise<string>;
  /** What it printed and nobody asked for, when it has ended by itself. */
  ended(): Promise<string[]>;
  kill(): Promise<void>;
}

const built = await compiled('storage', ['file', 'file-lock', 'seal']);

/** A process of its own, which runs the modules of `src/storage`; `store` is one in `folder`. */
export function runProgram(folder: string, body: string): Program {
  const source = `
    import { createFileStore } from '${built}file.js';
    import { takeFileLock } from '${built}file-lock.js';
    import { createSeal } from '${built}seal.js';
    const folder = ${JSON.stringify(folder)};
    const secret = 'secret of the operator';
    const open = async () =>
      createFileStore({ folder, seal: await createSeal({ secret, keyFile: '' }), onSetAside: console.log });
    ${body}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const kill = (): Promise<void> => {
    child.kill('SIGKILL');
    return exited;
  };
  onTestFinished(kill);
  return {
    pid: child.pid ?? 0,
    next: async () => String((await lines.next()).value),
    async ended() {
      const said: string[] = [];
      for (let line = await lines.next(); line.done !== true; line = await lines.next()) said.push(line.value);
      await exited;
      if (child.exitCode !== 0) throw new Error(`it ended with ${child.exitCode}: ${said.join('\n')}`);
      return said;
    },
    kill,
  };
}
