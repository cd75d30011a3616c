// All that /metrics tells of servers and reloads, from what was counted and what holds at this moment: names, types,
// sentences and labels. Asks and adds up; what it looks like as text is exposition.ts's.

import type { Target } from '../config/types.ts';
import type { UpstreamStatus } from '../mcp/types.ts';
import type { Snapshot } from '../snapshot.ts';
import { version } from '../version.ts';
import { durationBounds, type Counts, type ReloadCounts, type ServerCounts, type ToolCounts } from './counts.ts';
import { many, single, toLabels, type Family, type Sample } from './exposition.ts';

/** Of servers only those of this snapshot. */
export function allFamilies(snapshot: Snapshot, { servers, reloads, refused }: Counts): Family[] {
  const build = { version, node: process.versions.node };
  return [
    many('mcpo_build_info', 'gauge', 'Which version this is.', [[build, 1]]),
    ...callFamilies(snapshot, servers),
    ...serverFamilies(snapshot, servers),
    ...reloadFamilies(reloads),
    many(
      'mcpo_requests_refused_total',
      'counter',
      'Requests that were answered with an error before they were calls, by its code.',
      [...refused].map(([code, value]) => [{ code }, value]),
    ),
  ];
}

function callFamilies({ servers }: Snapshot, counts: ReadonlyMap<string, ServerCounts>): Family[] {
  function* toolsOf<T>(tell: (labels: string, counted: ToolCounts) => T): Iterable<T> {
    for (const server of servers.keys()) {
      for (const [tool, counted] of counts.get(server)?.calls ?? []) yield tell(toLabels({ server, tool }), counted);
    }
  }
  return [
    {
      name: 'mcpo_calls_total',
      type: 'counter',
      help: 'Calls that ended, by what they came to: "ok" or an error code.',
      samples: toolsOf((labels, { codes }) =>
        [...codes].map(([code, value]) => ({ labels: `${labels},${toLabels({ code })}`, value })),
      ),
    },
    {
      name: 'mcpo_call_duration_seconds',
      type: 'histogram',
      help: 'How long calls took, from the request to its answer, whatever they came to.',
      samples: toolsOf(histogram),
    },
  ];
}

/** Cumulative, as Prometheus wants it. */
function histogram(labels: string, { buckets, sumMs }: ToolCounts): Sample[] {
  let count = 0;
  const samples = buckets.map((within, index): Sample => {
    count += within;
    return { part: '_bucket', labels: `${labels},le="${durationBounds[index] ?? '+Inf'}"`, value: count };
  });
  samples.push({ part: '_sum', labels, value: sumMs / 1_000 }, { part: '_count', labels, value: count });
  return samples;
}

/** A server that is not disabled: that is not one that is down. */
interface Enabled {
  readonly server: string;
  readonly kind: Target['kind'];
  readonly status: UpstreamStatus;
  readonly counted: ServerCounts | undefined;
}

function serverFamilies({ servers }: Snapshot, counts: ReadonlyMap<string, ServerCounts>): Family[] {
  const enabled: Enabled[] = [];
  for (const { name: server, config, upstream } of servers.values()) {
    if (upstream === undefined) continue;
    enabled.push({ server, kind: config.target.kind, status: upstream.status(), counted: counts.get(server) });
  }
  const family = (
    name: string,
    type: 'counter' | 'gauge',
    help: string,
    valueOf: (of: Enabled) => number | undefined,
  ): Family => {
    const values = enabled.flatMap((of): [{ server: string }, number][] => {
      const value = valueOf(of);
      return value === undefined ? [] : [[{ server: of.server }, value]];
    });
    return many(name, type, help, values);
  };
  return [
    family(
      'mcpo_arguments_unjudged_total',
      'counter',
      'Calls that were forwarded unchecked, because the schema of the tool cannot judge.',
      ({ counted }) => counted?.unjudged ?? 0,
    ),
    family('mcpo_upstream_up', 'gauge', 'Whether the server is ready (1) or in any other state (0).', ({ status }) =>
      Number(status.state === 'ready'),
    ),
    family(
      'mcpo_restarts_total',
      'counter',
      'Starts of a child process after the first, or after the first of each copy.',
      ({ kind, status }) => (kind === 'stdio' ? status.restarts : undefined),
    ),
    family(
      'mcpo_reconnects_total',
      'counter',
      'Connections to a remote server made after the first.',
      ({ kind, status }) => (kind === 'stdio' ? undefined : status.restarts),
    ),
    family('mcpo_calls_in_flight', 'gauge', 'Calls that the server works on.', ({ status }) => status.inFlight),
    family('mcpo_calls_queued', 'gauge', 'Calls that wait for one in flight to end.', ({ status }) => status.queued),
    family(
      'mcpo_sessions_open',
      'gauge',
      'Open sessions that belong to one user or caller.',
      ({ status }) => status.sessions,
    ),
    family('mcpo_tools', 'gauge', 'Tools that the server listed last.', ({ status }) => status.tools),
    many(
      'mcpo_sign_ins_total',
      'counter',
      'What became of sign-ins to the server: signed-in, signed-out, expired or failed.',
      enabled.flatMap(({ server, counted }) =>
        [...(counted?.signIns ?? [])].map(([change, value]): [Record<string, string>, number] => [
          { server, change },
          value,
        ]),
      ),
    ),
    family(
      'mcpo_tokens_refreshed_total',
      'counter',
      'Access tokens for the server that were refreshed.',
      ({ counted }) => counted?.refreshes,
    ),
  ];
}

function reloadFamilies({ outcomes, lastSucceeded, lastSuccessAt, lastTookMs }: ReloadCounts): Family[] {
  return [
    many(
      'mcpo_reloads_total',
      'counter',
      'Reloads of the configuration, by what they came to.',
      Object.entries(outcomes).map(([outcome, value]) => [{ outcome }, value]),
    ),
    single(
      'mcpo_last_reload_successful',
      'gauge',
      'Whether the configuration in force is what the last reload read (1), or that was refused (0).',
      Number(lastSucceeded),
    ),
    single(
      'mcpo_last_reload_success_timestamp_seconds',
      'gauge',
      'When the configuration was last read with success, at the start or by a reload.',
      lastSuccessAt / 1_000,
    ),
    many(
      'mcpo_last_reload_duration_seconds',
      'gauge',
      'How long the last reload took, until what it changed was in force.',
      lastTookMs === undefined ? [] : [[{}, lastTookMs / 1_000]],
    ),
  ];
}
