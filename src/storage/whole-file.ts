// Files that are read and written whole: a new text is written beside its place, brought to the disk, and renamed into it,
// so that a reader, or a machine that loses its power, has the old or the new one. What is no file reads as one of no text.

import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** More than anything that is written here. */
const maxBytes = 16 * 1024 * 1024;
export const draftEnding = '.draft';

/** undefined: there is none. Links are not followed, and nothing that is no plain file is read. */
export async function readWhole(file: string): Promise<string | undefined> {
  try {
    // The latter two are undefined on Windows, and change nothing there.
    const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const found = await handle.stat();
      return found.isFile() && found.size <= maxBytes ? await handle.readFile('utf8') : '';
    } finally {
      await handle.close();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code === 'ELOOP' || code === 'EISDIR' || code === 'ENXIO') return '';
    throw error;
  }
}

export async function replaceWhole(file: string, text: string): Promise<void> {
  const draft = draftFor(file);
  try {
    const handle = await open(draft, 'wx', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await syncFolder(dirname(file));
}

/** Throws where nothing can be written into a folder. */
export async function tryToWrite(folder: string): Promise<void> {
  const draft = draftFor(join(folder, 'test'));
  await writeFile(draft, '', { mode: 0o600, flag: 'wx' });
  await rm(draft, { force: true });
}

function draftFor(file: string): string {
  return `${file}.${randomBytes(8).toString('hex')}${draftEnding}`;
}

/** The new name, too, is on the disk; where the system does not offer that, the rename has to do. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } catch {
    // Some network file systems refuse it for folders.
  } finally {
    await handle.close();
  }
}
