// Failures to reach an HTTP server, as sentences for people, and the question that decides whether a request may be
// repeated: did it certainly never arrive?
// Names hosts and ports, never queries or credentials.

import { errors } from 'undici';
import { messageOf } from '../errors.ts';
import { ForbiddenAddress } from './address-guard.ts';
import { NotSent } from './exchange.ts';

/** Codes of failures that happen before a request is written. */
const beforeSending = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
]);

/** Of OpenSSL: no TLS on the other side, or an alert instead of a session. Others can come after a request was written. */
const handshakeFailure = /^ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|.*ALERT)/;

/** Whether the server certainly saw nothing of the request. */
export function neverSent(error: unknown): boolean {
  const cause = rootCause(error);
  if (cause instanceof ForbiddenAddress || cause instanceof NotSent) return true;
  const code = codeOf(error);
  return code !== undefined && (beforeSending.has(code) || handshakeFailure.test(code));
}

/** Why `url` could not be reached. Names host and port, never the query or credentials. */
export function connectSentence(error: unknown, url: string): string {
  const { host, hostname } = new URL(url);
  if (rootCause(error) instanceof errors.HTTPParserError) return `${host} does not speak HTTP; check the url`;
  const code = codeOf(error);
  switch (code) {
    case 'ECONNREFUSED':
      return `connection refused by ${host}`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `host not found: ${hostname}`;
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'ETIMEDOUT':
      return `${host} does not answer`;
    case 'ECONNRESET':
    case 'UND_ERR_SOCKET':
    case 'EPIPE':
      return `${host} closed the connection`;
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return `the certificate of ${host} is not trusted (name its authority in tls.ca, or set tls.insecure)`;
    case 'CERT_HAS_EXPIRED':
      return `the certificate of ${host} has expired`;
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
    case 'EPROTO':
      return `${host} does not speak TLS (https)`;
    default:
      if (code?.startsWith('ERR_SSL') === true || code?.startsWith('ERR_TLS') === true) {
        return `the TLS connection to ${host} failed (${code})`;
      }
      return code === undefined ? messageOf(rootCause(error)) : `${host}: ${messageOf(rootCause(error))} (${code})`;
  }
}

function codeOf(error: unknown): string | undefined {
  const cause = rootCause(error);
  const code = (cause as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** fetch wraps what happened; an attempt at several addresses wraps it again. */
function rootCause(error: unknown): unknown {
  let current = error;
  for (let depth = 0; depth < 5; depth++) {
    if (current instanceof AggregateError && current.errors.length > 0) current = current.errors[0];
    else if (current instanceof Error && current.cause !== undefined) current = current.cause;
    else break;
  }
  return current;
}
