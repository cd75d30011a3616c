// Keeps one cause of trouble from filling the log: of what is alike only so much is told in a while, and the next line
// says how much was left out. Counts only; what is alike is for the caller to say.

/** So many lines show what is wrong, in each minute that it lasts; metrics count the rest. */
const maxTold = 5;
const windowMs = 60_000;
/** More kinds of trouble than this are kept from nobody: the oldest is forgotten. */
const maxKinds = 1_000;

interface Window {
  readonly since: number;
  told: number;
  hushed: number;
}

export interface Flood {
  /** How many like it were left out since one was told; undefined: this one is left out too. */
  told(kind: string): number | undefined;
}

/** `now` in milliseconds, of any clock. */
export function createFlood(now: () => number = Date.now): Flood {
  const windows = new Map<string, Window>();
  return {
    told(kind) {
      const at = now();
      let window = windows.get(kind);
      if (window === undefined || at - window.since >= windowMs) {
        const hushed = window?.hushed ?? 0;
        window = { since: at, told: 0, hushed };
        windows.delete(kind);
        windows.set(kind, window);
        if (windows.size > maxKinds) forgetOldest(windows);
      }
      if (window.told === maxTold) {
        window.hushed++;
        return undefined;
      }
      window.told++;
      const { hushed } = window;
      window.hushed = 0;
      return hushed;
    },
  };
}

function forgetOldest(windows: Map<string, Window>): void {
  for (const [kind] of windows) {
    windows.delete(kind);
    return;
  }
}
