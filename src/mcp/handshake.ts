// The client library's part of a connection: it connects and negotiates over a transport, within a time limit. What goes
// wrong becomes a sentence for people. Loaded with the first server that needs it: remote ones, and children that speak only
// the newest revision.

import {
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  Client,
  PROTOCOL_VERSION_META_KEY,
  ProtocolError,
  SdkError,
  SdkErrorCode,
  SdkHttpError,
  SseError,
  type JsonSchemaValidator,
  type jsonSchemaValidator,
} from '@modelcontextprotocol/client';
import { messageOf } from '../errors.ts';
import { connectSentence } from '../net/connect-error.ts';
import { ConnectionError, noAnswer } from './connection-error.ts';
import { Connection, type ConnectionOptions, type Session } from './connection.ts';
import { unknownMethodCodes } from './initialise.ts';
import { SpawnError } from './process/spawn.ts';
import type { McpTransport } from './transports/transport.ts';

/** The client library compiles all output schemas at once, blocking, and throws results away: it must not validate. */
const noValidation: jsonSchemaValidator = {
  getValidator:
    <T>(): JsonSchemaValidator<T> =>
    (value) => ({ valid: true, data: value as T, errorMessage: undefined }),
};

/** A server that stays silent on a probe for the newest revision costs this much, once. */
const probeTimeoutMs = 3_000;

/** For transports where a probe harms no server and costs one request: the newest revision the server speaks. */
export function connectNewest(options: ConnectionOptions, transport: McpTransport): Promise<Connection> {
  return open(options, transport, { mode: 'auto', probe: { timeoutMs: probeTimeoutMs } });
}

/**
 * `initialize` first: many servers die of, or stay silent on, any request before it. One that does not know it
 * speaks only the stateless revisions, and is asked for those on a new connection.
 */
export async function connectInitialised(
  options: ConnectionOptions,
  transport: McpTransport,
  another: () => McpTransport,
): Promise<Connection> {
  try {
    return await open(options, transport, { mode: 'legacy' });
  } catch (error) {
    const cause = error instanceof ConnectionError ? error.cause : undefined;
    if (!(cause instanceof ProtocolError) || !unknownMethodCodes.has(cause.code)) throw error;
    return connectNewest(options, another());
  }
}

type Negotiation = NonNullable<ConstructorParameters<typeof Client>[1]>['versionNegotiation'];

async function open(
  options: ConnectionOptions,
  transport: McpTransport,
  versionNegotiation: NonNullable<Negotiation>,
): Promise<Connection> {
  const { onToolsChanged, onPromptsChanged } = options;
  const client = new Client(
    { name: 'mcpo', version: options.clientVersion },
    {
      capabilities: {},
      versionNegotiation,
      jsonSchemaValidator: noValidation,
      listChanged: {
        tools: { autoRefresh: false, debounceMs: 0, onChanged: onToolsChanged },
        ...(onPromptsChanged && { prompts: { autoRefresh: false, debounceMs: 0, onChanged: onPromptsChanged } }),
      },
    },
  );
  // Told by their consequences: a lost connection, an unanswered request.
  client.onerror = () => {};
  client.setNotificationHandler('notifications/tools/list_changed', onToolsChanged);
  if (onPromptsChanged) client.setNotificationHandler('notifications/prompts/list_changed', onPromptsChanged);
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
    return new Connection(toSession(client, transport, options.clientVersion));
  } catch (error) {
    const { endReason } = transport;
    await transport.close().catch(() => {});
    throw toConnectionError(error, transport, endReason, options);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', giveUp);
  }
}

class TimeUp extends Error {}

function toSession(client: Client, transport: McpTransport, clientVersion: string): Session {
  const protocolVersion = client.getNegotiatedProtocolVersion();
  const capabilities = client.getServerCapabilities();
  const envelope = {
    [PROTOCOL_VERSION_META_KEY]: protocolVersion,
    [CLIENT_INFO_META_KEY]: { name: 'mcpo', version: clientVersion },
    [CLIENT_CAPABILITIES_META_KEY]: {},
  };
  return {
    transport,
    protocolVersion,
    serverName: client.getServerVersion()?.name,
    serverVersion: client.getServerVersion()?.version,
    instructions: client.getInstructions(),
    offersTools: capabilities?.tools !== undefined,
    offersPrompts: capabilities?.prompts !== undefined,
    offersResources: capabilities?.resources !== undefined,
    requestMeta: client.getProtocolEra() === 'modern' ? JSON.stringify(envelope) : undefined,
    ended: new Promise((resolve) => {
      client.onclose = () => resolve(transport.endReason ?? 'the connection was closed');
    }),
    close: async () => {
      await client.close().catch(() => {});
      await transport.close().catch(() => {});
    },
  };
}

function toConnectionError(
  error: unknown,
  transport: McpTransport,
  endReason: string | undefined,
  options: ConnectionOptions,
): ConnectionError {
  const { target } = options;
  if (error instanceof SpawnError) return new ConnectionError(error.message, { hopeless: true, cause: error });
  if (error instanceof TimeUp || (error instanceof SdkError && error.code === SdkErrorCode.RequestTimeout)) {
    return noAnswer(options, transport.lastWords, error);
  }
  if (target.kind === 'stdio') {
    if (endReason !== undefined) return new ConnectionError(endReason, { crashed: true, cause: error });
    return new ConnectionError(`initialize failed: ${messageOf(error)}`, { cause: error });
  }
  return new ConnectionError(remoteSentence(transport.connectFailure ?? error, target.url), { cause: error });
}

function remoteSentence(error: unknown, url: string): string {
  const { host } = new URL(url);
  const status = statusOf(error);
  if (status === 401 || status === 403) return `${host} refuses our credentials (HTTP ${status}); check its headers`;
  if (status === 404) return `${host} has nothing at this path (HTTP 404); check the url`;
  if (status !== undefined && status >= 300 && status < 400) {
    return `${host} redirects to another address (HTTP ${status}), which is not followed; check the url`;
  }
  if (status !== undefined) return `${host} answered HTTP ${status}`;
  const unexpected = unexpectedContent(error);
  if (unexpected !== undefined) return `${host} does not speak MCP at this path (${unexpected.message}); check the url`;
  if (error instanceof ProtocolError) return `initialize failed: ${error.message}`;
  return connectSentence(error, url);
}

/** Whether what was met may be an SSE endpoint: it refuses a POST, but not us. */
export function mayBeSse(error: unknown): boolean {
  const status = statusOf(error);
  if (status !== undefined) return status >= 400 && status < 500 && ![401, 403, 408, 429].includes(status);
  return unexpectedContent(error) !== undefined;
}

/** Such as a login page. */
function unexpectedContent(error: unknown): SdkError | undefined {
  if (error instanceof SdkError && error.code === SdkErrorCode.ClientHttpUnexpectedContent) return error;
  return error instanceof Error && error.cause !== undefined ? unexpectedContent(error.cause) : undefined;
}

function statusOf(error: unknown): number | undefined {
  if (error instanceof SdkHttpError) return error.data.status;
  return error instanceof SseError ? error.code : undefined;
}
