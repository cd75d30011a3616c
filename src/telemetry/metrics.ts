// Counts what happens, and tells it in the text format of Prometheus. Counters are plain numbers of our own, raised by
// events; what holds at this moment is asked of the Snapshot at each scrape. How it is told is loaded by the first scrape.
// Servers that a reload removes are forgotten.

import type { AppEvent, Observe } from '../events.ts';
import type { Snapshot } from '../snapshot.ts';
import { countCall, type ReloadCounts, type ServerCounts } from './counts.ts';
import type { MetricsText } from './scrape.ts';

export interface Metrics {
  readonly observe: Observe;
  /** All there is to tell now; of servers only those of this snapshot. */
  readonly render: (snapshot: Snapshot) => Promise<MetricsText>;
}

/** `now` in milliseconds since the epoch. */
export function createMetrics(now: () => number = Date.now): Metrics {
  const servers = new Map<string, ServerCounts>();
  const refused = new Map<string, number>();
  // The start has read the configuration, which is as good as a reload that succeeded.
  const reloads: ReloadCounts = {
    outcomes: { applied: 0, unchanged: 0, refused: 0 },
    lastSucceeded: true,
    lastSuccessAt: now(),
    lastTookMs: undefined,
  };
  const add = (name: string): void => {
    servers.set(name, { calls: new Map(), unjudged: 0, signIns: new Map(), refreshes: undefined });
  };

  return {
    observe(event) {
      switch (event.type) {
        case 'call': {
          // One that outlived its server counts no more.
          const counts = servers.get(event.server);
          if (counts !== undefined) countCall(counts.calls, event.tool, event.code, event.durationMs);
          return;
        }
        case 'refused':
          raise(refused, event.code);
          return;
        case 'arguments-unjudged': {
          const counts = servers.get(event.server);
          if (counts !== undefined) counts.unjudged++;
          return;
        }
        case 'sign-in': {
          const counts = servers.get(event.server);
          if (counts !== undefined) countSignIn(counts, event.change);
          return;
        }
        case 'listening':
          event.servers.forEach(add);
          return;
        case 'reload':
          for (const name of event.removed) servers.delete(name);
          event.added.forEach(add);
          countReload(reloads, event, now());
          return;
        default:
      }
    },
    async render(snapshot) {
      const { toMetricsText } = await import('./scrape.ts');
      return toMetricsText(snapshot, { servers, reloads, refused });
    },
  };
}

function raise(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function countSignIn(counts: ServerCounts, change: Extract<AppEvent, { type: 'sign-in' }>['change']): void {
  if (change === 'refreshed') counts.refreshes = (counts.refreshes ?? 0) + 1;
  else raise(counts.signIns, change);
}

function countReload(
  reloads: ReloadCounts,
  { outcome, tookMs }: Extract<AppEvent, { type: 'reload' }>,
  at: number,
): void {
  reloads.outcomes[outcome]++;
  reloads.lastTookMs = tookMs;
  reloads.lastSucceeded = outcome !== 'refused';
  if (reloads.lastSucceeded) reloads.lastSuccessAt = at;
}
