// Requests of ours that wait for their answer on a shared channel: the id map of stdio and legacy SSE. An answer, the
// deadline, the caller's signal or the end of the connection settles each exactly once; what comes later is dropped.

import { elements, memberSpan } from '../../json/scan.ts';
import { isObject } from '../../json/value.ts';
import type { CancelSignal } from '../types.ts';
import { watchDeadlines, type Sweepable } from './deadlines.ts';
import { firstOwnId, type Reply, type RequestOptions } from './transport.ts';

/** Called when nobody waits any more, so that the upstream can be told. */
export type GiveUp = (id: number, why: 'timeout' | 'cancelled') => void;

export class PendingRequests implements Sweepable {
  readonly #open = new Map<number, PendingRequest>();
  readonly #giveUp: GiveUp;
  #nextId = firstOwnId;

  constructor(giveUp: GiveUp) {
    this.#giveUp = giveUp;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Opens a request; its id is valid at once. */
  open(options: RequestOptions): { readonly id: number; readonly reply: Promise<Reply> } {
    const id = this.#nextId++;
    const reply = new Promise<Reply>((resolve) => {
      this.#open.set(id, new PendingRequest(id, options, this, resolve));
    });
    watchDeadlines(this);
    return { id, reply };
  }

  /**
   * Settles what a message answers. False where that is no request of ours; an id of our range is ours, however late it
   * comes. An error without an id (the server could not read it) is for the only request that is open.
   */
  take(message: { readonly [key: string]: unknown }, text: string): boolean {
    const { id, method, error } = message;
    if (method !== undefined) return false;
    const own = id === null && error !== undefined ? this.only() : ownIdOf(id);
    if (own === undefined) return false;
    this.settle(own, toReply(message, text));
    return true;
  }

  /** The only open id, if there is exactly one. */
  only(): number | undefined {
    return this.#open.size === 1 ? this.#open.keys().next().value : undefined;
  }

  ids(): Iterable<number> {
    return this.#open.keys();
  }

  settle(id: number, reply: Reply): void {
    const entry = this.#open.get(id);
    if (entry === undefined) return;
    this.#open.delete(id);
    entry.settle(reply);
  }

  settleAll(reply: Reply): void {
    for (const id of this.#open.keys()) this.settle(id, reply);
  }

  sweep(now: number): boolean {
    for (const [id, { deadlineAt }] of this.#open) if (deadlineAt <= now) this.abandon(id, 'timeout');
    return this.#open.size > 0;
  }

  abandon(id: number, why: 'timeout' | 'cancelled'): void {
    if (!this.#open.has(id)) return;
    this.settle(id, { kind: why });
    this.#giveUp(id, why);
  }
}

class PendingRequest {
  readonly deadlineAt: number;
  readonly #id: number;
  readonly #owner: PendingRequests;
  readonly #signal: CancelSignal | undefined;
  readonly #resolve: (reply: Reply) => void;
  readonly #onAbort = (): void => this.#owner.abandon(this.#id, 'cancelled');

  constructor(id: number, options: RequestOptions, owner: PendingRequests, resolve: (reply: Reply) => void) {
    this.#id = id;
    this.deadlineAt = options.deadlineAt;
    this.#owner = owner;
    this.#signal = options.signal;
    this.#resolve = resolve;
    this.#signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (this.#signal?.aborted) queueMicrotask(this.#onAbort);
  }

  settle(reply: Reply): void {
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#resolve(reply);
  }
}

/** Our id, which some servers give back as text. */
export function ownIdOf(id: unknown): number | undefined {
  const value = typeof id === 'string' && /^\d{7,15}$/.test(id) ? Number(id) : id;
  return typeof value === 'number' && value >= firstOwnId ? value : undefined;
}

/** A JSON-RPC response as a Reply. `text` is the message as received, `message` the same, parsed. */
export function toReply(message: { readonly [key: string]: unknown }, text: string): Reply {
  const { result, error } = message;
  if (result !== undefined) {
    return { kind: 'result', value: result, text: () => textAt(text, ['result']) ?? 'null' };
  }
  if (isObject(error)) {
    const { code, message: sentence } = error;
    return {
      kind: 'rpc-error',
      code: typeof code === 'number' ? code : 0,
      message: typeof sentence === 'string' ? sentence : 'The server gave no message',
      dataText: () => textAt(text, ['error', 'data']),
    };
  }
  return { kind: 'unusable', detail: 'The server answered with neither a result nor an error' };
}

function textAt(text: string, path: readonly string[]): string | undefined {
  const span = memberSpan(text, path);
  return span && text.slice(span.start, span.end);
}

/** The members of a batch, each with its own text. */
export function batch(
  messages: readonly unknown[],
  text: string,
): { readonly message: unknown; readonly text: string }[] {
  const spans = elements(text, text.indexOf('['));
  return messages.map((message, index) => ({ message, text: text.slice(spans[index]?.start, spans[index]?.end) }));
}
