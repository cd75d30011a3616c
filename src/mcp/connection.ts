// One live MCP session with an upstream, used through requests of our own. Speaks both eras of the protocol; does not
// connect (connect.ts does), does not reconnect (upstream.ts does) and does not judge what it lists (catalogue.ts does).

import {
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  PROTOCOL_VERSION_META_KEY,
  type Client,
} from '@modelcontextprotocol/client';
import type { Dispatcher } from 'undici';
import { callHeaders } from './transports/mcp-headers.ts';
import { SseTransport } from './transports/sse.ts';
import { StdioTransport } from './transports/stdio.ts';
import type { McpTransport, Reply, RequestOptions } from './transports/transport.ts';
import type { Tool } from './types.ts';

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
  readonly #agent: Dispatcher | undefined;
  /** Members that revision 2026-07-28 asks for in every request, as text. */
  readonly #meta: string | undefined;
  readonly #modern: boolean;
  #inFlight = 0;
  #abandoned = false;

  constructor(client: Client, transport: McpTransport, agent: Dispatcher | undefined, clientVersion: string) {
    this.#client = client;
    this.#transport = transport;
    this.#agent = agent;
    this.#modern = client.getProtocolEra() === 'modern';
    this.protocolVersion = client.getNegotiatedProtocolVersion();
    this.serverName = client.getServerVersion()?.name;
    this.serverVersion = client.getServerVersion()?.version;
    this.instructions = client.getInstructions();
    this.offersTools = client.getServerCapabilities()?.tools !== undefined;
    this.pid = transport instanceof StdioTransport ? transport.pid : undefined;
    this.#meta = this.#modern
      ? JSON.stringify({
          [PROTOCOL_VERSION_META_KEY]: this.protocolVersion,
          [CLIENT_INFO_META_KEY]: { name: 'mcpo', version: clientVersion },
          [CLIENT_CAPABILITIES_META_KEY]: {},
        })
      : undefined;
    this.ended = new Promise((resolve) => {
      client.onclose = () => resolve(endReason(transport));
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
    await this.#agent?.destroy().catch(() => {});
  }
}

function endReason(transport: McpTransport): string {
  if (transport instanceof StdioTransport) return transport.endReason ?? 'the connection was closed';
  return transport instanceof SseTransport ? 'the server ended the event stream' : 'the connection was closed';
}
