// Tells when the content of a file has changed, however it changed: written in place, replaced by rename, removed and
// made again, or by the swap of a symbolic link above it, as Kubernetes updates a ConfigMap.
// A change is a difference in bytes that has held still for a moment; while the file is missing nothing has changed.
// Events of the file system only make it quick: the file is also read every second, because network and container
// mounts send no events, watched folders can be replaced, and at a few kilobytes reading is cheaper than being wrong.

import { createHash } from 'node:crypto';
import { type FSWatcher, readFileSync, statSync, watch } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

const pollMs = 1000;
/** How long bytes must hold still: enough for a writer to finish, short enough to feel immediate. */
const settleMs = 100;

/** The bytes at the time of the call are the first seen. `onChange` is never called after close(). */
export function watchFile(path: string, onChange: () => void): { close(): void } {
  let seen = firstHash(path);
  /** Differs from `seen`, and has yet to hold still. */
  let candidate: string | undefined;
  let pending: NodeJS.Timeout | undefined;
  let isClosed = false;

  const lookSoon = (): void => {
    if (!isClosed) pending ??= setTimeout(() => void look(), settleMs);
  };
  /** `pending` stays set meanwhile, so that looks never overlap. */
  const look = async (): Promise<void> => {
    const current = await hashOf(path);
    pending = undefined;
    if (isClosed) return;
    if (current === undefined || current === seen) {
      candidate = undefined;
    } else if (current === candidate) {
      seen = current;
      candidate = undefined;
      onChange();
    } else {
      candidate = current;
      lookSoon();
    }
  };
  const poll = setInterval(lookSoon, pollMs);
  const events = watchFolder(dirname(path), lookSoon);

  return {
    close: () => {
      isClosed = true;
      clearInterval(poll);
      clearTimeout(pending);
      events?.close();
    },
  };
}

/** undefined where the system does not offer it: out of watches, or no such folder. Then the poll alone tells. */
function watchFolder(folder: string, onEvent: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, onEvent);
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}

/** At once, so that no change after the call can be taken for the beginning. Pipes are never read: that can block. */
function firstHash(path: string): string | undefined {
  try {
    return statSync(path).isFile() ? hash(readFileSync(path)) : undefined;
  } catch {
    return undefined;
  }
}

/** undefined while the file cannot be read, which is no change: it may be about to come back. */
async function hashOf(path: string): Promise<string | undefined> {
  try {
    return (await stat(path)).isFile() ? hash(await readFile(path)) : undefined;
  } catch {
    return undefined;
  }
}

function hash(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
