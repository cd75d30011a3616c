// The body of an HTTP answer, in the pieces that it comes in. Whoever has what he wanted lets the little that follows
// pass, so that the connection can serve the next request: a body that is cut off costs its socket. What nobody reads yet
// is kept up to a limit, then the server waits.

import type { Dispatcher } from 'undici';

/** Kept of a body before it is read: what a server sends at once. */
const maxUnreadBytes = 64 * 1024;
/** After the answer servers end their stream at once; one that does not is cut off after this long, or this much. */
const restWithinMs = 1_000;
const maxRestBytes = 64 * 1024;

interface Reader {
  readonly resolve: (chunk: Buffer | undefined) => void;
  readonly reject: (error: Error) => void;
}

export class AnswerBody {
  readonly #controller: Dispatcher.DispatchController;
  #unread: Buffer[] = [];
  #unreadBytes = 0;
  #reader: Reader | undefined;
  #end: 'ended' | Error | undefined;
  #rest: { bytes: number; readonly timer: NodeJS.Timeout } | undefined;

  constructor(controller: Dispatcher.DispatchController) {
    this.#controller = controller;
  }

  /** The next piece, undefined at the end. Rejects where the body broke off. One at a time. */
  next(): Promise<Buffer | undefined> {
    const chunk = this.#unread.shift();
    if (chunk !== undefined) {
      this.#unreadBytes -= chunk.length;
      return Promise.resolve(chunk);
    }
    if (this.#end === 'ended') return Promise.resolve(undefined);
    if (this.#end !== undefined) return Promise.reject(this.#end);
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
      // May hand over the next piece at once.
      this.#controller.resume();
    });
  }

  /** The whole as text, or undefined if it is larger than allowed. */
  async text(maxBytes: number): Promise<string | undefined> {
    const pieces = await this.pieces(maxBytes);
    return pieces && (pieces.length === 1 ? String(pieces[0]) : Buffer.concat(pieces).toString());
  }

  /** The whole in the pieces that it came in, or undefined if it is larger than allowed. */
  async pieces(maxBytes: number): Promise<readonly Buffer[] | undefined> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    for (let chunk = await this.next(); chunk !== undefined; chunk = await this.next()) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > maxBytes) {
        this.cutOff();
        return undefined;
      }
    }
    return chunks;
  }

  /** Nobody reads on. */
  letPass(): void {
    if (this.#end !== undefined || this.#rest !== undefined) return;
    this.#rest = { bytes: 0, timer: setTimeout(() => this.cutOff(), restWithinMs).unref() };
    for (const chunk of this.#unread.splice(0)) this.#pass(chunk);
    this.#controller.resume();
  }

  /** Ends it, and its connection with it. */
  cutOff(): void {
    if (this.#end === undefined) this.#controller.abort(new Error('nobody reads on'));
  }

  /** What came. */
  push(chunk: Buffer): void {
    const reader = this.#reader;
    if (this.#rest !== undefined) {
      this.#pass(chunk);
    } else if (reader !== undefined) {
      this.#reader = undefined;
      reader.resolve(chunk);
    } else {
      this.#unread.push(chunk);
      this.#unreadBytes += chunk.length;
      if (this.#unreadBytes > maxUnreadBytes) this.#controller.pause();
    }
  }

  /** Nothing more comes: it ended, or broke off. */
  finish(error?: Error): void {
    this.#end = error ?? 'ended';
    clearTimeout(this.#rest?.timer);
    if (error === undefined) this.#reader?.resolve(undefined);
    else this.#reader?.reject(error);
    this.#reader = undefined;
  }

  #pass(chunk: Buffer): void {
    if (this.#rest === undefined) return;
    this.#rest.bytes += chunk.length;
    if (this.#rest.bytes > maxRestBytes) this.cutOff();
  }
}
