// Real files and real events. Each test waits for the change it makes; that something is *not* reported is shown by a
// later change that is reported alone.

import {
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
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
    writeFileSync(path, '[1]');
    const { calls } = watching(path);
    writeFileSync(path, '[2]');
    expect(await reached(calls, 1)).toBe(1);
    writeFileSync(path, '[1]');
    expect(await reached(calls, 2)).toBe(2);
  });

  it('when another file takes its name', async () => {
    const folder = newFolder();
    const path = join(folder, 'config.json');
    writeFileSync(path, '[1]');
    const { calls } = watching(path);
    for (const [index, content] of ['[2]', '[3]'].entries()) {
      writeFileSync(`${path}.new`, content);
      renameSync(`${path}.new`, path);
      expect(await reached(calls, index + 1)).toBe(index + 1);
    }
  });

  it('when it is removed and made again', async () => {
    const path = join(newFolder(), 'config.json');
    writeFileSync(path, '[1]');
    const { calls } = watching(path);
    unlinkSync(path);
    writeFileSync(path, '[2]');
    expect(await reached(calls, 1)).toBe(1);
    unlinkSync(path);
    writeFileSync(path, '[3]');
    expect(await reached(calls, 2)).toBe(2);
  });

  it('when a link above it is swapped, as for a ConfigMap', async () => {
    const folder = newFolder();
    const write = (version: string): void => {
      mkdirSync(join(folder, version));
      writeFileSync(join(folder, version, 'config.json'), JSON.stringify(version));
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
    writeFileSync(path, '[1]');
    const { calls } = watching(path);
    rmSync(join(folder, 'inner'), { recursive: true });
    mkdirSync(join(folder, 'inner'));
    writeFileSync(path, '[2]');
    expect(await reached(calls, 1)).toBe(1);
  });

  it('when it is a link into another folder', async () => {
    const folder = newFolder();
    const target = join(newFolder(), 'config.json');
    const path = join(folder, 'config.json');
    writeFileSync(target, '[1]');
    symlinkSync(target, path);
    const { calls } = watching(path);
    writeFileSync(target, '[2]');
    expect(await reached(calls, 1)).toBe(1);
  });

  it('when it never holds still', async () => {
    const path = join(newFolder(), 'config.json');
    writeFileSync(path, '[0]');
    const { calls } = watching(path);
    let version = 0;
    const writer = setInterval(() => writeFileSync(path, `[${++version}]`), 30);
    onTestFinished(() => clearInterval(writer));
    expect(await reached(calls, 2)).toBeGreaterThanOrEqual(2);
  });

  it('when a folder, which is no file, takes its place', async () => {
    const path = join(newFolder(), 'config.json');
    writeFileSync(path, '[1]');
    const { calls } = watching(path);
    unlinkSync(path);
    mkdirSync(path);
    expect(await reached(calls, 1)).toBe(1);
  });

  it('once, when it stays broken', async () => {
    const folder = newFolder();
    const path = join(folder, 'config.json');
    writeFileSync(path, '[1]');
    const { calls } = watching(path);
    const witness = watching(join(folder, 'witness.json'));
    writeFileSync(path, '[2');
    expect(await reached(calls, 1)).toBe(1);
    for (const [index, content] of ['[1', '[2'].entries()) {
      writeFileSync(join(folder, 'witness.json'), content);
      expect(await reached(witness.calls, index + 1)).toBe(index + 1);
    }
    expect(calls()).toBe(1);
    writeFileSync(path, '[1]');
    expect(await reached(calls, 2)).toBe(2);
  });

  it('when file and folder appear only later', async () => {
    const folder = newFolder();
    const path = join(folder, 'later', 'config.json');
    const { calls } = watching(path);
    mkdirSync(join(folder, 'later'));
    writeFileSync(path, '[1]');
    expect(await reached(calls, 1)).toBe(1);
  });
});

describe('nothing is noticed', () => {
  it('when the bytes stay the same, or other files change', async () => {
    const folder = newFolder();
    const path = join(folder, 'config.json');
    writeFileSync(path, '[1]');
    const { calls } = watching(path);
    const witness = watching(join(folder, 'other.json'));
    utimesSync(path, new Date(), new Date());
    writeFileSync(path, '[1]');
    unlinkSync(path);
    writeFileSync(path, '[1]');
    writeFileSync(join(folder, 'other.json'), 'x');
    expect(await reached(witness.calls, 1)).toBe(1);
    writeFileSync(path, '[2]');
    expect(await reached(calls, 1)).toBe(1);
  });

  it('of bytes that do not last', async () => {
    const path = join(newFolder(), 'config.json');
    writeFileSync(path, '[1]');
    const { calls } = watching(path);
    for (let version = 0; version < 50; version++) writeFileSync(path, `half-written ${version}`);
    writeFileSync(path, '[2]');
    expect(await reached(calls, 1)).toBe(1);
    writeFileSync(path, '[3]');
    expect(await reached(calls, 2)).toBe(2);
  });

  it('of half a file whose other half is on its way', async () => {
    const folder = newFolder();
    const path = join(folder, 'config.json');
    const other = join(folder, 'other.json');
    writeFileSync(path, '[1]');
    const seen: string[] = [];
    // By then a file that is whole has been told, and more time passes until the other half comes.
    open.push(watchFile(other, () => writeFileSync(path, '{"mcpServers": {}}')));
    open.push(watchFile(path, () => seen.push(readFileSync(path, 'utf8'))));
    writeFileSync(path, '{"mcpServers": {');
    writeFileSync(other, '[2]');
    expect(await reached(() => seen.length, 1)).toBe(1);
    expect(seen).toEqual(['{"mcpServers": {}}']);
  });

  it('after close', async () => {
    const path = join(newFolder(), 'config.json');
    writeFileSync(path, '[1]');
    const closed = watching(path);
    const witness = watching(path);
    closed.close();
    closed.close();
    writeFileSync(path, '[2]');
    expect(await reached(witness.calls, 1)).toBe(1);
    expect(closed.calls()).toBe(0);
  });
});

it('leaves no watch and no timer behind', async () => {
  const watches = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'FSEventWrap').length;
  const path = join(newFolder(), 'config.json');
  writeFileSync(path, '[1]');
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
