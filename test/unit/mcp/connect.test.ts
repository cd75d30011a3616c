import { createServer, type AddressInfo, type Server } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connect } from '../../../src/mcp/connect.ts';
import type { ConnectMemory } from '../../../src/mcp/connection.ts';
import { freePort, startRemote, stdioTarget, until } from '../../support.ts';
import {
  answerHandshake,
  connectTo,
  errorOf,
  openEvents,
  optionsOf,
  resultOf,
  sendJson,
  startScripted,
  type Received,
  type ScriptedServer,
} from './remote.ts';

/** Takes connections and says nothing. */
async function startSilent(): Promise<string> {
  const server: Server = createServer(() => {}).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await until(() => server.listening);
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
}

function startModern(): Promise<ScriptedServer> {
  return startScripted((received) => answerModern(received));
}

/** Knows no `initialize`. */
function answerModern(received: Received): void {
  const { response, message } = received;
  if (message.method !== 'server/discover') {
    return sendJson(response, JSON.parse(errorOf(received, -32_022)), 400);
  }
  const capabilities = { tools: {} };
  const result = { resultType: 'complete', ttlMs: 0, cacheScope: 'private', supportedVersions: ['2026-07-28'] };
  return sendJson(response, JSON.parse(resultOf(received, { ...result, capabilities })));
}

function answerLegacy(received: Received): void {
  if (!answerHandshake(received)) received.response.writeHead(405).end();
}

/** What a server was asked for, in order. */
function methodsOf({ received }: ScriptedServer): string[] {
  return received.map(({ request, message }) => message.method ?? request.method ?? '');
}

describe('an attempt with a server that takes connections and says nothing', () => {
  it.each([
    ['streamable-http', 'no answer to initialize within 0.5 s (--connection-timeout)'],
    ['sse', 'no event stream within 0.5 s (--connection-timeout)'],
    ['auto', 'no answer to initialize within 0.5 s (--connection-timeout)'],
  ] as const)('ends in time over %s', async (kind, sentence) => {
    const url = await startSilent();
    const startedAt = Date.now();
    await expect(connect(optionsOf(url, kind, { connectTimeoutMs: 500 }))).rejects.toThrow(sentence);
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(490);
    expect(Date.now() - startedAt).toBeLessThan(2_000);
  });

  it('has one deadline for all that it tries', async () => {
    // Refuses what Streamable HTTP asks for, then leaves the stream of SSE without an endpoint.
    const server = await startScripted(({ request, response }) => {
      if (request.method === 'GET') openEvents(response);
      else setTimeout(() => response.writeHead(404).end(), 150);
    });
    const startedAt = Date.now();
    await expect(connect(optionsOf(server.url, 'auto', { connectTimeoutMs: 700 }))).rejects.toThrow(
      /has nothing at this path \(HTTP 404\); check the url; and as SSE: no endpoint on the event stream within 0.7 s/,
    );
    expect(Date.now() - startedAt).toBeLessThan(2_000);
    expect(methodsOf(server)).toEqual(['server/discover', 'initialize', 'GET']);
  });

  it('is given up at once when nobody wants it any more', async () => {
    const abort = new AbortController();
    const server = await startScripted(() => {});
    const startedAt = Date.now();
    const attempt = connect(optionsOf(server.url, 'auto', { signal: abort.signal }));
    void until(() => server.received.length > 0).then(() => abort.abort());
    await expect(attempt).rejects.toThrow('the attempt was given up');
    expect(Date.now() - startedAt).toBeLessThan(2_000);
    const { signal } = abort;
    await expect(connect(optionsOf(server.url, 'sse', { signal }))).rejects.toThrow('the attempt was given up');
    expect(server.received).toHaveLength(1);
  });
});

it('a child that does not answer `initialize` is not told that it is cancelled', async () => {
  const said: string[] = [];
  const script = `require('readline').createInterface(process.stdin).on('line', (l) => console.error(JSON.parse(l).method))`;
  const target = { ...stdioTarget('echo'), args: ['-e', script] };
  const options = optionsOf('', 'auto', { target, connectTimeoutMs: 1_500, onStderr: (line) => said.push(line) });
  await expect(connect(options)).rejects.toThrow(
    'no answer to initialize within 1.5 s (--connection-timeout): initialize',
  );
  expect(said).toEqual(['initialize']);
});

it('what does not speak HTTP is told as such', async () => {
  const server = createServer((socket) => void socket.end('SSH-2.0-server\r\n')).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await until(() => server.listening);
  const { port } = server.address() as AddressInfo;
  for (const kind of ['auto', 'streamable-http', 'sse'] as const) {
    await expect(connectTo(`http://127.0.0.1:${port}/mcp`, kind)).rejects.toThrow(
      new RegExp(`^127.0.0.1:${port} does not speak HTTP; check the url$`),
    );
  }
});

describe('a server over Streamable HTTP', () => {
  it('that is silent on the probe is asked for a session', { timeout: 20_000 }, async () => {
    const server = await startScripted((received) => {
      if (received.message.method !== 'server/discover') answerLegacy(received);
    });
    const { session } = await connectTo(server.url, 'streamable-http', { connectTimeoutMs: 2_000 });
    expect(session.protocolVersion).toBe('2025-11-25');
  });

  it('says whether it runs tasks, and how it is pinged', async () => {
    const tasks = { requests: { tools: { call: {} } } };
    const running = await startScripted((received) => {
      if (!answerHandshake(received, { tools: {}, tasks })) received.response.writeHead(405).end();
    });
    const { session } = await connectTo(running.url);
    expect(session).toMatchObject({ pingMethod: 'ping', runsTasks: true, offersTools: true });
    const plain = await startScripted(answerLegacy);
    expect((await connectTo(plain.url)).session.runsTasks).toBe(false);
  });
});

describe('what earlier attempts found out', () => {
  it('spares the probe where the server has sessions, until it has none', async () => {
    const memory: ConnectMemory = {};
    let answer = answerLegacy;
    const server = await startScripted((received) => answer(received));
    const asked = async (): Promise<string[]> => {
      server.received.length = 0;
      await (await connectTo(server.url, 'streamable-http', { memory })).close();
      return methodsOf(server).filter((method) => method === 'initialize' || method === 'server/discover');
    };
    expect(await asked()).toEqual(['server/discover', 'initialize']);
    expect(memory).toEqual({ era: 'legacy' });
    expect(await asked()).toEqual(['initialize']);
    answer = answerModern;
    expect(await asked()).toEqual(['initialize', 'server/discover']);
    expect(memory).toEqual({ era: 'modern' });
    expect(await asked()).toEqual(['server/discover']);
    answer = answerLegacy;
    expect(await asked()).toEqual(['server/discover', 'initialize']);
    expect(memory).toEqual({ era: 'legacy' });
  });

  it('spares an SSE server the attempt over Streamable HTTP, until it is one', { timeout: 60_000 }, async () => {
    const memory: ConnectMemory = {};
    const port = String(await freePort());
    const old = await startRemote('sse-echo', { PORT: port });
    await (await connectTo(old.url, 'auto', { memory })).close();
    expect(memory).toEqual({ transport: 'sse', era: 'legacy' });
    await old.stop();

    await expect(connectTo(old.url, 'auto', { memory })).rejects.toThrow(`connection refused by 127.0.0.1:${port}`);
    expect(memory).toEqual({ transport: 'sse', era: 'legacy' });

    const young = await startRemote('http-echo', { PORT: port });
    await (await connectTo(young.url, 'auto', { memory })).close();
    expect(memory).toEqual({ transport: 'streamable-http', era: 'legacy' });
    await young.stop();

    const again = await startRemote('sse-echo', { PORT: port });
    await (await connectTo(again.url, 'auto', { memory })).close();
    expect(memory).toEqual({ transport: 'sse', era: 'legacy' });
  });

  it('is forgotten where a stream of SSE names no endpoint', async () => {
    const memory: ConnectMemory = { transport: 'sse' };
    const server = await startScripted(({ response }) => openEvents(response));
    await expect(connectTo(server.url, 'auto', { memory, connectTimeoutMs: 300 })).rejects.toThrow('no endpoint');
    expect(memory.transport).toBeUndefined();
    const untouched: ConnectMemory = { transport: 'sse' };
    const silent = await startSilent();
    await expect(connectTo(silent, 'auto', { memory: untouched, connectTimeoutMs: 300 })).rejects.toThrow('no event');
    expect(untouched.transport).toBe('sse');
  });

  it('spares a child that knows only the newest revision a start', async () => {
    const memory: ConnectMemory = {};
    const pids: (number | undefined)[] = [];
    const starts = async (name: string): Promise<string> => {
      const lines: string[] = [];
      const options = optionsOf('http://unused.invalid', 'auto', {
        memory,
        target: stdioTarget(name),
        onStderr: (line) => lines.push(line),
      });
      const connection = await connect(options);
      pids.push(connection.session.transport.pid);
      await connection.close();
      return lines.join();
    };
    expect(await starts('speaks-only-the-newest')).toBe('asked for initialize,asked for server/discover');
    expect(memory).toEqual({ era: 'modern' });
    expect(await starts('speaks-only-the-newest')).toBe('asked for server/discover');
    // Replaced by an older one, which ends at any request before `initialize`.
    expect(await starts('ends-before-initialize')).toBe('too early: server/discover');
    expect(memory).toEqual({ era: 'legacy' });
    expect(new Set(pids).size).toBe(3);
  });
});

it('a modern server over Streamable HTTP is never asked for initialize', async () => {
  const server = await startModern();
  await connectTo(server.url);
  expect(methodsOf(server)).toEqual(['server/discover']);
});

it('a server that is sent tokens is not reached in plain text', async () => {
  const authorizer = { token: async () => 'secret', refused: async () => false };
  for (const kind of ['auto', 'streamable-http', 'sse'] as const) {
    await expect(connectTo('http://notes.example/mcp', kind, { authorizer })).rejects.toThrow(
      'notes.example is not reached by https, which tokens need (this machine excepted); check the url',
    );
  }
});
