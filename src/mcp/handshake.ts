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
import { runsTasks, unknownMethodCodes } from './initialise.ts';
import { SpawnError } from './process/spawn.ts';
import { subscribe } from './subscription.ts';
import type { McpTransport } from './transports/transport.ts';

/** The client library compiles all output schemas at once, blocking, and throws results away: it must not validate. */
const noValidation: jsonSchemaValidator = {
  getValidator:
    <T>(): JsonSchemaValidator<T> =>
    (value) => ({ valid: true, data: value as T, errorMessage: undefined }),
};

/** A server that stays silent on a probe for the newest revision costs this much, once; never more than half of the time. */
const probeTimeoutMs = 3_000;

/** A transport that was not used yet: each try takes its own. */
type Another = () => McpTransport;

/**
 * Asks for the newest revision, and in the same connection for an older one where the server says that it has none.
 * `withinMs`: how long the server may be silent, where there is something else to try.
 */
export function connectNewest(
  options: ConnectionOptions,
  transport: McpTransport,
  withinMs = timeLeftMs(options),
): Promise<Connection> {
  return open(options, transport, { mode: 'auto', probe: { timeoutMs: Math.max(1, withinMs) } });
}

/** For transports where a probe harms no server and costs one request. One that is silent is asked for a session. */
export async function connectProbing(options: ConnectionOptions, another: Another): Promise<Connection> {
  try {
    return await connectNewest(options, another(), Math.min(probeTimeoutMs, timeLeftMs(options) / 2));
  } catch (error) {
    if (!isSilence(error) || timeLeftMs(options) <= 0) throw error;
    return connectInitialised(options, another);
  }
}

/**
 * `initialize` first: many servers die of, or stay silent on, any request before it. One that does not know it
 * speaks only the stateless revisions, and is asked for those on a new connection.
 */
export async function connectInitialised(options: ConnectionOptions, another: Another): Promise<Connection> {
  try {
    return await open(options, another(), { mode: 'legacy' });
  } catch (error) {
    if (!refusesSessions(error)) throw error;
    return connectNewest(options, another());
  }
}

export function timeLeftMs({ deadlineAt }: ConnectionOptions): number {
  return deadlineAt - Date.now();
}

type Negotiation = NonNullable<NonNullable<ConstructorParameters<typeof Client>[1]>['versionNegotiation']>;

async function open(
  options: ConnectionOptions,
  transport: McpTransport,
  versionNegotiation: Negotiation,
): Promise<Connection> {
  const { onToolsChanged, onPromptsChanged } = options;
  const client = new Client(
    { name: 'mcpo', version: options.clientVersion },
    { capabilities: {}, versionNegotiation, jsonSchemaValidator: noValidation },
  );
  // Told by their consequences: a lost connection, an unanswered request.
  client.onerror = () => {};
  client.setNotificationHandler('notifications/tools/list_changed', onToolsChanged);
  if (onPromptsChanged) client.setNotificationHandler('notifications/prompts/list_changed', onPromptsChanged);
  const { signal } = options;
  const timeoutMs = Math.max(1, timeLeftMs(options));
  let giveUp = (): void => {};
  let timer: NodeJS.Timeout | undefined;
  const stopped = new Promise<never>((_, reject) => {
    giveUp = () => reject(new Error(givenUp));
    timer = setTimeout(() => reject(new TimeUp(transport)), timeoutMs);
  });
  try {
    if (signal.aborted) throw new Error(givenUp);
    signal.addEventListener('abort', giveUp, { once: true });
    await Promise.race([client.connect(transport, { timeout: timeoutMs }), stopped]);
    return new Connection(toSession(client, transport, options));
  } catch (error) {
    const { endReason } = transport;
    // What failed first is the reason.
    await transport.close().catch(() => {});
    throw toConnectionError(error, transport, endReason, options);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', giveUp);
  }
}

const givenUp = 'the attempt was given up';

class TimeUp extends Error {
  /** Whether anything came from the server. */
  readonly heard: boolean;

  constructor({ lastHeardAt }: McpTransport) {
    super();
    this.heard = lastHeardAt !== undefined;
  }
}

function toSession(client: Client, transport: McpTransport, options: ConnectionOptions): Session {
  const protocolVersion = client.getNegotiatedProtocolVersion();
  const capabilities = client.getServerCapabilities();
  const modern = client.getProtocolEra() === 'modern';
  const envelope = {
    [PROTOCOL_VERSION_META_KEY]: protocolVersion,
    [CLIENT_INFO_META_KEY]: { name: 'mcpo', version: options.clientVersion },
    [CLIENT_CAPABILITIES_META_KEY]: {},
  };
  const lifetime = new AbortController();
  const ended = new Promise<string>((resolve) => {
    client.onclose = () => {
      lifetime.abort();
      resolve(transport.endReason ?? 'the connection was closed');
    };
  });
  const onGap = (): void => {
    options.onToolsChanged();
    options.onPromptsChanged?.();
  };
  const { signal } = lifetime;
  const listening = modern ? subscribe(client, { signal, onDoubt: options.onDoubt, onGap }) : transport.listen?.(onGap);
  void listening?.then(() => askNowAndThen(onGap, signal));
  return {
    transport,
    protocolVersion,
    serverName: client.getServerVersion()?.name,
    serverVersion: client.getServerVersion()?.version,
    instructions: client.getInstructions(),
    offersTools: capabilities?.tools !== undefined,
    offersPrompts: capabilities?.prompts !== undefined,
    offersResources: capabilities?.resources !== undefined,
    requestMeta: modern ? JSON.stringify(envelope) : undefined,
    pingMethod: modern ? 'server/discover' : 'ping',
    runsTasks: runsTasks(protocolVersion, capabilities),
    ended,
    close: async () => {
      lifetime.abort();
      // Whatever the one misses the other ends.
      await client.close().catch(() => {});
      await transport.close().catch(() => {});
    },
  };
}

/** A server that cannot say that its tools changed is asked so often: it may also be another version of itself by now. */
const askEveryMs = 60_000;

function askNowAndThen(ask: () => void, signal: AbortSignal): void {
  if (signal.aborted) return;
  const timer = setInterval(ask, askEveryMs).unref();
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}

function toConnectionError(
  error: unknown,
  transport: McpTransport,
  endReason: string | undefined,
  options: ConnectionOptions,
): ConnectionError {
  const { target } = options;
  if (error instanceof SpawnError) return new ConnectionError(error.message, { hopeless: true, cause: error });
  const { signInNeeded: signIn } = transport;
  if (signIn !== undefined) return new ConnectionError(signIn.message, { signIn, cause: signIn });
  if (error instanceof TimeUp || (error instanceof SdkError && error.code === SdkErrorCode.RequestTimeout)) {
    const { awaits, lastWords } = transport;
    return noAnswer(options, { awaits, lastWords, cause: error });
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
  if (status === 200) return `${host} does not speak MCP over SSE at this path (no event stream); check the url`;
  if (status !== undefined) return `${host} answered HTTP ${status}`;
  const unexpected = unexpectedContent(error);
  if (unexpected !== undefined) return `${host} does not speak MCP at this path (${unexpected.message}); check the url`;
  if (error instanceof ProtocolError) return `initialize failed: ${error.message}`;
  return connectSentence(error, url);
}

/** Whether the server may well be one of the other transport: it answers, but not as one of this. */
export function mayBeOfOtherTransport(error: unknown): boolean {
  const cause = causeOf(error);
  const status = statusOf(cause);
  if (cause instanceof TimeUp) return cause.heard;
  return status === undefined ? unexpectedContent(cause) !== undefined : status < 300 || isMisfit(status);
}

/** It does not know `initialize`, or refuses it altogether. */
function refusesSessions(error: unknown): boolean {
  const cause = causeOf(error);
  if (cause instanceof ProtocolError) return unknownMethodCodes.has(cause.code);
  return cause instanceof SdkHttpError && isMisfit(cause.data.status);
}

function isSilence(error: unknown): boolean {
  const cause = causeOf(error);
  return cause instanceof SdkError && cause.code === SdkErrorCode.RequestTimeout;
}

/** What was asked for is not there; other refusals are of us, or of the moment. */
function isMisfit(status: number): boolean {
  return status >= 400 && status < 500 && ![401, 403, 408, 429].includes(status);
}

function causeOf(error: unknown): unknown {
  return error instanceof ConnectionError ? error.cause : undefined;
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
