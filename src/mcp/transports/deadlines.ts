// One clock for all requests in flight: a sweep of the open ones instead of a timer each, which at high rates costs more
// than the request. A deadline is met within one sweep. Runs only while something is open and holds no process alive.

export interface Sweepable {
  /** Lets go what had its deadline at `now` (milliseconds since the epoch) or before; says whether anything is still open. */
  sweep(now: number): boolean;
}

/** How late a deadline may be noticed. */
const sweepEveryMs = 25;

const open = new Set<Sweepable>();
let timer: NodeJS.Timeout | undefined;

/** Sweeps it until nothing of it is open. */
export function watchDeadlines(entry: Sweepable): void {
  open.add(entry);
  timer ??= setInterval(sweepAll, sweepEveryMs).unref();
}

export function unwatchDeadlines(entry: Sweepable): void {
  open.delete(entry);
}

function sweepAll(): void {
  const now = Date.now();
  for (const entry of open) if (!entry.sweep(now)) open.delete(entry);
  if (open.size > 0) return;
  clearInterval(timer);
  timer = undefined;
}
