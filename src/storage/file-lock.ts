// A lock that holds between processes: a file that only one can make. It says who holds it and until when, so that the lock
// of a process that died is taken over. Waiting costs a look now and then.

import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

interface Holder {
  readonly pid: number;
  readonly token: string;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

/** Uneven, so that two who wait do not look in step. */
const lookEveryMs = 20;

export async function withFileLock<T>(file: string, leaseMs: number, work: () => Promise<T>): Promise<T> {
  const token = randomBytes(16).toString('hex');
  while (!(await take(file, token, leaseMs))) {
    if (await isOver(file)) await remove(file);
    else await pause(lookEveryMs * (1 + Math.random()));
  }
  try {
    return await work();
  } finally {
    // After the lease it may be somebody else's.
    if ((await holderOf(file))?.token === token) await rm(file, { force: true });
  }
}

/** Whole or not at all: a lock without its holder's name would hold for ever. */
async function take(file: string, token: string, leaseMs: number): Promise<boolean> {
  const mine = `${file}.${token}`;
  const holder: Holder = { pid: process.pid, token, until: Date.now() + leaseMs };
  await writeFile(mine, JSON.stringify(holder), { mode: 0o600, flag: 'wx' });
  try {
    await link(mine, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(mine, { force: true });
  }
}

async function isOver(file: string): Promise<boolean> {
  const holder = await holderOf(file);
  return holder !== undefined && isOverFor(holder);
}

function isOverFor({ pid, until }: Holder): boolean {
  return until < Date.now() || !isAlive(pid);
}

/**
 * Of several that find it over one may remove it, and not the lock that the next one made meanwhile: it is moved away
 * first, and looked at again.
 */
async function remove(file: string): Promise<void> {
  const away = `${file}.${randomBytes(16).toString('hex')}`;
  try {
    await rename(file, away);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const holder = await holderOf(away);
  // Somebody else's, who lives: back with it, unless the place is taken again.
  if (holder !== undefined && !isOverFor(holder)) await link(away, file).catch(() => {});
  await rm(away, { force: true });
}

/** undefined where nobody holds it. A file that says nothing is one of a machine that lost its power, and over. */
async function holderOf(file: string): Promise<Holder | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return JSON.parse(text) as Holder;
  } catch {
    return { pid: 0, token: '', until: 0 };
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
