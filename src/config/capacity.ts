// Who shares a session with a server, how many copies of it run, and how much it gets at once: the keys of an entry about
// these, judged together with their defaults. What cannot mean anything is refused, so that nobody believes in a limit that
// limits nothing. What happens at a limit is mcp/'s.

import { ConfigError } from './config-error.ts';
import type { Path } from './document.ts';
import { secondsToMs, wholeNumber } from './option-values.ts';
import type { ServerEntry } from './schema.ts';
import type { ServerConfig, Target } from './types.ts';

export type Capacity = Pick<
  ServerConfig,
  'session' | 'maxSessions' | 'sessionIdleMs' | 'instances' | 'maxInFlight' | 'maxQueued'
>;

/** Of an entry that says nothing about it. */
export const defaultCapacity: Capacity = {
  session: 'shared',
  /** A session of a stdio server is a process: 50 of 80 MB are 4 GB. */
  maxSessions: 50,
  sessionIdleMs: 600_000,
  instances: 1,
  /** Far above what a server works on at once, far below what costs memory that matters. */
  maxInFlight: 1_000,
  maxQueued: 1_000,
};

/** More processes than any machine has use for. */
const maxInstances = 100;

/** `perUser`: users sign in to the server, and so each has sessions of his own. */
export function toCapacity(
  entry: ServerEntry,
  { target, perUser }: { readonly target: Target; readonly perUser: boolean },
  label: (path: Path) => string,
): Capacity {
  const count = (key: 'maxSessions' | 'instances' | 'maxInFlight' | 'maxQueued', least: number, most?: number) =>
    entry[key] === undefined ? defaultCapacity[key] : wholeNumber(entry[key], label([key]), least, most);
  const capacity = {
    session: entry.session ?? defaultCapacity.session,
    maxSessions: count('maxSessions', 1),
    sessionIdleMs:
      entry.sessionIdleTimeout === undefined
        ? defaultCapacity.sessionIdleMs
        : secondsToMs(entry.sessionIdleTimeout, label(['sessionIdleTimeout'])),
    instances: count('instances', 1, maxInstances),
    maxInFlight: count('maxInFlight', 1),
    maxQueued: count('maxQueued', 0),
  };
  checkCombination(capacity, target.kind, label);
  if (capacity.session === 'shared' && !perUser) refuseLimits(entry, label);
  return capacity;
}

function checkCombination({ session, instances }: Capacity, kind: Target['kind'], label: (path: Path) => string): void {
  if (instances === 1) return;
  const at = label(['instances']);
  if (kind !== 'stdio') {
    throw new ConfigError(`${at} needs a "command"; copies of a server with a "url" are made where it runs.`);
  }
  if (session !== 'shared') {
    throw new ConfigError(
      `${at} cannot stand beside "session": "${session}", because each session has a process of its own; keep one of them.`,
    );
  }
}

function refuseLimits(entry: ServerEntry, label: (path: Path) => string): void {
  for (const key of ['maxSessions', 'sessionIdleTimeout'] as const) {
    if (entry[key] === undefined) continue;
    throw new ConfigError(
      `${label([key])} limits sessions, and here all callers share one; set "session" to "user" or "caller", or take it out.`,
    );
  }
}
