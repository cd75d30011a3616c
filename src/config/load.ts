// From flags, variables and a file to a Config, in one go; the one place that reads the configuration file.
// Free of side effects: nothing is started and nothing is written, so that it runs again for each reload. Every mistake
// is a ConfigError and nothing else happens. What a text means is in load-document.ts: a server of the command line has
// none, and starts without the libraries for it.

import { dirname, resolve as resolvePath } from 'node:path';
import { ConfigError } from './config-error.ts';
import { parseVariableFile, type Variables, type VariableSources } from './environment.ts';
import { readTextFile } from './files.ts';
import type { GivenOptions } from './options.ts';
import { type OptionReader, readOptions, readSettings } from './settings.ts';
import { checkCombination, readSingleServer } from './single-server.ts';
import type { Config } from './types.ts';

export interface ConfigInput {
  /** Options as given on the command line or to start(): camelCase names of the flags; only those really given. */
  readonly options: GivenOptions;
  /** The words after `--`. */
  readonly command?: readonly string[];
  /** Servers given by a library user instead of a file. */
  readonly mcpServers?: Readonly<Record<string, unknown>>;
  /** Variables: MCPO_* options, ${VAR}, inherited by children. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

type Environment = ConfigInput['environment'];

export async function loadConfig(input: ConfigInput): Promise<Config> {
  const { environment, options: given, command = [], mcpServers } = input;
  const reader = readOptions({ given, environment, file: undefined });
  checkCombination(reader, command, mcpServers !== undefined);
  const variables = await readVariables(reader, environment);
  const path = reader.value('config');
  if (path !== undefined) {
    const file = resolvePath(path);
    const text = await readTextFile(file, `${reader.find('config')?.name ?? ''} ${path}`);
    const { loadDocument } = await import('./load-document.ts');
    const config = await loadDocument({ text, name: path, folder: dirname(file) }, { variables, given, environment });
    return { ...config, file };
  }
  if (mcpServers !== undefined) {
    const { loadDocument } = await import('./load-document.ts');
    const text = toText(mcpServers);
    const config = await loadDocument(
      { text, name: undefined, folder: process.cwd() },
      { variables, given, environment },
    );
    return { ...config, ...withoutFile };
  }
  const settings = await readSettings(reader, { secretKey: environment['MCPO_SECRET_KEY'] });
  const server = await readSingleServer(reader, command, { variables, limits: settings });
  return { ...withoutFile, mode: 'single', settings, servers: [server], ignoredKeys: [] };
}

const withoutFile = { file: undefined, hotReload: false } as const;

/** What children inherit and ${VAR} finds: the environment, then --env-path, then --env. */
async function readVariables(reader: OptionReader, environment: Environment): Promise<VariableSources> {
  const inherited = Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  return {
    inherited,
    added: { ...(await readVariableFile(reader)), ...reader.value('env') },
    platform: process.platform,
  };
}

async function readVariableFile(reader: OptionReader): Promise<Variables> {
  const path = reader.value('envPath');
  if (path === undefined) return {};
  const subject = `${reader.find('envPath')?.name ?? ''} ${path}`;
  return parseVariableFile(await readTextFile(resolvePath(path), subject), subject);
}

/** Servers of a library user take the way of a file, so that the same rules hold. */
function toText(mcpServers: Readonly<Record<string, unknown>>): string {
  try {
    return JSON.stringify({ mcpServers });
  } catch (error) {
    throw new ConfigError('mcpServers must be plain data, as in a configuration file.', { cause: error });
  }
}
