// Keeps a stream open on which a server speaks by itself: opened anew when it ends, with growing pauses and for ever,
// unless the server says that it offers none. What the stream is and what it carries is its owner's; this is the policy.

import { setTimeout as delay } from 'node:timers/promises';

/** How one stream went. */
export type StreamEnd =
  /** The server has no such stream, and will not be asked again. */
  | { readonly kind: 'not-offered' }
  /** It could not be opened, or it ended. `retryMs`: the pause that the server wished for. */
  | { readonly kind: 'ended'; readonly retryMs?: number | undefined };

export interface ListeningOptions {
  /** Opens a stream and reads it to its end; calls `opened` as soon as it is open. `everOpen`: one was. Never rejects. */
  readonly stream: (opened: (resumed: boolean) => void, everOpen: boolean) => Promise<StreamEnd>;
  /** Ends the listening, for whoever closes the connection. */
  readonly signal: AbortSignal;
  /** A stream that was open ended by itself. */
  readonly onDoubt: () => void;
  /** There was a time without a stream, and what the server said then is lost. */
  readonly onGap: () => void;
}

/** A stream that held so long was no failure. */
const steadyMs = 5_000;
/** One that takes longer to open may come after the first list of what it announces. */
const promptMs = 50;

/** Resolves when the listening is over. */
export async function keepListening({ stream, signal, onDoubt, onGap }: ListeningOptions): Promise<void> {
  let failures = 0;
  let everOpen = false;
  const startedAt = Date.now();
  for (let first = true; !signal.aborted; first = false) {
    let openedAt: number | undefined;
    // Each stream is read to its end before the next one is opened.
    const end = await stream((resumed) => {
      openedAt = Date.now();
      everOpen = true;
      const late = !first || openedAt - startedAt > promptMs;
      if (late && !resumed) onGap();
    }, everOpen);
    if (signal.aborted || end.kind === 'not-offered') return;
    if (openedAt !== undefined) onDoubt();
    failures = openedAt !== undefined && Date.now() - openedAt >= steadyMs ? 0 : failures + 1;
    const wished = openedAt === undefined ? undefined : end.retryMs;
    // An abort ends the pause, and the loop.
    await delay(pauseMs(failures, wished, Math.random()), undefined, { signal, ref: false }).catch(() => {});
  }
}

const firstPauseMs = 250;
const maxPauseMs = 30_000;
/** What a server may wish for. */
const shortestWishMs = 500;
const longestWishMs = 60_000;

/** The pause before the next stream, with a random part so that many do not come back at once. */
export function pauseMs(failures: number, wishedMs: number | undefined, random: number): number {
  if (wishedMs !== undefined) {
    return Math.min(Math.max(wishedMs, shortestWishMs), longestWishMs) * (1 + random / 4);
  }
  return Math.min(firstPauseMs * 2 ** Math.min(failures, 16), maxPauseMs) * (0.5 + random / 2);
}

/** Whether a status that is no success means that the server has no such stream at all. */
export function saysNotOffered(status: number, everOpen: boolean): boolean {
  if (status === 405 || status === 501) return true;
  if (everOpen) return false;
  // Of a stream that never was: nothing else will come of it. A conflict is with one that the server believes open.
  return status < 500 && ![408, 409, 429].includes(status);
}
