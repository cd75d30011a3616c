// What a reload means: two configurations compared, server by server and setting by setting.
// Pure. Says what changed, and what cannot change while running; reload.ts acts on it.

import { isGuarded } from './guarded.ts';
import type { Config, ServerConfig, Settings } from './types.ts';

export interface ConfigDiff {
  readonly added: string[];
  readonly removed: string[];
  /** What its connection depends on differs, or it was enabled or disabled: the old upstream goes. */
  readonly reconnect: string[];
  /** Only the presentation differs: the upstream stays. */
  readonly retuned: string[];
  readonly unchanged: string[];
  readonly settingsChanged: (keyof Settings | 'hotReload')[];
  /** Options that differ and cannot change while running, by their names in the file. */
  readonly needsRestart: string[];
}

export function diffConfig(before: Config, after: Config): ConfigDiff {
  const old = new Map(before.servers.map((server) => [server.name, server]));
  const kept = new Set(after.servers.map((server) => server.name));
  const diff: ConfigDiff = {
    added: [],
    removed: [...old.keys()].filter((name) => !kept.has(name)),
    reconnect: [],
    retuned: [],
    unchanged: [],
    settingsChanged: changedSettings(before.settings, after.settings),
    needsRestart: changedForGood(before.settings, after.settings),
  };
  if (before.hotReload !== after.hotReload) diff.settingsChanged.push('hotReload');
  for (const server of after.servers) diff[whatHappens(old.get(server.name), server)].push(server.name);
  return diff;
}

function whatHappens(
  before: ServerConfig | undefined,
  after: ServerConfig,
): 'added' | 'reconnect' | 'retuned' | 'unchanged' {
  if (before === undefined) return 'added';
  if (before.fingerprint === after.fingerprint) return 'unchanged';
  const sameConnection = before.connectionFingerprint === after.connectionFingerprint;
  return sameConnection && before.disabled === after.disabled ? 'retuned' : 'reconnect';
}

function changedSettings(before: Settings, after: Settings): (keyof Settings)[] {
  const keys = Object.keys(after) as (keyof Settings)[];
  return keys.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]));
}

function changedForGood(before: Settings, after: Settings): string[] {
  const names: string[] = [];
  if (before.host !== after.host) names.push('host');
  if (before.port !== after.port) names.push('port');
  // The files' names, not what is in them: a renewed certificate must not stand in the way of every later reload.
  if (before.tls?.certFile !== after.tls?.certFile) names.push('sslCertfile');
  if (before.tls?.keyFile !== after.tls?.keyFile) names.push('sslKeyfile');
  // Without a host the key decides which address is bound: to lose it would open all interfaces to everybody.
  if (after.host === undefined && isGuarded(before) && !isGuarded(after)) names.push(guardOf(before));
  return names;
}

function guardOf({ apiKey, keys }: Settings): string {
  if (apiKey !== undefined) return 'apiKey';
  return keys.length > 0 ? 'keys' : 'jwt';
}
