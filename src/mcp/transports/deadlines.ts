// One clock for all requests in flight: a sweep of the open ones instead of a timer each, which at high rates costs more
// than the request. A deadline is met within one sweep. Runs only while something is open and holds no process alive.

export interface Expiring {
  /** Milliseconds since the epoch. */
  readonly deadlineAt: number;
  expire(): void;
}

/** How late a deadline may be noticed. */
const sweepEveryMs = 25;

const open = new Set<Expiring>();
let timer: NodeJS.Timeout | undefined;

export function watchDeadline(entry: Expiring): void {
  open.add(entry);
  timer ??= setInterval(sweep, sweepEveryMs).unref();
}

export function unwatchDeadline(entry: Expiring): void {
  open.delete(entry);
}

function sweep(): void {
  const now = Date.now();
  for (const entry of open) {
    if (entry.deadlineAt > now) continue;
    open.delete(entry);
    entry.expire();
  }
  if (open.size === 0) {
    clearInterval(timer);
    timer = undefined;
  }
}
