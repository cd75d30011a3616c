// When to try a lost or failed upstream again: a pure answer to its history, with a sentence for people. For ever, with
// growing pauses, a random part so that many servers do not come back in step, and longer ones for a child that dies as
// soon as it starts.

export interface FailureHistory {
  /** Attempts that failed since the last connection that held. */
  readonly failures: number;
  /** Of these, in a row: exits before `initialize` was answered, or right after it. */
  readonly quickCrashes: number;
}

export interface Decision {
  readonly state: 'down' | 'crash-looping';
  readonly delayMs: number;
  /** Follows the reason in the sentence for people; empty where there is nothing to add. */
  readonly note: string;
}

const firstPauseMs = 500;
const maxPauseMs = 10_000;
/** So many quick crashes make a crash loop. */
const crashLoopAfter = 5;
const maxCrashPauseMs = 60_000;
/** A pause is shortened by up to this part of itself. */
const jitter = 0.2;

/** `random` in [0, 1). */
export function nextTry(history: FailureHistory, random: number): Decision {
  const looping = history.quickCrashes >= crashLoopAfter;
  const longest = looping ? maxCrashPauseMs : maxPauseMs;
  const full = Math.min(firstPauseMs * 2 ** Math.min(history.failures - 1, 20), longest);
  const delayMs = Math.round(full * (1 - jitter * random));
  const note = looping ? ` (it crashed ${history.quickCrashes} times in a row)` : '';
  return { state: looping ? 'crash-looping' : 'down', delayMs, note };
}

/** "; trying again in 2 s": what is left of a pause, for people. */
export function retrySentence(leftMs: number): string {
  if (leftMs <= 0) return '; trying again now';
  return `; trying again in ${leftMs < 1_000 ? (leftMs / 1000).toFixed(1) : Math.round(leftMs / 1000)} s`;
}
