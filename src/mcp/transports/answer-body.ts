// Reading the body of an HTTP answer as it comes. Whoever has what he wanted lets the little that follows pass, so that
// the connection can serve the next request: a body that is cut off costs its socket. Async iteration would do the same,
// but an early end of it makes an error with a stack for every call.

import type { Readable } from 'node:stream';
import { unwatchDeadlines, watchDeadlines, type Sweepable } from './deadlines.ts';

/** After the answer servers end their stream at once; one that does not is cut off after this long, or this much. */
const restWithinMs = 1_000;
const maxRestBytes = 64 * 1024;

/**
 * Hands over each chunk until `take` says that it has what it wanted (`taken`), or the body ends. Rejects when the body
 * breaks off, or with what `take` throws.
 */
export function readUntil(body: Readable, take: (chunk: Buffer) => boolean): Promise<'taken' | 'ended'> {
  return new Promise((resolve, reject) => {
    let rest: Rest | undefined;
    body.on('data', (chunk: Buffer) => {
      if (rest !== undefined) return rest.pass(chunk.length);
      try {
        if (!take(chunk)) return;
        rest = new Rest(body);
        resolve('taken');
      } catch (error) {
        body.destroy();
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
    body.on('end', () => {
      rest?.end();
      resolve('ended');
    });
    body.on('error', (error) => {
      rest?.end();
      reject(error);
    });
    // What broke before is not told again.
    if (body.destroyed && !body.readableEnded) reject(body.errored ?? new Error('the answer broke off'));
  });
}

/** The body as text, or undefined if it is larger than allowed. */
export async function readText(body: Readable, maxBytes: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const end = await readUntil(body, (chunk) => {
    chunks.push(chunk);
    bytes += chunk.length;
    return bytes > maxBytes;
  });
  if (end === 'taken') {
    body.destroy();
    return undefined;
  }
  return chunks.length === 1 ? String(chunks[0]) : Buffer.concat(chunks).toString();
}

/** What follows the answer. */
class Rest implements Sweepable {
  readonly #body: Readable;
  readonly #endsAt = Date.now() + restWithinMs;
  #bytes = 0;

  constructor(body: Readable) {
    this.#body = body;
    watchDeadlines(this);
  }

  pass(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > maxRestBytes) this.#body.destroy();
  }

  sweep(now: number): boolean {
    if (now < this.#endsAt) return true;
    this.#body.destroy();
    return false;
  }

  end(): void {
    unwatchDeadlines(this);
  }
}
