// Writes the body of an answer and says how long it is. Short texts go out with the head in one write. A long body is
// encoded or decoded in slices, each when the caller has taken the last: nothing else waits for all of it, and a caller
// that reads slowly holds the body in memory once. A caller that goes away ends the writing.

import type { ServerResponse } from 'node:http';

/** Text is sent as UTF-8, base64 as the bytes it stands for. */
export type Body = string | { readonly base64: string } | Uint8Array | readonly Buffer[];

/** Some 0.1 ms of work. A multiple of 4, as base64 wants, and large against what one more write costs. */
const sliceChars = 262_144;

/** In bytes. */
export function lengthOf(body: Body): number {
  if (typeof body === 'string') return Buffer.byteLength(body);
  if ('base64' in body) return Buffer.byteLength(body.base64, 'base64');
  if (body instanceof Uint8Array) return body.length;
  return body.reduce((sum, chunk) => sum + chunk.length, 0);
}

/** After the head. */
export function endWith(response: ServerResponse, body: Body | undefined): void {
  if (body === undefined || (typeof body === 'string' && body.length <= sliceChars)) {
    response.end(body);
    return;
  }
  writeOn(response, piecesOf(body));
}

function writeOn(response: ServerResponse, pieces: Iterator<Uint8Array>): void {
  while (!response.destroyed) {
    const { value, done } = pieces.next();
    if (done === true) {
      response.end();
      return;
    }
    if (!response.write(value)) {
      response.once('drain', () => writeOn(response, pieces));
      return;
    }
  }
}

function piecesOf(body: Body): Iterator<Uint8Array> {
  if (typeof body === 'string') return slices(body, 'utf8');
  if (body instanceof Uint8Array) return parts(body);
  return 'base64' in body ? slices(body.base64, 'base64') : body.values();
}

function* slices(text: string, encoding: 'utf8' | 'base64'): Generator<Buffer, void> {
  for (let start = 0; start < text.length;) {
    let end = start + sliceChars;
    if (isHighSurrogate(text.charCodeAt(end - 1))) end--;
    yield Buffer.from(text.slice(start, end), encoding);
    start = end;
  }
}

function* parts(bytes: Uint8Array): Generator<Uint8Array, void> {
  for (let start = 0; start < bytes.length; start += sliceChars) yield bytes.subarray(start, start + sliceChars);
}

/** The first of the two that are one character together. */
function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}
