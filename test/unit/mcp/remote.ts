// What tests of remote connections share: a server in this process whose answers the test decides, on a real socket, and
// the options of an attempt to connect with it.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { connect } from '../../../src/mcp/connect.ts';
import type { Connection, ConnectionOptions } from '../../../src/mcp/connection.ts';

export interface Message {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
}

export interface Received {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Of a POST. */
  readonly message: Message;
}

export interface ScriptedServer {
  /** Its address, with the path `/mcp`. */
  readonly url: string;
  readonly received: Received[];
  /** What was asked for, as `GET` or the method of a POST. */
  asked(what: string): Received[];
  stop(): Promise<void>;
}

/** Ended when the test ends. */
export async function startScripted(answer: (received: Received) => void): Promise<ScriptedServer> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const message = (text === '' ? {} : JSON.parse(text)) as Message;
      const entry = { request, response, message };
      received.push(entry);
      answer(entry);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  onTestFinished(stop);
  const asked = (what: string): Received[] =>
    received.filter(({ request, message }) => (message.method ?? request.method) === what);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`, received, asked, stop };
}

export function sendJson(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

export function openEvents(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
}

export function resultOf({ message }: Received, result: unknown): string {
  return JSON.stringify({ jsonrpc: '2.0', id: message.id, result });
}

export function errorOf({ message }: Received, code: number): string {
  return JSON.stringify({ jsonrpc: '2.0', id: message.id, error: { code, message: `error ${code}` } });
}

/** Answers the handshake of the revisions with sessions; true where it was that. */
export function answerHandshake(received: Received, capabilities: object = { tools: { listChanged: true } }): boolean {
  const { request, response, message } = received;
  switch (message.method) {
    case 'server/discover':
      sendJson(response, JSON.parse(errorOf(received, -32_601)));
      return true;
    case 'initialize':
      response.setHeader('mcp-session-id', 'session');
      sendJson(
        response,
        JSON.parse(
          resultOf(received, {
            protocolVersion: '2025-11-25',
            capabilities,
            serverInfo: { name: 'scripted', version: '1' },
          }),
        ),
      );
      return true;
    case 'notifications/initialized':
      response.writeHead(202).end();
      return true;
    default:
      if (request.method !== 'DELETE') return false;
      response.writeHead(200).end();
      return true;
  }
}

type Kind = 'auto' | 'sse' | 'streamable-http';

export function optionsOf(url: string, kind: Kind, changes: Partial<ConnectionOptions> = {}): ConnectionOptions {
  const connectTimeoutMs = changes.connectTimeoutMs ?? 10_000;
  return {
    target: { kind, url, headers: {}, tls: undefined },
    deadlineAt: Date.now() + connectTimeoutMs,
    connectTimeoutMs,
    maxMessageBytes: 1024 * 1024,
    clientVersion: '0.0.0',
    signal: new AbortController().signal,
    memory: {},
    onNoise: () => {},
    onStderr: () => {},
    onToolsChanged: () => {},
    onPromptsChanged: undefined,
    onDoubt: () => {},
    ...changes,
  };
}

/** Closed when the test ends. */
export async function connectTo(
  url: string,
  kind: Kind = 'streamable-http',
  changes: Partial<ConnectionOptions> = {},
): Promise<Connection> {
  const connection = await connect(optionsOf(url, kind, changes));
  onTestFinished(() => connection.close());
  return connection;
}
