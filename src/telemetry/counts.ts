// What is counted, as plain numbers. `countCall` is on the way of every call: it counts and nothing else, no text is made,
// no library called. What one server can fill is bounded. What is told of it is families.ts's affair.

import type { ReloadReport } from '../events.ts';

/** Upper bounds in seconds: from a cached answer to the longest timeouts that are usual. */
export const durationBounds: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300,
];
const boundsMs = durationBounds.map((seconds) => seconds * 1_000);

/** All that is counted. */
export interface Counts {
  readonly servers: ReadonlyMap<string, ServerCounts>;
  readonly reloads: ReloadCounts;
  /** By error code. */
  readonly refused: ReadonlyMap<string, number>;
}

export interface ServerCounts {
  readonly calls: CallCounts;
  unjudged: number;
  /** By what became of them. */
  readonly signIns: Map<string, number>;
  /** undefined where tokens were never refreshed. */
  refreshes: number | undefined;
}

export interface ReloadCounts {
  readonly outcomes: Record<ReloadReport['outcome'], number>;
  lastSucceeded: boolean;
  /** Milliseconds since the epoch. */
  lastSuccessAt: number;
  /** undefined before the first. */
  lastTookMs: number | undefined;
}

/** What calls of one tool came to, and how long they took. */
export interface ToolCounts {
  readonly codes: Map<string, number>;
  /** Calls up to each bound and above the one before; the last: above all of them. */
  readonly buckets: number[];
  sumMs: number;
}

export type CallCounts = Map<string, ToolCounts>;

/** No server has as many at a time; one that renames its tools for ever must not fill the memory, nor Prometheus. */
const maxToolsPerServer = 2_000;
/** Stands for all tools above that number; to Prometheus the label is not there. */
const otherTools = '';

export function countCall(calls: CallCounts, tool: string, code: string, durationMs: number): void {
  const counts = calls.get(tool) ?? firstOf(calls, tool);
  counts.codes.set(code, (counts.codes.get(code) ?? 0) + 1);
  counts.sumMs += durationMs;
  let bucket = 0;
  // Most calls are short, and found at once.
  while (bucket < boundsMs.length && durationMs > (boundsMs[bucket] as number)) bucket++;
  counts.buckets[bucket] = (counts.buckets[bucket] as number) + 1;
}

function firstOf(calls: CallCounts, tool: string): ToolCounts {
  const label = calls.size < maxToolsPerServer ? tool : otherTools;
  let counts = calls.get(label);
  if (counts === undefined) {
    counts = { codes: new Map(), buckets: Array.from({ length: boundsMs.length + 1 }, () => 0), sumMs: 0 };
    calls.set(label, counts);
  }
  return counts;
}
