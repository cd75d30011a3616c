import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { takeFileLock } from '../../../src/storage/file-lock.ts';
import { ownFolder, runProgram } from './folders.ts';

const longMs = 600_000;

it('is a file while it is held, and nothing afterwards', async () => {
  const file = join(await ownFolder(), 'lock');
  const letGo = await takeFileLock(file, longMs);
  expect(existsSync(file)).toBe(true);
  await letGo();
  expect(await readdir(join(file, '..'))).toEqual([]);
});

it('keeps others waiting until it is let go', async () => {
  const file = join(await ownFolder(), 'lock');
  const letGo = await takeFileLock(file, longMs);
  let had = false;
  const next = takeFileLock(file, longMs).then((release) => {
    had = true;
    return release;
  });
  await answered(file);
  expect(had).toBe(false);
  await letGo();
  await (
    await next
  )();
  expect(had).toBe(true);
});

describe('is taken over from', () => {
  it.each<[string, (holder: Holder) => object]>([
    ['a process that died', (holder) => ({ ...holder, pid: deadPid })],
    ['an earlier process of the same id', (holder) => ({ ...holder, token: 'unknown' })],
    ['one elsewhere whose lease is over', (holder) => ({ ...holder, place: 'elsewhere', until: Date.now() - 1 })],
    ['one that lives, whose lease is over', (holder) => ({ ...holder, pid: process.ppid, until: Date.now() - 1 })],
  ])('%s', async (_, made) => {
    const file = join(await ownFolder(), 'lock');
    await writeFile(file, JSON.stringify(made(await holderOf(file))));
    await (
      await takeFileLock(file, longMs)
    )();
    expect(await readdir(join(file, '..'))).toEqual([]);
  });

  it('a machine that lost its power', async () => {
    for (const text of ['', '{"pid":', '[]', 'null', '7']) {
      const file = join(await ownFolder(), 'lock');
      await writeFile(file, text);
      await utimes(file, 1, 1);
      await (
        await takeFileLock(file, longMs)
      )();
      expect(await readdir(join(file, '..'))).toEqual([]);
    }
  });

  it('one that died while it took over from another', async () => {
    const file = join(await ownFolder(), 'lock');
    const holder = await holderOf(file);
    await writeFile(file, JSON.stringify({ ...holder, pid: deadPid, token: 'first' }));
    await writeFile(`${file}.first`, JSON.stringify({ ...holder, pid: deadPid, token: 'second' }));
    await writeFile(`${file}.first.second`, JSON.stringify({ ...holder, pid: deadPid, token: 'third' }));
    await (
      await takeFileLock(file, longMs)
    )();
    expect(await readdir(join(file, '..'))).toEqual([]);
  });
});

describe('is not taken from', () => {
  it.each<[string, (holder: Holder) => object | string]>([
    ['a process that lives', (holder) => ({ ...holder, pid: process.ppid })],
    [
      'one elsewhere, whatever its process id means here',
      (holder) => ({ ...holder, place: 'elsewhere', pid: deadPid }),
    ],
    ['one that is just writing its name', () => ''],
  ])('%s', async (_, made) => {
    const file = join(await ownFolder(), 'lock');
    const content = made(await holderOf(file));
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    await writeFile(file, text);
    let had = false;
    const next = takeFileLock(file, longMs).then((letGo) => {
      had = true;
      return letGo;
    });
    await answered(file);
    expect([had, await readFile(file, 'utf8')]).toEqual([false, text]);
    await writeFile(file, JSON.stringify({ place: 'elsewhere', pid: 1, token: 'over', until: 0 }));
    await (
      await next
    )();
  });
});

it('is left to the next holder by one whose lease was over', async () => {
  const file = join(await ownFolder(), 'lock');
  const late = await takeFileLock(file, 1);
  const letGo = await takeFileLock(file, longMs);
  const held = await readFile(file, 'utf8');
  await late();
  expect(await readFile(file, 'utf8')).toBe(held);
  await letGo();
});

it('is had by one of many that find it over at once', async () => {
  const folder = await ownFolder();
  const file = join(folder, 'lock');
  const log = join(folder, 'log');
  const holder = await holderOf(file);
  // Each leaves the lock as a process would that died under it, and says so while it holds it.
  const body = `
    import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
    const file = ${JSON.stringify(file)};
    const log = ${JSON.stringify(log)};
    for (let i = 0; i < 40; i++) {
      await takeFileLock(file, ${longMs});
      appendFileSync(log, '(');
      const holder = JSON.parse(readFileSync(file, 'utf8'));
      appendFileSync(log, ')');
      writeFileSync(file, JSON.stringify({ ...holder, until: 0 }));
    }`;
  await writeFile(file, JSON.stringify({ ...holder, pid: deadPid }));
  const programs = [1, 2, 3].map(() => runProgram(folder, body));
  for (const program of programs) expect(await program.ended()).toEqual([]);
  expect(await readFile(log, 'utf8')).toBe('()'.repeat(120));
});

interface Holder {
  readonly place: string;
  readonly pid: number;
  readonly token: string;
  readonly until: number;
}

/** As this process writes it. */
async function holderOf(file: string): Promise<Holder> {
  const letGo = await takeFileLock(file, longMs);
  const holder = JSON.parse(await readFile(file, 'utf8')) as Holder;
  await letGo();
  return holder;
}

/** Until whoever waits at a lock has looked at it: another one was taken and let go, several times, meanwhile. */
async function answered(file: string): Promise<void> {
  const start = Date.now();
  while (Date.now() < start + 100) await (await takeFileLock(`${file}-other`, longMs))();
}

const deadPid = await new Promise<number>((resolve) => {
  const child = spawn(process.execPath, ['-e', '']);
  child.once('exit', () => resolve(child.pid ?? 0));
});
