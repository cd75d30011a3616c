// The handshake of the revisions with sessions (MCP, "Lifecycle": initialize, then notifications/initialized) with a
// child, on our own request path: the client library costs a third of the start and 15 MB, and for a child it would do
// nothing else. A server that does not know `initialize` is the library's (handshake.ts).

import type { JSONRPCMessage } from '@modelcontextprotocol/client';
import { messageOf } from '../errors.ts';
import { ConnectionError, noAnswer } from './connection-error.ts';
import type { ConnectionOptions, Session } from './connection.ts';
import { SpawnError } from './process/spawn.ts';
import type { McpTransport, Reply } from './transports/transport.ts';
import { settledBy } from './waiting.ts';

/** Newest first; the first is offered. */
const revisions = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05', '2024-10-07'];

/** Codes with which a server says that it does not know `initialize`: it speaks only 2026-07-28 or later. */
export const unknownMethodCodes: ReadonlySet<number> = new Set([-32_601, -32_022]);

/** undefined: the server does not know `initialize`; the transport is closed then, as after an error. */
export async function initialise(options: ConnectionOptions, transport: McpTransport): Promise<Session | undefined> {
  const ended = new Promise<string>((resolve) => {
    transport.onclose = () => resolve(transport.endReason ?? 'the connection was closed');
  });
  transport.onmessage = (message: JSONRPCMessage) => take(message, transport, options);
  try {
    await transport.start();
    // Given up by its end: the one request that a client must not cancel (MCP, "Cancellation").
    const asked = transport.request('initialize', initializeParams(options), { deadlineAt: Infinity });
    await settledBy(asked, options.deadlineAt, options.signal);
    const unanswered: Reply = { kind: options.signal.aborted ? 'cancelled' : 'timeout' };
    const reply = await Promise.race([asked, Promise.resolve(unanswered)]);
    if (reply.kind === 'rpc-error' && unknownMethodCodes.has(reply.code)) {
      await transport.close();
      return undefined;
    }
    const session = toSession(reply, transport, ended, options);
    await transport.send({ jsonrpc: '2.0', method: 'notifications/initialized' });
    return session;
  } catch (error) {
    await transport.close();
    if (error instanceof ConnectionError) throw error;
    throw new ConnectionError(messageOf(error), { hopeless: error instanceof SpawnError, cause: error });
  }
}

function initializeParams({ clientVersion }: ConnectionOptions): string {
  const [protocolVersion] = revisions;
  return JSON.stringify({ protocolVersion, capabilities: {}, clientInfo: { name: 'mcpo', version: clientVersion } });
}

function toSession(reply: Reply, transport: McpTransport, ended: Promise<string>, options: ConnectionOptions): Session {
  if (reply.kind === 'timeout') throw noAnswer(options, transport);
  if (reply.kind === 'lost' || reply.kind === 'undelivered') throw new ConnectionError(reply.detail, { crashed: true });
  if (reply.kind === 'cancelled') throw new ConnectionError('the attempt was given up');
  if (reply.kind !== 'result') {
    throw new ConnectionError(`initialize failed: ${reply.kind === 'rpc-error' ? reply.message : reply.detail}`);
  }
  const { protocolVersion, capabilities, serverInfo, instructions } = membersOf(reply.value);
  const { tools, prompts, resources } = membersOf(capabilities);
  if (typeof protocolVersion !== 'string' || !revisions.includes(protocolVersion)) {
    const named = typeof protocolVersion === 'string' ? protocolVersion : 'none';
    throw new ConnectionError(`the server speaks protocol revision ${named}, which mcpo does not know`);
  }
  const { name, version } = membersOf(serverInfo);
  return {
    transport,
    protocolVersion,
    serverName: textOf(name),
    serverVersion: textOf(version),
    instructions: textOf(instructions),
    offersTools: tools !== undefined,
    offersPrompts: prompts !== undefined,
    offersResources: resources !== undefined,
    requestMeta: undefined,
    pingMethod: 'ping',
    runsTasks: runsTasks(protocolVersion, capabilities),
    ended,
    close: () => transport.close(),
  };
}

/** Tasks are an experiment of one revision; the next one has others. */
export function runsTasks(protocolVersion: string | undefined, capabilities: unknown): boolean {
  if (protocolVersion !== '2025-11-25') return false;
  const { requests } = membersOf(membersOf(capabilities)['tasks']);
  return membersOf(membersOf(requests)['tools'])['call'] !== undefined;
}

/** What a server sends by itself. We offer no capability, so a request other than ping has no answer but an error. */
function take(message: JSONRPCMessage, transport: McpTransport, options: ConnectionOptions): void {
  if (!('method' in message)) return;
  if (message.method === 'notifications/tools/list_changed') options.onToolsChanged();
  if (message.method === 'notifications/prompts/list_changed') options.onPromptsChanged?.();
  if (!('id' in message)) return;
  const { id, method } = message;
  const answer: JSONRPCMessage =
    method === 'ping'
      ? { jsonrpc: '2.0', id, result: {} }
      : { jsonrpc: '2.0', id, error: { code: -32_601, message: 'Method not found' } };
  // A server that is gone needs no answer.
  transport.send(answer).catch(() => {});
}

function membersOf(value: unknown): { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
