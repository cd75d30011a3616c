// Answers to what Node's parser could not read or did not get in time: mostly no request object exists then, only a
// socket. They carry the same problem document and headers as any other answer, and the connection ends after them.

import { STATUS_CODES, type IncomingMessage } from 'node:http';
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
    answerOnSocket(socket, rules, errorOf(error), originIn(error.rawPacket));
  } else {
    exchange.closeAfter();
    // A complete request gets its own answer, though nothing that follows it does.
    if (!exchange.request.complete) exchange.fail(errorOf(error));
  }
}

/** CONNECT is asked of forward proxies: Node gives up the connection for it and leaves the answer to us. */
export function refuseConnect(request: IncomingMessage, socket: Duplex, rules: OriginRules): void {
  // Whoever hangs up meanwhile has nothing to be told.
  socket.on('error', () => socket.destroy());
  answerOnSocket(socket, rules, unknownMethod(), request.headers.origin);
}

/** Whatever the path: what there is anywhere. */
const knownMethods: readonly string[] = ['GET', 'HEAD', 'POST', 'OPTIONS'];

function unknownMethod(): AppError {
  return new AppError('method_not_allowed', 'No path takes this method: call a tool with POST, read with GET.', {
    allow: knownMethods,
  });
}

function errorOf(error: ParseError): AppError {
  switch (error.code) {
    case 'HPE_INVALID_METHOD':
      return isRequestLine(error.rawPacket) ? unknownMethod() : malformed();
    case 'HPE_HEADER_OVERFLOW':
      return urlIsTooLong(error.rawPacket) ? uriTooLong() : headersTooLarge();
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new AppError('request_timeout', 'The request took too long to arrive: send it again, faster.');
    default:
      return malformed();
  }
}

function malformed(): AppError {
  return new AppError('malformed_request', 'This is not a valid HTTP request: check what sends it.');
}

function answerOnSocket(socket: Duplex, rules: OriginRules, error: AppError, origin: string | undefined): void {
  const id = nextRequestId();
  const { status, headers, body } = problemPlan(error, id);
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`];
  const common = commonHead(rules, origin, 'localAddress' in socket ? String(socket.localAddress) : undefined, id);
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

/** With a method that HTTP allows (RFC 9110, section 9.1) and Node does not know. */
function isRequestLine(packet: unknown): boolean {
  return Buffer.isBuffer(packet) && /^[\w!#$%&'*+.^`|~-]+ \S+ HTTP\/1\.[01]\r?\n/.test(packet.toString('latin1'));
}

function originIn(packet: unknown): string | undefined {
  return !Buffer.isBuffer(packet) ? undefined : /\norigin:[ \t]*([\x21-\x7e]+)/i.exec(packet.toString('latin1'))?.[1];
}
