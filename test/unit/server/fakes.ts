// What the tests of server/ run on: a snapshot made by the same function as the real one, over upstreams that answer as
// a test says and keep what they were asked.

import { defaultCapacity } from '../../../src/config/capacity.ts';
import type { Config, Exposure, OAuthConfig, ServerConfig, SessionScope, Settings } from '../../../src/config/types.ts';
import type { AppEvent } from '../../../src/events.ts';
import type {
  AskRequest,
  CallRequest,
  Catalogue,
  Outcome,
  PersonalCatalogue,
  Prompt,
  SignIn,
  Tool,
  UpstreamHandle,
  UpstreamStatus,
} from '../../../src/mcp/types.ts';
import type { Principal } from '../../../src/principal.ts';
import type { RenderMetrics } from '../../../src/server/exchange.ts';
import { createHttpServer, type HttpServer } from '../../../src/server/listen.ts';
import type { LastReload } from '../../../src/events.ts';
import { buildSnapshot, type Snapshot } from '../../../src/snapshot.ts';
import { defaultSettings } from '../../support.ts';

export interface FakeUpstream extends UpstreamHandle {
  readonly calls: CallRequest[];
  readonly asked: AskRequest[];
  /** Leases taken and not released. */
  leases: number;
  catalogue: Catalogue | undefined;
}

export type FakeTool = string | (Partial<Tool> & { readonly name: string });

export interface FakeServer {
  /** By name, or with what is not as usual; undefined: nothing learned yet. */
  readonly tools?: readonly FakeTool[];
  readonly disabled?: boolean;
  readonly required?: boolean;
  readonly timeoutMs?: number;
  readonly toolErrorStatus?: number;
  readonly expose?: readonly Exposure[];
  readonly validate?: boolean;
  readonly session?: SessionScope;
  /** undefined: the server offers none. */
  readonly prompts?: readonly Prompt[];
  /** Whether the server offers any. */
  readonly resources?: boolean;
  readonly status?: Partial<UpstreamStatus>;
  readonly oauth?: OAuthConfig;
  /** Where each user signs in, `tools` are what those who did are offered. */
  readonly signIn?: SignIn;
  /** Runs when it is tried at once. */
  readonly retry?: (upstream: FakeUpstream) => void;
  readonly call?: (request: CallRequest) => Outcome | Promise<Outcome>;
  readonly ask?: (request: AskRequest) => Outcome | Promise<Outcome>;
}

export interface FakeProgram {
  readonly http: HttpServer;
  readonly inject: HttpServer['inject'];
  readonly events: AppEvent[];
  readonly upstreams: ReadonlyMap<string, FakeUpstream>;
  snapshot(): Snapshot;
  /** As a reload or a new catalogue does. */
  publish(settings?: Partial<Settings>): void;
  stop(): void;
}

export interface FakeOptions {
  readonly mode?: Config['mode'];
  readonly settings?: Partial<Settings>;
  readonly lastReload?: LastReload;
  readonly metrics?: RenderMetrics;
  /** Until then requests wait. */
  readonly begun?: Promise<void>;
  /** Servers that come with the first `publish`, as after a reload. */
  readonly hidden?: readonly string[];
}

export const startedAt = Date.UTC(2026, 0, 2, 3, 4, 5);

export function fakeProgram(servers: Readonly<Record<string, FakeServer>>, options: FakeOptions = {}): FakeProgram {
  const { mode = 'many' } = options;
  const events: AppEvent[] = [];
  const upstreams = new Map(
    Object.entries(servers)
      .filter(([, { disabled }]) => disabled !== true)
      .map(([name, server]) => [name, fakeUpstream(name, server)]),
  );
  let config: Config = {
    mode,
    settings: { ...defaultSettings, ...options.settings },
    servers: Object.entries(servers).map(([name, server]) => serverConfig(name, server)),
    file: mode === 'many' ? '/etc/mcpo.json' : undefined,
    hotReload: false,
    ignoredKeys: [],
  };
  const visible = config.servers.filter(({ name }) => options.hidden?.includes(name) !== true);
  let snapshot = buildSnapshot({ ...config, servers: visible }, upstreams, undefined);
  let stopping = false;
  const http = createHttpServer({
    current: () => snapshot,
    observe: (event) => void events.push(event),
    isStopping: () => stopping,
    version: '9.8.7',
    startedAt,
    lastReload: () => options.lastReload,
    metrics: options.metrics,
    ...(options.begun && { begun: options.begun }),
  });
  return {
    http,
    inject: http.inject,
    events,
    upstreams,
    snapshot: () => snapshot,
    publish(changed = {}) {
      config = { ...config, settings: { ...config.settings, ...changed } };
      snapshot = buildSnapshot(config, upstreams, snapshot);
    },
    stop() {
      stopping = true;
    },
  };
}

function serverConfig(name: string, server: FakeServer): ServerConfig {
  const { disabled, required, timeoutMs, toolErrorStatus, expose, validate, session } = server;
  return {
    name,
    target: { kind: 'stdio', command: 'true', args: [], env: {}, cwd: undefined },
    disabled: disabled ?? false,
    disabledTools: [],
    enabledTools: undefined,
    tools: new Map(),
    timeoutMs,
    required: required ?? true,
    toolErrorStatus,
    expose: expose ?? [],
    validate: validate ?? true,
    ...defaultCapacity,
    oauth: server.oauth,
    forwarding: undefined,
    session: session ?? 'shared',
    connectionFingerprint: name,
    fingerprint: name,
  };
}

function fakeUpstream(name: string, server: FakeServer): FakeUpstream {
  const { prompts, resources = false } = server;
  const offers = { prompts: prompts !== undefined, resources };
  const { signIn } = server;
  const offered = server.tools && { ...fakeCatalogue(server.tools), prompts: prompts ?? [], offers };
  const catalogue = signIn?.multiUser === true ? undefined : offered;
  const answer = server.call ?? (() => textResult('ok'));
  const tell = server.ask ?? (() => jsonResult('{}'));
  const status: UpstreamStatus = {
    state: catalogue === undefined ? 'starting' : 'ready',
    detail: catalogue === undefined ? 'Starting.' : 'Ready.',
    since: startedAt,
    tools: server.tools?.length ?? 0,
    restarts: 0,
    inFlight: 0,
    queued: 0,
    sessions: 0,
    lastError: undefined,
    nextRetryAt: undefined,
    attempted: catalogue !== undefined,
    pid: undefined,
    ...server.status,
  };
  const upstream: FakeUpstream = {
    name,
    catalogue,
    calls: [],
    asked: [],
    leases: 0,
    status: () => status,
    signIn,
    async catalogueOf({ user }: Principal): Promise<PersonalCatalogue> {
      if (offered === undefined) throw new Error('no users');
      if ((await signIn?.status(user))?.authenticated === true) return { kind: 'catalogue', catalogue: offered };
      return { kind: 'unauthorized', detail: 'this user has not signed in', authorizationUrl: undefined };
    },
    retryNow: async () => server.retry?.(upstream),
    lease() {
      upstream.leases++;
      let held = true;
      return {
        async call(request) {
          upstream.calls.push(request);
          return answer(request);
        },
        async ask(request) {
          upstream.asked.push(request);
          return tell(request);
        },
        release() {
          if (held) upstream.leases--;
          held = false;
        },
      };
    },
  };
  return upstream;
}

export function fakeCatalogue(tools: readonly FakeTool[]): Catalogue {
  return {
    tools: tools.map(fakeTool),
    prompts: [],
    offers: { resources: false, prompts: false },
    serverName: undefined,
    serverVersion: undefined,
    instructions: undefined,
    protocolVersion: undefined,
  };
}

function fakeTool(given: FakeTool): Tool {
  const { name, ...changes } = typeof given === 'string' ? { name: given } : given;
  const inputSchema = { type: 'object', properties: { text: { type: 'string' } } };
  return {
    name,
    title: undefined,
    description: `Does ${name}.`,
    inputSchema,
    outputSchema: undefined,
    annotations: undefined,
    definition: { name, inputSchema },
    ...changes,
  };
}

/** A result of that text. */
export function jsonResult(text: string): Outcome {
  return { kind: 'result', value: JSON.parse(text), text: () => text };
}

/** A CallToolResult with one text. */
export function textResult(text: string): Outcome {
  const value = { content: [{ type: 'text', text }] };
  return { kind: 'result', value, text: () => JSON.stringify(value) };
}
