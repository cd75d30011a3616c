// When to try a lost or failed upstream again: a pure answer to its history, with a sentence for people. For ever, with
// growing pauses, a random part so that many servers do not come back in step, longer ones for a child that dies as soon as
// it starts, and none for a connection that had held.

/** What went wrong since the last connection that held. */
export interface History {
  readonly failures: number;
  /** Of these, in a row: exits before `initialize` was answered, or right after it. */
  readonly quickCrashes: number;
}

export const noFailures: History = { failures: 0, quickCrashes: 0 };

/** The end of a connection, or of an attempt at one. */
export interface Setback {
  /** For people. */
  readonly reason: string;
  /** How long there was a connection; 0 where the attempt came to none. */
  readonly heldMs: number;
  /** Whether it answered a call: then it held, however short it was. */
  readonly served: boolean;
  /** A child that ended by itself. */
  readonly crashed: boolean;
}

export interface Decision {
  readonly history: History;
  readonly state: 'down' | 'crash-looping';
  readonly delayMs: number;
  /** The reason, and what there is to add to it. */
  readonly sentence: string;
}

/** A connection that ends sooner was none. */
export const stableMs = 1_000;
const firstPauseMs = 500;
const maxPauseMs = 10_000;
/** So many quick crashes make a crash loop. */
const crashLoopAfter = 5;
const maxCrashPauseMs = 60_000;
/** A pause is shortened by up to this part of itself. */
const jitter = 0.2;

/** `random` in [0, 1). */
export function afterSetback(before: History, { reason, heldMs, served, crashed }: Setback, random: number): Decision {
  if (served || heldMs >= stableMs) return { history: noFailures, state: 'down', delayMs: 0, sentence: reason };
  const history = { failures: before.failures + 1, quickCrashes: crashed ? before.quickCrashes + 1 : 0 };
  const looping = history.quickCrashes >= crashLoopAfter;
  const longest = looping ? maxCrashPauseMs : maxPauseMs;
  const full = Math.min(firstPauseMs * 2 ** Math.min(history.failures - 1, 20), longest);
  return {
    history,
    state: looping ? 'crash-looping' : 'down',
    delayMs: Math.round(full * (1 - jitter * random)),
    sentence: looping ? `${reason} (it crashed ${history.quickCrashes} times in a row)` : reason,
  };
}

/** "; trying again in 2 s": what is left of a pause, for people. */
export function retrySentence(leftMs: number): string {
  const seconds = leftMs < 1_000 ? Math.round(leftMs / 100) / 10 : Math.round(leftMs / 1_000);
  return seconds <= 0 ? '; trying again now' : `; trying again in ${seconds} s`;
}
