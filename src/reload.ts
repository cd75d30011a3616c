// The reload, as a transaction: read and check everything, then either change what differs or change nothing. A file
// that does not validate, or asks for what cannot change alive, is refused whole and reported with its place. One runs at
// a time, and whoever asks meanwhile shares the next: it begins after he asked, so that it tells him the truth. Who serves
// what afterwards is the fleet's business (mcp/fleet.ts).

import { setTimeout as pause } from 'node:timers/promises';
import { ConfigError } from './config/config-error.ts';
import { diffConfig, type ConfigDiff } from './config/diff.ts';
import type { Config } from './config/types.ts';
import type { LastReload, Observe, ReloadReport } from './events.ts';

export interface ReloadDeps {
  readonly current: () => Config;
  readonly load: () => Promise<Config>;
  /** What is being ended starts nothing any more. */
  readonly isStopping: () => boolean;
  /** Makes `next` the configuration in force; does not wait. */
  readonly apply: (next: Config) => void;
  readonly observe: Observe;
}

export interface ReloadOptions {
  /** That nothing changed is not worth an event. */
  readonly quiet?: boolean;
}

export interface Reload {
  (options?: ReloadOptions): Promise<ReloadReport>;
  /** undefined until there was one; a quiet one that changed nothing does not count. */
  readonly last: () => LastReload | undefined;
}

/** Uneven, so that a file that is written again and again is not met at the same moment each time. */
const looksAfterMs = [70, 110, 190];

/** Never rejects for what the file says. */
export function createReload(deps: ReloadDeps): Reload {
  let latest: Promise<unknown> = Promise.resolve();
  /** Has yet to read the file: whoever asks now shares it. */
  let coming: { quiet: boolean; readonly report: Promise<ReloadReport> } | undefined;
  let last: LastReload | undefined;

  const reload = ({ quiet = false }: ReloadOptions = {}): Promise<ReloadReport> => {
    if (coming === undefined) {
      const report = runAfter(latest);
      latest = report;
      coming = { quiet, report };
    }
    coming.quiet &&= quiet;
    return coming.report;
  };
  const runAfter = async (previous: Promise<unknown>): Promise<ReloadReport> => {
    // Whoever asked for that one was told.
    await previous.catch(() => {});
    const quiet = coming?.quiet ?? false;
    coming = undefined;
    const startedAt = Date.now();
    const report = await attempt(deps);
    if (quiet && report.outcome === 'unchanged') return report;
    const at = Date.now();
    last = { ...report, at };
    deps.observe({ type: 'reload', ...report, tookMs: at - startedAt });
    return report;
  };
  return Object.assign(reload, { last: () => last });
}

async function attempt(deps: ReloadDeps): Promise<ReloadReport> {
  let next: Config;
  try {
    next = await loadPatiently(deps.load);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return refused(error.message);
  }
  if (deps.isStopping()) return refused('the program is stopping');
  const diff = diffConfig(deps.current(), next);
  if (diff.needsRestart.length > 0) return refused(`a change of ${diff.needsRestart.join(', ')} needs a restart`);
  if (changesNothing(diff)) return { ...nothing, outcome: 'unchanged', detail: 'nothing changed' };
  deps.apply(next);
  const { added, removed } = diff;
  const changed = [...diff.reconnect, ...diff.retuned];
  return { outcome: 'applied', added, removed, changed, detail: sentenceOf(diff) };
}

/** A file that is just being written is half a file for a moment: what is wrong has to be wrong each time. */
async function loadPatiently(load: ReloadDeps['load']): Promise<Config> {
  for (const pauseMs of looksAfterMs) {
    try {
      return await load();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
    }
    await pause(pauseMs);
  }
  return load();
}

const nothing = { added: [], removed: [], changed: [] };

function refused(reason: string): ReloadReport {
  const told = reason.endsWith('?') ? `${reason} The` : `${reason.replace(/\.$/, '')}; the`;
  return { ...nothing, outcome: 'refused', detail: `${told} configuration in force stays` };
}

function changesNothing(diff: ConfigDiff): boolean {
  const lists = [diff.added, diff.removed, diff.reconnect, diff.retuned, diff.settingsChanged];
  return lists.every((list) => list.length === 0);
}

function sentenceOf(diff: ConfigDiff): string {
  const parts = [
    named('added', diff.added),
    named('removed', diff.removed),
    named('changed', [...diff.reconnect, ...diff.retuned]),
    named('options changed:', diff.settingsChanged),
    diff.unchanged.length === 0 ? '' : `${diff.unchanged.length} untouched`,
  ];
  return parts.filter((part) => part !== '').join('; ');
}

function named(word: string, names: readonly string[]): string {
  return names.length === 0 ? '' : `${word} ${names.join(', ')}`;
}
