// Tells when the content of a file has changed, however it changed: written in place, replaced by rename, removed and
// made again, or by the swap of a symbolic link above it, as Kubernetes updates a ConfigMap.
// A change is a difference in bytes that has held still for a moment, a longer one where the bytes are no JSON yet; each
// is told once. While the file is missing nothing has changed. Events of the file system only make it quick: the file is
// also read every second, because network and container mounts send no events, watched folders can be replaced, and at a
// few kilobytes reading is cheaper than being wrong.

import { createHash } from 'node:crypto';
import { type FSWatcher, readFileSync, statSync, watch } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parse, type ParseError } from 'jsonc-parser';

const pollMs = 1000;
/** How long bytes must hold still: enough for a writer to finish, short enough to feel immediate. */
const settleMs = 100;
/** What is no JSON may be half of a file: its writer gets longer before it is taken for a mistake. */
const halfSettleMs = 1_000;
/** What never holds still is taken as it is after this, where it is whole. */
const restlessMs = 2_000;

/** Bytes that differ from those seen last, and have yet to hold still. */
interface Candidate {
  readonly hash: string;
  readonly isWhole: boolean;
  /** Of these bytes; milliseconds of the monotonic clock. */
  readonly since: number;
  /** Since when there have been other bytes than those seen. */
  readonly restlessSince: number;
}

/** The bytes at the time of the call are the first seen. `onChange` is never called after close(). */
export function watchFile(path: string, onChange: () => void): { close(): void } {
  let seen = firstHash(path);
  let candidate: Candidate | undefined;
  let pending: NodeJS.Timeout | undefined;
  let isClosed = false;

  const lookSoon = (): void => {
    if (!isClosed) pending ??= setTimeout(() => void look(), settleMs);
  };
  /** `pending` stays set meanwhile, so that looks never overlap. */
  const look = async (): Promise<void> => {
    const current = await contentOf(path);
    pending = undefined;
    if (isClosed) return;
    if (current === undefined || current.hash === seen) {
      candidate = undefined;
      return;
    }
    const now = performance.now();
    if (candidate?.hash !== current.hash) {
      const restlessSince = candidate?.restlessSince ?? now;
      candidate = { hash: current.hash, isWhole: isWhole(current.bytes), since: now, restlessSince };
    }
    if (!isDue(candidate, now)) return lookSoon();
    seen = candidate.hash;
    candidate = undefined;
    onChange();
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

function isDue({ isWhole: whole, since, restlessSince }: Candidate, now: number): boolean {
  if (!whole) return now - since >= halfSettleMs;
  return now - since >= settleMs || now - restlessSince >= restlessMs;
}

function isWhole(bytes: Buffer): boolean {
  const errors: ParseError[] = [];
  parse(bytes.toString().replace(/^\uFEFF/, ''), errors, { allowTrailingComma: true });
  return errors.length === 0;
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

/** At once, so that no change after the call can be taken for the beginning. */
function firstHash(path: string): string | undefined {
  try {
    return statSync(path).isFile() ? hashOf(readFileSync(path)) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * undefined while there is no file, which is no change: it may be about to come back. That it cannot be read is one, for
 * somebody has to be told. Pipes are never read: that can block.
 */
async function contentOf(path: string): Promise<{ readonly hash: string; readonly bytes: Buffer } | undefined> {
  try {
    const stats = await stat(path);
    if (!stats.isFile() && !stats.isDirectory()) return undefined;
    const bytes = await readFile(path);
    return { hash: hashOf(bytes), bytes };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    return { hash: code, bytes: Buffer.of() };
  }
}

function hashOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
