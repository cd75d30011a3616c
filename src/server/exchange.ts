// One request and its answer: the Snapshot it runs on, the access rules in force, and the only code that writes a head.
// An answer goes out once; a second one, or one to a caller that has gone, is dropped.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError } from '../errors.ts';
import type { LastReload, Observe } from '../events.ts';
import type { CancelSignal } from '../mcp/types.ts';
import { problemPlan, type Plan } from '../openapi/problem.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Trace, Tracer } from '../trace.ts';
import { challenge, checkKey, type KnownKey } from './access/keys.ts';
import { checkHostAndOrigin } from './access/origin.ts';
import { checkToken } from './access/principal.ts';
import { mountOf, type Mount } from './access/proxies.ts';
import type { AccessRules } from './access/rules.ts';
import { endWith, lengthOf, type Body } from './body-writer.ts';
import { commonHead } from './head.ts';
import { checkHead } from './limits.ts';

/** What every request needs to know of the program. */
export interface Surroundings {
  /** The Snapshot in force; a request reads its own. */
  readonly current: () => Snapshot;
  readonly observe: Observe;
  /** No new work: calls are refused, connections end with their answer. */
  readonly isStopping: () => boolean;
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly lastReload: () => LastReload | undefined;
  /** undefined where nobody counts. */
  readonly metrics: RenderMetrics | undefined;
  /** undefined where no span is exported: callers' traces go on as they are. */
  readonly tracer: Tracer | undefined;
}

/** What the program counts, as text of this type. */
export type RenderMetrics = (snapshot: Snapshot) => Promise<{ readonly contentType: string; readonly text: string }>;

/** What a route asks the key, or a token, for: nothing ever, documents and pages (with --strict-auth), or calls. */
export type Guard = 'open' | 'document' | 'call';

export class Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly id: string;
  /** As it was asked for, before normalisation. */
  readonly url: string;
  readonly query: Readonly<Record<string, unknown>>;
  readonly rules: AccessRules;
  readonly program: Surroundings;
  /** Aborted when the caller's connection ends. */
  readonly gone: CancelSignal;
  /** Of a request for an upstream. */
  trace: Trace | undefined;
  /** An upstream is, or was, leased for it: what it comes to is told as a call. */
  isCall = false;
  #guard: Guard = 'open';
  #key: KnownKey | undefined;
  #snapshot: Snapshot;
  /** Whether the caller waits to be told to send its body (RFC 9110, section 10.1.1). */
  #waits: boolean;
  #closes = false;

  constructor(given: {
    readonly request: IncomingMessage;
    readonly response: ServerResponse;
    readonly id: string;
    readonly url: string;
    readonly query: Readonly<Record<string, unknown>>;
    readonly snapshot: Snapshot;
    readonly rules: AccessRules;
    readonly program: Surroundings;
    readonly gone: CancelSignal;
  }) {
    this.request = given.request;
    this.response = given.response;
    this.id = given.id;
    this.url = given.url;
    this.query = given.query;
    this.#snapshot = given.snapshot;
    this.rules = given.rules;
    this.program = given.program;
    this.gone = given.gone;
    this.#waits = given.request.headers.expect !== undefined;
  }

  /** After normalisation. */
  get path(): string {
    return this.request.url ?? '/';
  }

  /** What this request runs on. */
  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  /** The key that this request was admitted with, where it was asked for one. */
  get key(): KnownKey | undefined {
    return this.#key;
  }

  /**
   * Throws, or rejects, unless this caller may come this far. Runs before a route, in one synchronous step with it; a promise
   * comes only where the keys of a token have to be fetched, and then the route is for `renew` and after it.
   */
  admit(guard: Guard): Promise<void> | undefined {
    const { headers, socket } = this.request;
    this.#guard = guard;
    checkHead(this.request, this.url);
    checkHostAndOrigin(this.rules, headers.host, headers.origin, socket.localAddress);
    const { keys, strictAuth } = this.rules;
    if (guard === 'open' || (guard === 'document' && !strictAuth)) return undefined;
    if (keys.length === 0) return checkToken(this.rules, headers);
    this.#key = checkKey(keys, headers);
    return undefined;
  }

  /** Goes on with the Snapshot of this moment, after something was waited for. */
  renew(): void {
    this.#snapshot = this.program.current();
  }

  /** Tells a caller that waits for it to send the body; it is not told before the request is otherwise fine. */
  continue(): void {
    if (!this.#waits) return;
    this.#waits = false;
    this.response.writeContinue();
  }

  /** The connection ends with the answer. */
  closeAfter(): void {
    this.#closes = true;
  }

  answer(plan: Omit<Plan, 'body'> & { readonly body: Body }): void {
    const { status, headers, body, code } = plan;
    this.send(status, this.#withChallenge(headers, code), body);
  }

  send(status: number, headers: Readonly<Record<string, string>>, body?: Body): void {
    const { request, response } = this;
    if (response.headersSent || response.destroyed) return;
    const { origin } = request.headers;
    const head = commonHead(this.rules.origins, origin, request.socket.localAddress, this.id, headers['Vary']);
    for (const name in headers) if (name !== 'Vary') head.push(name, headers[name] ?? '');
    if (body !== undefined) head.push('Content-Length', String(lengthOf(body)));
    // A caller that was not told to go on may or may not send its body: what follows on this connection is unclear.
    if (this.#waits || this.#closes || this.program.isStopping()) head.push('Connection', 'close');
    response.writeHead(status, head);
    endWith(response, body);
  }

  /** The problem document of anything thrown. What is no AppError is our own bug: the caller learns its id only. */
  fail(error: unknown): void {
    const { id: requestId, trace, program } = this;
    if (!(error instanceof AppError)) program.observe({ type: 'internal-error', requestId, trace, error });
    else if (!this.isCall) program.observe({ type: 'refused', requestId, trace, code: error.code });
    const shown =
      error instanceof AppError
        ? error
        : new AppError('internal', `Something went wrong in the proxy; its log has the cause under ${this.id}.`);
    const { status, headers, body } = problemPlan(shown, this.id);
    this.send(status, this.#withChallenge(headers, shown.code), body);
  }

  /** Every 401 says what is missing (RFC 9110, section 15.5.2); a box of the browser helps with a key alone. */
  #withChallenge(headers: Plan['headers'], code: Plan['code']): Plan['headers'] {
    if (code !== 'unauthenticated' && code !== 'authorization_required') return headers;
    const needsKey = code === 'unauthenticated' && this.#guard !== 'call' && this.rules.keys.length > 0;
    return { ...headers, 'WWW-Authenticate': challenge(needsKey) };
  }

  /** Where our routes lie for this caller. */
  mount(): Mount {
    const { headers, socket } = this.request;
    return mountOf(this.snapshot.config.settings, this.rules, {
      headers,
      peer: socket.remoteAddress,
      encrypted: 'encrypted' in socket && socket.encrypted === true,
    });
  }
}
