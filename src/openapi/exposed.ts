// What resources and prompts have in common as HTTP operations: the form in which the document gets them, the answer that
// is the upstream's own text, and the sentences for a request that came to no result. Each kind has a file of its own.

import { AppError, type ErrorCode } from '../errors.ts';
import type { Outcome } from '../mcp/types.ts';
import { dataFields } from './failure.ts';
import { JSON_TYPE } from './negotiate.ts';
import type { Plan } from './problem.ts';
import { asSentence, cutText, firstText } from './text.ts';
import { upstreamFailure } from './upstream-failure.ts';

/** What can go wrong with every request of this kind. */
export const commonCodes: readonly ErrorCode[] = [
  'malformed_request',
  'unauthenticated',
  'forbidden',
  'unknown_server',
  'uri_too_long',
  'headers_too_large',
  'internal',
  'not_supported',
  'upstream_error',
  'upstream_unavailable',
  'starting',
  'overloaded',
  'shutting_down',
  'timeout',
];

/** The upstream's own text. It is of this moment: nobody is to keep it. */
export const liveHeaders = { 'Content-Type': JSON_TYPE, 'Cache-Control': 'no-store' } as const;

/** The answer to a list. Throws what the request came to, if that is none. */
export function listAnswer(outcome: Outcome, asked: Asked): Plan {
  if (outcome.kind !== 'result') throw askFailure(outcome, asked);
  return textPlan(outcome.text());
}

export function textPlan(text: string): Plan {
  return { status: 200, headers: liveHeaders, body: text, code: 'ok' };
}

/** What a failure is told about. */
export interface Asked {
  readonly server: string;
  /** `timeoutMs` of the server's entry, where it has one. */
  readonly ownTimeoutMs: number | undefined;
  /** What the upstream's codes mean here; -32601 always means that it does not support this. */
  readonly meanings?: ReadonlyMap<number, ErrorCode>;
  /** Begins the sentence of a `not_found`. */
  readonly missing?: string;
}

const METHOD_NOT_FOUND = -32_601;
/** As much of what an upstream says as a model needs. */
const MAX_SAID_CHARS = 4_000;
/** A connection that was lost is made anew at once. */
const LOST_RETRY_SECONDS = 1;

export function askFailure(outcome: Exclude<Outcome, { kind: 'result' }>, asked: Asked): AppError {
  const subject = `The server ${JSON.stringify(asked.server)}`;
  switch (outcome.kind) {
    case 'rpc-error':
      return rpcError(outcome, asked);
    case 'unknown': {
      const detail = `${subject} was lost before it answered: ${asSentence(outcome.detail)} Ask again: that does no harm.`;
      return new AppError('upstream_unavailable', detail, { retryAfter: LOST_RETRY_SECONDS });
    }
    case 'cancelled':
      return new AppError('client_closed_request', 'The caller went away; the request was cancelled.');
    default:
      return upstreamFailure(outcome, { ...asked, subject });
  }
}

/** A result without the list that MCP asks for. */
export function noResult(text: string, member: string, { server }: Asked): AppError {
  const detail = `The server ${JSON.stringify(server)} answered with something that is no MCP result with "${member}".`;
  return new AppError('upstream_error', detail, dataFields(text));
}

function rpcError(error: Extract<Outcome, { kind: 'rpc-error' }>, { server, meanings, missing }: Asked): AppError {
  const said = firstText(error.message) ?? `The server ${JSON.stringify(server)} answered with error ${error.code}.`;
  const fields = dataFields(error.dataText());
  const code = error.code === METHOD_NOT_FOUND ? 'not_supported' : (meanings?.get(error.code) ?? 'upstream_error');
  const detail = code === 'not_found' && missing !== undefined ? `${missing}: ${asSentence(said)}` : said;
  return new AppError(code, cutText(detail, MAX_SAID_CHARS), fields);
}
