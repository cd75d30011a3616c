import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Connection } from '../../../../src/mcp/connection.ts';
import type { Reply } from '../../../../src/mcp/transports/transport.ts';
import { until } from '../../../support.ts';
import {
  connectTo,
  errorOf,
  openEvents,
  resultOf,
  startScripted,
  type Received,
  type ScriptedServer,
} from '../remote.ts';

interface SseServer extends ScriptedServer {
  /** Writes to the one stream. */
  send(text: string): void;
}

/** One stream, and the handshake on it; what else is asked for goes to `answer`, and is taken unless it is `ignored`. */
async function startSse(
  answer: (received: Received) => void = () => {},
  headers: Record<string, string> = {},
  ignored: readonly (string | undefined)[] = [],
): Promise<SseServer> {
  let stream: Received['response'] | undefined;
  const send = (text: string): void => void stream?.write(text);
  const server = await startScripted((received) => {
    const { request, response, message } = received;
    if (request.method === 'GET') {
      stream = response;
      openEvents(response);
      return send('event: endpoint\ndata: /messages\n\n');
    }
    if (ignored.includes(message.method)) return;
    response.writeHead(202, headers).end();
    const serverInfo = { name: 'scripted', version: '1' };
    const result = { protocolVersion: '2024-11-05', capabilities: { tools: {} }, serverInfo };
    if (message.method === 'initialize') return send(`data: ${resultOf(received, result)}\n\n`);
    return answer(received);
  });
  return { ...server, send };
}

function call(connection: Connection, name: string): Promise<Reply> {
  const params = JSON.stringify({ name });
  return connection.session.transport.request('tools/call', params, { deadlineAt: Date.now() + 10_000 });
}

const limits = { maxMessageBytes: 2_000 };
const tooLarge = { kind: 'unusable', detail: 'the result is larger than 2000 bytes (--max-result)' };

describe('a message over the limit', () => {
  it.each(['first', 'last'])('fails the request that it answers alone, its id standing %s', async (place) => {
    const server = await startSse();
    const connection = await connectTo(server.url, 'sse', limits);
    const [huge, small] = [call(connection, 'huge'), call(connection, 'small')];
    const [first, second] = await until(() => {
      const asked = server.asked('tools/call');
      return asked.length === 2 ? asked.toSorted((a) => (a.message.params?.['name'] === 'huge' ? -1 : 1)) : undefined;
    });
    const result = `"result":{"text":"${'x'.repeat(1_000_000)}"}`;
    const id = `"id":${first?.message.id}`;
    server.send(
      `event: message\ndata: {"jsonrpc":"2.0",${place === 'first' ? `${id},${result}` : `${result},${id}`}}\n\n`,
    );
    expect(await huge).toEqual(tooLarge);
    server.send(`data: ${resultOf(second as Received, { n: 1 })}\n\n`);
    expect(await small).toMatchObject({ kind: 'result', value: { n: 1 } });
    expect(server.asked('GET')).toHaveLength(1);
  });

  it('fails the only request that is open, where no id is seen', async () => {
    const server = await startSse(() => server.send(`data: {"result":"${'x'.repeat(5_000)}"}\n\n`));
    const connection = await connectTo(server.url, 'sse', limits);
    expect(await call(connection, 'huge')).toEqual(tooLarge);
  });

  it('that answers nobody harms nobody', async () => {
    const server = await startSse((received) => {
      if (received.message.method !== 'tools/call') return;
      server.send(`data: {"jsonrpc":"2.0","id":5,"result":"${'x'.repeat(5_000)}"}\n\n`);
      server.send(`data: ${errorOf(received, -32_000)}\n\n`);
    });
    const connection = await connectTo(server.url, 'sse', limits);
    expect(await call(connection, 'any')).toMatchObject({ kind: 'rpc-error', code: -32_000 });
  });
});

describe('the event stream', () => {
  it('tells when the server was last heard', async () => {
    const server = await startSse();
    const { transport } = (await connectTo(server.url, 'sse')).session;
    const before = await until(() => (Date.now() > (transport.lastHeardAt ?? 0) ? Date.now() : undefined));
    server.send(': ping\n\n');
    await until(() => (transport.lastHeardAt ?? 0) >= before);
  });

  it('is what the server is heard on: one that takes posts may have lost its stream', async () => {
    const server = await startSse();
    const { transport } = (await connectTo(server.url, 'sse')).session;
    const before = transport.lastHeardAt;
    const request = transport.request('tools/call', '{"name":"any"}', { deadlineAt: Date.now() + 300 });
    expect(await request).toEqual({ kind: 'timeout' });
    await until(() => server.asked('notifications/cancelled').length > 0);
    expect(transport.lastHeardAt).toBe(before);
  });

  it.each(['end', 'destroy'] as const)('loses what waits on it when it ends (%s), once and for all', async (how) => {
    const server = await startSse();
    const connection = await connectTo(server.url, 'sse');
    const open = call(connection, 'any');
    await until(() => server.asked('tools/call').length > 0);
    server.asked('GET')[0]?.response[how]();
    expect(await open).toEqual({ kind: 'lost', gone: true, detail: 'the server ended the event stream' });
    expect(await connection.session.ended).toBe('the server ended the event stream');
    expect(await call(connection, 'any')).toMatchObject({ kind: 'undelivered', gone: true });
    expect(server.asked('GET')).toHaveLength(1);
  });
});

it('close() does not wait for a server that hangs', async () => {
  const server = await startSse();
  const connection = await connectTo(server.url, 'sse');
  const open = call(connection, 'any');
  await until(() => server.asked('tools/call').length > 0);
  const startedAt = Date.now();
  await connection.close();
  expect(Date.now() - startedAt).toBeLessThan(2_000);
  expect(await open).toMatchObject({ kind: 'lost', gone: true });
});

it('close() tells the server of the calls that nobody waits for any more, while it still knows the session', async () => {
  const server = await startSse(({ message }) => {
    if (message.method === 'notifications/cancelled')
      streamAlive.push(server.asked('GET')[0]?.response.destroyed === false);
  });
  const streamAlive: boolean[] = [];
  const connection = await connectTo(server.url, 'sse');
  const open = call(connection, 'any');
  await until(() => server.asked('tools/call').length > 0);
  await connection.close();
  expect(server.asked('notifications/cancelled').map(({ message }) => message.params?.['requestId'])).toEqual([
    server.asked('tools/call')[0]?.message.id,
  ]);
  expect(streamAlive).toEqual([true]);
  expect(await open).toMatchObject({ kind: 'lost', gone: true });
});

describe('an attempt that comes to nothing', () => {
  const limit = { connectTimeoutMs: 300 };

  it('says what was missing', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    onTestFinished(() => void silent.close());
    await until(() => silent.listening);
    const { port } = silent.address() as { port: number };
    await expect(connectTo(`http://127.0.0.1:${port}/sse`, 'sse', limit)).rejects.toThrow(
      'no event stream within 0.3 s (--connection-timeout)',
    );
    const mute = await startScripted(({ response }) => openEvents(response));
    await expect(connectTo(mute.url, 'sse', limit)).rejects.toThrow(
      'no endpoint on the event stream within 0.3 s (--connection-timeout)',
    );
    const page = await startScripted(({ response }) => response.end('<html>'));
    await expect(connectTo(page.url, 'sse', limit)).rejects.toThrow(/does not speak MCP over SSE at this path/);
  });
});

it('a post that the server holds until its answer takes as long as the request may', { timeout: 60_000 }, async () => {
  const server = await startSse(undefined, {}, ['tools/call']);
  const connection = await connectTo(server.url, 'sse');
  const deadlineAt = Date.now() + 50_000;
  const reply = connection.session.transport.request('tools/call', '{"name":"slow"}', { deadlineAt });
  const asked = await until(() => server.asked('tools/call')[0]);
  await delay(31_000);
  server.send(`data: ${resultOf(asked, { n: 1 })}\n\n`);
  expect(await reply).toMatchObject({ kind: 'result', value: { n: 1 } });
  asked.response.writeHead(202).end();
});

it('a call that is cancelled while it waits for a socket is not sent', async () => {
  const server = await startSse(undefined, {}, ['tools/call']);
  const connection = await connectTo(server.url, 'sse');
  const held = Array.from({ length: 64 }, () => call(connection, 'held'));
  const caller = new AbortController();
  const options = { deadlineAt: Date.now() + 10_000, signal: caller.signal };
  const reply = connection.session.transport.request('tools/call', '{"name":"gone"}', options);
  caller.abort();
  expect(await reply).toEqual({ kind: 'cancelled' });
  held.push(call(connection, 'late'));
  await until(() => server.asked('tools/call').some(({ message }) => message.params?.['name'] === 'late'));
  expect(server.asked('tools/call').map(({ message }) => message.params?.['name'])).not.toContain('gone');
  await connection.close();
  await Promise.all(held);
});

describe('a request on its way when the connection closes', () => {
  it('is not lost where it waits for a socket', async () => {
    const server = await startSse(undefined, {}, ['tools/call']);
    const connection = await connectTo(server.url, 'sse');
    const held = Array.from({ length: 64 }, () => call(connection, 'held'));
    const waiting = call(connection, 'late');
    const closed = connection.close();
    expect(await waiting).toMatchObject({ kind: 'undelivered', gone: true });
    await Promise.all([closed, ...held]);
  });

  it('is not lost where it did not reach the server', async () => {
    const server = await startSse(undefined, { connection: 'close' });
    const connection = await connectTo(server.url, 'sse');
    const stopped = server.stop();
    const reply = call(connection, 'add');
    const closed = connection.close();
    expect(await reply).toMatchObject({ kind: 'undelivered', gone: true });
    await Promise.all([closed, stopped]);
  });

  it('does not keep it from closing where its server does not take it', async () => {
    const server = await startSse(undefined, {}, ['tools/call']);
    const connection = await connectTo(server.url, 'sse');
    const reply = call(connection, 'add');
    await until(() => server.asked('tools/call').length === 1);
    const startedAt = Date.now();
    await connection.close();
    expect(Date.now() - startedAt).toBeLessThan(3_000);
    expect(await reply).toMatchObject({ kind: 'lost', gone: true });
  });
});
