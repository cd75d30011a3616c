// Limits of a request's head. Node's own limits lie above, so that these answer with a problem document; what goes
// beyond even those is answered by unreadable.ts.

import type { IncomingMessage } from 'node:http';
import { AppError } from '../errors.ts';

/** Long enough for every client known; the contract's limit. */
export const maxUrlLength = 8 * 1024;

/** All header lines together, the contract's limit. */
export const maxHeaderBytes = 16 * 1024;

/**
 * Where Node's parser gives up: well above both, so that ordinary excess still reaches us; below the 64 KiB that it is
 * given at a time, so that the packet shows whether the URL or the headers were too long.
 */
export const parserHeaderBytes = 48 * 1024;

/** A head arrives in one or two packets; whoever needs longer holds a connection on purpose. */
export const headersTimeoutMs = 15_000;

/** The largest body over a slow line, and no more. */
export const requestTimeoutMs = 120_000;

/** Longer than the idle timeout of usual reverse proxies and clients, so that they close first and never race us. */
export const keepAliveTimeoutMs = 75_000;

/** How often Node looks for requests over their time. */
export const timeoutCheckMs = 5_000;

/** `: ` and the line end. */
const headerOverheadBytes = 4;

/** Throws for a head that is too large or ambiguous: two of these headers could mean different things to a proxy and us. */
export function checkHead(request: IncomingMessage, url: string): void {
  if (url.length > maxUrlLength) throw uriTooLong();
  const { rawHeaders } = request;
  let bytes = 0;
  let hosts = 0;
  let authorizations = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    bytes += name.length + (rawHeaders[index + 1]?.length ?? 0) + headerOverheadBytes;
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++;
    else if (name.length === 13 && name.toLowerCase() === 'authorization') authorizations++;
  }
  if (bytes > maxHeaderBytes) throw headersTooLarge();
  if (authorizations > 1) {
    throw new AppError('malformed_request', 'The request has two Authorization headers: send one.');
  }
  if (hosts > 1) throw new AppError('malformed_request', 'The request has two Host headers: send one.');
  if (hosts === 0 && request.httpVersion === '1.1') {
    throw new AppError('malformed_request', 'The request has no Host header, which HTTP/1.1 asks for.');
  }
}

export function uriTooLong(): AppError {
  return new AppError('uri_too_long', `The URL is longer than ${maxUrlLength} characters: shorten it.`);
}

export function headersTooLarge(): AppError {
  return new AppError(
    'headers_too_large',
    `The request headers are larger than ${maxHeaderBytes} bytes: send fewer or shorter ones, such as fewer cookies.`,
  );
}
