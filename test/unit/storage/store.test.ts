// One contract, and every store keeps it.
import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../../src/storage/memory.ts';
import { lazyStore } from '../../../src/storage/lazy.ts';
import type { Store } from '../../../src/storage/store.ts';
import { until } from '../../support.ts';
import { openStore, ownFolder } from './folders.ts';

const inFolder = async (): Promise<Store> => (await openStore(await ownFolder())).store;

describe.each<[string, () => Store | Promise<Store>]>([
  ['memory', createMemoryStore],
  ['file', inFolder],
  ['lazy', () => lazyStore(inFolder)],
])('the %s store', (_, create) => {
  it('keeps what is set until it is replaced or deleted', async () => {
    const store = await create();
    expect(await store.get('grant/notes/alice')).toBeUndefined();
    await store.set('grant/notes/alice', 'first');
    expect(await store.get('grant/notes/alice')).toBe('first');
    await store.set('grant/notes/alice', 'second');
    expect(await store.get('grant/notes/alice')).toBe('second');
    await store.delete('grant/notes/alice');
    expect(await store.get('grant/notes/alice')).toBeUndefined();
    await store.delete('grant/notes/alice');
  });

  it('tells keys apart, whatever is in them', async () => {
    const store = await create();
    const keys = [
      '',
      '/',
      'grant/notes/alice',
      'grant/notes/Alice',
      'grant/notes/alice ',
      'grant-notes-alice',
      'grant/notes//alice',
      '../../escape',
      '/absolute',
      '..',
      'C:\\\\windows',
      'a\u0000b',
      '__proto__',
      'constructor',
      'ünïcödé 日本 🔑',
      `grant/notes/${'x'.repeat(10_000)}`,
      `grant/notes/${'x'.repeat(10_000)}y`,
    ];
    for (const [index, key] of keys.entries()) await store.set(key, `value ${index}`);
    for (const [index, key] of keys.entries()) expect(await store.get(key)).toBe(`value ${index}`);
  });

  it.each(['', ' \n', '{"a":"ü 日本 🔑"}', 'x'.repeat(100_000)])('gives back any text: %#', async (value) => {
    const store = await create();
    await store.set('key', value);
    expect(await store.get('key')).toBe(value);
    expect(await store.take('key')).toBe(value);
  });

  it('forgets what had a time, after that', async () => {
    const store = await create();
    await store.set('short', 'value', 1);
    await store.set('long', 'value', 60_000);
    await until(async () => (await store.get('short')) === undefined);
    expect(await store.get('long')).toBe('value');
    await store.set('short', 'value', 1);
    await after(1);
    expect(await store.take('short')).toBeUndefined();
    expect(await store.take('long')).toBe('value');
  });

  it('counts the time of the value that is there', async () => {
    const store = await create();
    await store.set('now for ever', 'old', 1);
    await store.set('now for ever', 'new');
    await store.set('now for a moment', 'old');
    await store.set('now for a moment', 'new', 1);
    await until(async () => (await store.get('now for a moment')) === undefined);
    expect(await store.get('now for ever')).toBe('new');
  });

  it('lets one of many take a value', async () => {
    const store = await create();
    await store.set('ticket', 'value');
    const taken = await Promise.all(Array.from({ length: 20 }, () => store.take('ticket')));
    expect(taken.filter((value) => value !== undefined)).toEqual(['value']);
    expect(await store.get('ticket')).toBeUndefined();
  });

  it('has one of the values that are set at once, whole', async () => {
    const store = await create();
    const values = Array.from({ length: 10 }, (__, index) => `${index}`.repeat(5_000));
    await Promise.all(values.map((value) => store.set('key', value)));
    expect(values).toContain(await store.get('key'));
  });

  it('lets one work under a lock at a time', async () => {
    const store = await create();
    let working = 0;
    const seen: number[] = [];
    const work = async (): Promise<void> => {
      seen.push(++working);
      await store.set('somewhere', 'else');
      await store.get('somewhere');
      working--;
    };
    await Promise.all(Array.from({ length: 5 }, () => store.withLock('name', 60_000, work)));
    expect(seen).toEqual([1, 1, 1, 1, 1]);
  });

  it('loses no change that is made under a lock', async () => {
    const store = await create();
    await store.set('grant/count', '0');
    const add = (): Promise<void> =>
      store.withLock('grant/count', 60_000, async () => {
        await store.set('grant/count', String(Number(await store.get('grant/count')) + 1));
      });
    await Promise.all(Array.from({ length: 10 }, add));
    expect(await store.get('grant/count')).toBe('10');
  });

  it('gives what came of the work, and lets go of the lock after a failure', async () => {
    const store = await create();
    expect(await store.withLock('name', 60_000, async () => 'done')).toBe('done');
    const failing = store.withLock('name', 60_000, () => Promise.reject(new Error('it went wrong')));
    await expect(failing).rejects.toThrow('it went wrong');
    expect(await store.withLock('name', 60_000, async () => 'done')).toBe('done');
  });

  it('has locks that know nothing of each other, and nothing of the values', async () => {
    const store = await create();
    const done = store.withLock('grant/notes/alice', 60_000, () =>
      store.withLock('grant/notes/bob', 60_000, async () => {
        await store.set('grant/notes/alice', 'value');
        await store.set('grant/notes/bob', 'value');
        await store.delete('grant/notes/bob');
        return store.take('grant/notes/alice');
      }),
    );
    expect(await done).toBe('value');
  });
});

it('a lazy store is made by whoever first needs it, once, and again after a failure', async () => {
  let made = 0;
  const store = lazyStore(async () => {
    if (++made === 1) throw new Error('not now');
    return createMemoryStore();
  });
  expect(made).toBe(0);
  await expect(store.get('key')).rejects.toThrow('not now');
  await Promise.all([store.set('key', 'value'), store.set('other', 'value')]);
  expect(await store.get('key')).toBe('value');
  expect(made).toBe(2);
});

function after(ms: number): Promise<boolean> {
  const start = Date.now();
  return until(() => Date.now() > start + ms);
}
