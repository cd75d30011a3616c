// Everything worth noticing, as one union, and the type of the function that takes it.
// Domain code calls `observe(event)` and goes on; logs, the start message and metrics are readers of this list and
// never drive behaviour. No event carries a secret of ours, an argument or a result; what a server itself prints (its
// stderr, a stray line of its output) is its own.

import type { ErrorCode } from './errors.ts';
import type { UpstreamState } from './mcp/types.ts';
import type { Trace } from './trace.ts';

export type AppEvent =
  | {
      readonly type: 'listening';
      readonly url: string;
      /** One sentence: which address is bound, and why. */
      readonly bind: string;
      /** One sentence: which web origins may call. */
      readonly origins: string;
      /** Whether calls need the key. */
      readonly guarded: boolean;
      readonly servers: readonly string[];
    }
  | {
      readonly type: 'upstream-state';
      readonly server: string;
      readonly state: UpstreamState;
      /** The sentence for people. */
      readonly detail: string;
      readonly tools: number;
      /** Since the attempt began, for `ready` and failed attempts. */
      readonly tookMs?: number;
    }
  /** A session of one user or caller; `open` of them there are now. */
  | {
      readonly type: 'session';
      readonly server: string;
      readonly change: 'opened' | 'closed' | 'failed';
      readonly open: number;
      /** Why it failed. */
      readonly detail: string;
    }
  /** The address under which the operator signs in, and whether a browser was opened with it. */
  | { readonly type: 'sign-in-needed'; readonly server: string; readonly url: string; readonly opened: boolean }
  /** `failed`: a refresh that ended the sign-in, or a sign-in that came to nothing, and why. */
  | {
      readonly type: 'sign-in';
      readonly server: string;
      readonly change: 'signed-in' | 'refreshed' | 'signed-out' | 'expired' | 'failed';
      readonly detail: string;
    }
  /** Every enabled server had its first attempt. */
  | { readonly type: 'settled'; readonly ready: number; readonly servers: number; readonly tookMs: number }
  /** Lines on stdout that are no JSON-RPC message; reported for the first of a connection. */
  | { readonly type: 'upstream-noise'; readonly server: string; readonly excerpt: string }
  | { readonly type: 'upstream-stderr'; readonly server: string; readonly line: string }
  | { readonly type: 'catalogue-changed'; readonly server: string; readonly tools: number }
  | { readonly type: 'tool-rejected'; readonly server: string; readonly tool: string; readonly reason: string }
  | {
      readonly type: 'schema-degraded';
      readonly server: string;
      readonly tool: string;
      readonly pointer: string;
      readonly reason: string;
    }
  /** A call was forwarded unchecked: the schema is invalid, of an unknown dialect, or too expensive. */
  | (OfRequest & {
      readonly type: 'arguments-unjudged';
      readonly server: string;
      readonly tool: string;
      readonly reason: string;
    })
  /** A structuredContent broke its outputSchema; once for each tool. */
  | (OfRequest & {
      readonly type: 'output-mismatch';
      readonly server: string;
      readonly tool: string;
      readonly reason: string;
    })
  | (ReloadReport & { readonly type: 'reload'; readonly tookMs: number })
  | (OfRequest & {
      readonly type: 'call';
      readonly server: string;
      /** Or the method of MCP, for resources and prompts. */
      readonly tool: string;
      readonly code: ErrorCode | 'ok';
      readonly durationMs: number;
      /** Where they are exported. */
      readonly spans?: CallSpans | undefined;
    })
  /** A request that was answered with an error before it came to be a call. */
  | (OfRequest & { readonly type: 'refused'; readonly code: ErrorCode })
  | (OfRequest & { readonly type: 'internal-error'; readonly error: unknown })
  | { readonly type: 'config-key-ignored'; readonly server: string; readonly key: string }
  | { readonly type: 'warning'; readonly message: string }
  | { readonly type: 'stopping'; readonly reason: string; readonly inFlight: number }
  | { readonly type: 'stopped' };

/** What everything has in common that happens to one request. */
export interface OfRequest {
  /** '' outside of any request. */
  readonly requestId: string;
  readonly trace?: Trace | undefined;
}

/** What the spans of a call say, beside its event. Times are counted from its beginning. */
export interface CallSpans {
  readonly httpMethod: string;
  /** The path, with names for the segments that differ. */
  readonly route: string | undefined;
  /** Of HTTP. */
  readonly status: number;
  readonly mcpMethod: string;
  /** undefined where the upstream was not asked. */
  readonly upstream: { readonly afterMs: number; readonly tookMs: number } | undefined;
}

/** What a reload came to. */
export interface ReloadReport {
  readonly outcome: 'applied' | 'unchanged' | 'refused';
  /** Server names. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
  /** One sentence: what changed; or what is wrong, with file, line and column. */
  readonly detail: string;
}

/** What the last reload came to. */
export interface LastReload extends ReloadReport {
  /** When it ended, milliseconds since the epoch. */
  readonly at: number;
}

/** Takes note of an event. Never throws, never waits. */
export type Observe = (event: AppEvent) => void;
