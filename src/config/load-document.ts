// The text of a configuration as a Config: parsed, ${VAR} resolved, its shape checked, its settings joined with flags and
// variables. Starts nothing and writes nothing; of other files it reads those that the text names. Every mistake is a
// ConfigError that names its place.

import { checkDistinct, toJwt, toKeys } from './callers.ts';
import { type Document, parseDocument, type Path } from './document.ts';
import { variableLookup, type VariableSources } from './environment.ts';
import { setAside } from './foreign-keys.ts';
import type { GivenOptions } from './options.ts';
import { resolveReferences } from './resolve.ts';
import { checkShape, type ServerEntry } from './schema.ts';
import { type ServerContext, toServerConfig } from './server.ts';
import { checkServerName } from './server-name.ts';
import { readOptions, readSettings } from './settings.ts';
import type { Config, ServerConfig } from './types.ts';

interface GivenText {
  readonly text: string;
  /** Of the file, as messages show it; undefined where there is none. */
  readonly name: string | undefined;
  /** Relative paths start here. */
  readonly folder: string;
}

interface Surroundings {
  readonly variables: VariableSources;
  /** Options of the command line. */
  readonly given: GivenOptions;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export async function loadDocument(
  { text, name, folder }: GivenText,
  { variables, given, environment }: Surroundings,
): Promise<Omit<Config, 'file'>> {
  const document = parseDocument(text, name);
  const { value, ignored } = setAside(document);
  const label: Document['label'] = (path) => document.label(path);
  const resolved = await resolveReferences(value, [], { variable: variableLookup(variables), folder, label });
  const shape = checkShape(resolved, document);
  const { keys, jwt, ...options } = shape.mcpo ?? {};
  const file = { values: options, label: (key: string) => label(['mcpo', key]), folder };
  const within = (path: Path): string => label(['mcpo', ...path]);
  const reader = readOptions({ given, environment, file });
  const settings = await readSettings(reader, {
    keys: toKeys(keys, document.keys(['mcpServers']), within),
    jwt: toJwt(jwt, within),
    secretKey: environment['MCPO_SECRET_KEY'],
  });
  checkDistinct(settings.apiKey, settings.keys, within);
  const servers = await loadServers(document, shape.mcpServers, { folder, variables, limits: settings });
  return { mode: 'many', settings, servers, hotReload: reader.value('hotReload') ?? false, ignoredKeys: ignored };
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
