// What each event says in the log: a level, a sentence for people and fields for programs, named as in the event.
// Pure. A line holds what its event holds and nothing else, so no secret can enter here.

import type { ErrorCode } from '../errors.ts';
import type { AppEvent } from '../events.ts';
import type { LogLevel } from '../config/types.ts';
import type { Trace } from '../trace.ts';
import { formatDuration, formatTools } from './format.ts';
import { printable } from './printable.ts';

/**
 * What servers write on stderr is `debug`: it can be much, and can hold what callers sent. So is a call, unless it failed
 * for a reason that is the operator's to know.
 */
export function levelOf(event: AppEvent): LogLevel {
  switch (event.type) {
    case 'call':
      return isTrouble(event.code) ? 'warning' : 'debug';
    case 'refused':
    case 'upstream-stderr':
    case 'arguments-unjudged':
    case 'config-key-ignored':
      return 'debug';
    case 'upstream-state':
      return stateLevel(event.state);
    case 'session':
      return event.change === 'failed' ? 'warning' : 'debug';
    case 'sign-in':
      return event.change === 'failed' ? 'warning' : event.change === 'refreshed' ? 'debug' : 'info';
    case 'sign-in-needed':
      return 'warning';
    case 'reload':
      return event.outcome === 'refused' ? 'error' : 'info';
    case 'upstream-noise':
    case 'output-mismatch':
    case 'tool-rejected':
    case 'warning':
      return 'warning';
    case 'internal-error':
      return 'error';
    case 'listening':
    case 'settled':
    case 'catalogue-changed':
    case 'schema-degraded':
    case 'stopping':
    case 'stopped':
      return 'info';
  }
}

/**
 * Failures of a server or of ours, not of a caller: wrong arguments, a missing sign-in, or an error that a tool reports
 * are part of what a caller does. Nor is it news that calls wait while servers start, or are refused while we stop.
 */
const troubles: ReadonlySet<ErrorCode | 'ok'> = new Set([
  'internal',
  'upstream_error',
  'upstream_unavailable',
  'outcome_unknown',
  'overloaded',
  'timeout',
]);

export function isTrouble(code: ErrorCode | 'ok'): boolean {
  return troubles.has(code);
}

/** `starting` says nothing yet; the result of the attempt follows. */
function stateLevel(state: Extract<AppEvent, { type: 'upstream-state' }>['state']): LogLevel {
  if (state === 'starting') return 'debug';
  return state === 'ready' || state === 'disabled' ? 'info' : 'warning';
}

/** One sentence or two, on one line. */
export function messageOfEvent(event: AppEvent): string {
  return printable(sentence(event));
}

function sentence(event: AppEvent): string {
  switch (event.type) {
    case 'listening':
      return `mcpo is up at ${event.url}. ${event.bind}`;
    case 'upstream-state':
      return stateSentence(event);
    case 'session':
      return `A session of ${event.server} ${sessionSentence(event)}`;
    case 'sign-in':
      return signInSentence(event);
    case 'sign-in-needed':
      return event.opened
        ? `${event.server} asks for a sign-in: a browser was opened at ${event.url}`
        : `${event.server} asks for a sign-in: open ${event.url} in a browser.`;
    case 'settled':
      return `${event.ready} of ${event.servers} servers ready after ${formatDuration(event.tookMs)}.`;
    case 'upstream-noise':
      return `${event.server} wrote to stdout what is no JSON-RPC message: ${event.excerpt}`;
    case 'upstream-stderr':
      return `${event.server}: ${event.line}`;
    case 'catalogue-changed':
      return `${event.server} now has ${formatTools(event.tools)}.`;
    case 'tool-rejected':
      return `${event.server} offers a tool that cannot be served, ${event.tool}: ${event.reason}`;
    case 'schema-degraded':
      return `A schema of ${event.server}/${event.tool} is served in part, at ${event.pointer || '#'}: ${event.reason}`;
    case 'arguments-unjudged':
      return `The arguments of ${event.server}/${event.tool} were forwarded unchecked: ${event.reason}`;
    case 'output-mismatch':
      return `A result of ${event.server}/${event.tool} is not what it promises: ${event.reason}`;
    case 'reload':
      return `Reload ${event.outcome} in ${formatDuration(event.tookMs)}: ${event.detail}`;
    case 'call':
      return callSentence(event);
    case 'refused':
      return `A request was refused: ${event.code} (request ${event.requestId}).`;
    case 'internal-error':
      return event.requestId === ''
        ? 'Internal error outside of any request.'
        : `Internal error (request ${event.requestId}).`;
    case 'config-key-ignored':
      return `${event.server === '' ? 'Top of the file' : event.server}: the key "${event.key}" belongs to another program and is ignored.`;
    case 'warning':
      return event.message;
    case 'stopping':
      return `Stopping (${event.reason}), ${event.inFlight === 1 ? '1 call' : `${event.inFlight} calls`} in flight.`;
    case 'stopped':
      return 'Stopped.';
  }
}

function callSentence({ server, tool, code, durationMs, requestId }: Extract<AppEvent, { type: 'call' }>): string {
  const came = code === 'ok' ? 'answered' : `came to ${code}`;
  return `${server}/${tool} ${came} after ${formatDuration(durationMs)} (request ${requestId}).`;
}

function sessionSentence({ change, open, detail }: Extract<AppEvent, { type: 'session' }>): string {
  return change === 'failed' ? `has no connection: ${detail}` : `was ${change}; ${open} open.`;
}

function stateSentence(event: Extract<AppEvent, { type: 'upstream-state' }>): string {
  if (event.state !== 'ready') return `${event.server} is ${event.state}: ${event.detail}`;
  const took = event.tookMs === undefined ? '' : ` after ${formatDuration(event.tookMs)}`;
  return `${event.server} is ready${took}: ${formatTools(event.tools)}.`;
}

/** What an event says of a server, less numbers and the next try: where two say the same, the second is no news. */
export function newsOf({ state, detail }: Extract<AppEvent, { type: 'upstream-state' }>): string {
  const reason = detail.replace(/; trying again (?:now|in [\d.]+ s)/u, '').replace(/\d+(?:\.\d+)?/gu, '');
  return `${state} ${reason}`;
}

/** The event's own members; an error becomes plain data, a trace its id, a message is the line's sentence already. */
export function fieldsOf(event: AppEvent): Record<string, unknown> {
  switch (event.type) {
    case 'call': {
      const { trace, spans: _, ...plain } = event;
      return withTraceId(plain, trace);
    }
    case 'internal-error': {
      const { trace, error, ...plain } = event;
      return withTraceId({ ...plain, error: plainError(error) }, trace);
    }
    case 'refused':
    case 'arguments-unjudged':
    case 'output-mismatch': {
      const { trace, ...plain } = event;
      return withTraceId(plain, trace);
    }
    case 'warning':
      return { type: event.type };
    default:
      return { ...event };
  }
}

function withTraceId(fields: Record<string, unknown>, trace: Trace | undefined): Record<string, unknown> {
  return trace === undefined ? fields : { ...fields, traceId: trace.traceId };
}

/** Causes of causes end here; a chain can be circular. */
const maxCauses = 4;

/**
 * Name, message, stack and cause. Other members are left out: libraries hang whole requests on their errors, headers
 * included.
 */
function plainError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return typeof error === 'string' ? error : Object.prototype.toString.call(error);
  const plain = { type: error.name, message: error.message, stack: error.stack };
  if (error.cause === undefined || depth === maxCauses) return plain;
  return { ...plain, cause: plainError(error.cause, depth + 1) };
}

function signInSentence({ server, change, detail }: Extract<AppEvent, { type: 'sign-in' }>): string {
  switch (change) {
    case 'signed-in':
      return `Somebody signed in to ${server}.`;
    case 'refreshed':
      return `An access token of ${server} was refreshed.`;
    case 'signed-out':
      return `Somebody signed out of ${server}.`;
    case 'expired':
      return `A user of ${server} who did nothing for a while was signed out.`;
    case 'failed':
      return `A sign-in to ${server} failed: ${detail}`;
  }
}
