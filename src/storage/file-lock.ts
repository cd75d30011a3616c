// A lock that holds between processes: a file that only one can make (O_EXCL). It says who holds it and until when, so that
// the lock of a process that died, or took longer than its lease, is taken over, by one. Waiting costs a look now and then.
// A process that is stopped for longer than its lease, and goes on, is not held up: leases are longer than what they are for.

import { randomBytes } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';

interface Holder {
  /** Where its process id means something. */
  readonly place: string;
  readonly pid: number;
  readonly token: string;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

/** Uneven, so that two who wait do not look in step. */
const lookEveryMs = 20;
/** To remove a file. */
const removalLeaseMs = 10_000;
/** A file that says nothing is being written, or is of a machine that lost its power. */
const writingMs = 5_000;

/** Of this process: a container that starts again has the process id of the one before. */
const held = new Set<string>();
/** Containers may share a folder, even a host's name, and each has a process 1. */
const ownPlace = `${hostname()} ${processNamespace()}`;

/** Resolves when the lock is had, with what lets it go. */
export async function takeFileLock(file: string, leaseMs: number): Promise<() => Promise<void>> {
  const token = await claimInTurn(file, leaseMs);
  return async () => {
    try {
      await removeHeldBy(file, token);
    } catch {
      // It ends with its lease. What was done under it is done.
    } finally {
      held.delete(token);
    }
  };
}

async function claimInTurn(file: string, leaseMs: number): Promise<string> {
  for (;;) {
    const token = await claim(file, leaseMs);
    if (token !== undefined) return token;
    const holder = await holderOf(file);
    if (holder !== undefined && isOver(holder)) await removeHeldBy(file, holder.token);
    else if (holder !== undefined) await pause(lookEveryMs * (1 + Math.random()));
  }
}

/** Its token, or undefined if somebody has it. */
async function claim(file: string, leaseMs: number): Promise<string | undefined> {
  const token = randomBytes(8).toString('hex');
  const holder: Holder = { place: ownPlace, pid: process.pid, token, until: Date.now() + leaseMs };
  held.add(token);
  try {
    await writeFile(file, JSON.stringify(holder), { mode: 0o600, flag: 'wx' });
    // Whoever takes too long to write his name has lost it.
    if ((await holderOf(file))?.token === token) return token;
  } catch (error) {
    held.delete(token);
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  held.delete(token);
  return undefined;
}

/**
 * Removes the lock of this token and never the next one, whoever else found it over, and be it by its holder: that is the
 * right of one process at a time, which is a lock of its own. Nobody else can remove what is looked at here.
 */
async function removeHeldBy(file: string, token: string): Promise<void> {
  const right = `${file}.${token}`;
  const own = await claimInTurn(right, removalLeaseMs);
  try {
    if ((await holderOf(file))?.token === token) await rm(file, { force: true });
  } finally {
    await rm(right, { force: true });
    held.delete(own);
  }
}

function isOver({ place, pid, token, until }: Holder): boolean {
  if (until < Date.now()) return true;
  if (place !== ownPlace) return false;
  return pid === process.pid ? !held.has(token) : !isAlive(pid);
}

/** undefined where nobody holds it. */
async function holderOf(file: string): Promise<Holder | undefined> {
  try {
    const holder = holderIn(await readFile(file, 'utf8'));
    if (holder !== undefined) return holder;
    const { ino, mtimeMs } = await stat(file);
    return { place: '', pid: 0, token: `${ino}-${mtimeMs}`, until: mtimeMs + writingMs };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function holderIn(text: string): Holder | undefined {
  try {
    const { place, pid, token, until } = JSON.parse(text) as Partial<Holder>;
    if (place === undefined || pid === undefined || token === undefined || until === undefined) return undefined;
    return { place, pid, token, until };
  } catch {
    return undefined;
  }
}

function processNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
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
