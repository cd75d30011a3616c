// What tests see of processes that nobody told them of: by a variable of their environment, which all descendants
// inherit, or by their parent. Reads /proc, so it sees something on Linux alone.

import { readdir, readFile } from 'node:fs/promises';
import { alive } from './support.ts';

/** Processes that run with this, such as NAME=value, in their environment. */
export async function startedWith(variable: string): Promise<number[]> {
  return select(async (pid) => {
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    return environment.split('\0').includes(variable) && alive(pid);
  });
}

/** The shell that ends the children of a program that was killed. */
export async function watchdogOf(program: number): Promise<number | undefined> {
  const found = await select(async (pid) => {
    const [stat, words] = await Promise.all(
      ['stat', 'cmdline'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')),
    );
    const parent = Number(stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    return parent === program && words?.split('\0').at(-2) === 'mcpo-watchdog';
  });
  return found[0];
}

async function select(fits: (pid: number) => Promise<boolean>): Promise<number[]> {
  const pids = (await readdir('/proc').catch((): string[] => [])).filter((name) => /^\d+$/.test(name)).map(Number);
  const judged = await Promise.all(pids.map(fits));
  return pids.filter((_, index) => judged[index]);
}
