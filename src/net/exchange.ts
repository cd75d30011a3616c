// One HTTP request and its answer. Does what undici's `request` does, without a Node stream for each body, which would be a
// sixth of what an exchange costs; and it is over as soon as its signal says so, also while it waits for its turn or for a
// connection: then nothing of it was sent.

import { errors, type Dispatcher } from 'undici';
import { AnswerBody } from './answer-body.ts';
import type { Turn, Turns } from './turns.ts';

export interface RequestOptions {
  readonly origin: string;
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  readonly signal?: EndSignal | undefined;
}

/** The part of an AbortSignal that is needed. */
export interface EndSignal {
  readonly aborted: boolean;
  readonly reason?: unknown;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

export interface Answer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: AnswerBody;
}

/** It was given up before anything of it was sent. */
export class NotSent extends Error {
  override readonly name = 'NotSent';
}

/** Rejects with what undici says, with the reason of an AbortSignal, or with NotSent. */
export function exchange(dispatcher: Dispatcher, turns: Turns, options: RequestOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    turns.enter(new Exchange({ dispatcher, turns, options, resolve, reject }));
  });
}

interface ExchangeParts {
  readonly dispatcher: Dispatcher;
  readonly turns: Turns;
  readonly options: RequestOptions;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

class Exchange implements Turn, Dispatcher.DispatchHandler {
  since = 0;
  readonly #parts: ExchangeParts;
  readonly #onAbort = (): void => this.#abort();
  #controller: Dispatcher.DispatchController | undefined;
  #body: AnswerBody | undefined;
  #over = false;

  constructor(parts: ExchangeParts) {
    this.#parts = parts;
    const { signal } = parts.options;
    signal?.addEventListener('abort', this.#onAbort);
  }

  /** Its turn has come. */
  begin(): void {
    const { dispatcher, options } = this.#parts;
    if (options.signal?.aborted) return this.#abort();
    const { origin, path, method, headers, body } = options;
    dispatcher.dispatch({ origin, path, method, headers, body }, this);
  }

  /** A connection takes it. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    this.#parts.turns.moved();
    if (this.#over) controller.abort(new NotSent());
  }

  onResponseStart(controller: Dispatcher.DispatchController, statusCode: number, headers: Answer['headers']): void {
    if (statusCode < 200) return;
    this.#body = new AnswerBody(controller);
    this.#parts.resolve({ statusCode, headers, body: this.#body });
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#body?.push(chunk);
  }

  onResponseEnd(): void {
    this.#end();
    this.#body?.finish();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#end();
    this.#parts.reject(error);
    this.#body?.finish(error);
  }

  refuse(): void {
    this.#abort();
  }

  #abort(): void {
    const reason = this.#parts.options.signal?.reason;
    const controller = this.#controller;
    const plain =
      controller === undefined ? new NotSent('given up before it was sent') : new errors.RequestAbortedError();
    const error = reason instanceof Error ? reason : plain;
    // What waits for a connection is stopped when it has one.
    this.#end();
    this.#parts.reject(error);
    controller?.abort(error);
  }

  #end(): void {
    this.#over = true;
    const { options, turns } = this.#parts;
    options.signal?.removeEventListener('abort', this.#onAbort);
    turns.leave(this);
  }
}
