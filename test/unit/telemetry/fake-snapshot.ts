// A snapshot as the start message and the line to try see it, made by the same function as the real one: only the
// upstreams are given, and the operations put in.
import { defaultCapacity } from '../../../src/config/capacity.ts';
import type { Config, ServerConfig, Settings } from '../../../src/config/types.ts';
import type { JsonObject } from '../../../src/json/value.ts';
import type { Tool, UpstreamHandle, UpstreamState } from '../../../src/mcp/types.ts';
import type { Operation, ServerOperations } from '../../../src/openapi/prepared.ts';
import type { ServerView, Snapshot } from '../../../src/snapshot.ts';
import { defaultSettings } from '../../support.ts';

export interface FakeServer {
  readonly tools: readonly FakeTool[];
  /** `disabled` has no upstream; ready unless said. */
  readonly state?: UpstreamState;
}

export interface FakeTool {
  readonly name: string;
  readonly segment?: string;
  readonly inputSchema?: JsonObject;
  readonly annotations?: JsonObject;
  readonly definition?: JsonObject;
}

export function fakeSnapshot(
  mode: Config['mode'],
  servers: Readonly<Record<string, FakeServer>>,
  given: Partial<Settings> = {},
): Snapshot {
  const views = new Map(Object.entries(servers).map(([name, server]) => [name, fakeView(name, server)]));
  const config: Config = {
    mode,
    settings: { ...defaultSettings, port: 8000, ...given },
    servers: [...views.values()].map((view) => view.config),
    file: mode === 'many' ? '/config.json' : undefined,
    hotReload: false,
    ignoredKeys: [],
  };
  return { config, servers: views, root: mode === 'single' ? [...views.values()][0] : undefined };
}

function fakeView(name: string, server: FakeServer): ServerView {
  const config = fakeServerConfig(name, server.state === 'disabled');
  const list = server.tools.map(fakeOperation);
  const catalogue = {
    tools: list.map((operation) => operation.tool),
    prompts: [],
    offers: { resources: false, prompts: false },
    serverName: name,
    serverVersion: undefined,
    instructions: undefined,
    protocolVersion: undefined,
  };
  const operations: ServerOperations = {
    server: name,
    config,
    catalogue,
    list,
    bySegment: new Map(list.map((operation) => [operation.segment, operation])),
    exposed: [],
  };
  const upstream = server.state === 'disabled' ? undefined : fakeUpstream(name, server.state ?? 'ready');
  return { name, config, upstream, catalogue, operations };
}

function fakeServerConfig(name: string, disabled: boolean): ServerConfig {
  return {
    name,
    target: { kind: 'stdio', command: 'x', args: [], env: {}, cwd: undefined },
    disabled,
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
  };
}

function fakeOperation(fake: FakeTool): Operation {
  const inputSchema = fake.inputSchema ?? { type: 'object' };
  const tool: Tool = {
    name: fake.name,
    title: undefined,
    description: undefined,
    inputSchema,
    outputSchema: undefined,
    annotations: fake.annotations,
    definition: fake.definition ?? { name: fake.name, inputSchema },
  };
  return {
    tool,
    name: fake.name,
    segment: fake.segment ?? fake.name,
    operationId: fake.name,
    summary: fake.name,
    description: fake.name,
    timeoutMs: undefined,
  };
}

function fakeUpstream(name: string, state: UpstreamState): UpstreamHandle {
  return {
    name,
    catalogue: undefined,
    status: () => ({
      state,
      detail: state,
      since: 0,
      tools: 0,
      restarts: 0,
      inFlight: 0,
      queued: 0,
      sessions: 0,
      lastError: undefined,
      nextRetryAt: undefined,
      attempted: true,
      pid: undefined,
    }),
    lease: () => {
      throw new Error('The start message calls no tool.');
    },
    signIn: undefined,
    catalogueOf: () => Promise.reject(new Error('no users')),
    retryNow: () => Promise.resolve(),
  };
}
