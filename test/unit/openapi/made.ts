// Made-up servers and tools for the tests of this folder: what the real ones are made of, with defaults for the rest.

import { defaultSettings } from '../../support.ts';
import { defaultCapacity } from '../../../src/config/capacity.ts';
import type { Config, OAuthConfig, ServerConfig, Settings } from '../../../src/config/types.ts';
import type { JsonObject } from '../../../src/json/value.ts';
import type { Catalogue, Tool, UpstreamHandle } from '../../../src/mcp/types.ts';
import { prepareOperations, type Operation, type ServerOperations } from '../../../src/openapi/prepared.ts';
import { buildSnapshot, type Snapshot } from '../../../src/snapshot.ts';

export function makeTool(definition: JsonObject): Tool {
  const { name, title, description, inputSchema, outputSchema, annotations } = definition;
  return {
    name: name as string,
    title: title as string | undefined,
    description: description as string | undefined,
    inputSchema: (inputSchema ?? { type: 'object' }) as JsonObject,
    outputSchema: outputSchema as JsonObject | undefined,
    annotations: annotations as JsonObject | undefined,
    definition,
  };
}

export function makeCatalogue(definitions: readonly JsonObject[], more: Partial<Catalogue> = {}): Catalogue {
  return {
    tools: definitions.map(makeTool),
    prompts: [],
    offers: { resources: false, prompts: false },
    serverName: undefined,
    serverVersion: undefined,
    instructions: undefined,
    protocolVersion: undefined,
    ...more,
  };
}

export function makeServerConfig(name: string, more: Partial<ServerConfig> = {}): ServerConfig {
  return {
    name,
    target: { kind: 'stdio', command: 'true', args: [], env: {}, cwd: undefined },
    disabled: false,
    disabledTools: [],
    enabledTools: undefined,
    tools: new Map(),
    timeoutMs: undefined,
    required: true,
    toolErrorStatus: undefined,
    expose: [],
    validate: true,
    ...defaultCapacity,
    oauth: undefined,
    forwarding: undefined,
    connectionFingerprint: name,
    fingerprint: name,
    ...more,
  };
}

/** Of a server that each user signs in to. */
export function makeOAuth(more: Partial<OAuthConfig> = {}): OAuthConfig {
  return {
    grant: 'authorization_code',
    multiUser: true,
    serverUrl: undefined,
    webuiSecretKey: undefined,
    webuiUserJwtSecret: undefined,
    storage: 'memory',
    sessionTimeoutMs: 1_800_000,
    callbackPort: 3030,
    useLoopback: true,
    clientId: undefined,
    clientSecret: undefined,
    clientMetadataUrl: undefined,
    tokenEndpointAuthMethod: undefined,
    privateKey: undefined,
    signingAlgorithm: undefined,
    scopes: undefined,
    clientMetadata: {},
    ...more,
  };
}

export function makeSettings(more: Partial<Settings> = {}): Settings {
  return { ...defaultSettings, ...more };
}

export function makeConfig(mode: Config['mode'], servers: readonly ServerConfig[], settings = makeSettings()): Config {
  return { mode, settings, servers, file: undefined, hotReload: false, ignoredKeys: [] };
}

export function makeHandle(name: string, catalogue: Catalogue | undefined): UpstreamHandle {
  const unused = () => {
    throw new Error('a snapshot asks no upstream anything');
  };
  return {
    name,
    catalogue,
    status: unused,
    signIn: undefined,
    catalogueOf: unused,
    lease: unused,
    retryNow: unused,
  };
}

/** A snapshot of servers with these tools; `undefined` for a server that has not listed any yet. */
export function makeSnapshot(
  mode: Config['mode'],
  servers: Readonly<Record<string, readonly JsonObject[] | undefined>>,
  more: {
    readonly settings?: Settings;
    readonly server?: Partial<ServerConfig>;
    readonly catalogue?: Partial<Catalogue>;
  } = {},
): Snapshot {
  const configs = Object.keys(servers).map((name) => makeServerConfig(name, more.server));
  const handles = Object.entries(servers).map(([name, tools]) => {
    return [name, makeHandle(name, tools && makeCatalogue(tools, more.catalogue))] as const;
  });
  return buildSnapshot(makeConfig(mode, configs, more.settings), new Map(handles), undefined);
}

/** The operations of one server, as they are where several are configured. */
export function makeOperations(tools: readonly JsonObject[], server: Partial<ServerConfig> = {}): ServerOperations {
  const config = makeServerConfig('files', server);
  const prepared = prepareOperations('server_tool', [{ config, catalogue: makeCatalogue(tools), previous: undefined }]);
  return prepared.get('files') as ServerOperations;
}

export function makeOperation(definition: JsonObject, server: Partial<ServerConfig> = {}): Operation {
  return makeOperations([definition], server).list[0] as Operation;
}
