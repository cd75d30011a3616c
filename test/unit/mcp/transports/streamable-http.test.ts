import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Connection } from '../../../../src/mcp/connection.ts';
import type { Reply } from '../../../../src/mcp/transports/transport.ts';
import { freePort, startRemote, until } from '../../../support.ts';
import {
  answerHandshake,
  connectTo,
  errorOf,
  openEvents,
  resultOf,
  sendJson,
  startScripted,
  type Received,
  type ScriptedServer,
} from '../remote.ts';

const listChanged = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' });

/** Sessions, no stream by GET; `tools/call` and `GET` go to `answer`. */
function startWith(answer: (received: Received) => void): Promise<ScriptedServer> {
  return startScripted((received) => {
    if (!answerHandshake(received)) answer(received);
  });
}

function noStream({ response }: Received): void {
  response.writeHead(405).end();
}

function call(connection: Connection, changes: { deadlineAt?: number; signal?: AbortSignal } = {}): Promise<Reply> {
  const { transport } = connection.session;
  return transport.request('tools/call', '{"name":"add"}', { deadlineAt: Date.now() + 10_000, ...changes });
}

describe('the stream on which a server speaks by itself', () => {
  it('is opened again when it ends, from the last event, and what changed is told', async () => {
    const told: string[] = [];
    const server = await startWith(({ response }) => {
      openEvents(response);
      const count = server.asked('GET').length;
      if (count === 1) response.end(`id: e1\nretry: 10\ndata: ${listChanged}\n\n`);
      if (count === 2) response.end(`: nothing new\n\n`);
      if (count === 3) response.write(`id: e2\ndata: ${listChanged}\n\n`);
    });
    await connectTo(server.url, 'streamable-http', {
      onToolsChanged: () => void told.push('changed'),
      onDoubt: () => void told.push('doubt'),
    });
    await until(() => told.length >= 4);
    expect(told).toEqual(['changed', 'doubt', 'doubt', 'changed']);
    const streams = server.asked('GET').map(({ request }) => request.headers);
    expect(streams.map((headers) => headers['last-event-id'])).toEqual([undefined, 'e1', 'e1']);
    expect(streams[2]).toMatchObject({ 'mcp-session-id': 'session', 'mcp-protocol-version': '2025-11-25' });
  });

  it('counts as a change where something may have been missed', async () => {
    const told: string[] = [];
    const server = await startWith(({ response }) => {
      openEvents(response);
      if (server.asked('GET').length === 1) response.destroy();
    });
    await connectTo(server.url, 'streamable-http', {
      onToolsChanged: () => void told.push('changed'),
      onPromptsChanged: () => void told.push('prompts'),
      onDoubt: () => void told.push('doubt'),
    });
    await until(() => told.length >= 3);
    expect(told).toEqual(['doubt', 'changed', 'prompts']);
  });

  it.each([405, 404, 501])('is not asked for again where HTTP %i says that there is none', async (status) => {
    const server = await startWith((received) => {
      if (received.request.method === 'GET') received.response.writeHead(status).end();
      else sendJson(received.response, JSON.parse(resultOf(received, {})));
    });
    const connection = await connectTo(server.url);
    await until(() => server.asked('GET').length === 1);
    expect(await call(connection)).toMatchObject({ kind: 'result' });
    // Longer than any first pause.
    await until(() => Date.now() - (connection.session.transport.lastHeardAt ?? 0) > 700);
    expect(server.asked('GET')).toHaveLength(1);
  });

  it('is made up for by asking each minute where there is none', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const server = await startWith(noStream);
    let asked = 0;
    const connection = await connectTo(server.url, 'streamable-http', { onToolsChanged: () => void asked++ });
    await until(() => vi.getTimerCount() === 1);
    vi.advanceTimersByTime(180_000);
    expect(asked).toBe(3);
    await connection.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('outlasts a server that cannot open it yet, and one message that is too long', async () => {
    const told: string[] = [];
    const server = await startWith(({ response }) => {
      if (server.asked('GET').length === 1) return response.writeHead(503).end();
      openEvents(response);
      return response.write(`data: {"a":"${'x'.repeat(3_000)}"}\n\ndata: ${listChanged}\n\n`);
    });
    await connectTo(server.url, 'streamable-http', {
      maxMessageBytes: 1_000,
      onToolsChanged: () => void told.push('changed'),
      onDoubt: () => void told.push('doubt'),
    });
    // The gap, and the message.
    await until(() => told.length >= 2);
    expect(told).toEqual(['changed', 'changed']);
  });

  it('ends with the connection', async () => {
    const server = await startWith(({ response }) => openEvents(response));
    const connection = await connectTo(server.url);
    const stream = await until(() => server.asked('GET')[0]);
    await connection.close();
    await until(() => stream.response.destroyed);
    expect(server.asked('GET')).toHaveLength(1);
    expect(server.asked('DELETE')).toHaveLength(1);
  });
});

describe('an answer that breaks off', () => {
  it('is resumed where its events have ids, as often as it takes', async () => {
    const server = await startWith((received) => {
      const { request, response, message } = received;
      const from = request.headers['last-event-id'];
      if (request.method === 'GET' && from === undefined) return noStream(received);
      if (from === 'c2')
        return (openEvents(response), response.end(`id: c3\ndata: ${resultOf(asked(), { n: 1 })}\n\n`));
      if (from === 'c1' && server.asked('GET').length < 4) return response.writeHead(503).end();
      openEvents(response);
      if (from === 'c1') return response.end('id: c2\ndata:\n\n');
      expect(message.method).toBe('tools/call');
      return response.end('id: c1\nretry: 5\ndata:\n\n');
    });
    const asked = (): Received => server.asked('tools/call')[0] as Received;
    const connection = await connectTo(server.url);
    expect(await call(connection)).toMatchObject({ kind: 'result', value: { n: 1 } });
    expect(server.asked('tools/call')).toHaveLength(1);
    expect(server.asked('GET').map(({ request }) => request.headers['last-event-id'])).toEqual(
      expect.arrayContaining(['c1', 'c2']),
    );
  });

  it('is lost without ids, or where nothing more is had, and raises a doubt', async () => {
    let body = ': hello\n\n';
    let doubts = 0;
    const server = await startWith((received) => {
      const { request, response } = received;
      if (request.method === 'GET') return noStream(received);
      openEvents(response);
      return response.write(body, () => response.destroy());
    });
    const connection = await connectTo(server.url, 'streamable-http', { onDoubt: () => doubts++ });
    expect(await call(connection)).toMatchObject({ kind: 'lost', gone: false });
    expect(doubts).toBe(1);
    body = 'id: 1\ndata:\n\n';
    expect(await call(connection)).toMatchObject({ kind: 'lost', gone: false });
    expect(doubts).toBe(2);
  });

  it('is lost with the session that is not found any more', async () => {
    const server = await startWith((received) => {
      const { request, response } = received;
      if (request.headers['last-event-id'] !== undefined) return response.writeHead(404).end();
      if (request.method === 'GET') return noStream(received);
      openEvents(response);
      return response.end('id: 1\ndata:\n\n');
    });
    expect(await call(await connectTo(server.url))).toEqual({
      kind: 'lost',
      gone: true,
      detail: 'the server ended the session (HTTP 404) before it answered',
    });
  });

  it('is left alone as soon as nobody waits for it', async () => {
    const server = await startWith((received) => {
      const { request, response, message } = received;
      if (message.method === 'notifications/cancelled') return response.writeHead(202).end();
      if (request.method === 'GET' && request.headers['last-event-id'] === undefined) return noStream(received);
      openEvents(response);
      return request.method === 'POST' ? response.end('id: 1\ndata:\n\n') : response.write(': wait\n\n');
    });
    const connection = await connectTo(server.url);
    const abort = new AbortController();
    const reply = call(connection, { signal: abort.signal });
    const rest = await until(() => server.received.find(({ request }) => request.headers['last-event-id'] === '1'));
    abort.abort();
    expect(await reply).toEqual({ kind: 'cancelled' });
    await until(() => rest.response.destroyed && server.asked('notifications/cancelled').length === 1);
    const late = await call(connection, { deadlineAt: Date.now() + 50 });
    expect(late).toEqual({ kind: 'timeout' });
  });
});

describe('an answer', () => {
  it('over the limit fails its own request alone, in a stream too', async () => {
    const server = await startWith((received) => {
      if (received.request.method === 'GET') return noStream(received);
      const { id } = received.message;
      openEvents(received.response);
      received.response.write(`data: {"jsonrpc":"2.0","id":"other","result":"${'x'.repeat(5_000)}"}\n\n`);
      return received.response.end(`data: {"jsonrpc":"2.0","id":${id},"result":"${'x'.repeat(5_000)}"}\n\n`);
    });
    const connection = await connectTo(server.url, 'streamable-http', { maxMessageBytes: 1_000 });
    expect(await call(connection)).toEqual({
      kind: 'unusable',
      detail: 'the result is larger than 1000 bytes (--max-result)',
    });
  });

  it.each([
    [404, { kind: 'undelivered', gone: true }],
    [400, { kind: 'undelivered', gone: true }],
    [401, { kind: 'undelivered', gone: false }],
    [429, { kind: 'unusable', detail: 'the server answered HTTP 429: later' }],
    [500, { kind: 'unusable', detail: 'the server answered HTTP 500: later' }],
    [502, { kind: 'lost', gone: false, detail: 'the server answered HTTP 502: later' }],
    [503, { kind: 'lost', gone: false, detail: 'the server answered HTTP 503: later' }],
    [504, { kind: 'lost', gone: false, detail: 'the server answered HTTP 504: later' }],
  ])('with HTTP %i says what it means for the call and its session', async (status, expected) => {
    const server = await startWith((received) => {
      if (received.request.method === 'GET') noStream(received);
      else received.response.writeHead(status, { 'retry-after': '1' }).end('later');
    });
    expect(await call(await connectTo(server.url))).toMatchObject(expected);
  });

  it('shows nothing of a page', async () => {
    const server = await startWith((received) => {
      if (received.request.method === 'GET') noStream(received);
      else received.response.writeHead(500).end('\n<html><body><h1>500</h1></body></html>');
    });
    expect(await call(await connectTo(server.url))).toEqual({
      kind: 'unusable',
      detail: 'the server answered HTTP 500',
    });
  });

  it('tells when the server was last heard', async () => {
    const server = await startWith((received) => {
      if (received.request.method === 'GET') openEvents(received.response);
      else sendJson(received.response, JSON.parse(errorOf(received, -32_603)));
    });
    const connection = await connectTo(server.url);
    const { transport } = connection.session;
    const stream = await until(() => server.asked('GET')[0]);
    for (const speak of [() => stream.response.write(': ping\n\n'), () => void call(connection)]) {
      const before = await until(() => (Date.now() > (transport.lastHeardAt ?? 0) ? Date.now() : undefined));
      speak();
      await until(() => (transport.lastHeardAt ?? 0) >= before);
    }
  });
});

describe('a server that is killed and started again on its port', () => {
  it('is called again without a trace of the old connections', { timeout: 60_000 }, async () => {
    const port = String(await freePort());
    const env = { PORT: port };
    let running = await startRemote('http-without-sessions', env);
    const { transport } = (await connectTo(running.url)).session;
    for (let restart = 0; restart < 20; restart++) {
      await running.stop();
      running = await startRemote('http-without-sessions', env);
      const params = JSON.stringify({ name: 'count', arguments: {} });
      const reply = await transport.request('tools/call', params, { deadlineAt: Date.now() + 10_000 });
      expect(`${restart} ${reply.kind === 'result' ? reply.text() : JSON.stringify(reply)}`).toBe(
        `${restart} {"content":[{"type":"text","text":"1"}]}`,
      );
    }
  });
});

it('a call that is cancelled while it waits for a socket is not sent, and nothing is told of it', async () => {
  const server = await startWith((received) => {
    if (received.request.method === 'GET') noStream(received);
  });
  const connection = await connectTo(server.url);
  const { transport } = connection.session;
  const held = Array.from({ length: 64 }, () => call(connection));
  const caller = new AbortController();
  const options = { deadlineAt: Date.now() + 10_000, signal: caller.signal };
  const reply = transport.request('tools/call', '{"name":"gone"}', options);
  caller.abort();
  expect(await reply).toEqual({ kind: 'cancelled' });
  held.push(call(connection));
  const names = await until(() => {
    const asked = server.asked('tools/call').map(({ message }) => message.params?.['name']);
    return asked.length >= 65 ? asked : undefined;
  });
  expect(new Set(names)).toEqual(new Set(['add']));
  expect(server.asked('notifications/cancelled')).toEqual([]);
  await connection.close();
  await Promise.all(held);
});

it('a call that waits for a socket when the connection closes was not delivered', async () => {
  const server = await startWith((received) => {
    if (received.request.method === 'GET') noStream(received);
  });
  const connection = await connectTo(server.url);
  const held = Array.from({ length: 64 }, () => call(connection));
  const waiting = call(connection);
  const closed = connection.close();
  expect(await waiting).toMatchObject({ kind: 'undelivered', gone: true });
  await Promise.all([closed, ...held]);
});

it('close() does not wait for a server that hangs', async () => {
  const server = await startScripted((received) => {
    if (received.request.method === 'DELETE') return;
    if (!answerHandshake(received) && received.request.method === 'GET') openEvents(received.response);
  });
  const connection = await connectTo(server.url);
  const open = call(connection);
  await until(() => server.asked('tools/call').length > 0);
  const startedAt = Date.now();
  await connection.close();
  expect(Date.now() - startedAt).toBeLessThan(3_000);
  expect(await open).toEqual({ kind: 'lost', gone: true, detail: 'the connection was closed' });
  expect(server.asked('DELETE')).toHaveLength(1);
});

it('close() tells the server of every call that nobody waits for any more, sessions or not', async () => {
  const server = await startScripted((received) => {
    const { response, message } = received;
    if (message.method === 'initialize') {
      const capabilities = { tools: {} };
      const serverInfo = { name: 'sessionless', version: '1' };
      return sendJson(
        response,
        JSON.parse(resultOf(received, { protocolVersion: '2025-11-25', capabilities, serverInfo })),
      );
    }
    if (message.method !== 'tools/call') response.writeHead(message.id === undefined ? 202 : 405).end();
  });
  const connection = await connectTo(server.url);
  const caller = new AbortController();
  const [cancelled, cut] = [call(connection, { signal: caller.signal }), call(connection)];
  await until(() => server.asked('tools/call').length === 2);
  caller.abort();
  await connection.close();
  const told = server.asked('notifications/cancelled').map(({ message }) => message.params?.['requestId']);
  expect(told).toEqual(server.asked('tools/call').map(({ message }) => message.id));
  expect(await cancelled).toEqual({ kind: 'cancelled' });
  expect(await cut).toEqual({ kind: 'lost', gone: true, detail: 'the connection was closed' });
});
