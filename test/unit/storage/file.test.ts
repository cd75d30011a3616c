import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmod,
  copyFile,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFileStore } from '../../../src/storage/file.ts';
import { createSeal } from '../../../src/storage/seal.ts';
import { until } from '../../support.ts';
import { openStore, ownFolder, runProgram, sealedFiles } from './folders.ts';

const alice = 'grant/notes-1a2b3c4d/session:6f1c0f2e-8a40-4d8b-9f5e-0d1f6f9f7a11';
const bob = 'grant/notes-1a2b3c4d/session:b2f0b7d4-33c5-4a44-9d0c-5a7e2f1c9e22';
const secret = 'refresh_token_of_alice';

describe('files', () => {
  it('are for this user alone, and show neither values nor who they are of', async () => {
    const folder = join(await ownFolder(), '.mcpo', 'tokens');
    const { store } = await openStore(folder);
    await store.set(alice, secret, 60_000);
    await store.withLock(alice, 60_000, async () => {
      for (const name of await readdir(folder)) {
        expect({ name, mode: (await stat(join(folder, name))).mode & 0o777 }).toEqual({ name, mode: 0o600 });
        expect(name).not.toMatch(/6f1c0f2e|8a40|session/);
        const text = await readFile(join(folder, name), 'latin1');
        expect(text).not.toMatch(/refresh|alice|session|6f1c0f2e/);
        expect(Buffer.from(text.replace(/^v1\./, ''), 'base64url').toString('latin1')).not.toMatch(/refresh|session/);
      }
    });
    for (const each of [folder, join(folder, '..')]) expect((await stat(each)).mode & 0o777).toBe(0o700);
    expect(await sealedFiles(folder)).toEqual([expect.stringMatching(/^grant-notes-1a2b3c4d-[0-9a-f]{32}\.sealed$/)]);
  });

  it('are in a folder whose rights are tightened', async () => {
    const folder = await ownFolder();
    await chmod(folder, 0o755);
    await openStore(folder);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
  });

  it('are there after a restart, and nothing else is left of writing them', async () => {
    const folder = await ownFolder();
    const { store } = await openStore(folder);
    await Promise.all([store.set(alice, 'hers'), store.set(bob, 'his'), store.set(alice, 'hers')]);
    await store.set('client/notes/gone', 'value');
    await store.delete('client/notes/gone');
    expect(await readdir(folder)).toEqual(await sealedFiles(folder));
    const { store: next, reports } = await openStore(folder);
    expect([await next.get(alice), await next.get(bob), reports]).toEqual(['hers', 'his', []]);
  });

  it('are made again in a folder that was removed meanwhile', async () => {
    const folder = await ownFolder();
    const { store } = await openStore(folder);
    await store.set(alice, 'before');
    await rm(folder, { recursive: true });
    expect(await store.get(alice)).toBeUndefined();
    await store.set(alice, 'after');
    expect(await store.get(alice)).toBe('after');
  });
});

describe('a file that is not as it was written', () => {
  const attacks: [string, (file: string, other: string) => Promise<unknown>][] = [
    ['was swapped for that of another user', (file, other) => copyFile(other, file)],
    ['has one bit turned', (file) => changed(file, (bytes) => (bytes[30] = (bytes[30] ?? 0) ^ 1))],
    [
      'has its last bit turned',
      (file) => changed(file, (bytes) => (bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1)),
    ],
    ['has another form', (file) => changed(file, (bytes) => (bytes[1] = 50))],
    ['was truncated', (file) => truncate(file, 40)],
    ['was truncated to nothing', (file) => truncate(file, 0)],
    ['is longer', (file) => changed(file, (bytes) => Buffer.concat([bytes, Buffer.from('AAAA')]))],
    ['is not text', (file) => writeFile(file, randomBytes(200))],
    ['is text of somebody else', (file) => writeFile(file, '{"value":"mine","endsAt":null}')],
    ['is a link to that of another user', (file, other) => linkTo(other, file)],
    ['is a link to a file without end', (file) => linkTo('/dev/zero', file)],
    ['is a link to nothing', (file) => linkTo('/nowhere/at/all', file)],
    ['is a folder', (file) => rm(file).then(() => mkdir(file))],
    ['is a pipe', (file) => rm(file).then(() => execFileSync('mkfifo', [file]))],
  ];

  it.each(attacks)('because it %s is set aside, reported once, and read as absent', async (_, attack) => {
    const folder = await ownFolder();
    const { store, reports } = await openStore(folder);
    await store.set(alice, secret);
    const [file = ''] = await sealedFiles(folder);
    await store.set(bob, 'his');
    const other = (await sealedFiles(folder)).find((name) => name !== file) ?? '';
    await attack(join(folder, file), join(folder, other));

    expect(await Promise.all([store.get(alice), store.get(alice), store.take(alice)])).toEqual(
      Array(3).fill(undefined),
    );
    expect(reports).toEqual([
      expect.stringMatching(
        /\.sealed is damaged, or was written with another key: it was set aside as .*\.damaged-\d+,/,
      ),
    ]);
    expect(reports[0]).toContain(join(folder, file));
    expect(reports[0]).not.toMatch(/6f1c0f2e|refresh/);
    expect((await readdir(folder)).filter((name) => name.includes('.damaged-'))).toHaveLength(1);
    expect(await store.get(bob)).toBe('his');
    await store.set(alice, 'new');
    expect(await store.get(alice)).toBe('new');
  });

  it('because every bit of it counts', async () => {
    const folder = await ownFolder();
    const { store, reports } = await openStore(folder);
    await store.set(alice, secret);
    const [name = ''] = await sealedFiles(folder);
    const file = join(folder, name);
    const whole = await readFile(file);
    for (let at = 0; at < whole.length; at += 7) {
      await writeFile(file, whole);
      await changed(file, (bytes) => (bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8))));
      expect(await store.get(alice)).toBeUndefined();
    }
    expect(reports).toHaveLength(Math.ceil(whole.length / 7));
  });

  it('because two users changed places is neither of the two', async () => {
    const folder = await ownFolder();
    const { store, reports } = await openStore(folder);
    await store.set(alice, 'hers');
    await store.set(bob, 'his');
    const [one = '', two = ''] = (await sealedFiles(folder)).map((name) => join(folder, name));
    await rename(one, `${one}.away`);
    await rename(two, one);
    await rename(`${one}.away`, two);
    expect([await store.get(alice), await store.get(bob)]).toEqual([undefined, undefined]);
    expect(reports).toHaveLength(2);
  });

  it('because the secret is another one is read by nobody, and goes when it is met', async () => {
    const folder = await ownFolder();
    const { store } = await openStore(folder, 'one secret');
    await store.set(alice, 'hers');
    await store.set(bob, 'his');
    const { store: foreign, reports } = await openStore(folder, 'another secret');
    expect(reports).toEqual([]);
    expect([await foreign.get(alice), reports.length]).toEqual([undefined, 1]);
    expect(await (await openStore(folder, 'one secret')).store.get(bob)).toBe('his');
  });

  it('is not kept for ever: the latest twenty are', async () => {
    const folder = await ownFolder();
    for (let at = 1_000; at < 1_025; at++) await writeFile(join(folder, `a.sealed.damaged-${at}`), '');
    await mkdir(join(folder, 'b.sealed.damaged-1'));
    const { store } = await openStore(folder);
    await store.set(alice, 'hers');
    const [file = ''] = await sealedFiles(folder);
    await writeFile(join(folder, file), 'damaged');
    expect(await store.get(alice)).toBeUndefined();
    const left = (await readdir(folder)).filter((name) => name.includes('.damaged-'));
    const known = Array.from({ length: 19 }, (_, index) => `a.sealed.damaged-${1_006 + index}`);
    expect(left.filter((name) => !name.startsWith(file)).toSorted()).toEqual([...known, 'b.sealed.damaged-1']);
    expect(left).toHaveLength(21);
  });

  it('and is a link is replaced, not what it leads to', async () => {
    const folder = await ownFolder();
    const { store } = await openStore(folder);
    await store.set(alice, 'hers');
    const [file = ''] = await sealedFiles(folder);
    const elsewhere = join(await ownFolder(), 'precious');
    await writeFile(elsewhere, 'precious');
    await linkTo(elsewhere, join(folder, file));
    await store.set(alice, 'new');
    expect([await store.get(alice), await readFile(elsewhere, 'utf8')]).toEqual(['new', 'precious']);
  });
});

describe('what nobody asks for again', () => {
  it('is removed when it is met', async () => {
    const folder = await ownFolder();
    const { store } = await openStore(folder);
    await store.set(alice, 'hers', 1);
    await until(async () => (await store.get(alice)) === undefined);
    expect(await readdir(folder)).toEqual([]);
  });

  it('is not removed in place of what replaced it', async () => {
    const folder = await ownFolder();
    const { store: one } = await openStore(folder);
    const { store: two } = await openStore(folder);
    for (let round = 0; round < 30; round++) {
      await one.set(alice, 'old', 1);
      const start = Date.now();
      await until(() => Date.now() > start + 1);
      await Promise.all([two.get(alice), one.set(alice, 'new'), two.get(alice)]);
      expect(await two.get(alice)).toBe('new');
    }
  });

  it('is removed at the next start', async () => {
    const folder = await ownFolder();
    const { store } = await openStore(folder);
    await store.set(alice, 'hers', 1);
    await store.set(bob, 'his', 60_000);
    const start = Date.now();
    await until(() => Date.now() > start + 1);
    expect(await sealedFiles(folder)).toHaveLength(2);
    const { store: next, reports } = await openStore(folder);
    expect(await sealedFiles(folder)).toHaveLength(1);
    expect([await next.get(bob), reports]).toEqual(['his', []]);
  });

  it('is what was left by processes that were killed, if it is old', async () => {
    const folder = await ownFolder();
    const left = ['a.sealed.0123.draft', 'a.lock', 'a.change.lock', 'a.lock.0123'];
    for (const name of [...left, 'notes of somebody']) {
      await writeFile(join(folder, name), '');
      await utimes(join(folder, name), 1, 1);
    }
    await writeFile(join(folder, 'b.sealed.4567.draft'), '');
    await openStore(folder);
    expect((await readdir(folder)).toSorted()).toEqual(['b.sealed.4567.draft', 'notes of somebody']);
  });
});

describe('a folder that cannot be used', () => {
  it('is named in a sentence that says what to do', async () => {
    const seal = await createSeal({ secret: 'secret', keyFile: '' });
    const file = join(await ownFolder(), 'file');
    await writeFile(file, '');
    for (const folder of [file, join(file, 'tokens')]) {
      await expect(createFileStore({ folder, seal, onSetAside: () => {} })).rejects.toThrow(
        `the folder ${folder} cannot be used for tokens: `,
      );
      await expect(createFileStore({ folder, seal, onSetAside: () => {} })).rejects.toThrow(
        /; make it writable, or set "storage_type": "memory"$/,
      );
    }
  });

  it('is told of once, when it became one later', async () => {
    const folder = await ownFolder();
    const { store } = await openStore(folder);
    await rm(folder, { recursive: true });
    await writeFile(folder, '');
    const sentence = new RegExp(`^the folder ${folder} cannot be used for tokens: [^;]*; make it writable`);
    const all = [store.get(alice), store.set(alice, secret), store.take(alice), store.delete(alice)];
    for (const each of all) await expect(each).rejects.toThrow(sentence);
    await expect(store.withLock(alice, 60_000, () => Promise.resolve())).rejects.toThrow(sentence);
    await rm(folder);
  });

  // A superuser may write everywhere.
  it.skipIf(process.getuid?.() === 0)('is one that is for reading only', async () => {
    const folder = await ownFolder();
    await chmod(folder, 0o500);
    await expect(openStore(folder)).rejects.toThrow(`the folder ${folder} cannot be used for tokens: `);
    await chmod(folder, 0o700);
  });
});

describe('several processes', () => {
  it('do not tear what they write', async () => {
    const folder = await ownFolder();
    const letters = ['a', 'b', 'c'];
    const programs = letters.map((letter) =>
      runProgram(
        folder,
        `const store = await open();
         for (let i = 0; i < 30; i++) {
           await store.set('shared', ${JSON.stringify(letter)}.repeat(100_000));
           const value = await store.get('shared');
           if (value === undefined || new Set(value).size !== 1 || value.length !== 100_000) console.log('torn');
         }`,
      ),
    );
    for (const program of programs) expect(await program.ended()).toEqual([]);
    const { store, reports } = await openStore(folder);
    expect(letters.map((letter) => letter.repeat(100_000))).toContain(await store.get('shared'));
    expect(reports).toEqual([]);
    expect(await readdir(folder)).toEqual(await sealedFiles(folder));
  });

  it('do not take the same value twice', async () => {
    const folder = await ownFolder();
    const { store } = await openStore(folder);
    const keys = Array.from({ length: 20 }, (_, index) => `ticket/${index}`);
    for (const key of keys) await store.set(key, key);
    const body = `
      const store = await open();
      const taken = await Promise.all(${JSON.stringify(keys)}.map((key) => store.take(key)));
      for (const value of taken) if (value !== undefined) console.log(value);`;
    const programs = [runProgram(folder, body), runProgram(folder, body), runProgram(folder, body)];
    const taken = (await Promise.all(programs.map((program) => program.ended()))).flat();
    expect(taken.toSorted()).toEqual(keys.toSorted());
  });

  it('lose no change that they make under a lock', async () => {
    const folder = await ownFolder();
    const body = `
      const store = await open();
      for (let i = 0; i < 15; i++) {
        await store.withLock('count', 60_000, async () => {
          await store.set('count', String(Number(await store.get('count') ?? 0) + 1));
        });
      }`;
    const programs = [runProgram(folder, body), runProgram(folder, body), runProgram(folder, body)];
    for (const program of programs) expect(await program.ended()).toEqual([]);
    expect(await (await openStore(folder)).store.get('count')).toBe('45');
  });

  it('go on when one is killed that holds a lock', async () => {
    const folder = await ownFolder();
    const program = runProgram(
      folder,
      `const store = await open();
       await store.withLock('grant/notes/alice', 600_000, async () => {
         console.log('held');
         setInterval(() => {}, 1_000);
         await new Promise(() => {});
       });`,
    );
    expect(await program.next()).toBe('held');
    const { store } = await openStore(folder);
    let had = false;
    const waiting = store.withLock('grant/notes/alice', 60_000, async () => void (had = true));
    await store.set('something', 'else');
    expect(had).toBe(false);
    await program.kill();
    await waiting;
    expect(had).toBe(true);
  });
});

async function changed(file: string, change: (bytes: Buffer) => unknown): Promise<void> {
  const bytes = await readFile(file);
  const made = change(bytes);
  await writeFile(file, Buffer.isBuffer(made) ? made : bytes);
}

async function linkTo(target: string, file: string): Promise<void> {
  await rm(file, { force: true });
  await symlink(target, file);
}
