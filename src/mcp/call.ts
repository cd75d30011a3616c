// One call, or one question, from the lease to the outcome: on a live connection at once; on a lost one after a bounded
// wait. What certainly was not delivered is sent again, once; so is what was, where it does no harm a second time: a
// question, or a tool that says so.

import type { Connection, SendOptions } from './connection.ts';
import { listMembers, listPages } from './pages.ts';
import type { Reply } from './transports/transport.ts';
import type { AskRequest, CallRequest, CancelSignal, Outcome, Tool } from './types.ts';
import { settledBy } from './waiting.ts';

/** What a call needs of its upstream. */
export interface CallSource {
  readonly live: Connection | undefined;
  /** How long a call waits for a connection. */
  readonly waitMs: number;
  /** A connection as soon as there is one, undefined once waiting makes no sense or `untilMs` has passed. */
  connected(untilMs: number, signal: CancelSignal): Promise<Connection | undefined>;
  /** The connection is of no use any more; a new one is made. */
  drop(connection: Connection, reason: string): void;
  /** Resolves when it is known whether a connection that broke a request still serves; one that does not is dropped. */
  examine(connection: Connection): Promise<void>;
  /** Why there is no connection: the sentence of the upstream's state, and when it is tried again, or who has to sign in. */
  unavailable(): Unavailable;
}

export type Unavailable = Extract<Outcome, { kind: 'unavailable' | 'unauthorized' }>;

/** What goes along with a request: header fields, and members of `_meta`. */
export type Extras = Pick<SendOptions, 'headers' | 'metaMember'>;

export function callTool(source: CallSource, request: CallRequest, extras?: Extras): Promise<Outcome> {
  const { tool, argumentsText } = request;
  const options = withExtras(request, extras);
  return tryTwice(source, request, mayRepeat(tool), (connection) => connection.call(tool, argumentsText, options));
}

export function ask(source: CallSource, request: AskRequest, extras?: Extras): Promise<Outcome> {
  const options = withExtras(request, extras);
  return tryTwice(source, request, true, (connection) => answer(connection, request.question, options));
}

/** Most requests have none, and say all that is needed themselves. */
function withExtras(request: Attempted, extras: Extras | undefined): SendOptions & Attempted {
  return extras === undefined ? request : { deadlineAt: request.deadlineAt, signal: request.signal, ...extras };
}

/** A list begins anew on another connection: cursors belong to the session that gave them. */
async function answer(
  connection: Connection,
  question: AskRequest['question'],
  options: SendOptions & Attempted,
): Promise<Reply> {
  const { method } = question;
  if (method === 'resources/read' || method === 'prompts/get') return connection.ask(question, options);
  const listed = await listPages(connection, method, options);
  if (listed.kind !== 'items') return listed;
  const text = `{"${listMembers[method]}":[${listed.items.join(',')}]}`;
  return {
    kind: 'result',
    // Hardly ever asked for, and a list can be long.
    get value(): unknown {
      return JSON.parse(text);
    },
    text: () => text,
  };
}

/** What calls and questions have in common. */
type Attempted = Pick<CallRequest, 'deadlineAt' | 'signal'>;

async function tryTwice(
  source: CallSource,
  request: Attempted,
  repeatable: boolean,
  send: (connection: Connection) => Promise<Reply>,
): Promise<Outcome> {
  const startedAt = Date.now();
  let mayBeLost = repeatable;
  let mayBeUndelivered = true;
  for (;;) {
    const connection = source.live ?? (await waitFor(source, request));
    if (connection === undefined) return noConnection(source, request);
    // Between two steps the caller may have gone, and nothing is sent for nobody.
    if (request.signal.aborted) return { kind: 'cancelled' };
    const reply = await send(connection);
    if (reply.kind === 'unauthorized') {
      if (reply.gone) source.drop(connection, reply.detail);
      return { kind: 'unauthorized', detail: reply.detail, authorizationUrl: reply.authorizationUrl };
    }
    if (reply.kind !== 'undelivered' && reply.kind !== 'lost') return toOutcome(reply, Date.now() - startedAt);
    if (reply.gone) source.drop(connection, reply.detail);
    if (reply.kind === 'lost') {
      // A server that is going down breaks one request after another.
      const known = reply.gone ? undefined : source.examine(connection);
      if (!mayBeLost) return { kind: 'unknown', detail: reply.detail };
      mayBeLost = false;
      if (known !== undefined) await settledBy(known, request.deadlineAt, request.signal);
      continue;
    }
    if (!reply.gone) return { kind: 'unusable', detail: reply.detail };
    if (!mayBeUndelivered) return source.unavailable();
    mayBeUndelivered = false;
  }
}

function waitFor(source: CallSource, request: Attempted): Promise<Connection | undefined> {
  return source.connected(Math.min(request.deadlineAt, Date.now() + source.waitMs), request.signal);
}

/** Nothing was sent, however long it was waited for. */
function noConnection(source: CallSource, request: Attempted): Outcome {
  if (request.signal.aborted) return { kind: 'cancelled' };
  return source.unavailable();
}

/** The tool says that running it twice is running it once (MCP, `ToolAnnotations`). */
function mayRepeat(tool: Tool): boolean {
  return tool.annotations?.['readOnlyHint'] === true || tool.annotations?.['idempotentHint'] === true;
}

function toOutcome(reply: Exclude<Reply, { kind: 'undelivered' | 'lost' | 'unauthorized' }>, afterMs: number): Outcome {
  return reply.kind === 'timeout' ? { kind: 'timeout', afterMs } : reply;
}
