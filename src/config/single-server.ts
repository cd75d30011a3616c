// One server from the command line: the words after "--" and the flags about them, as a ServerConfig.
// Nothing in these words is resolved or changed; the shell has already done that.

import { win32 } from 'node:path';
import { ConfigError } from './config-error.ts';
import type { VariableSources } from './environment.ts';
import { webUrl } from './option-values.ts';
import type { ServerEntry } from './schema.ts';
import { type ConnectionLimits, toServerConfig } from './server.ts';
import type { OptionReader } from './settings.ts';
import type { ServerConfig } from './types.ts';

const usage = 'give a command after --, as in "mcpo -- uvx mcp-server-time"';

/** Throws for what contradicts itself, before any file is read. */
export function checkCombination(reader: OptionReader, command: readonly string[], hasServers: boolean): void {
  const config = reader.find('config');
  if (config !== undefined && command.length > 0) {
    throw new ConfigError(`${config.source} and a command after -- cannot be given together; keep one of them.`);
  }
  if (hasServers && (config !== undefined || command.length > 0)) {
    throw new ConfigError(
      `Servers are given twice; keep one of mcpServers, the command and ${config?.source ?? '--config'}.`,
    );
  }
  if (config === undefined && reader.value('hotReload') === true) {
    throw new ConfigError(`${reader.find('hotReload')?.source ?? ''} needs --config FILE, the file to watch.`);
  }
  if (config !== undefined || hasServers) {
    for (const name of ['header', 'serverType'] as const) {
      const found = reader.find(name);
      if (found === undefined) continue;
      const key = name === 'header' ? 'headers' : 'type';
      throw new ConfigError(`${found.source} is for one server from the command line; in a file, write "${key}".`);
    }
  } else if (command.length === 0) {
    throw new ConfigError(`No server was given: ${usage}, or name a file with --config FILE.`);
  }
}

export async function readSingleServer(
  reader: OptionReader,
  words: readonly string[],
  context: { readonly variables: VariableSources; readonly limits: ConnectionLimits },
): Promise<ServerConfig> {
  const entry = toEntry(reader, words);
  const name = reader.value('name')?.trim() || nameOf(words);
  return toServerConfig(name, entry, { ...context, folder: process.cwd(), label: () => 'The command after --' });
}

function toEntry(reader: OptionReader, words: readonly string[]): ServerEntry {
  const [first = '', ...rest] = words;
  const type = reader.value('serverType') ?? 'stdio';
  const header = reader.find('header');
  const flag = reader.find('serverType')?.source ?? '--server-type';
  if (type === 'stdio') {
    if (/^https?:\/\//i.test(first)) {
      throw new ConfigError(
        'The server after -- is a URL; say how to speak to it with --server-type streamable-http or sse.',
      );
    }
    if (header !== undefined) {
      throw new ConfigError(
        `${header.source} needs a remote server (--server-type sse or streamable-http); a command takes --env.`,
      );
    }
    return { type, command: first, args: rest };
  }
  if (rest.length > 0) throw new ConfigError(`${flag} ${type} takes one URL after --, and nothing else.`);
  webUrl(first, `${flag} ${type} takes one URL after --, which`);
  return { type, url: first, headers: { ...reader.value('header') } };
}

/** Programs that run what their first argument names. */
const runners: ReadonlySet<string> = new Set([
  'npx',
  'bunx',
  'uvx',
  'pipx',
  'node',
  'bun',
  'deno',
  'python',
  'python3',
]);

/**
 * What logs and `GET /` call the server: the host of a URL, the package or script that a runner runs, else the command.
 * It stands in no address.
 */
function nameOf([command = '', ...args]: readonly string[]): string {
  if (URL.canParse(command) && new URL(command).host !== '') return new URL(command).host;
  const program = bareName(command);
  const subject = args.find((arg) => !arg.startsWith('-'));
  // Anything but a plain word, such as the code of `node -e`, is no name.
  if (!runners.has(program) || subject === undefined || !/^[\w@./:\\-]{1,100}$/.test(subject)) return program;
  return bareName(subject.replace(/(?<=.)@[^@/\\]*$/, '')) || program;
}

/** The last part of a path, of either kind, without the endings of Windows programs. */
function bareName(path: string): string {
  return win32.basename(path).replace(/\.(?:exe|cmd|bat)$/i, '');
}
