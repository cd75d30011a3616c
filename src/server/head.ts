// The headers that every answer carries, written in this one place: CORS (errors too, or a browser shows its own error
// instead of ours), nosniff, the request's id. They go out with the head in a single write; hooks that set them one by
// one cost more than the rest of the route.

import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { allowsOrigin } from './access/origin.ts';
import type { OriginRules } from './access/rules.ts';

/** What a page's script may read beyond the basics. */
const exposedHeaders = 'Content-Disposition, Location, X-Request-Id, Retry-After, ETag';

/** Chromium's upper bound; a longer time changes nothing. */
const preflightMaxAgeSeconds = 7_200;

/** Names and values in turn, as writeHead takes them. `vary`: what the answer depends on besides the origin. */
export function commonHead(
  rules: OriginRules,
  origin: string | undefined,
  localAddress: string | undefined,
  requestId: string,
  vary?: string,
): string[] {
  const head = [
    'Access-Control-Expose-Headers',
    exposedHeaders,
    'X-Content-Type-Options',
    'nosniff',
    'X-Request-Id',
    requestId,
  ];
  if (rules.any) {
    head.push('Access-Control-Allow-Origin', '*');
    if (vary !== undefined) head.push('Vary', vary);
    return head;
  }
  head.push('Vary', vary === undefined ? 'Origin' : `Origin, ${vary}`);
  if (origin !== undefined && allowsOrigin(rules, origin, localAddress)) {
    head.push('Access-Control-Allow-Origin', origin);
    if (rules.listed.has(origin)) head.push('Access-Control-Allow-Credentials', 'true');
  }
  return head;
}

/** What a preflight asks on top (Fetch standard, CORS protocol; Private Network Access). */
export function preflightHeaders(request: IncomingMessage): Record<string, string> {
  const requested = request.headers['access-control-request-headers'];
  return {
    'Access-Control-Allow-Methods': 'GET, HEAD, POST, OPTIONS',
    'Access-Control-Max-Age': String(preflightMaxAgeSeconds),
    ...(requested !== undefined && { 'Access-Control-Allow-Headers': requested }),
    ...(request.headers['access-control-request-private-network'] === 'true' && {
      'Access-Control-Allow-Private-Network': 'true',
    }),
    Vary: 'Access-Control-Request-Headers',
  };
}

const acceptableId = /^[\w.-]{1,128}$/;
const idPrefix = randomBytes(6).toString('hex');
let idCount = 0;

/** The caller's own X-Request-Id where it is harmless, else one that no other process makes. */
export function requestIdOf(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && acceptableId.test(given) ? given : nextRequestId();
}

export function nextRequestId(): string {
  return `${idPrefix}-${(++idCount).toString(36)}`;
}
