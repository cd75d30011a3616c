// MCP over Streamable HTTP. The client library's transport connects, negotiates and listens; requests of ours take a
// POST of their own over undici, whose answer is read as text: one JSON message, or a stream of events in which
// messages for the library may stand before ours.

import { setTimeout as delay } from 'node:timers/promises';
import { StreamableHTTPClientTransport, type JSONRPCMessage } from '@modelcontextprotocol/client';
import type { Dispatcher } from 'undici';
import { createAgent } from '../../net/agent.ts';
import { connectSentence, neverSent } from '../../net/connect-error.ts';
import { fetchOver } from '../../net/fetch.ts';
import { redirectSentence } from '../../net/redirect.ts';
import type { CancelSignal } from '../types.ts';
import { unwatchDeadline, watchDeadline } from './deadlines.ts';
import { EventStreamParser, EventStreamTooLong } from './event-stream.ts';
import {
  excerpt,
  isMessage,
  parseMessage,
  postText,
  readText,
  tryParse,
  type HttpAnswer,
  type Message,
  type RemoteOptions,
} from './http.ts';
import { batch, ownIdOf, toReply } from './pending.ts';
import {
  cancelReasons,
  cancelledText,
  firstOwnId,
  requestText,
  type McpTransport,
  type Reply,
  type RequestOptions,
} from './transport.ts';

/** A cancellation is worth this long, nobody waits for it. */
const cancelWithinMs = 5_000;
/** So is the end of a session. */
const farewellWithinMs = 1_000;

export class StreamableHttpTransport extends StreamableHTTPClientTransport implements McpTransport {
  /** Where requests go: as configured, or where the server redirects them. */
  #url: URL;
  readonly #options: RemoteOptions;
  readonly #agent: Dispatcher;
  #nextId = firstOwnId;
  #closed = false;

  constructor(url: string, options: RemoteOptions) {
    const agent = createAgent(options);
    super(new URL(url), { requestInit: { headers: { ...options.headers } }, fetch: fetchOver(agent) });
    this.#agent = agent;
    this.#url = new URL(url);
    this.#options = options;
  }

  /** Tells the server that its session is over, as MCP asks for, then closes. */
  override async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    // A server that is gone cannot be told, and one that hangs is not waited for.
    const told = this.terminateSession().catch(() => {});
    await Promise.race([told, delay(farewellWithinMs, undefined, { ref: false })]);
    await super.close();
    await this.#agent.destroy();
  }

  async request(method: string, params: string, options: RequestOptions): Promise<Reply> {
    if (this.#closed) return { kind: 'undelivered', detail: 'the connection was closed', gone: true };
    const id = this.#nextId++;
    const exchange = new Exchange(options);
    try {
      const reply = await this.#exchange(id, requestText(id, method, params), exchange, options.headers);
      return exchange.gaveUp ?? reply;
    } catch (error) {
      if (exchange.gaveUp !== undefined) return exchange.gaveUp;
      const detail = connectSentence(error, this.#url.href);
      return neverSent(error) ? { kind: 'undelivered', detail, gone: true } : { kind: 'lost', detail, gone: false };
    } finally {
      exchange.end();
      if (exchange.gaveUp !== undefined) this.#cancel(id, exchange.gaveUp.kind, options.headers);
    }
  }

  async #exchange(
    id: number,
    body: string,
    exchange: Exchange,
    extra: Readonly<Record<string, string>> | undefined,
  ): Promise<Reply> {
    const response = await this.#post(body, exchange.signal, extra);
    const type = String(response.headers['content-type'] ?? '').toLowerCase();
    if (response.statusCode === 200 && type.startsWith('text/event-stream')) return this.#readEvents(id, response);
    const text = await readText(response, this.#options.maxMessageBytes);
    if (text === undefined) return this.#tooLarge();
    if (response.statusCode === 200) return this.#replyFrom(id, text);
    return this.#refusal(id, response, text);
  }

  async #post(
    body: string,
    signal: AbortSignal,
    extra: Readonly<Record<string, string>> | undefined,
  ): Promise<HttpAnswer> {
    const { response, url } = await postText(this.#agent, this.#url, {
      headers: {
        ...this.#options.headers,
        ...extra,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...(this.sessionId !== undefined && { 'mcp-session-id': this.sessionId }),
        ...(this.protocolVersion !== undefined && { 'mcp-protocol-version': this.protocolVersion }),
      },
      body,
      signal,
    });
    if (response.statusCode === 200) this.#url = url;
    return response;
  }

  /** Reads events until ours; the others are the library's. */
  async #readEvents(id: number, response: HttpAnswer): Promise<Reply> {
    const parser = new EventStreamParser(this.#options.maxMessageBytes);
    const decoder = new TextDecoder();
    try {
      for await (const chunk of response.body) {
        for (const event of parser.push(decoder.decode(chunk as Uint8Array, { stream: true }))) {
          if (event.type !== 'message' || event.data === '') continue;
          const message = parseMessage(event.data);
          if (message !== undefined && answers(message, id)) {
            response.body.destroy();
            return toReply(message, event.data);
          }
          if (message !== undefined) this.onmessage?.(message as JSONRPCMessage);
        }
      }
    } catch (error) {
      if (error instanceof EventStreamTooLong) return this.#tooLarge();
      throw error;
    }
    return { kind: 'lost', detail: 'the server ended the stream without an answer', gone: false };
  }

  #replyFrom(id: number, text: string): Reply {
    const parsed = tryParse(text);
    for (const { message, text: own } of Array.isArray(parsed) ? batch(parsed, text) : [{ message: parsed, text }]) {
      if (!isMessage(message)) continue;
      if (answers(message, id)) return toReply(message, own);
      this.onmessage?.(message as JSONRPCMessage);
    }
    return { kind: 'unusable', detail: 'the server did not answer with a JSON-RPC response' };
  }

  #refusal(id: number, { statusCode: status, headers }: HttpAnswer, text: string): Reply {
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
        detail: `the server refuses our credentials (HTTP ${status}); check its headers`,
        gone: false,
      };
    }
    return { kind: 'unusable', detail: `the server answered HTTP ${status}${excerpt(text)}` };
  }

  #tooLarge(): Reply {
    return {
      kind: 'unusable',
      detail: `the result is larger than ${this.#options.maxMessageBytes} bytes (--max-result)`,
    };
  }

  /** From 2026-07-28 on the closed request is the cancellation; before, a notification is. */
  #cancel(id: number, why: 'timeout' | 'cancelled', headers: Readonly<Record<string, string>> | undefined): void {
    if (headers?.['mcp-method'] !== undefined || this.#closed) return;
    void this.#post(cancelledText(id, cancelReasons[why]), AbortSignal.timeout(cancelWithinMs), undefined).then(
      (response) => response.body.dump(),
      // The server is out of reach: there is nothing left to cancel.
      () => {},
    );
  }
}

/** The time and the caller of one request. */
class Exchange {
  readonly deadlineAt: number;
  readonly #outer: CancelSignal | undefined;
  readonly #abort = new AbortController();
  readonly #onAbort = (): void => this.#stop('cancelled');
  gaveUp: { readonly kind: 'timeout' | 'cancelled' } | undefined;

  constructor(options: RequestOptions) {
    this.deadlineAt = options.deadlineAt;
    this.#outer = options.signal;
    if (this.#outer?.aborted) this.#onAbort();
    this.#outer?.addEventListener('abort', this.#onAbort, { once: true });
    watchDeadline(this);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  expire(): void {
    this.#stop('timeout');
  }

  end(): void {
    unwatchDeadline(this);
    this.#outer?.removeEventListener('abort', this.#onAbort);
  }

  #stop(kind: 'timeout' | 'cancelled'): void {
    this.gaveUp ??= { kind };
    this.#abort.abort();
  }
}

/** An error without an id can only be ours: one request, one answer. */
function answers(message: Message, id: number): boolean {
  if (message['method'] !== undefined) return false;
  return ownIdOf(message['id']) === id || (message['error'] !== undefined && message['id'] === null);
}
