// Which source of an option wins: a flag beats a variable beats the file's "mcpo" object beats the default.
// An empty variable counts as unset. Reads the files that options name (key, certificate) and gives the Settings.

import { resolve as resolvePath } from 'node:path';
import { didYouMean } from '../nearest.ts';
import { reservedServerNames } from '../routes.ts';
import { readCertificatePair } from './certificates.ts';
import { ConfigError } from './config-error.ts';
import { readTextFile } from './files.ts';
import { type GivenOptions, optionNamed, type OptionName, options, variablesOf } from './options.ts';
import { type OptionValue, parseOption } from './option-values.ts';
import type { Settings, TlsFiles } from './types.ts';

/** The "mcpo" object of a file. */
export interface FileSettings {
  readonly values: Readonly<Record<string, unknown>>;
  /** Begins a sentence about one of its keys. */
  readonly label: (key: string) => string;
  /** Relative paths in it start here. */
  readonly folder: string;
}

export interface OptionSources {
  readonly given: GivenOptions;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly file: FileSettings | undefined;
}

type KindByName = { readonly [Entry in (typeof options)[number] as Entry['name']]: Entry['kind'] };
type ValueOf<Name extends OptionName> = OptionValue[KindByName[Name]];

/** Where an option was found; the smaller wins. */
const levels = { flag: 0, variable: 1, file: 2 } as const;
type Level = (typeof levels)[keyof typeof levels];

/** An option as written somewhere. */
interface Found {
  readonly raw: unknown;
  /** Begins a sentence about it: `--port`, `MCPO_PORT`, `config.json:3:5: mcpo.port`. */
  readonly source: string;
  /** The same within a sentence, without a place. */
  readonly name: string;
  readonly level: Level;
  /** Relative paths start here. */
  readonly folder: string;
}

export interface OptionReader {
  /** The winning value, parsed; undefined where no source has one. */
  value<Name extends OptionName>(name: Name): ValueOf<Name> | undefined;
  /** The same, or the default of the table. */
  valueOrDefault<Name extends OptionName>(name: Name): ValueOf<Name>;
  find(name: OptionName): Found | undefined;
}

export function readOptions(sources: OptionSources): OptionReader {
  for (const name of Object.keys(sources.given)) {
    const known = options.map((option) => option.name);
    if (!known.some((option) => option === name)) {
      throw new ConfigError(`There is no option ${JSON.stringify(name)}.${didYouMean(name, known)}`);
    }
  }
  const parse = <Name extends OptionName>(name: Name, raw: unknown, source: string): ValueOf<Name> =>
    parseOption(optionNamed(name).kind as KindByName[Name], raw, source);
  const value = <Name extends OptionName>(name: Name): ValueOf<Name> | undefined => {
    const found = findOption(name, sources);
    return found === undefined ? undefined : parse(name, found.raw, found.source);
  };
  return {
    value,
    valueOrDefault: (name) => value(name) ?? parse(name, optionNamed(name).default, optionNamed(name).flag),
    find: (name) => findOption(name, sources),
  };
}

function findOption(name: OptionName, { given, environment, file }: OptionSources): Found | undefined {
  const option = optionNamed(name);
  const folder = process.cwd();
  if (given[name] !== undefined) {
    return { raw: given[name], source: option.flag, name: option.flag, level: levels.flag, folder };
  }
  for (const source of variablesOf(option)) {
    const text = environment[source];
    if (text === undefined || text === '') continue;
    // Headers are JSON in a variable; the other repeatable options take a comma list.
    const raw = option.kind === 'variables' ? text.split(',') : text;
    return { raw, source, name: source, level: levels.variable, folder };
  }
  if (file !== undefined && option.inFile && Object.hasOwn(file.values, name)) {
    const found = { raw: file.values[name], source: file.label(name), name: `"${name}"`, folder: file.folder };
    return { ...found, level: levels.file };
  }
  return undefined;
}

/** Settings in force. */
export async function readSettings(
  reader: OptionReader,
  { keys = [], jwt, secretKey }: Partial<Pick<Settings, 'keys' | 'jwt' | 'secretKey'>> = {},
): Promise<Settings> {
  return {
    host: reader.value('host'),
    port: reader.valueOrDefault('port'),
    apiKey: await readApiKey(reader),
    keys,
    jwt,
    secretKey: checkSecretKey(secretKey),
    strictAuth: reader.value('strictAuth') ?? false,
    corsAllowOrigins: reader.value('corsAllowOrigins'),
    name: reader.value('name') || undefined,
    description: reader.value('description') || undefined,
    version: reader.value('version') || undefined,
    tls: await readTls(reader),
    rootPath: reader.value('rootPath') ?? '',
    pathPrefix: readPathPrefix(reader),
    publicUrl: reader.value('publicUrl'),
    trustedProxies: reader.value('trustedProxies') ?? [],
    maxBodyBytes: reader.valueOrDefault('maxBody'),
    maxResultBytes: reader.valueOrDefault('maxResult'),
    logLevel: reader.valueOrDefault('logLevel'),
    connectionTimeoutMs: reader.valueOrDefault('connectionTimeout'),
    callTimeoutMs: reader.valueOrDefault('callTimeout'),
    operationIds: reader.value('operationIds'),
  };
}

/** An empty one counts as unset, as every variable does. */
function checkSecretKey(secretKey: string | undefined): string | undefined {
  if (secretKey === undefined || secretKey === '') return undefined;
  if (secretKey.trim() !== '') return secretKey;
  throw new ConfigError('MCPO_SECRET_KEY holds nothing but spaces; give it a secret, or unset it.');
}

/** Of a key and a key file, the stronger source wins; from the same source they contradict each other. */
async function readApiKey(reader: OptionReader): Promise<string | undefined> {
  const key = reader.find('apiKey');
  const file = reader.find('apiKeyFile');
  if (key !== undefined && key.level === file?.level) {
    throw new ConfigError(`${key.source} and ${file.name} cannot be given together; keep one of them.`);
  }
  if (file === undefined || (key !== undefined && key.level < file.level)) return reader.value('apiKey');
  const path = resolvePath(file.folder, reader.value('apiKeyFile') ?? '');
  const subject = `${file.source} ${path}`;
  const text = await readTextFile(path, subject);
  return parseOption('secret', text.replace(/\r?\n$/, ''), subject);
}

function readPathPrefix(reader: OptionReader): string {
  const prefix = reader.value('pathPrefix') ?? '';
  if (reservedServerNames.has(prefix.split('/')[1]?.toLowerCase() ?? '')) {
    throw new ConfigError(`${reader.find('pathPrefix')?.source ?? ''} begins with a word that mcpo needs for itself.`);
  }
  return prefix;
}

async function readTls(reader: OptionReader): Promise<TlsFiles | undefined> {
  const cert = reader.find('sslCertfile');
  const key = reader.find('sslKeyfile');
  if (cert === undefined) return key === undefined ? undefined : alone(key, 'sslCertfile');
  if (key === undefined) return alone(cert, 'sslKeyfile');
  const certFile = resolvePath(cert.folder, reader.value('sslCertfile') ?? '');
  const keyFile = resolvePath(key.folder, reader.value('sslKeyfile') ?? '');
  const pair = await readCertificatePair(
    { path: certFile, source: cert.source },
    { path: keyFile, source: key.source },
  );
  return { certFile, keyFile, ...pair };
}

function alone(found: Found, missing: 'sslCertfile' | 'sslKeyfile'): never {
  const other = found.level === levels.file ? `"${missing}"` : optionNamed(missing).flag;
  throw new ConfigError(`${found.source} needs ${other} too, because HTTPS takes a certificate and its key.`);
}
