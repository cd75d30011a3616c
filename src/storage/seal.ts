// Encryption of what is stored: AES-256-GCM (NIST SP 800-38D) with a random nonce for each text. What a text belongs to is
// authenticated with it, so that sealed texts cannot change places. The key is made of a secret, or kept in a file that only
// this user reads.

import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from 'node:crypto';
import { chmod, mkdir, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { takeFileLock } from './file-lock.ts';
import { replaceWhole } from './whole-file.ts';

export interface Seal {
  seal(text: string, context: string): string;
  /** undefined where it was not sealed with this key and context, or was changed. */
  open(sealed: string, context: string): string | undefined;
}

export interface SealOptions {
  /** Of any form; empty or undefined: the key file is used. */
  readonly secret?: string | undefined;
  /** Made where it does not exist. */
  readonly keyFile: string;
}

const version = 'v1';
const nonceBytes = 12;
const tagBytes = 16;
const keyBytes = 32;
/** One purpose, one key: the salt need not be secret, and must not differ between processes. */
const salt = 'mcpo tokens at rest';
/** To write one small file, on a slow disk. */
const makingLeaseMs = 10_000;

/** Throws a sentence where the key file cannot be read or made. */
export async function createSeal({ secret, keyFile }: SealOptions): Promise<Seal> {
  return sealWith(secret ? scryptSync(secret, salt, keyBytes) : await keyIn(keyFile));
}

function sealWith(key: Buffer): Seal {
  return {
    seal(text, context) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes }).setAAD(
        Buffer.from(context),
      );
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return [version, Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url')].join('.');
    },
    open(sealed, context) {
      const [form, encoded = ''] = sealed.trim().split('.');
      const bytes = Buffer.from(encoded, 'base64url');
      const isWhole = bytes.length >= nonceBytes + tagBytes && bytes.toString('base64url') === encoded;
      if (form !== version || !isWhole) return undefined;
      const nonce = bytes.subarray(0, nonceBytes);
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
      decipher.setAAD(Buffer.from(context)).setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
      try {
        const text = [decipher.update(bytes.subarray(nonceBytes + tagBytes)), decipher.final()];
        return Buffer.concat(text).toString('utf8');
      } catch {
        return undefined;
      }
    },
  };
}

async function keyIn(file: string): Promise<Buffer> {
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    return (await readKey(file)) ?? (await makeKey(file));
  } catch (error) {
    if (error instanceof KeyFileError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new KeyFileError(
      `the key file ${file} cannot be used: ${why}; set MCPO_SECRET_KEY, or "storage_type": "memory"`,
    );
  }
}

class KeyFileError extends Error {}

async function readKey(file: string): Promise<Buffer | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const key = Buffer.from(text.trim(), 'base64url');
  if (key.length !== keyBytes) {
    throw new KeyFileError(
      `the key file ${file} is damaged: remove it, and the tokens beside it, which it cannot open any more`,
    );
  }
  const { mode } = await stat(file);
  if ((mode & 0o077) !== 0 && process.platform !== 'win32') await chmod(file, 0o600);
  return key;
}

/** Of two processes that want one at once the first makes it, and the other reads that. */
async function makeKey(file: string): Promise<Buffer> {
  const letGo = await takeFileLock(`${file}.lock`, makingLeaseMs);
  try {
    const known = await readKey(file);
    if (known !== undefined) return known;
    const key = randomBytes(keyBytes);
    await replaceWhole(file, `${key.toString('base64url')}\n`);
    return key;
  } finally {
    await letGo();
  }
}
