// The reload, as a transaction: read and check everything, then either change what differs or change nothing. A file
// that does not validate, or asks for what cannot change alive, is refused whole and reported with its place. Several
// reloads keep their order. Who serves what afterwards is the fleet's business (mcp/fleet.ts).

import { ConfigError } from './config/config-error.ts';
import { diffConfig, type ConfigDiff } from './config/diff.ts';
import type { Config } from './config/types.ts';
import type { Observe } from './events.ts';

export interface ReloadReport {
  readonly outcome: 'applied' | 'unchanged' | 'refused';
  /** Server names. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
  /** One sentence: what changed, or what is wrong and where. */
  readonly detail: string;
}

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

export type Reload = (options?: ReloadOptions) => Promise<ReloadReport>;

/** Calls while one runs are done after it, in order. */
export function createReload(deps: ReloadDeps): Reload {
  let last: Promise<unknown> = Promise.resolve();
  return (options = {}) => {
    const next = last.then(() => reloadOnce(deps, options));
    last = next.catch(() => {});
    return next;
  };
}

async function reloadOnce(deps: ReloadDeps, { quiet = false }: ReloadOptions): Promise<ReloadReport> {
  const startedAt = Date.now();
  const report = await attempt(deps);
  if (!quiet || report.outcome !== 'unchanged') {
    deps.observe({ type: 'reload', ...report, tookMs: Date.now() - startedAt });
  }
  return report;
}

async function attempt(deps: ReloadDeps): Promise<ReloadReport> {
  let next: Config;
  try {
    next = await deps.load();
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

const nothing = { added: [], removed: [], changed: [] };

function refused(reason: string): ReloadReport {
  return { ...nothing, outcome: 'refused', detail: `${reason.replace(/\.$/, '')}; the configuration in force stays` };
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
