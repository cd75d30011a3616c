// What every transport of ours offers beyond the client library's Transport: a request as text, answered as text, with
// expected failures as values. The library connects, negotiates and listens over the same channel; requests of ours
// carry ids from a range of their own, so that neither side ever sees the other's answers.

import type { Transport } from '@modelcontextprotocol/client';
import type { AuthorizationRequired } from '../oauth/authorizer.ts';
import type { CancelSignal, Result } from '../types.ts';

export interface RequestOptions {
  /** Milliseconds since the epoch. */
  readonly deadlineAt: number;
  readonly signal?: CancelSignal | undefined;
  /** Extra header fields, for transports that have any. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** What a JSON-RPC request came to. */
export type Reply =
  | Result
  | {
      readonly kind: 'rpc-error';
      readonly code: number;
      readonly message: string;
      readonly dataText: () => string | undefined;
    }
  /** Certainly not processed. `gone`: neither will the next one be, the connection is of no use any more. */
  | { readonly kind: 'undelivered'; readonly detail: string; readonly gone: boolean }
  /** Sent, then the answer was cut off. `gone` as above. */
  | { readonly kind: 'lost'; readonly detail: string; readonly gone: boolean }
  /** Refused before anything was done with it: somebody has to sign in. `gone`: before anything else, too. */
  | {
      readonly kind: 'unauthorized';
      readonly detail: string;
      readonly authorizationUrl: string | undefined;
      readonly gone: boolean;
    }
  /** Answered with something that is no JSON-RPC response. */
  | { readonly kind: 'unusable'; readonly detail: string }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'cancelled' };

/** Why a list was not had, to be put into a sentence. */
export function replySentence(reply: Exclude<Reply, { kind: 'result' }>): string {
  switch (reply.kind) {
    case 'rpc-error':
      return reply.message;
    case 'timeout':
      return 'no answer in time (--connection-timeout)';
    case 'cancelled':
      return 'given up';
    default:
      return reply.detail;
  }
}

export interface McpTransport extends Transport {
  /** `params` is the JSON text of the params object. Never rejects. */
  request(method: string, params: string, options: RequestOptions): Promise<Reply>;
  /** Of the child, for stdio. */
  readonly pid?: number | undefined;
  /** When anything last came from the server, milliseconds since the epoch; remote servers only. */
  readonly lastHeardAt?: number | undefined;
  /** Why the connection ended by itself, for people. */
  readonly endReason?: string | undefined;
  /** What the child said last that was no message: its last lines on stderr, else a line on stdout. */
  readonly lastWords?: string;
  /** Why the server was not even reached, where the library keeps only the text of it. */
  readonly connectFailure?: unknown;
  /** Why the server asks for a sign-in, where the library keeps only the text of it. */
  readonly signInNeeded?: AuthorizationRequired | undefined;
  /** What it waits for while it connects, where that is not yet the answer to `initialize`. */
  readonly awaits?: string | undefined;
  /**
   * Opens, and keeps open, the stream on which a server of the revisions with sessions speaks by itself, where that is
   * no part of the connection. `onGap`: there was a time without the stream, and what the server said then is lost.
   * Resolves when the server says that it offers none, or when the connection is closed.
   */
  listen?(onGap: () => void): Promise<void>;
}

/** Ids of the client library are small numbers or strings; ours start here and stay within 32 bits for a long time. */
export const firstOwnId = 1_000_000;

/** The JSON-RPC message of a request, without a line end. */
export function requestText(id: number, method: string, params: string): string {
  return `{"jsonrpc":"2.0","id":${id},"method":"${method}","params":${params}}`;
}

/** notifications/cancelled for a request that nobody waits for any more (MCP, "Cancellation"). */
export function cancelledText(id: number, reason: string): string {
  return `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":${id},"reason":${JSON.stringify(reason)}}}`;
}

export const cancelReasons = {
  timeout: 'The caller stopped waiting: the time for this call ran out',
  cancelled: 'The caller went away',
} as const;
