// Answers to what Node's parser could not read or did not get in time: mostly no request object exists then, only a
// socket. They carry the same problem document and headers as any other answer, and the connection ends after them.

import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { AppError } from '../errors.ts';
import { problemPlan } from '../openapi/problem.ts';
import type { OriginRules } from './access/rules.ts';
import type { Exchange } from './exchange.ts';
import { commonHead, nextRequestId } from './head.ts';
import { headersTooLarge, maxUrlLength, uriTooLong } from './limits.ts';

/** So that an answer arrives although the peer is still sending: closing at once would reset the connection. */
const lingerMs = 2_000;

export interface ParseError extends Error {
  readonly code?: string;
  /** The Buffer that the parser stumbled over. */
  readonly rawPacket?: unknown;
}

/**
 * Answers on a connection that cannot be read further, and ends it. `exchange` is the last that the connection carried.
 * Node calls again for every packet that follows; repeated calls do nothing.
 */
export function answerUnreadable(
  socket: Duplex,
  exchange: Exchange | undefined,
  rules: OriginRules,
  error: ParseError,
): void {
  if (!socket.writable) return;
  const between = exchange === undefined || (exchange.response.writableFinished && exchange.request.complete);
  if (error.code === 'ECONNRESET' || (!between && !exchange.request.complete && exchange.response.headersSent)) {
    socket.destroy();
  } else if (between) {
    answerOnSocket(socket, rules, error);
  } else {
    exchange.closeAfter();
    // A complete request gets its own answer, though nothing that follows it does.
    if (!exchange.request.complete) exchange.fail(errorOf(error));
  }
}

function errorOf(error: ParseError): AppError {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return urlIsTooLong(error.rawPacket) ? uriTooLong() : headersTooLarge();
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new AppError('request_timeout', 'The request took too long to arrive: send it again, faster.');
    default:
      return new AppError('malformed_request', 'This is not a valid HTTP request: check what sends it.');
  }
}

function answerOnSocket(socket: Duplex, rules: OriginRules, error: ParseError): void {
  const id = nextRequestId();
  const { status, headers, body } = problemPlan(errorOf(error), id);
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`];
  const common = commonHead(rules, originIn(error.rawPacket), undefined, id);
  for (let index = 0; index < common.length; index += 2) lines.push(`${common[index]}: ${common[index + 1]}`);
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  lines.push(`Content-Length: ${Buffer.byteLength(body)}`, 'Connection: close', '', body);
  socket.end(lines.join('\r\n'));
  setTimeout(() => socket.destroy(), lingerMs).unref();
}

/** Whether the request line is what was too much, as far as one packet tells. */
function urlIsTooLong(packet: unknown): boolean {
  if (!Buffer.isBuffer(packet) || !/^[A-Z]{3,10} /.test(packet.toString('latin1', 0, 12))) return false;
  const lineEnd = packet.indexOf('\n');
  return lineEnd < 0 || lineEnd > maxUrlLength;
}

function originIn(packet: unknown): string | undefined {
  return !Buffer.isBuffer(packet) ? undefined : /\norigin:[ \t]*([\x21-\x7e]+)/i.exec(packet.toString('latin1'))?.[1];
}
