// Reads a request body into text, within a limit and only if it is UTF-8. What is too large is refused at the first sign
// of it; Node throws the rest away as it comes, within the time a request may take, so that the caller gets to read the
// answer and can go on using the connection.

import { isUtf8 } from 'node:buffer';
import { AppError } from '../errors.ts';
import { LONG_JSON } from '../json/long.ts';
import type { Exchange } from './exchange.ts';

/**
 * The text of the body; '' where there is none. Throws or rejects with what the caller is told instead, and rejects with
 * `client_closed_request` if he goes away.
 */
export async function readText(exchange: Exchange, maxBytes: number): Promise<string> {
  const body = await readBody(exchange, maxBytes);
  return typeof body === 'string' ? body : textOfBody(body);
}

/** The same, but a body of LONG_JSON bytes and more in the pieces that it came in. */
export function readBody(exchange: Exchange, maxBytes: number): string | Promise<string | LongBody> {
  const { headers } = exchange.request;
  const length = headers['content-length'];
  if (length === undefined ? headers['transfer-encoding'] === undefined : length === '0') return '';
  if (Number(length) > maxBytes) throw tooLarge(maxBytes);
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== '' && encoding.toLowerCase() !== 'identity') {
    throw new AppError(
      'unsupported_media_type',
      `The body is encoded as ${JSON.stringify(encoding.slice(0, 40))}: send it without Content-Encoding.`,
    );
  }
  exchange.continue();
  return collect(exchange, maxBytes);
}

/** Nobody has looked whether it is UTF-8. */
export type LongBody = readonly Uint8Array[];

/** Throws what the caller is told instead. */
export function textOfBody(pieces: LongBody): string {
  const [first, ...others] = pieces;
  const bytes = first === undefined || others.length > 0 ? Buffer.concat(pieces) : viewOf(first);
  if (isUtf8(bytes)) return bytes.toString('utf8');
  throw new AppError('malformed_request', 'The body is not valid UTF-8: send JSON encoded as UTF-8.');
}

function viewOf({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}

function collect({ request, gone }: Exchange, maxBytes: number): Promise<string | LongBody> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let received = 0;
    const onGone = (): void => reject(new AppError('client_closed_request', 'The caller went away while sending.'));
    if (gone.aborted) onGone();
    gone.addEventListener('abort', onGone);
    const onData = (chunk: Buffer): void => {
      received += chunk.length;
      if (received <= maxBytes) {
        chunks.push(chunk);
        return;
      }
      chunks.length = 0;
      reject(tooLarge(maxBytes));
    };
    const onEnd = (): void => {
      gone.removeEventListener('abort', onGone);
      // The request is kept until the connection has its next: what it keeps must not keep the body.
      request.off('data', onData).off('end', onEnd);
      if (received >= LONG_JSON) return resolve(chunks);
      try {
        resolve(textOfBody(chunks));
      } catch (error) {
        reject(error);
      }
    };
    request.on('data', onData).on('end', onEnd);
  });
}

function tooLarge(maxBytes: number): AppError {
  return new AppError(
    'payload_too_large',
    `The body is larger than ${maxBytes} bytes: send less, or raise the limit with --max-body.`,
  );
}
