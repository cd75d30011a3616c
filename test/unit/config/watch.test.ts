// Real files and real events. Each test waits for the change it makes; that something is *not* reported is shown by a
// later change that is reported alone.

import { mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { watchFile } from '../../../src/config/watch.ts';
import { temporaryFolder } from './temporary.ts';

const root = temporaryFolder();
let count = 0;

/** A folder of its own for each test, so that no event comes from another. */
function newFolder(): string {
  const folder = join(root, String(count++));
  mkdirSync(folder);
  return folder;
}

const open: { close(): void }[] = [];
afterEach(() => {
  for (const watcher of open.splice(0)) watcher.close();
});

function watching(path: string): { readonly calls: () => number; readonly close: () => void } {
  const onChange = vi.fn<() => void>();
  const watcher = watchFile(path, onChange);
  open.push(watcher);
  return { calls: () => onChange.mock.calls.length, close: () => watcher.close() };
}

/** The number of calls, once it is what is wanted or will never be. */
async function reached(calls: () => number, wanted: number): Promise<number> {
  const deadline = Date.now() + 10_000;
  while (calls() < wanted && Date.now() < deadline) await setTimeout(20);
  return calls();
}

describe('a change is noticed', () => {
  it('when the file is written in place, again and again', async () => {
    const path = join(newFolder(), 'config.json');
    writeFileSync(path, 'one');
    const { calls } = watching(path);
    writeFileSync(path, 'two');
    expect(await reached(calls, 1)).toBe(1);
    writeFileSync(path, 'one');
    expect(await reached(calls, 2)).toBe(2);
  });

  it('when another file takes its name', async () => {
    const folder = newFolder();
    const path = join(folder, 'config.json');
    writeFileSync(path, 'one');
    const { calls } = watching(path);
    for (const [index, content] of ['two', 'three'].entries()) {
      writeFileSync(`${path}.new`, content);
      renameSync(`${path}.new`, path);
      expect(await reached(calls, index + 1)).toBe(index + 1);
    }
  });

  it('when it is removed and made again', async () => {
    const path = join(newFolder(), 'config.json');
    writeFileSync(path, 'one');
    const { calls } = watching(path);
    unlinkSync(path);
    writeFileSync(path, 'two');
    expect(await reached(calls, 1)).toBe(1);
    unlinkSync(path);
    writeFileSync(path, 'three');
    expect(await reached(calls, 2)).toBe(2);
  });

  it('when a link above it is swapped, as for a ConfigMap', async () => {
    const folder = newFolder();
    const write = (version: string): void => {
      mkdirSync(join(folder, version));
      writeFileSync(join(folder, version, 'config.json'), version);
      symlinkSync(version, join(folder, '..data_tmp'));
      renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    };
    write('..1');
    const path = join(folder, 'config.json');
    symlinkSync(join('..data', 'config.json'), path);
    const { calls } = watching(path);
    write('..2');
    expect(await reached(calls, 1)).toBe(1);
    rmSync(join(folder, '..1'), { recursive: true });
    write('..3');
    expect(await reached(calls, 2)).toBe(2);
  });

  it('when its whole folder is replaced, which ends all events', async () => {
    const folder = newFolder();
    const path = join(folder, 'inner', 'config.json');
    mkdirSync(join(folder, 'inner'));
    writeFileSync(path, 'one');
    const { calls } = watching(path);
    rmSync(join(folder, 'inner'), { recursive: true });
    mkdirSync(join(folder, 'inner'));
    writeFileSync(path, 'two');
    expect(await reached(calls, 1)).toBe(1);
  });

  it('when file and folder appear only later', async () => {
    const folder = newFolder();
    const path = join(folder, 'later', 'config.json');
    const { calls } = watching(path);
    mkdirSync(join(folder, 'later'));
    writeFileSync(path, 'one');
    expect(await reached(calls, 1)).toBe(1);
  });
});

describe('nothing is noticed', () => {
  it('when the bytes stay the same, or other files change', async () => {
    const folder = newFolder();
    const path = join(folder, 'config.json');
    writeFileSync(path, 'one');
    const { calls } = watching(path);
    const witness = watching(join(folder, 'other.json'));
    utimesSync(path, new Date(), new Date());
    writeFileSync(path, 'one');
    unlinkSync(path);
    writeFileSync(path, 'one');
    writeFileSync(join(folder, 'other.json'), 'x');
    expect(await reached(witness.calls, 1)).toBe(1);
    writeFileSync(path, 'two');
    expect(await reached(calls, 1)).toBe(1);
  });

  it('of bytes that do not last', async () => {
    const path = join(newFolder(), 'config.json');
    writeFileSync(path, 'one');
    const { calls } = watching(path);
    for (let version = 0; version < 50; version++) writeFileSync(path, `half-written ${version}`);
    writeFileSync(path, 'two');
    expect(await reached(calls, 1)).toBe(1);
    writeFileSync(path, 'three');
    expect(await reached(calls, 2)).toBe(2);
  });

  it('after close', async () => {
    const path = join(newFolder(), 'config.json');
    writeFileSync(path, 'one');
    const closed = watching(path);
    const witness = watching(path);
    closed.close();
    closed.close();
    writeFileSync(path, 'two');
    expect(await reached(witness.calls, 1)).toBe(1);
    expect(closed.calls()).toBe(0);
  });
});

it('leaves no watch and no timer behind', async () => {
  const watches = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'FSEventWrap').length;
  const path = join(newFolder(), 'config.json');
  writeFileSync(path, 'one');
  vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval'] });
  try {
    // The system's own handles, those of the tests before among them, go at the end of a turn.
    await setImmediate();
    await setImmediate();
    const before = watches();
    const watcher = watchFile(path, () => {});
    expect([watches(), vi.getTimerCount()]).toEqual([before + 1, 1]);
    watcher.close();
    await setImmediate();
    await setImmediate();
    expect([watches(), vi.getTimerCount()]).toEqual([before, 0]);
  } finally {
    vi.useRealTimers();
  }
});
