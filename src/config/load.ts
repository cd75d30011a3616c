// From flags, variables and a file to a Config, in one go; the one place that reads the configuration file.
// Free of side effects: nothing is started and nothing is written, so that it runs again for each reload. Every mistake
// is a ConfigError and nothing else happens.

import { dirname, resolve as resolvePath } from 'node:path';
import { ConfigError } from './config-error.ts';
import { checkDistinct, toJwt, toKeys } from './callers.ts';
import { type Document, parseDocument, type Path } from './document.ts';
import { parseVariableFile, type Variables, variableLookup, type VariableSources } from './environment.ts';
import { readTextFile } from './files.ts';
import { setAside } from './foreign-keys.ts';
import type { GivenOptions } from './options.ts';
import { resolveReferences } from './resolve.ts';
import type { ServerEntry } from './schema.ts';
import { type ServerContext, toServerConfig } from './server.ts';
import { checkServerName } from './server-name.ts';
import { type OptionReader, readOptions, readSettings } from './settings.ts';
import { checkCombination, readSingleServer } from './single-server.ts';
import type { Config, ServerConfig } from './types.ts';

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
    const hotReload = reader.value('hotReload') ?? false;
    return { ...(await loadDocument(parseDocument(text, path), dirname(file), variables, input)), file, hotReload };
  }
  if (mcpServers !== undefined) {
    const document = parseDocument(toText(mcpServers), undefined);
    return loadDocument(document, process.cwd(), variables, input);
  }
  const settings = await readSettings(reader, { secretKey: environment['MCPO_SECRET_KEY'] });
  const server = await readSingleServer(reader, command, { variables, limits: settings });
  return { ...withoutFile, mode: 'single', settings, servers: [server], ignoredKeys: [] };
}

const withoutFile = { file: undefined, hotReload: false } as const;

async function loadDocument(
  document: Document,
  folder: string,
  variables: VariableSources,
  { options: given, environment }: ConfigInput,
): Promise<Config> {
  const { value, ignored } = setAside(document);
  const label: Document['label'] = (path) => document.label(path);
  const resolved = await resolveReferences(value, [], { variable: variableLookup(variables), folder, label });
  // A single server starts without the schema library.
  const { checkShape } = await import('./schema.ts');
  const shape = checkShape(resolved, document);
  const { keys, jwt, ...options } = shape.mcpo ?? {};
  const file = { values: options, label: (key: string) => label(['mcpo', key]), folder };
  const within = (path: Path): string => label(['mcpo', ...path]);
  const settings = await readSettings(readOptions({ given, environment, file }), {
    keys: toKeys(keys, document.keys(['mcpServers']), within),
    jwt: toJwt(jwt, within),
    secretKey: environment['MCPO_SECRET_KEY'],
  });
  checkDistinct(settings.apiKey, settings.keys, within);
  const servers = await loadServers(document, shape.mcpServers, { folder, variables, limits: settings });
  return { ...withoutFile, mode: 'many', settings, servers, ignoredKeys: ignored };
}

async function loadServers(
  document: Document,
  entries: Readonly<Record<string, ServerEntry>>,
  context: Omit<ServerContext, 'label'>,
): Promise<ServerConfig[]> {
  const servers: ServerConfig[] = [];
  for (const name of document.keys(['mcpServers'])) {
    const entry = entries[name];
    const path = ['mcpServers', name];
    checkServerName(name, document.keyLabel(path));
    if (entry === undefined) throw new TypeError(`The entry of ${name} got lost`);
    servers.push(
      await toServerConfig(name, entry, { ...context, label: (within) => document.label([...path, ...within]) }),
    );
  }
  return servers;
}

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
