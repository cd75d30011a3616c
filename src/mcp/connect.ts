// Makes connections: the client library connects and negotiates over one of the three transports, within a time limit,
// and what goes wrong becomes a sentence for people. A URL without a type tries Streamable HTTP, then SSE.

import {
  Client,
  ProtocolError,
  SdkError,
  SdkErrorCode,
  SdkHttpError,
  SseError,
  type JsonSchemaValidator,
  type jsonSchemaValidator,
} from '@modelcontextprotocol/client';
import type { Dispatcher } from 'undici';
import type { Target } from '../config/types.ts';
import { messageOf } from '../errors.ts';
import { createAgent } from '../net/agent.ts';
import { connectSentence } from '../net/connect-error.ts';
import { Connection } from './connection.ts';
import { SpawnError } from './process/spawn.ts';
import { SseTransport } from './transports/sse.ts';
import { StdioTransport } from './transports/stdio.ts';
import { StreamableHttpTransport } from './transports/streamable-http.ts';
import type { McpTransport } from './transports/transport.ts';

export interface ConnectionOptions {
  readonly target: Target;
  readonly connectTimeoutMs: number;
  readonly maxMessageBytes: number;
  readonly clientVersion: string;
  /** Ends the attempt. */
  readonly signal: AbortSignal;
  readonly onNoise: (excerpt: string) => void;
  readonly onStderr: (line: string) => void;
  readonly onToolsChanged: () => void;
}

/** Why a connection could not be made, in a sentence for people. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  /** Trying again soon makes no sense: the command cannot be started at all. */
  readonly hopeless: boolean;
  /** The child ended by itself. */
  readonly crashed: boolean;

  constructor(
    sentence: string,
    options: { readonly hopeless?: boolean; readonly crashed?: boolean; readonly cause?: unknown } = {},
  ) {
    super(sentence, { cause: options.cause });
    this.hopeless = options.hopeless ?? false;
    this.crashed = options.crashed ?? false;
  }
}

/** The client library compiles all output schemas at once, blocking, and throws results away: it must not validate. */
const noValidation: jsonSchemaValidator = {
  getValidator:
    <T>(): JsonSchemaValidator<T> =>
    (value) => ({ valid: true, data: value as T, errorMessage: undefined }),
};

/** A server that stays silent on a probe for the newest revision costs this much, once. */
const probeTimeoutMs = 3_000;

/** Codes with which a server says that it does not know `initialize`: it speaks only 2026-07-28 or later. */
const notLegacy = new Set([-32_601, -32_022]);

/** Connects and negotiates within the time given, or throws ConnectionError; leaves nothing behind in either case. */
export async function connect(options: ConnectionOptions): Promise<Connection> {
  const { target } = options;
  switch (target.kind) {
    case 'stdio':
      return newestFirstIfAsked(options, () => new StdioTransport(target, stdioOptions(options)), undefined);
    case 'sse':
      return connectSse(options, target);
    case 'streamable-http':
      return connectHttp(options, target);
    case 'auto':
      try {
        return await connectHttp(options, target);
      } catch (error) {
        if (!(error instanceof ConnectionError) || !mayBeSse(error.cause)) throw error;
        return connectSse(options, target).catch((second: unknown) => {
          throw new ConnectionError(`${error.message}; and as SSE: ${messageOf(second)}`, { cause: second });
        });
      }
  }
}

type RemoteTarget = Exclude<Target, { kind: 'stdio' }>;

function connectHttp(options: ConnectionOptions, target: RemoteTarget): Promise<Connection> {
  const agent = agentFor(options, target);
  const transport = new StreamableHttpTransport(target.url, remoteOptions(options, target, agent));
  // Over HTTP a probe for the newest revision costs one request and harms no server.
  return open(options, transport, { mode: 'auto', probe: { timeoutMs: probeTimeoutMs } }, agent);
}

function connectSse(options: ConnectionOptions, target: RemoteTarget): Promise<Connection> {
  const agent = agentFor(options, target);
  return newestFirstIfAsked(options, () => new SseTransport(target.url, remoteOptions(options, target, agent)), agent);
}

/**
 * `initialize` first: many servers die of, or stay silent on, any request before it. One that does not know it
 * speaks only the stateless revisions, and is asked for those on a new connection.
 */
async function newestFirstIfAsked(
  options: ConnectionOptions,
  transport: () => McpTransport,
  agent: Dispatcher | undefined,
): Promise<Connection> {
  try {
    return await open(options, transport(), { mode: 'legacy' }, agent, false);
  } catch (error) {
    const { cause } = error as ConnectionError;
    if (!(cause instanceof ProtocolError) || !notLegacy.has(cause.code)) {
      await agent?.destroy();
      throw error;
    }
    return open(options, transport(), { mode: 'auto', probe: { timeoutMs: probeTimeoutMs } }, agent);
  }
}

type Negotiation = NonNullable<ConstructorParameters<typeof Client>[1]>['versionNegotiation'];

async function open(
  options: ConnectionOptions,
  transport: McpTransport,
  versionNegotiation: NonNullable<Negotiation>,
  agent: Dispatcher | undefined,
  ownsAgent = true,
): Promise<Connection> {
  const client = new Client(
    { name: 'mcpo', version: options.clientVersion },
    {
      capabilities: {},
      versionNegotiation,
      jsonSchemaValidator: noValidation,
      listChanged: { tools: { autoRefresh: false, debounceMs: 0, onChanged: options.onToolsChanged } },
    },
  );
  // Told by their consequences: a lost connection, an unanswered request.
  client.onerror = () => {};
  client.setNotificationHandler('notifications/tools/list_changed', options.onToolsChanged);
  const { connectTimeoutMs, signal } = options;
  let giveUp = (): void => {};
  let timer: NodeJS.Timeout | undefined;
  const stopped = new Promise<never>((_, reject) => {
    giveUp = () => reject(new Error('the attempt was given up'));
    timer = setTimeout(() => reject(new TimeUp()), connectTimeoutMs);
  });
  try {
    signal.throwIfAborted();
    signal.addEventListener('abort', giveUp, { once: true });
    await Promise.race([client.connect(transport, { timeout: connectTimeoutMs }), stopped]);
    return new Connection(client, transport, agent, options.clientVersion);
  } catch (error) {
    const endedByItself = transport instanceof StdioTransport ? transport.endReason : undefined;
    await transport.close().catch(() => {});
    if (ownsAgent) await agent?.destroy().catch(() => {});
    throw toConnectionError(error, transport, endedByItself, options);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', giveUp);
  }
}

class TimeUp extends Error {}

function toConnectionError(
  error: unknown,
  transport: McpTransport,
  endedByItself: string | undefined,
  options: ConnectionOptions,
): ConnectionError {
  const { target } = options;
  if (error instanceof SpawnError) return new ConnectionError(error.message, { hopeless: true, cause: error });
  if (error instanceof TimeUp || (error instanceof SdkError && error.code === SdkErrorCode.RequestTimeout)) {
    const said = transport instanceof StdioTransport ? transport.lastStderr : '';
    const seconds = options.connectTimeoutMs / 1000;
    return new ConnectionError(
      `no answer to initialize within ${seconds} s (--connection-timeout)${said === '' ? '' : `: ${said}`}`,
      { cause: error },
    );
  }
  if (transport instanceof StdioTransport) {
    if (endedByItself !== undefined) return new ConnectionError(endedByItself, { crashed: true, cause: error });
    return new ConnectionError(`initialize failed: ${messageOf(error)}`, { cause: error });
  }
  const url = target.kind === 'stdio' ? '' : target.url;
  const unreached = transport instanceof SseTransport ? transport.connectFailure() : undefined;
  return new ConnectionError(remoteSentence(unreached ?? error, url), { cause: error });
}

function remoteSentence(error: unknown, url: string): string {
  const { host } = new URL(url);
  const status = statusOf(error);
  if (status === 401 || status === 403) return `${host} refuses our credentials (HTTP ${status}); check its headers`;
  if (status === 404) return `${host} has nothing at this path (HTTP 404); check the url`;
  if (status !== undefined) return `${host} answered HTTP ${status}`;
  if (error instanceof ProtocolError) return `initialize failed: ${error.message}`;
  return connectSentence(error, url);
}

/** Whether what was met may be an SSE endpoint: it refuses a POST, but not us. */
function mayBeSse(error: unknown): boolean {
  const status = statusOf(error);
  if (status !== undefined) return status >= 400 && status < 500 && ![401, 403, 408, 429].includes(status);
  return error instanceof SdkError && error.code === SdkErrorCode.ClientHttpUnexpectedContent;
}

function statusOf(error: unknown): number | undefined {
  if (error instanceof SdkHttpError) return error.data.status;
  return error instanceof SseError ? error.code : undefined;
}

function stdioOptions(options: ConnectionOptions): ConstructorParameters<typeof StdioTransport>[1] {
  const { maxMessageBytes, onNoise, onStderr } = options;
  return { maxMessageBytes, onNoise, onStderr };
}

function remoteOptions(
  options: ConnectionOptions,
  target: RemoteTarget,
  agent: Dispatcher,
): ConstructorParameters<typeof StreamableHttpTransport>[1] {
  return { headers: target.headers, agent, maxMessageBytes: options.maxMessageBytes };
}

function agentFor(options: ConnectionOptions, target: RemoteTarget): Dispatcher {
  return createAgent({ connectTimeoutMs: options.connectTimeoutMs, tls: target.tls });
}
