// The store in a folder of this user: one sealed file for each key, written beside its place and renamed into it, so that
// whoever reads sees the old or the new one whole. What cannot be opened is set aside and reported, and read as absent.
// Locks are files too, which hold between processes.

import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { withFileLock } from './file-lock.ts';
import { Locks } from './locks.ts';
import type { Seal } from './seal.ts';
import type { Store } from './store.ts';

export interface FileStoreOptions {
  /** Absolute; made where it does not exist. */
  readonly folder: string;
  readonly seal: Seal;
  /** Told, in a sentence, of each file that could not be opened. */
  readonly onSetAside: (sentence: string) => void;
}

const ending = '.sealed';
const damagedEnding = '.damaged';
/** Kept for whoever wants to look; more are removed. */
const maxDamaged = 20;

/** Throws a sentence where the folder cannot be used. */
export async function createFileStore({ folder, seal, onSetAside }: FileStoreOptions): Promise<Store> {
  await prepare(folder);
  const locks = new Locks();
  const placeOf = (key: string): string => join(folder, `${nameOf(key)}${ending}`);

  async function get(key: string): Promise<string | undefined> {
    const file = placeOf(key);
    const sealed = await read(file);
    if (sealed === undefined) return undefined;
    const entry = entryIn(seal.open(sealed, key));
    if (entry === undefined) {
      await setAside(file);
      return undefined;
    }
    if (entry.endsAt > Date.now()) return entry.value;
    await rm(file, { force: true });
    return undefined;
  }

  async function setAside(file: string): Promise<void> {
    const aside = `${file}.${Date.now()}${damagedEnding}`;
    const moved = await rename(file, aside).then(
      () => true,
      () => false,
    );
    if (!moved) return;
    onSetAside(
      `${file} is damaged, or was written with another key: it was set aside as ${aside}, and whoever it belonged to signs in again`,
    );
    const damaged = (await readdir(folder)).filter((name) => name.endsWith(damagedEnding)).toSorted();
    for (const name of damaged.slice(0, -maxDamaged)) await rm(join(folder, name), { force: true });
  }

  function locked<T>(name: string, leaseMs: number, work: () => Promise<T>): Promise<T> {
    return locks.hold(name, () => withFileLock(join(folder, `${nameOf(name)}.lock`), leaseMs, work));
  }

  return {
    get,
    set: (key, value, ttlMs) =>
      replace(
        placeOf(key),
        seal.seal(JSON.stringify({ value, endsAt: ttlMs === undefined ? null : Date.now() + ttlMs }), key),
      ),
    take: (key) =>
      locked(`take ${key}`, takeLeaseMs, async () => {
        const value = await get(key);
        await rm(placeOf(key), { force: true });
        return value;
      }),
    delete: async (key) => rm(placeOf(key), { force: true }),
    withLock: locked,
  };
}

/** Two operations on a small file. */
const takeLeaseMs = 5_000;

async function prepare(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    // Of a program that was killed while it wrote.
    for (const name of await readdir(folder)) if (draft.test(name)) await removeOld(join(folder, name));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(
      `the folder ${folder} cannot be used for tokens: ${why}; make it writable, or set "storage_type": "memory"`,
      {
        cause: error,
      },
    );
  }
}

const draft = /\.(\d+)\.[0-9a-f]{16}\.draft$/;

/** Not that of a process that writes just now. */
async function removeOld(file: string): Promise<void> {
  const pid = Number(draft.exec(file)?.[1]);
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') await rm(file, { force: true });
  }
}

/** Readable as far as it goes, and different for different keys, whatever is in them. */
function nameOf(key: string): string {
  const readable = key.replaceAll(/[^A-Za-z0-9]+/g, '-').slice(0, 40);
  return `${readable}-${createHash('sha256').update(key).digest('hex').slice(0, 32)}`;
}

async function read(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function replace(file: string, text: string): Promise<void> {
  const written = `${file}.${process.pid}.${randomBytes(8).toString('hex')}.draft`;
  const handle = await open(written, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(written, file);
}

interface Entry {
  readonly value: string;
  /** Milliseconds since the epoch. */
  readonly endsAt: number;
}

function entryIn(text: string | undefined): Entry | undefined {
  if (text === undefined) return undefined;
  const { value, endsAt } = JSON.parse(text) as { value: string; endsAt: number | null };
  return { value, endsAt: endsAt ?? Infinity };
}
