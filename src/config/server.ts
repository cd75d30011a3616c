// One entry of "mcpServers", its shape checked and its texts resolved, as the ServerConfig that everybody else uses.
// Refuses combinations that cannot mean anything; reads the TLS files that the entry names.

import { resolve as resolvePath } from 'node:path';
import { toCapacity } from './capacity.ts';
import { ConfigError } from './config-error.ts';
import { readCertificatePair, readCertificates } from './certificates.ts';
import type { Path } from './document.ts';
import { childEnvironment, type VariableSources } from './environment.ts';
import { fingerprint } from './fingerprint.ts';
import { toForwarding } from './forwarding.ts';
import { checkHeaders } from './headers.ts';
import { toOAuth } from './oauth.ts';
import { checkVariableName, secondsToMs, serverType, type ServerType, webUrl, wholeNumber } from './option-values.ts';
import { holdsTemplate } from './resolve.ts';
import type { ServerEntry } from './schema.ts';
import type { ServerConfig, Target, ToolConfig, UpstreamTls } from './types.ts';

export interface ServerContext {
  /** Begins a sentence about the value at a path within the entry; the entry itself for none. */
  readonly label: (path: Path) => string;
  /** Relative paths start here. */
  readonly folder: string;
  readonly variables: VariableSources;
  readonly limits: ConnectionLimits;
}

/** Global limits that a connection is made with, so that a change of them needs a new one. */
export interface ConnectionLimits {
  readonly maxResultBytes: number;
  readonly connectionTimeoutMs: number;
}

export async function toServerConfig(name: string, entry: ServerEntry, context: ServerContext): Promise<ServerConfig> {
  const { label } = context;
  const { maxResultBytes, connectionTimeoutMs } = context.limits;
  const target = await toTarget(entry, context);
  const oauth = toOAuth(entry, target, label);
  const expose = [...new Set(entry.expose)];
  // Prompts are learned when connecting; resources are only ever asked for.
  const learnsPrompts = expose.includes('prompts');
  const { session, instances, ...limits } = toCapacity(entry, { target, perUser: oauth?.multiUser === true }, label);
  if (session === 'shared') checkTemplates(target, entry, label);
  const connection = { target, oauth, session, instances, maxResultBytes, connectionTimeoutMs, learnsPrompts };
  const presentation = {
    disabled: entry.disabled ?? false,
    disabledTools: oneOf(entry, 'disabledTools', 'disabled_tools', label) ?? [],
    enabledTools: oneOf(entry, 'enabledTools', 'enabled_tools', label),
    tools: toTools(entry.tools ?? {}, label),
    timeoutMs: entry.timeout === undefined ? undefined : secondsToMs(entry.timeout, label(['timeout'])),
    required: entry.required ?? true,
    toolErrorStatus: toolErrorStatus(entry, label),
    expose,
    validate: entry.validate !== 'off' && entry.validate !== false,
    forwarding: toForwarding(entry, label),
    ...limits,
  };
  return {
    name,
    target,
    oauth,
    session,
    instances,
    ...presentation,
    connectionFingerprint: fingerprint(connection),
    fingerprint: fingerprint({ connection, presentation }),
  };
}

/** A program has one environment for all of its life: what callers bring needs a program for each of them. */
function checkTemplates(target: Target, { env = {} }: ServerEntry, label: ServerContext['label']): void {
  if (target.kind !== 'stdio') return;
  const name = target.ownEnv?.find((each) => holdsTemplate(target.env[each] ?? ''));
  if (name === undefined) return;
  const why = 'stands for something of a caller, and here all share one process';
  throw new ConfigError(
    Object.hasOwn(env, name)
      ? `${label(['env', name])} ${why}; write "session": "user" or "caller" beside "env".`
      : `${label([])} gets the variable ${name} from --env or --env-path, which ${why}; a file can say "session": "user".`,
  );
}

async function toTarget(entry: ServerEntry, context: ServerContext): Promise<Target> {
  const { label } = context;
  const type = typeOf(entry, label);
  const { command, url } = entry;
  if (command !== undefined && url !== undefined) {
    throw new ConfigError(`${label(['url'])} cannot stand beside "command"; keep the one that is meant.`);
  }
  if (command !== undefined) {
    if (type !== undefined && type !== 'stdio') {
      throw new ConfigError(`${label(['command'])} does not fit the type ${type}, which needs a "url".`);
    }
    refuse(entry, ['headers', 'tls'], 'needs a "url"; a server with a "command" takes "env"', label);
    return toStdio(command, entry, context);
  }
  if (url === undefined) {
    const needs = type === undefined ? 'a "command" or a "url"' : type === 'stdio' ? 'a "command"' : 'a "url"';
    throw new ConfigError(`${label([])} needs ${needs}.`);
  }
  if (type === 'stdio')
    throw new ConfigError(`${label(['url'])} does not fit the type stdio, which needs a "command".`);
  refuse(
    entry,
    ['args', 'env', 'cwd', 'inheritEnv'],
    'needs a "command"; a server with a "url" takes "headers"',
    label,
  );
  webUrl(url, label(['url']));
  checkHeaders(entry.headers ?? {}, label(['headers']));
  return { kind: type ?? 'auto', url: url.trim(), headers: { ...entry.headers }, tls: await toTls(entry.tls, context) };
}

function toStdio(command: string, entry: ServerEntry, { label, folder, variables }: ServerContext): Target {
  if (command.trim() === '') throw new ConfigError(`${label(['command'])} is empty; name a program.`);
  const own = { ...entry.env };
  for (const name of Object.keys(own)) checkVariableName(name, label(['env', name]));
  return {
    kind: 'stdio',
    command,
    args: entry.args ?? [],
    env: childEnvironment(variables, entry.inheritEnv ?? true, own),
    cwd: entry.cwd === undefined ? undefined : resolvePath(folder, entry.cwd),
    ownEnv: Object.keys({ ...variables.added, ...own }).toSorted(),
    ...(entry.inheritEnv === undefined ? {} : { inheritEnv: entry.inheritEnv }),
  };
}

function typeOf(entry: ServerEntry, label: ServerContext['label']): ServerType | undefined {
  const type = entry.type === undefined ? undefined : serverType(entry.type, label(['type']));
  const transport = entry.transport === undefined ? undefined : serverType(entry.transport, label(['transport']));
  if (type !== undefined && transport !== undefined && type !== transport) {
    throw new ConfigError(`${label(['transport'])} says something else than "type"; keep the one that is meant.`);
  }
  return type ?? transport;
}

/** Empty members are let pass: programs write them whether they mean something or not. */
function refuse(
  entry: ServerEntry,
  keys: readonly (keyof ServerEntry)[],
  why: string,
  label: ServerContext['label'],
): void {
  for (const key of keys) {
    const value = entry[key];
    const isEmpty = value === '' || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
    if (value !== undefined && !isEmpty) throw new ConfigError(`${label([key])} ${why}.`);
  }
}

function oneOf(
  entry: ServerEntry,
  camel: 'disabledTools' | 'enabledTools',
  snake: 'disabled_tools' | 'enabled_tools',
  label: ServerContext['label'],
): readonly string[] | undefined {
  if (entry[camel] !== undefined && entry[snake] !== undefined) {
    throw new ConfigError(`${label([snake])} is the same as "${camel}"; keep one of them.`);
  }
  return entry[camel] ?? entry[snake];
}

function toolErrorStatus(entry: ServerEntry, label: ServerContext['label']): number | undefined {
  if (entry.toolErrorStatus === undefined) return undefined;
  return wholeNumber(entry.toolErrorStatus, label(['toolErrorStatus']), 400, 599);
}

function toTools(tools: NonNullable<ServerEntry['tools']>, label: ServerContext['label']): ServerConfig['tools'] {
  const byName = new Map<string, ToolConfig>();
  for (const [name, tool] of Object.entries(tools)) {
    if (tool.name?.trim() === '') throw new ConfigError(`${label(['tools', name, 'name'])} is empty; leave it out.`);
    byName.set(name, {
      name: tool.name,
      description: tool.description,
      timeoutMs: tool.timeout === undefined ? undefined : secondsToMs(tool.timeout, label(['tools', name, 'timeout'])),
      disabled: tool.disabled ?? false,
    });
  }
  return byName;
}

async function toTls(tls: ServerEntry['tls'], { label, folder }: ServerContext): Promise<UpstreamTls | undefined> {
  if (tls === undefined) return undefined;
  const named = (key: 'ca' | 'cert' | 'key', path: string) => ({
    path: resolvePath(folder, path),
    source: label(['tls', key]),
  });
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    throw new ConfigError(`${label(['tls'])} needs both "cert" and "key", or none of them.`);
  }
  const pair =
    tls.cert === undefined || tls.key === undefined
      ? undefined
      : await readCertificatePair(named('cert', tls.cert), named('key', tls.key));
  return {
    ca: tls.ca === undefined ? undefined : await readCertificates(named('ca', tls.ca)),
    cert: pair?.cert,
    key: pair?.key,
    insecure: tls.insecure ?? false,
  };
}
