// Counts what happens, and tells it in the text format of Prometheus. Counters are plain numbers of our own, raised by
// events; what holds at this moment is asked of the Snapshot at each scrape. The library is loaded by the first scrape
// and gives the text only. Servers that a reload removes are forgotten, and what one server can fill is bounded.

import type { Observe, ReloadReport } from '../events.ts';
import type { UpstreamStatus } from '../mcp/types.ts';
import type { Snapshot } from '../snapshot.ts';

export interface Metrics {
  readonly observe: Observe;
  /** All there is to tell now; of servers only those of this snapshot. */
  readonly render: (snapshot: Snapshot) => Promise<MetricsText>;
}

export interface MetricsText {
  /** Names the version of the format. */
  readonly contentType: string;
  readonly text: string;
}

/** `now` in milliseconds since the epoch. */
export function createMetrics(now: () => number = Date.now): Metrics {
  const servers = new Map<string, ServerCounts>();
  // The start has read the configuration, which is as good as a reload that succeeded.
  const reloads: ReloadCounts = {
    outcomes: { applied: 0, unchanged: 0, refused: 0 },
    lastSucceeded: true,
    lastSuccessAt: now(),
  };
  const add = (name: string): void => void servers.set(name, { calls: new Map(), unjudged: 0 });

  return {
    observe(event) {
      if (event.type === 'call') {
        // One that outlived its server counts no more.
        const counts = servers.get(event.server);
        if (counts !== undefined) countCall(counts, event.tool, event.code);
      } else if (event.type === 'arguments-unjudged') {
        const counts = servers.get(event.server);
        if (counts !== undefined) counts.unjudged++;
      } else if (event.type === 'listening') {
        event.servers.forEach(add);
      } else if (event.type === 'reload') {
        for (const name of event.removed) servers.delete(name);
        event.added.forEach(add);
        countReload(reloads, event.outcome, now());
      }
    },
    render: (snapshot) => toText([...serverFamilies(snapshot, servers), ...reloadFamilies(reloads)]),
  };
}

interface ServerCounts {
  /** By tool, then by code. */
  readonly calls: Map<string, Map<string, number>>;
  unjudged: number;
}

type ReloadOutcome = ReloadReport['outcome'];

interface ReloadCounts {
  readonly outcomes: Record<ReloadOutcome, number>;
  lastSucceeded: boolean;
  /** Milliseconds since the epoch. */
  lastSuccessAt: number;
}

/** No server has as many at a time; one that renames its tools for ever must not fill the memory, nor Prometheus. */
const maxToolsPerServer = 2_000;
/** Stands for all tools above that number; to Prometheus the label is not there. */
const otherTools = '';

function countCall({ calls }: ServerCounts, tool: string, code: string): void {
  let codes = calls.get(tool);
  if (codes === undefined) {
    const label = calls.size < maxToolsPerServer ? tool : otherTools;
    codes = calls.get(label) ?? new Map<string, number>();
    calls.set(label, codes);
  }
  codes.set(code, (codes.get(code) ?? 0) + 1);
}

function countReload(reloads: ReloadCounts, outcome: ReloadOutcome, at: number): void {
  reloads.outcomes[outcome]++;
  reloads.lastSucceeded = outcome !== 'refused';
  if (reloads.lastSucceeded) reloads.lastSuccessAt = at;
}

/** One metric with all its values (`MetricFamily` of Prometheus). */
interface Family {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly labels: readonly string[];
  readonly samples: readonly Sample[];
}

interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

function serverFamilies({ servers }: Snapshot, counts: ReadonlyMap<string, ServerCounts>): Family[] {
  const calls: Sample[] = [];
  const unjudged: Sample[] = [];
  const statuses: [string, UpstreamStatus][] = [];
  for (const { name: server, upstream } of servers.values()) {
    const counted = counts.get(server);
    for (const [tool, codes] of counted?.calls ?? []) {
      for (const [code, value] of codes) calls.push({ labels: { server, tool, code }, value });
    }
    // A disabled server is not one that is down.
    if (upstream === undefined) continue;
    unjudged.push({ labels: { server }, value: counted?.unjudged ?? 0 });
    statuses.push([server, upstream.status()]);
  }
  const ofStatus = (valueOf: (status: UpstreamStatus) => number) => ({
    labels: ['server'],
    samples: statuses.map(([server, status]) => ({ labels: { server }, value: valueOf(status) })),
  });
  return [
    {
      name: 'mcpo_calls_total',
      type: 'counter',
      help: 'Calls that ended, by what they came to: "ok" or an error code.',
      labels: ['server', 'tool', 'code'],
      samples: calls,
    },
    {
      name: 'mcpo_arguments_unjudged_total',
      type: 'counter',
      help: 'Calls that were forwarded unchecked, because the schema of the tool cannot judge.',
      labels: ['server'],
      samples: unjudged,
    },
    {
      name: 'mcpo_upstream_up',
      type: 'gauge',
      help: 'Whether the server is ready (1) or in any other state (0).',
      ...ofStatus(({ state }) => Number(state === 'ready')),
    },
    {
      name: 'mcpo_restarts_total',
      type: 'counter',
      help: 'Connections to the server made after the first.',
      ...ofStatus(({ restarts }) => restarts),
    },
    {
      name: 'mcpo_calls_in_flight',
      type: 'gauge',
      help: 'Calls that the server works on.',
      ...ofStatus(({ inFlight }) => inFlight),
    },
    {
      name: 'mcpo_calls_queued',
      type: 'gauge',
      help: 'Calls that wait for one in flight to end.',
      ...ofStatus(({ queued }) => queued),
    },
    {
      name: 'mcpo_sessions_open',
      type: 'gauge',
      help: 'Open sessions that belong to one user or caller.',
      ...ofStatus(({ sessions }) => sessions),
    },
    {
      name: 'mcpo_tools',
      type: 'gauge',
      help: 'Tools that the server listed last.',
      ...ofStatus(({ tools }) => tools),
    },
  ];
}

function reloadFamilies({ outcomes, lastSucceeded, lastSuccessAt }: ReloadCounts): Family[] {
  return [
    {
      name: 'mcpo_reloads_total',
      type: 'counter',
      help: 'Reloads of the configuration, by what they came to.',
      labels: ['outcome'],
      samples: Object.entries(outcomes).map(([outcome, value]) => ({ labels: { outcome }, value })),
    },
    {
      name: 'mcpo_last_reload_successful',
      type: 'gauge',
      help: 'Whether the configuration in force is what the last reload read (1), or that was refused (0).',
      labels: [],
      samples: [{ labels: {}, value: Number(lastSucceeded) }],
    },
    {
      name: 'mcpo_last_reload_success_timestamp_seconds',
      type: 'gauge',
      help: 'When the configuration was last read with success, at the start or by a reload.',
      labels: [],
      samples: [{ labels: {}, value: lastSuccessAt / 1_000 }],
    },
  ];
}

/** A registry for one scrape: what is gone leaves no series behind, and scrapes share nothing. */
async function toText(families: readonly Family[]): Promise<MetricsText> {
  const { Counter, Gauge, Registry } = await import('prom-client');
  const registry = new Registry();
  for (const { name, type, help, labels, samples } of families) {
    const metric = new (type === 'counter' ? Counter : Gauge)({
      name,
      help,
      labelNames: [...labels],
      registers: [registry],
    });
    for (const sample of samples) metric.inc(sample.labels, sample.value);
  }
  return { contentType: registry.contentType, text: await registry.metrics() };
}
