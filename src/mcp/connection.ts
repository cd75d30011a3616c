// One live MCP session with an upstream, used through requests of our own. Speaks both eras of the protocol; does not
// connect (connect.ts does), does not reconnect (upstream.ts does) and does not judge what it lists (catalogue.ts does).

import {
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  PROTOCOL_VERSION_META_KEY,
  type Client,
} from '@modelcontextprotocol/client';
import type { Target } from '../config/types.ts';
import { callHeaders } from './transports/mcp-headers.ts';
import type { McpTransport, Reply, RequestOptions } from './transports/transport.ts';
import type { Tool } from './types.ts';

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

export class Connection {
  readonly protocolVersion: string | undefined;
  readonly serverName: string | undefined;
  readonly serverVersion: string | undefined;
  readonly instructions: string | undefined;
  /** Whether the server says that it has tools. */
  readonly offersTools: boolean;
  /** Of the child, for stdio. */
  readonly pid: number | undefined;
  /** Resolves with the reason when the connection is of no use any more. */
  readonly ended: Promise<string>;

  readonly #client: Client;
  readonly #transport: McpTransport;
  /** Members that revision 2026-07-28 asks for in every request, as text. */
  readonly #meta: string | undefined;
  readonly #modern: boolean;
  #inFlight = 0;
  #abandoned = false;

  constructor(client: Client, transport: McpTransport, clientVersion: string) {
    this.#client = client;
    this.#transport = transport;
    this.#modern = client.getProtocolEra() === 'modern';
    this.protocolVersion = client.getNegotiatedProtocolVersion();
    this.serverName = client.getServerVersion()?.name;
    this.serverVersion = client.getServerVersion()?.version;
    this.instructions = client.getInstructions();
    this.offersTools = client.getServerCapabilities()?.tools !== undefined;
    this.pid = transport.pid;
    this.#meta = this.#modern
      ? JSON.stringify({
          [PROTOCOL_VERSION_META_KEY]: this.protocolVersion,
          [CLIENT_INFO_META_KEY]: { name: 'mcpo', version: clientVersion },
          [CLIENT_CAPABILITIES_META_KEY]: {},
        })
      : undefined;
    this.ended = new Promise((resolve) => {
      client.onclose = () => resolve(transport.endReason ?? 'the connection was closed');
    });
  }

  /** tools/call with the arguments' own text. */
  call(tool: Tool, argumentsText: string, options: Omit<RequestOptions, 'headers'>): Promise<Reply> {
    const meta = this.#meta === undefined ? '' : `,"_meta":${this.#meta}`;
    const params = `{"name":${JSON.stringify(tool.name)},"arguments":${argumentsText}${meta}}`;
    const request = this.#modern ? { ...options, headers: callHeaders(tool, argumentsText) } : options;
    this.#inFlight++;
    const reply = this.#transport.request('tools/call', params, request);
    return reply.finally(() => {
      this.#inFlight--;
      if (this.#abandoned && this.#inFlight === 0) void this.close();
    });
  }

  /** One page of tools/list. */
  listTools(cursor: string | undefined, options: Omit<RequestOptions, 'headers'>): Promise<Reply> {
    const members = [
      ...(cursor === undefined ? [] : [`"cursor":${JSON.stringify(cursor)}`]),
      ...(this.#meta === undefined ? [] : [`"_meta":${this.#meta}`]),
    ];
    const headers = this.#modern ? { 'mcp-method': 'tools/list' } : undefined;
    return this.#transport.request('tools/list', `{${members.join(',')}}`, { ...options, headers });
  }

  /** Closes as soon as no call is in flight on it: a session that one call found gone may still answer others. */
  abandon(): void {
    this.#abandoned = true;
    if (this.#inFlight === 0) void this.close();
  }

  async close(): Promise<void> {
    await this.#client.close().catch(() => {});
    await this.#transport.close().catch(() => {});
  }
}
