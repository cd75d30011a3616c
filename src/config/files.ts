// Reads the small text files that a configuration names: keys, certificates, variables, the configuration itself.
// Promises one sentence for whatever goes wrong, and an end for files that have none.

import { createReadStream } from 'node:fs';
import { ConfigError } from './config-error.ts';

/** Far above any of these files; keeps /dev/zero and mistaken paths from filling the memory. */
const maxBytes = 16 * 1024 * 1024;

/** UTF-8 text without its byte order mark. `subject` begins the sentence of an error, as in `--env-path .env`. */
export async function readTextFile(path: string, subject: string): Promise<string> {
  const bytes = await readBytes(path, subject);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new ConfigError(`${subject} is not UTF-8 text; save it with that encoding.`, { cause: error });
  }
}

async function readBytes(path: string, subject: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    // A stream instead of readFile, because pipes such as <(envsubst < template) are welcome too.
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > maxBytes) throw new ConfigError(`${subject} is larger than 16 MiB.`);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`${subject} ${whyUnreadable(error)}.`, { cause: error });
  }
  return Buffer.concat(chunks);
}

function whyUnreadable(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'does not exist';
    case 'EACCES':
    case 'EPERM':
      return 'may not be read by this user';
    case 'EISDIR':
      return 'is a folder, not a file';
    default:
      return `cannot be read (${typeof code === 'string' ? code : 'unknown reason'})`;
  }
}
