// Which variables a child process gets, and which ones ${VAR} can mean.
// Promises that MCPO_* variables, the proxy's own key among them, reach no child. On Windows names differ by more than
// case only; elsewhere every name is exactly itself.

import { matchesAny } from '../glob.ts';
import { ConfigError } from './config-error.ts';
import { checkVariableName } from './option-values.ts';

export type Variables = Readonly<Record<string, string>>;

export interface VariableSources {
  /** The proxy's own environment. */
  readonly inherited: Variables;
  /** Of --env-path, then --env. */
  readonly added: Variables;
  readonly platform: NodeJS.Platform;
}

/** `true`: all; `false`: the minimum; else names or globs besides the minimum. */
export type InheritEnv = boolean | readonly string[];

/** What a process needs to find its home, its programs and its terminal. */
const minimum: readonly string[] = ['HOME', 'LOGNAME', 'PATH', 'SHELL', 'TERM', 'USER'];
const windowsMinimum: readonly string[] = [
  'APPDATA',
  'COMSPEC',
  'HOMEDRIVE',
  'HOMEPATH',
  'LOCALAPPDATA',
  'PATH',
  'PATHEXT',
  'PROCESSOR_ARCHITECTURE',
  'PROGRAMDATA',
  'PROGRAMFILES',
  'SYSTEMDRIVE',
  'SYSTEMROOT',
  'TEMP',
  'TMP',
  'USERNAME',
  'USERPROFILE',
];

/** The whole environment of a child; later sources win: inherited, --env-path, --env, the server's own. */
export function childEnvironment(sources: VariableSources, inherit: InheritEnv, own: Variables): Variables {
  const { inherited, added, platform } = sources;
  const fold = folding(platform);
  const least = platform === 'win32' ? windowsMinimum : minimum;
  const wanted = [...least, ...(typeof inherit === 'boolean' ? [] : inherit)].map(fold);
  const passed = Object.entries(inherited).filter(([name]) => inherit === true || matchesAny(wanted, fold(name)));
  const child = new Map<string, readonly [string, string]>();
  for (const entry of [...passed, ...Object.entries(added)]) {
    if (!/^MCPO_/i.test(entry[0])) child.set(fold(entry[0]), entry);
  }
  for (const entry of Object.entries(own)) child.set(fold(entry[0]), entry);
  return Object.fromEntries(child.values());
}

/** What a reference to a variable gives. */
export function variableLookup({ inherited, added, platform }: VariableSources): (name: string) => string | undefined {
  const fold = folding(platform);
  const known = new Map<string, string>();
  for (const [name, value] of [...Object.entries(inherited), ...Object.entries(added)]) known.set(fold(name), value);
  return (name) => known.get(fold(name));
}

/**
 * Variables of a file with KEY=VALUE lines, comments and quotes as in `.env` files. Those of the proxy itself are left
 * out: such files are often shared. Not by `parseEnv` of node:util, which skips what it does not understand, knows no
 * places, and takes some comments and blank lines for names.
 */
export function parseVariableFile(text: string, subject: string): Variables {
  const source = text.replaceAll('\r\n', '\n');
  const found = new Map<string, string>();
  for (let at = 0, line = 1; at < source.length; at = variableLine.lastIndex) {
    variableLine.lastIndex = at;
    const [all, name, quoted, plain = ''] = variableLine.exec(source) ?? [];
    const place = `${subject}:${line}:1`;
    if (all === undefined) throw new ConfigError(`${place} is no line of the form KEY=VALUE.`);
    line += all.split('\n').length - 1;
    if (name === undefined || /^MCPO_/i.test(name)) continue;
    checkVariableName(name.trim(), place);
    const value = quoted === undefined ? plain.replace(/#.*$/, '').trim() : unquoted(quoted);
    if (value.includes('\0')) throw new ConfigError(`${place} holds a NUL character, which cannot be used.`);
    found.set(name.trim(), value);
  }
  return Object.fromEntries(found);
}

/** An assignment, a comment or nothing, to the end of its line. A quoted value may hold line breaks. */
const variableLine =
  /[^\S\n]*(?:#[^\n]*|(?:export[^\S\n]+)?([^=\n]*)=[^\S\n]*(?:("[^"]*"|'[^']*'|`[^`]*`)[^\n]*|([^\n]*))|)(?:\n|$)/y;

/** Only double quotes know an escape. */
function unquoted(text: string): string {
  const inside = text.slice(1, -1);
  return text.startsWith('"') ? inside.replaceAll(String.raw`\n`, '\n') : inside;
}

function folding(platform: NodeJS.Platform): (name: string) => string {
  return platform === 'win32' ? (name) => name.toUpperCase() : (name) => name;
}
