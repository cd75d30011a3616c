import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createSeal, type Seal } from '../../../src/storage/seal.ts';
import { ownFolder, runProgram } from './folders.ts';

const withSecret = (secret: string): Promise<Seal> => createSeal({ secret, keyFile: '' });

describe('a sealed text', () => {
  it('is opened with the same secret and context only', async () => {
    const seal = await withSecret('secret');
    const sealed = seal.seal('text ü 日本', 'alice');
    expect(seal.open(sealed, 'alice')).toBe('text ü 日本');
    expect((await withSecret('secret')).open(sealed, 'alice')).toBe('text ü 日本');
    expect(seal.open(sealed, 'bob')).toBeUndefined();
    expect(seal.open(sealed, '')).toBeUndefined();
    expect((await withSecret('another secret')).open(sealed, 'alice')).toBeUndefined();
  });

  it('is another one each time, and shows nothing', async () => {
    const seal = await withSecret('secret');
    const sealed = Array.from({ length: 100 }, () => seal.seal('refresh_token', 'alice'));
    expect(new Set(sealed).size).toBe(100);
    expect(new Set(sealed.map((each) => each.slice(0, 20))).size).toBe(100);
    for (const each of sealed) {
      expect(Buffer.from(each.slice(3), 'base64url').toString('latin1')).not.toMatch(/refresh|alice/);
    }
  });

  it('is opened as it was sealed, or not at all', async () => {
    const seal = await withSecret('secret');
    const sealed = seal.seal('text', 'alice');
    for (let at = 0; at < sealed.length; at++) {
      const other = sealed[at] === 'A' ? 'B' : 'A';
      expect(seal.open(sealed.slice(0, at) + other + sealed.slice(at + 1), 'alice')).toBeUndefined();
      expect(seal.open(sealed.slice(0, at), 'alice')).toBeUndefined();
    }
    for (const text of ['', 'v1', 'v1.', 'v1.AAAA', `v2${sealed.slice(2)}`, `${sealed}AAAA`, 'text', '{}']) {
      expect(seal.open(text, 'alice')).toBeUndefined();
    }
  });
});

describe('the key file', () => {
  it('is made where there is no secret, for this user alone, and used again', async () => {
    const keyFile = join(await ownFolder(), '.mcpo', 'tokens', 'key');
    for (const secret of [undefined, '']) {
      const sealed = (await createSeal({ secret, keyFile })).seal('text', 'alice');
      expect((await createSeal({ keyFile })).open(sealed, 'alice')).toBe('text');
    }
    expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
    expect((await stat(join(keyFile, '..'))).mode & 0o777).toBe(0o700);
    expect(Buffer.from((await readFile(keyFile, 'utf8')).trim(), 'base64url')).toHaveLength(32);
    expect(await readdir(join(keyFile, '..'))).toEqual(['key']);
  });

  it('is another one in another folder', async () => {
    const [one, two] = [await ownFolder(), await ownFolder()];
    const sealed = (await createSeal({ keyFile: join(one, 'key') })).seal('text', 'alice');
    expect((await createSeal({ keyFile: join(two, 'key') })).open(sealed, 'alice')).toBeUndefined();
  });

  it('is neither made nor read where there is a secret', async () => {
    const folder = await ownFolder();
    await createSeal({ secret: 'secret', keyFile: join(folder, 'key') });
    expect(await readdir(folder)).toEqual([]);
  });

  it.each([0o644, 0o640, 0o606, 0o666])('with the rights %o is closed to others', async (mode) => {
    const keyFile = join(await ownFolder(), 'key');
    const sealed = (await createSeal({ keyFile })).seal('text', 'alice');
    await chmod(keyFile, mode);
    expect((await createSeal({ keyFile })).open(sealed, 'alice')).toBe('text');
    expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
  });

  it.each(['', 'short', 'A'.repeat(100), '\u0000'])('that is damaged is named, and left as it is: %#', async (text) => {
    const keyFile = join(await ownFolder(), 'key');
    await writeFile(keyFile, text);
    await expect(createSeal({ keyFile })).rejects.toThrow(
      `the key file ${keyFile} is damaged: remove it, and the tokens beside it, which it cannot open any more`,
    );
    expect(await readFile(keyFile, 'utf8')).toBe(text);
  });

  it('that cannot be read or made is named in a sentence that says what to do', async () => {
    const folder = await ownFolder();
    await mkdir(join(folder, 'key'));
    await writeFile(join(folder, 'file'), '');
    for (const keyFile of [join(folder, 'key'), join(folder, 'file', 'key')]) {
      await expect(createSeal({ keyFile })).rejects.toThrow(`the key file ${keyFile} cannot be used: `);
      await expect(createSeal({ keyFile })).rejects.toThrow(/; set MCPO_SECRET_KEY, or "storage_type": "memory"$/);
    }
  });

  it('is one for all that start at once, in this process and in others', async () => {
    const folder = await ownFolder();
    const keyFile = join(folder, 'key');
    const body = `
      const seals = await Promise.all([1, 2, 3].map(() => createSeal({ keyFile: ${JSON.stringify(keyFile)} })));
      for (const seal of seals) console.log(seal.seal('text', 'alice'));`;
    const programs = [1, 2, 3].map(() => runProgram(folder, body));
    const sealed = (await Promise.all(programs.map((program) => program.ended()))).flat();
    const seal = await createSeal({ keyFile });
    expect(sealed.map((each) => seal.open(each, 'alice'))).toEqual(Array(9).fill('text'));
  });
});
