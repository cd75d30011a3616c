// MCP over Streamable HTTP. The client library's transport connects and negotiates; requests of ours take a POST of their
// own over undici, whose answer is read as text: one JSON message, or a stream of events in which messages for the library
// may stand before ours. The stream on which the server speaks by itself is ours too: the library's gives up silently.

import { StringDecoder } from 'node:string_decoder';
import { setTimeout as delay } from 'node:timers/promises';
import { StreamableHTTPClientTransport, type JSONRPCMessage } from '@modelcontextprotocol/client';
import { createAgent, type Agent } from '../../net/agent.ts';
import { connectSentence, neverSent } from '../../net/connect-error.ts';
import type { Answer } from '../../net/exchange.ts';
import { fetchOver, plainCoding } from '../../net/fetch.ts';
import { redirectSentence } from '../../net/redirect.ts';
import { AuthorizationRequired } from '../oauth/authorizer.ts';
import type { CancelSignal } from '../types.ts';
import { authorizing, unauthorizedReply, type Sender } from './authorizing.ts';
import { EventStreamParser, type OversizedEvent, type ServerSentEvent } from './event-stream.ts';
import { Patience } from './patience.ts';
import {
  excerpt,
  isEventStream,
  isMessage,
  openStream,
  parseMessage,
  postText,
  saysOutOfReach,
  tryParse,
  type Message,
  type RemoteOptions,
} from './http.ts';
import { keepListening, saysNotOffered, type StreamEnd } from './listening.ts';
import { idOfResult, isLong, longReply, textOf } from './long-result.ts';
import { batch, ownIdOf, toReply } from './pending.ts';
import { resumeAnswer } from './resumption.ts';
import { idOfEnds } from './too-long.ts';
import {
  cancelReasons,
  cancelledText,
  firstOwnId,
  requestText,
  type McpTransport,
  type Reply,
  type RequestOptions,
} from './transport.ts';

export interface StreamableHttpOptions extends RemoteOptions {
  /** A stream broke that nobody here ended. */
  readonly onDoubt: () => void;
}

/** A cancellation is worth this long, nobody waits for it. */
const cancelWithinMs = 5_000;
/** So is the end of a session. */
const farewellWithinMs = 1_000;

const closed = 'the connection was closed';
const streamCut = 'the server ended the stream without an answer';

export class StreamableHttpTransport extends StreamableHTTPClientTransport implements McpTransport {
  lastHeardAt: number | undefined;
  signInNeeded: AuthorizationRequired | undefined;

  /** Where requests go: as configured, or where the server redirects them. */
  #url: URL;
  readonly #options: StreamableHttpOptions;
  readonly #agent: Agent;
  readonly #sender: Sender;
  readonly #lifetime = new AbortController();
  /** Requests without an answer, and the header fields that say of which era they are. */
  readonly #awaited = new Map<number, RequestOptions['headers']>();
  /** Cancellations on their way. */
  readonly #telling = new Set<Promise<void>>();
  #nextId = firstOwnId;
  #closed = false;

  constructor(url: string, options: StreamableHttpOptions) {
    const agent = createAgent(options);
    const sender = authorizing(agent, options.authorizer);
    const sendOnce = fetchOver(sender, () => {
      this.lastHeardAt = Date.now();
    });
    const send: typeof sendOnce = (to, init) =>
      sendOnce(to, init).catch((error: unknown) => {
        if (error instanceof AuthorizationRequired) this.signInNeeded = error;
        throw error;
      });
    super(new URL(url), {
      requestInit: { headers: { ...options.headers } },
      // Its listening is answered as by a server that offers none; where it resumes an answer of its own it may.
      fetch: (to, init) => (isListening(init) ? Promise.resolve(new Response(null, { status: 405 })) : send(to, init)),
    });
    this.#agent = agent;
    this.#sender = sender;
    this.#url = new URL(url);
    this.#options = options;
  }

  /** Tells the server that nobody waits any more and that its session is over, as MCP asks for, then closes. */
  override async close(): Promise<void> {
    if (this.#closed) return;
    this.#agent.refuseWaiting();
    for (const [id, headers] of this.#awaited) this.#cancel(id, 'cancelled', headers);
    this.#closed = true;
    this.#lifetime.abort();
    // A server that is gone cannot be told, and one that hangs is not waited for.
    const told = Promise.all([...this.#telling, this.terminateSession().catch(() => {})]);
    await Promise.race([told, delay(farewellWithinMs, undefined, { ref: false })]);
    await super.close();
    await this.#agent.destroy();
  }

  async request(method: string, params: string, options: RequestOptions): Promise<Reply> {
    if (this.#closed) return { kind: 'undelivered', detail: closed, gone: true };
    const patience = new Patience(options);
    const id = this.#nextId++;
    let unsent = false;
    this.#awaited.set(id, options.headers);
    try {
      // Nothing is sent for nobody.
      if (patience.gaveUp !== undefined) return patience.gaveUp;
      const reply = await this.#exchange(id, requestText(id, method, params), patience, options.headers);
      if (patience.gaveUp !== undefined) return patience.gaveUp;
      return reply.kind === 'lost' ? this.#lost(reply) : reply;
    } catch (error) {
      unsent = neverSent(error);
      if (patience.gaveUp !== undefined) return patience.gaveUp;
      const unauthorized = unauthorizedReply(error);
      if (unauthorized !== undefined) return unauthorized;
      const detail = connectSentence(error, this.#url.href);
      if (unsent) return { kind: 'undelivered', detail, gone: true };
      return this.#lost({ kind: 'lost', detail, gone: false });
    } finally {
      patience.end();
      this.#awaited.delete(id);
      if (!unsent && patience.gaveUp !== undefined) this.#cancel(id, patience.gaveUp.kind, options.headers);
    }
  }

  listen(onGap: () => void): Promise<void> {
    const { signal } = this.#lifetime;
    const { onDoubt } = this.#options;
    const parser = new EventStreamParser(this.#options.maxMessageBytes);
    const stream = (opened: (resumed: boolean) => void, everOpen: boolean): Promise<StreamEnd> =>
      this.#listenOnce(parser, opened, everOpen);
    return keepListening({ stream, signal, onDoubt, onGap });
  }

  async #listenOnce(
    parser: EventStreamParser,
    opened: (resumed: boolean) => void,
    everOpen: boolean,
  ): Promise<StreamEnd> {
    try {
      const { lastEventId } = parser;
      const response = await this.#open(lastEventId, this.#lifetime.signal);
      if (!isEventStream(response)) {
        const { statusCode: status } = response;
        response.body.letPass();
        // Whether it is the session or the event that is not known, the next stream begins anew.
        if (status < 500) parser.lastEventId = undefined;
        if (status === 404 && this.sessionId !== undefined) this.#options.onDoubt();
        return saysNotOffered(status, everOpen) ? { kind: 'not-offered' } : { kind: 'ended' };
      }
      opened(lastEventId !== undefined);
      const decoder = new StringDecoder('utf8');
      parser.restart();
      for (let chunk = await response.body.next(); chunk !== undefined; chunk = await response.body.next()) {
        this.lastHeardAt = Date.now();
        for (const event of parser.push(decoder.write(chunk))) {
          if ('data' in event) this.#deliver(parseMessage(event.data));
        }
      }
    } catch {
      // The server is out of reach, or the stream was cut: an end like any other.
    }
    return { kind: 'ended', retryMs: parser.retryMs };
  }

  async #exchange(
    id: number,
    body: string,
    patience: Patience,
    extra: Readonly<Record<string, string>> | undefined,
  ): Promise<Reply> {
    const response = await this.#post(body, patience, extra);
    if (isEventStream(response)) {
      const parser = new EventStreamParser(this.#options.maxMessageBytes);
      const reply = await this.#readEvents(id, response, parser);
      // The stateless revisions know no resumption.
      if (reply.kind !== 'lost' || parser.lastEventId === undefined || isStateless(extra)) return reply;
      return this.#resume(id, reply, parser, patience);
    }
    const pieces = await response.body.pieces(this.#options.maxMessageBytes);
    this.lastHeardAt = Date.now();
    if (pieces === undefined) return this.#tooLarge();
    if (isLong(pieces) && idOfResult(pieces) === id) return longReply(pieces);
    const text = textOf(pieces);
    if (response.statusCode === 200) return this.#replyFrom(id, text);
    return this.#refusal(id, response, text);
  }

  async #post(
    body: string,
    signal: CancelSignal,
    extra: Readonly<Record<string, string>> | undefined,
  ): Promise<Answer> {
    const headers = this.#headers('application/json, text/event-stream', extra);
    headers['content-type'] = 'application/json';
    const { response, url } = await postText(this.#sender, this.#url, { headers, body, signal });
    this.lastHeardAt = Date.now();
    if (response.statusCode === 200) this.#url = url;
    return response;
  }

  /** A stream from after the event that is named, or a new one. */
  async #open(lastEventId: string | undefined, signal: CancelSignal): Promise<Answer> {
    const headers = this.#headers('text/event-stream', undefined);
    if (lastEventId !== undefined) headers['last-event-id'] = lastEventId;
    const { response } = await openStream(this.#sender, this.#url, { headers, signal });
    this.lastHeardAt = Date.now();
    return response;
  }

  /** Nobody else has a say in ours. Assigned one by one: spread, they would cost more than all else that is done here. */
  #headers(accept: string, extra: RequestOptions['headers']): Record<string, string> {
    const headers: Record<string, string> = { ...this.#options.headers, ...extra, accept, ...plainCoding };
    if (this.sessionId !== undefined) headers['mcp-session-id'] = this.sessionId;
    if (this.protocolVersion !== undefined) headers['mcp-protocol-version'] = this.protocolVersion;
    return headers;
  }

  #resume(
    id: number,
    cut: Extract<Reply, { kind: 'lost' }>,
    parser: EventStreamParser,
    patience: Patience,
  ): Promise<Reply> {
    const signal = abortedBy(patience);
    return resumeAnswer({
      cut,
      signal,
      hasSession: this.sessionId !== undefined,
      retryMs: () => parser.retryMs,
      open: () => this.#open(parser.lastEventId, signal),
      read: (rest) => this.#readEvents(id, rest, parser),
    });
  }

  /** Reads events until ours; the others are the library's. */
  async #readEvents(id: number, { body }: Answer, parser: EventStreamParser): Promise<Reply> {
    const decoder = new StringDecoder('utf8');
    parser.restart();
    try {
      for (let chunk = await body.next(); chunk !== undefined; chunk = await body.next()) {
        this.lastHeardAt = Date.now();
        for (const event of parser.push(decoder.write(chunk))) {
          const reply = this.#replyIn(event, id);
          if (reply === undefined) continue;
          body.letPass();
          return reply;
        }
      }
    } catch (error) {
      return { kind: 'lost', detail: connectSentence(error, this.#url.href), gone: false };
    }
    return { kind: 'lost', detail: streamCut, gone: false };
  }

  #replyIn(event: ServerSentEvent | OversizedEvent, id: number): Reply | undefined {
    if (!('data' in event)) return (idOfEnds(event.head, event.tail) ?? id) === id ? this.#tooLarge() : undefined;
    if (isLong(event.data) && idOfResult(event.data) === id) return longReply(event.data);
    const message = event.type === 'message' ? parseMessage(event.data) : undefined;
    if (message !== undefined && answers(message, id)) return toReply(message, event.data);
    this.#deliver(message);
    return undefined;
  }

  /** Where we did not cut it ourselves, a look at the session is worth it. */
  #lost(reply: Reply): Reply {
    if (this.#closed) return { kind: 'lost', detail: closed, gone: true };
    this.#options.onDoubt();
    return reply;
  }

  #deliver(message: Message | undefined): void {
    if (message !== undefined) this.onmessage?.(message as JSONRPCMessage);
  }

  #replyFrom(id: number, text: string): Reply {
    const parsed = tryParse(text);
    for (const { message, text: own } of Array.isArray(parsed) ? batch(parsed, text) : [{ message: parsed, text }]) {
      if (!isMessage(message)) continue;
      if (answers(message, id)) return toReply(message, own);
      this.#deliver(message);
    }
    return { kind: 'unusable', detail: 'the server did not answer with a JSON-RPC response' };
  }

  #refusal(id: number, { statusCode: status, headers }: Answer, text: string): Reply {
    if (status >= 300 && status < 400) {
      return { kind: 'unusable', detail: redirectSentence(this.#url, status, headers['location']) };
    }
    const session = this.sessionId !== undefined;
    if (session && (status === 404 || status === 400)) {
      return { kind: 'undelivered', detail: `the server ended the session (HTTP ${status})`, gone: true };
    }
    const message = parseMessage(text);
    if (message?.['error'] !== undefined && answers(message, id)) {
      return toReply(message, text);
    }
    if (status === 401 || status === 403) {
      return {
        kind: 'undelivered',
        detail: `the server refuses our credentials (HTTP ${status}); check ${this.#options.authorizer === undefined ? 'its headers' : 'the scopes of its oauth'}`,
        gone: false,
      };
    }
    const detail = `the server answered HTTP ${status}${excerpt(text)}`;
    return saysOutOfReach(status) ? { kind: 'lost', detail, gone: false } : { kind: 'unusable', detail };
  }

  #tooLarge(): Reply {
    return {
      kind: 'unusable',
      detail: `the result is larger than ${this.#options.maxMessageBytes} bytes (--max-result)`,
    };
  }

  /** From 2026-07-28 on the closed request is the cancellation; before, a notification is. */
  #cancel(id: number, why: 'timeout' | 'cancelled', headers: Readonly<Record<string, string>> | undefined): void {
    if (isStateless(headers) || this.#closed) return;
    const telling = this.#post(cancelledText(id, cancelReasons[why]), AbortSignal.timeout(cancelWithinMs), undefined)
      .then((response) => response.body.letPass())
      // The server is out of reach: there is nothing left to cancel.
      .catch(() => {});
    this.#telling.add(telling);
    void telling.then(() => this.#telling.delete(telling));
  }
}

/** For those who need more of a signal than is said to us. */
function abortedBy(patience: Patience): AbortSignal {
  const controller = new AbortController();
  patience.addEventListener('abort', () => controller.abort());
  if (patience.aborted) controller.abort();
  return controller.signal;
}

/** The library's request for the stream on which the server speaks by itself. */
function isListening(init: RequestInit | undefined): boolean {
  return init?.method === 'GET' && !new Headers(init.headers).has('last-event-id');
}

/** Revisions without sessions name the method in a header. */
function isStateless(headers: Readonly<Record<string, string>> | undefined): boolean {
  return headers?.['mcp-method'] !== undefined;
}

/** An error without an id can only be ours: one request, one answer. */
function answers(message: Message, id: number): boolean {
  if (message['method'] !== undefined) return false;
  return ownIdOf(message['id']) === id || (message['error'] !== undefined && message['id'] === null);
}
