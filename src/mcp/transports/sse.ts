// MCP over the legacy HTTP+SSE transport (revision 2024-11-05): answers come on one long stream of events. The client
// library's transport opens it and posts; a filter in its fetch takes the answers to requests of ours out of the stream
// as text, also those that are too large, and notices the end of the stream, after which the session on the other side is
// gone.

import { setTimeout as delay } from 'node:timers/promises';
import { SSEClientTransport } from '@modelcontextprotocol/client';
import { createAgent, type Agent } from '../../net/agent.ts';
import { connectSentence, neverSent } from '../../net/connect-error.ts';
import { fetchOver, plainCoding } from '../../net/fetch.ts';
import { Cancellation } from '../cancellation.ts';
import { AuthorizationRequired } from '../oauth/authorizer.ts';
import type { CancelSignal } from '../types.ts';
import { authorizing, unauthorizedReply, type Sender } from './authorizing.ts';
import { EventStreamParser, type OversizedEvent, type ServerSentEvent } from './event-stream.ts';
import { idOfResult, isLong, longReply } from './long-result.ts';
import { ownIdOf, PendingRequests } from './pending.ts';
import { excerpt, parseMessage, postText, saysOutOfReach, type RemoteOptions } from './http.ts';
import {
  cancelReasons,
  cancelledText,
  requestText,
  type McpTransport,
  type Reply,
  type RequestOptions,
} from './transport.ts';
import { idOfEnds } from './too-long.ts';

const streamEnded = 'the server ended the event stream';

/** What nobody waits for is given up after this; so is a POST that a server still holds after the answer came on the stream. */
const postWithinMs = 30_000;
/** What is left of them when the connection closes. */
const lastPostsWithinMs = 1_000;

export class SseTransport extends SSEClientTransport implements McpTransport {
  lastHeardAt: number | undefined;
  signInNeeded: AuthorizationRequired | undefined;

  readonly #options: RemoteOptions;
  readonly #url: string;
  readonly #pending: PendingRequests;
  readonly #failure: () => unknown;
  readonly #agent: Agent;
  readonly #sender: Sender;
  #postUrl: URL | undefined;
  /** Of requests and cancellations, what has not come to its end. */
  readonly #posting = new Set<Promise<unknown>>();
  #opened = false;
  #endReason: string | undefined;
  #closing: Promise<void> | undefined;

  constructor(url: string, options: RemoteOptions) {
    const filter = new AnswerFilter(options.maxMessageBytes);
    const agent = createAgent(options);
    const sender = authorizing(agent, options.authorizer);
    const fetchOnce = fetchOver(sender, () => {
      this.lastHeardAt = Date.now();
    });
    let failure: unknown;
    super(new URL(url), {
      requestInit: { headers: { ...options.headers } },
      fetch: async (input, init) => {
        const response = await fetchOnce(input, init).catch((error: unknown) => {
          failure = error;
          if (error instanceof AuthorizationRequired) this.signInNeeded = error;
          throw error;
        });
        if (init?.method === 'POST' || !response.ok) return response;
        this.#opened = true;
        return filter.apply(response);
      },
    });
    this.#failure = () => failure;
    this.#agent = agent;
    this.#sender = sender;
    this.#url = url;
    this.#options = options;
    this.#pending = new PendingRequests((id, why) => this.#cancel(id, why));
    filter.pending = this.#pending;
    filter.onEndpoint = (path) => {
      // The library refuses an endpoint of another origin; a later one must not take our headers there either.
      const endpoint = URL.canParse(path, url) ? new URL(path, url) : undefined;
      if (endpoint?.origin === new URL(url).origin) this.#postUrl = endpoint;
    };
    // The library would open a new stream, and so a session that was never initialised.
    filter.onEnd = (reason) => {
      this.#endReason ??= reason;
      void this.close();
    };
  }

  get endReason(): string {
    return this.#endReason ?? streamEnded;
  }

  /** Why the stream could not be opened, where the server was not even reached; the library keeps only its text. */
  get connectFailure(): unknown {
    return this.#failure();
  }

  get awaits(): string | undefined {
    if (this.#postUrl !== undefined) return undefined;
    return this.#opened ? 'endpoint on the event stream' : 'event stream';
  }

  override close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const lives = this.#endReason === undefined;
    this.#agent.refuseWaiting();
    if (lives) for (const id of this.#pending.ids()) this.#cancel(id, 'cancelled');
    this.#pending.settleAll({ kind: 'lost', detail: this.endReason, gone: true });
    // One that never reaches its server says so itself, at once; cut off here, nobody could tell.
    const posted = Promise.all(this.#posting);
    const told = Promise.race([posted, delay(lastPostsWithinMs, undefined, { ref: false })]);
    // Without its stream the server does not know the session that it is told about.
    if (lives) await told;
    await super.close();
    await told;
    await this.#agent.destroy();
  }

  #cancel(id: number, why: 'timeout' | 'cancelled'): void {
    // A server that is out of reach has nothing left to cancel.
    const telling = this.#post(cancelledText(id, cancelReasons[why])).catch(() => {});
    this.#posting.add(telling);
    void telling.then(() => this.#posting.delete(telling));
  }

  async request(method: string, params: string, options: RequestOptions): Promise<Reply> {
    if (this.#closing !== undefined) return { kind: 'undelivered', detail: this.endReason, gone: true };
    const { id, reply } = this.#pending.open(options);
    const posting = new Cancellation();
    const refused = this.#post(requestText(id, method, params), posting, options.headers).catch(
      (error: unknown): Reply => {
        const unauthorized = unauthorizedReply(error);
        if (unauthorized !== undefined) return unauthorized;
        const detail = connectSentence(error, this.#url);
        return neverSent(error) ? { kind: 'undelivered', detail, gone: true } : { kind: 'lost', detail, gone: false };
      },
    );
    this.#posting.add(refused);
    void refused.then((refusal) => {
      this.#posting.delete(refused);
      if (refusal !== undefined) this.#pending.settle(id, refusal);
    });
    const answer = await reply;
    // Where nobody waits any more, a POST that still waits for its turn is not sent.
    if (answer.kind === 'cancelled' || answer.kind === 'timeout') posting.abort();
    // Many servers take a POST at once, some hold it until their answer is on the stream, however long that takes.
    if (this.#posting.has(refused)) abortLater(posting, refused);
    if (answer.kind !== 'lost') return answer;
    // The stream ended; whether this request was still taken is what its POST says.
    const refusal = await refused;
    return refusal?.kind === 'undelivered' ? refusal : answer;
  }

  /** undefined when the server took the message. */
  async #post(
    body: string,
    signal: CancelSignal = AbortSignal.timeout(postWithinMs),
    extra: RequestOptions['headers'] = {},
  ): Promise<Reply | undefined> {
    const url = this.#postUrl;
    if (url === undefined) return { kind: 'undelivered', detail: 'the server named no endpoint', gone: true };
    const { response } = await postText(this.#sender, url, {
      headers: { ...this.#options.headers, ...extra, 'content-type': 'application/json', ...plainCoding },
      body,
      signal,
    });
    const { statusCode: status } = response;
    const text = await response.body.text(this.#options.maxMessageBytes);
    if (status >= 200 && status < 300) return undefined;
    if (status === 404 || status === 400) {
      return { kind: 'undelivered', detail: `the server ended the session (HTTP ${status})`, gone: true };
    }
    const detail = `the server answered HTTP ${status}${excerpt(text ?? '')}`;
    return saysOutOfReach(status) ? { kind: 'lost', detail, gone: false } : { kind: 'unusable', detail };
  }
}

/** `work` never rejects. */
function abortLater(posting: Cancellation, work: Promise<unknown>): void {
  const timer = setTimeout(() => posting.abort(), postWithinMs).unref();
  void work.then(() => clearTimeout(timer));
}

/** Takes answers to requests of ours out of an event stream; everything else passes as it came. */
class AnswerFilter {
  readonly #maxBytes: number;
  pending: PendingRequests | undefined;
  onEndpoint: (path: string) => void = () => {};
  onEnd: (reason: string) => void = () => {};

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  apply(response: Response): Response {
    if (response.body === null) return response;
    const parser = new EventStreamParser(this.#maxBytes);
    const decoder = new TextDecoder();
    const encoder = new TextEncoder();
    const filtered = response.body.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform: (chunk, controller) => {
          for (const event of parser.push(decoder.decode(chunk, { stream: true }))) {
            if ('raw' in event && !this.#take(event)) controller.enqueue(encoder.encode(event.raw));
            else if ('head' in event) this.#refuse(event);
          }
        },
        flush: () => this.onEnd(streamEnded),
      }),
    );
    // A stream that breaks off never flushes: watch the end of what is read, too.
    const reader = filtered.getReader();
    const watched = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        try {
          const { done, value } = await reader.read();
          if (done) controller.close();
          else controller.enqueue(value);
        } catch (error) {
          this.onEnd(streamEnded);
          controller.error(error);
        }
      },
      cancel: (reason) => reader.cancel(reason),
    });
    const { status, statusText, headers } = response;
    const copy = new Response(watched, { status, statusText, headers: [...headers] });
    // The library resolves the endpoint against the address that answered.
    Object.defineProperty(copy, 'url', { value: response.url });
    return copy;
  }

  /** Fails the request that an over-long message answers: the one it names, or the only one that is open. */
  #refuse({ head, tail }: OversizedEvent): void {
    const id = idOfEnds(head, tail) ?? this.pending?.only();
    const detail = `the result is larger than ${this.#maxBytes} bytes (--max-result)`;
    if (id !== undefined) this.pending?.settle(id, { kind: 'unusable', detail });
  }

  #take(event: ServerSentEvent): boolean {
    if (event.type === 'endpoint') this.onEndpoint(event.data);
    if (event.type !== 'message') return false;
    const id = isLong(event.data) ? ownIdOf(idOfResult(event.data)) : undefined;
    if (id !== undefined) {
      this.pending?.settle(id, longReply(event.data));
      return true;
    }
    const message = parseMessage(event.data);
    return message !== undefined && this.pending?.take(message, event.data) === true;
  }
}
