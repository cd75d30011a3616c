// The store in a folder of this user: one sealed file for each key, which a reader sees whole. Its name, made of the key, and
// the time after which the value is gone are under the seal, so that no file can take another's place. What cannot be opened
// is set aside and reported, and reads as absent. Changes of one key are made one after another, between processes too.

import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { takeFileLock } from './file-lock.ts';
import { Locks } from './locks.ts';
import type { Seal } from './seal.ts';
import type { Store } from './store.ts';
import { draftEnding, readWhole, replaceWhole, tryToWrite } from './whole-file.ts';

export interface FileStoreOptions {
  /** Absolute; made where it does not exist. */
  readonly folder: string;
  readonly seal: Seal;
  /** Told, in a sentence, of each file that could not be opened. */
  readonly onSetAside: (sentence: string) => void;
}

const sealedEnding = '.sealed';
const lockEnding = '.lock';
const damagedEnding = /\.damaged-(\d+)$/;
/** Kept for whoever wants to look; older ones are removed. */
const maxDamaged = 20;
/** A few operations on a small file, on a slow disk. */
const changeLeaseMs = 10_000;
/** No lock is held and no file is written for so long: such a one is of a process that was killed. */
const abandonedMs = 60 * 60_000;

/** Throws a sentence where the folder cannot be used, and so does whatever is done with the store. */
export async function createFileStore({ folder, seal, onSetAside }: FileStoreOptions): Promise<Store> {
  const locks = new Locks();

  async function inFolder<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof FolderError) throw error;
      const why = error instanceof Error ? error.message : String(error);
      const sentence = `the folder ${folder} cannot be used for tokens: ${why}; make it writable, or set "storage_type": "memory"`;
      throw new FolderError(sentence, { cause: error });
    }
  }

  /** One at a time in this process, and one process at a time. */
  function locked<T>(name: string, leaseMs: number, work: () => Promise<T>): Promise<T> {
    return locks.hold(name, async () => {
      const letGo = await inFolder(async () => {
        await makeFolder(folder);
        return takeFileLock(join(folder, `${name}${lockEnding}`), leaseMs);
      });
      try {
        return await work();
      } finally {
        await letGo();
      }
    });
  }

  function change<T>(name: string, work: (file: string) => Promise<T>): Promise<T> {
    return locked(`${name}.change`, changeLeaseMs, () => inFolder(() => work(placeOf(name))));
  }

  const placeOf = (name: string): string => join(folder, `${name}${sealedEnding}`);

  async function read(name: string): Promise<Entry | 'damaged' | undefined> {
    const sealed = await readWhole(placeOf(name));
    return sealed === undefined ? undefined : (entryIn(seal.open(sealed, name)) ?? 'damaged');
  }

  /** The entry as it should be. What should not be there goes, unless it was replaced meanwhile. */
  async function readOrClean(name: string): Promise<Entry | undefined> {
    const entry = await inFolder(() => read(name));
    return isCurrent(entry) ? entry : change(name, () => clean(name));
  }

  async function clean(name: string): Promise<Entry | undefined> {
    const entry = await read(name);
    if (isCurrent(entry)) return entry;
    if (entry === 'damaged') await setAside(placeOf(name));
    else await rm(placeOf(name), { force: true });
    return undefined;
  }

  async function setAside(file: string): Promise<void> {
    const aside = `${file}.damaged-${Date.now()}`;
    await rename(file, aside);
    onSetAside(
      `${file} is damaged, or was written with another key: it was set aside as ${aside}, and whoever it belonged to signs in again`,
    );
    const damaged = (await readdir(folder)).filter((name) => damagedEnding.test(name));
    const newestFirst = damaged.toSorted((a, b) => setAsideAt(b) - setAsideAt(a));
    for (const name of newestFirst.slice(maxDamaged)) {
      // A folder is none of ours, and stays.
      await rm(join(folder, name), { force: true }).catch(() => {});
    }
  }

  /** What nobody would ask for again: values that are gone, and what processes left that were killed. */
  async function sweep(): Promise<void> {
    for (const file of await readdir(folder)) {
      const name = file.slice(0, -sealedEnding.length);
      if (!file.endsWith(sealedEnding)) await removeAbandoned(folder, file);
      else if (isGone(await read(name))) await change(name, () => clean(name));
    }
  }

  await inFolder(async () => {
    await makeFolder(folder);
    await tryToWrite(folder);
    await sweep();
  });

  return {
    get: async (key) => (await readOrClean(nameOf(key)))?.value,
    set: (key, value, ttlMs) => {
      const name = nameOf(key);
      const entry = { value, endsAt: ttlMs === undefined ? null : Date.now() + ttlMs };
      return change(name, (file) => replaceWhole(file, seal.seal(JSON.stringify(entry), name)));
    },
    take: (key) => {
      const name = nameOf(key);
      return change(name, async (file) => {
        const entry = await clean(name);
        await rm(file, { force: true });
        return entry?.value;
      });
    },
    delete: (key) => change(nameOf(key), (file) => rm(file, { force: true })),
    withLock: (name, leaseMs, work) => locked(nameOf(name), leaseMs, work),
  };
}

class FolderError extends Error {}

/** The folder with what leads to it, for this user alone. */
async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (process.platform === 'win32' || ((await stat(folder)).mode & 0o077) === 0) return;
  // Where it belongs to somebody else, as a mounted one may, the rights of the files have to do.
  await chmod(folder, 0o700).catch(() => {});
}

/** Different for different keys. Of the key it shows the first two parts: the third may be a session, which is secret. */
function nameOf(key: string): string {
  const shown = key.split('/').slice(0, 2).join('-');
  const readable = shown.replaceAll(/[^A-Za-z0-9]+/g, '-').slice(0, 60);
  return `${readable}-${createHash('sha256').update(key).digest('hex').slice(0, 32)}`;
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

function isCurrent(entry: Entry | 'damaged' | undefined): entry is Entry | undefined {
  return entry !== 'damaged' && !isGone(entry);
}

function isGone(entry: Entry | 'damaged' | undefined): boolean {
  return entry !== undefined && entry !== 'damaged' && entry.endsAt <= Date.now();
}

function setAsideAt(name: string): number {
  return Number(damagedEnding.exec(name)?.[1]);
}

async function removeAbandoned(folder: string, name: string): Promise<void> {
  if (!name.endsWith(draftEnding) && !name.includes(lockEnding)) return;
  try {
    const { mtimeMs } = await stat(join(folder, name));
    if (mtimeMs + abandonedMs < Date.now()) await rm(join(folder, name), { force: true });
  } catch {
    // Its process ended it, or it is a folder.
  }
}
