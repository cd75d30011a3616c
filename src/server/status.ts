// What the servers are like right now, for programs and for pages: asked of the upstreams at each request, with the
// configured name and, where there is no upstream, the state that follows from the configuration. Where people sign in,
// it is what whoever asks has to know, and no more. Nothing of it is kept.

import type { LastReload } from '../events.ts';
import type { UpstreamStatus } from '../mcp/types.ts';
import type { ServerView } from '../snapshot.ts';
import type { Exchange } from './exchange.ts';
import { signInState, type SignInState } from './sign-in.ts';

/** One server in the JSON of `GET /`, and all of `GET /{server}/`. */
export interface ServerStatus {
  readonly state: UpstreamStatus['state'];
  readonly detail: string;
  /** ISO 8601, as is nextRetryAt. */
  readonly since: string;
  /** Those that are offered. */
  readonly tools: number;
  readonly restarts: number;
  readonly inFlight: number;
  /** Calls that wait for one in flight to end. */
  readonly queued: number;
  /** Open sessions of users or callers. */
  readonly sessions: number;
  readonly lastError: string | null;
  readonly nextRetryAt: string | null;
  /** Where whoever asks can sign in. */
  readonly authorizationUrl?: string;
}

/** A server as whoever asks may see it. */
export interface Seen {
  readonly status: UpstreamStatus;
  /** undefined where nobody signs in. */
  readonly signIn: SignInState | undefined;
}

/** Rejects as `identify` does. */
export async function seenBy(exchange: Exchange, view: ServerView): Promise<Seen> {
  const signIn = await signInState(exchange, view);
  return { signIn, status: asOffered(signIn?.status ?? statusOf(view, exchange.program.startedAt), view) };
}

/** Upstreams count what the server listed; who asks here wants to know what can be called. */
function asOffered(status: UpstreamStatus, { operations }: ServerView): UpstreamStatus {
  const tools = operations?.list.length ?? status.tools;
  if (tools === status.tools) return status;
  return { ...status, tools, detail: status.state === 'ready' ? `${status.detail}; ${tools} offered` : status.detail };
}

/** As nobody in particular sees it, with all that may be in it. `startedAt` of the program, milliseconds since the epoch. */
export function statusOf(view: ServerView, startedAt: number): UpstreamStatus {
  if (view.upstream !== undefined) return view.upstream.status();
  const { disabled } = view.config;
  return {
    state: disabled ? 'disabled' : 'starting',
    detail: disabled ? 'Disabled in the configuration.' : 'Starting.',
    since: startedAt,
    tools: 0,
    restarts: 0,
    inFlight: 0,
    queued: 0,
    sessions: 0,
    lastError: undefined,
    nextRetryAt: undefined,
    attempted: false,
    pid: undefined,
  };
}

export function toServerStatus({ status, signIn }: Seen): ServerStatus {
  const authorizationUrl = signIn?.authorizationUrl;
  const { state, detail, since, tools, restarts, inFlight, queued, sessions, lastError, nextRetryAt } = status;
  return {
    state,
    detail,
    since: new Date(since).toISOString(),
    tools,
    restarts,
    inFlight,
    queued,
    sessions,
    lastError: lastError ?? null,
    nextRetryAt: nextRetryAt === undefined ? null : new Date(nextRetryAt).toISOString(),
    ...(authorizationUrl !== undefined && { authorizationUrl }),
  };
}

/** As in the JSON of `GET /`: the time as ISO 8601; null where nothing was reloaded yet. */
export function toReloadStatus(last: LastReload | undefined): object | null {
  if (last === undefined) return null;
  const { at, outcome, detail, added, removed, changed } = last;
  return { at: new Date(at).toISOString(), outcome, detail, added, removed, changed };
}
