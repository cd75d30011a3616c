import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Target } from '../../../src/config/types.ts';
import type { Connection } from '../../../src/mcp/connection.ts';
import { Supervisor, type SupervisorOptions, type SupervisorStatus } from '../../../src/mcp/supervisor.ts';
import type { Reply } from '../../../src/mcp/transports/transport.ts';
import type { Tool } from '../../../src/mcp/types.ts';
import { sendJson, startScripted } from './remote.ts';
import { alive, freePort, startRemote, stdioTarget, until } from '../../support.ts';

/** A connection that was there for longer than this had held. */
const stableMs = 1_000;

interface Supervised {
  readonly supervisor: Supervisor;
  /** As told, one after the other. */
  readonly told: SupervisorStatus[];
}

function supervise(target: Target, changes: Partial<SupervisorOptions> = {}): Supervised {
  const told: SupervisorStatus[] = [];
  const supervisor: Supervisor = new Supervisor({
    server: 'fixture',
    target,
    version: '0.0.0',
    connectionTimeoutMs: 10_000,
    maxResultBytes: 1_000_000,
    keepsUp: true,
    waitMs: 10_000,
    memory: {},
    observe: () => {},
    prepare: async () => {},
    onToolsChanged: () => {},
    onPromptsChanged: undefined,
    ...changes,
    onStatus: (tookMs) => {
      told.push(supervisor.status());
      changes.onStatus?.(tookMs);
    },
  });
  onTestFinished(() => supervisor.close());
  return { supervisor, told };
}

function remote(url: string): Target {
  return { kind: 'streamable-http', url, headers: {}, tls: undefined };
}

function connected(
  supervisor: Supervisor,
  withinMs = 10_000,
  { signal } = new AbortController(),
): Promise<Connection | undefined> {
  return supervisor.connected(Date.now() + withinMs, signal);
}

function call(connection: Connection | undefined, name: string, args: object = {}): Promise<Reply> {
  if (connection === undefined) throw new Error('no connection');
  const tool = { name, definition: { name } } as unknown as Tool;
  return connection.call(tool, JSON.stringify(args), { deadlineAt: Date.now() + 10_000 });
}

/** Until the connection is one that held. */
async function held(supervisor: Supervisor): Promise<Connection> {
  const connection = await until(() => supervisor.live);
  const since = Date.now();
  await until(() => Date.now() - since > stableMs + 50);
  return connection;
}

function pidOf(connection: Connection | undefined): number {
  return connection?.session.transport.pid ?? 0;
}

const ended = (connection: Connection): Promise<boolean> => until(async () => !(await alive(pidOf(connection))));

it('tells no secret that a child writes to stderr or a remote server answers with', async () => {
  const events: unknown[] = [];
  const observe = (event: unknown): void => void events.push(event);
  const script = 'console.error("bad key " + process.env.API_KEY); process.exit(1)';
  const env = { PATH: process.env['PATH'] ?? '', API_KEY: 'env-secret' };
  const child = supervise(
    { kind: 'stdio', command: process.execPath, args: ['-e', script], env, ownEnv: ['API_KEY'], cwd: undefined },
    { observe },
  );
  const server = await startScripted(({ message, request, response }) => {
    const said = `denied ${request.headers.authorization}`;
    sendJson(response, { jsonrpc: '2.0', id: message.id, error: { code: -32_000, message: said } });
  });
  const headers = { Authorization: 'Bearer header-secret' };
  const far = supervise({ kind: 'streamable-http', url: server.url, headers, tls: undefined }, { observe });
  await Promise.all([child.supervisor.attempted, far.supervisor.attempted]);
  expect(child.supervisor.status().detail).toContain('bad key ***');
  expect(far.supervisor.status().detail).toContain('denied ***');
  expect(events).toContainEqual(expect.objectContaining({ type: 'upstream-stderr', line: 'bad key ***' }));
  const known = [child, far].map(({ supervisor, told }) => [told, supervisor.status(), supervisor.unavailable()]);
  expect(JSON.stringify([events, known])).not.toMatch(/(?:env|header)-secret/);
});

describe('a child', () => {
  it('starts, and is ready', async () => {
    const { supervisor, told } = supervise(stdioTarget('echo'));
    expect(supervisor.status()).toMatchObject({ state: 'starting', detail: 'starting', attempted: false, restarts: 0 });
    expect(supervisor.live).toBeUndefined();
    await supervisor.attempted;
    expect(supervisor.status()).toMatchObject({
      state: 'ready',
      detail: 'ready',
      attempted: true,
      restarts: 0,
      lastError: undefined,
      nextRetryAt: undefined,
      pid: pidOf(supervisor.live),
    });
    supervisor.describe('ready with 3 tools');
    expect(supervisor.status().detail).toBe('ready with 3 tools');
    expect(told).toHaveLength(1);
  });

  it('that held and died is made anew at once; calls wait for it', async () => {
    const { supervisor, told } = supervise(stdioTarget('echo'));
    const before = await held(supervisor);
    process.kill(pidOf(before), 'SIGKILL');
    await until(() => told.length === 2);
    expect(told[1]).toMatchObject({
      state: 'down',
      detail: 'the process was ended by SIGKILL; trying again now',
      lastError: 'the process was ended by SIGKILL',
      pid: undefined,
    });
    const [one, another] = await Promise.all([connected(supervisor), connected(supervisor)]);
    expect(one).toBe(another);
    expect(pidOf(one)).not.toBe(pidOf(before));
    expect(told.map(({ state }) => state)).toEqual(['ready', 'down', 'ready']);
    expect(supervisor.status()).toMatchObject({ restarts: 1, lastError: 'the process was ended by SIGKILL' });
  });

  it('that dies as soon as it is ready, five times, is crash-looping, and still tried', async () => {
    const { supervisor, told } = supervise(stdioTarget('crashes-on-call'), {
      onStatus: () => {
        if (supervisor.live !== undefined) void call(supervisor.live, 'crash');
      },
    });
    await until(() => supervisor.status().state === 'crash-looping', 25_000);
    expect(told.map(({ state }) => state)).toEqual([
      ...Array.from({ length: 4 }, () => ['ready', 'down']).flat(),
      'ready',
      'crash-looping',
    ]);
    const { detail, nextRetryAt } = supervisor.status();
    expect(detail).toMatch(
      /^the process exited with code 1: fatal: the kettle exploded \(it crashed 5 times in a row\); trying again in [678] s$/,
    );
    expect((nextRetryAt ?? 0) - Date.now()).toBeGreaterThan(5_000);
  });

  it('keeps the reason in its sentence while it is tried again', async () => {
    const { supervisor, told } = supervise(stdioTarget('exits-at-once'));
    await supervisor.attempted;
    const reason = /^the process exited with code 3: .*KETTLE_TOKEN is not set/;
    expect(supervisor.status()).toMatchObject({ state: 'down', attempted: true });
    expect(supervisor.status().detail).toMatch(reason);
    expect(supervisor.status().detail).toMatch(/; trying again in 0\.\d s$/);
    const { since } = supervisor.status();
    const retrying = await until(() => {
      const status = supervisor.status();
      return status.nextRetryAt === undefined ? status : undefined;
    });
    expect(retrying).toMatchObject({ state: 'down', since });
    expect(retrying.detail).toMatch(reason);
    expect(retrying.detail).toMatch(/; trying again now$/);
    await until(() => told.length > 1);
  });

  it('that cannot be started is not waited for', async () => {
    const { supervisor } = supervise({ ...stdioTarget('echo'), command: 'no-such-command' } as Target);
    const startedAt = Date.now();
    expect(await connected(supervisor)).toBeUndefined();
    expect(Date.now() - startedAt).toBeLessThan(5_000);
    expect(supervisor.status().detail).toMatch(/^command not found: no-such-command; trying again in 0\.\d s$/);
    expect(supervisor.unavailable()).toMatchObject({ detail: 'command not found: no-such-command' });
  });

  it('is waited for no longer than the caller does', async () => {
    const { supervisor } = supervise(stdioTarget('never-initialises'));
    const leaving = new AbortController();
    const gone = connected(supervisor, 60_000, leaving);
    const late = connected(supervisor, 100);
    leaving.abort();
    expect(await gone).toBeUndefined();
    expect(await late).toBeUndefined();
    expect(supervisor.status().state).toBe('starting');
  });

  it('has one start at a time: what a failed one left behind ends first', async () => {
    const pids: number[] = [];
    const alone: boolean[] = [];
    const { supervisor } = supervise(stdioTarget('ignores-eof'), {
      prepare: async (connection) => {
        const [last] = pids.slice(-1);
        if (last !== undefined) alone.push(!(await alive(last)));
        pids.push(pidOf(connection));
        if (pids.length === 1) throw new Error('its list is broken');
      },
    });
    expect(await connected(supervisor)).toBeDefined();
    expect(supervisor.status()).toMatchObject({ lastError: 'its list is broken', restarts: 0 });
    expect(alone).toEqual([true]);
    expect(pids).toHaveLength(2);
  });
});

describe('a connection that is dropped', () => {
  it.each(['stdio', 'http'])('%s: lets calls in flight end, while there is a new one already', async (kind) => {
    const target = kind === 'stdio' ? stdioTarget('echo') : remote((await startRemote('http-echo')).url);
    const { supervisor, told } = supervise(target);
    const before = await held(supervisor);
    const slow = call(before, 'sleep', { ms: 1_500 });
    supervisor.drop(before, 'it looked dead');
    supervisor.drop(before, 'said twice');
    expect(supervisor.live).toBeUndefined();
    expect(supervisor.status().lastError).toBe('it looked dead');
    const after = await connected(supervisor);
    expect(after).not.toBe(before);
    expect(before.inFlight).toBe(1);
    expect(await call(after, 'add', { a: 1, b: 2 })).toMatchObject({ kind: 'result' });
    expect(await slow).toMatchObject({ kind: 'result', value: { content: [{ text: 'slept 1500 ms' }] } });
    await before.session.ended;
    if (kind === 'stdio') await ended(before);
    supervisor.drop(before, 'long after');
    expect(supervisor.live, 'which has nothing to do with the new one').toBe(after);
    expect(told.map(({ state }) => state)).toEqual(['ready', 'down', 'ready']);
  });
});

describe('closing', () => {
  const soon = 8_000;

  async function closeWithin(supervisor: Supervisor, ms = soon): Promise<void> {
    const startedAt = Date.now();
    await Promise.all([supervisor.close(), supervisor.close()]);
    expect(Date.now() - startedAt).toBeLessThan(ms);
    expect(supervisor.live).toBeUndefined();
    expect(await connected(supervisor, 1_000)).toBeUndefined();
    expect(supervisor.unavailable().detail).toBe('the connection was closed');
  }

  it('when it is ready ends the child', async () => {
    const { supervisor, told } = supervise(stdioTarget('ignores-eof-and-sigterm'));
    const connection = await until(() => supervisor.live);
    const slow = call(connection, 'sleep', { ms: 60_000 });
    await closeWithin(supervisor);
    expect(await slow).toMatchObject({ kind: 'lost' });
    expect(await alive(pidOf(connection))).toBe(false);
    expect(told.map(({ state }) => state)).toEqual(['ready']);
  });

  it('in the turn that made it starts nothing', async () => {
    const { supervisor, told } = supervise(stdioTarget('echo'));
    await closeWithin(supervisor);
    await supervisor.attempted;
    expect(told).toEqual([]);
  });

  it('while it connects ends the attempt, and whoever waits for it', async () => {
    const { supervisor, told } = supervise(stdioTarget('never-initialises'));
    const waiting = connected(supervisor, 60_000);
    await new Promise((resolve) => setImmediate(resolve));
    await closeWithin(supervisor);
    expect(await waiting).toBeUndefined();
    expect(told).toEqual([]);
  });

  it('while it prepares ends the child that it has', async () => {
    const prepared: Connection[] = [];
    const { supervisor, told } = supervise(stdioTarget('echo'), {
      prepare: (connection, _deadlineAt, signal) =>
        new Promise((_resolve, reject) => {
          prepared.push(connection);
          signal.addEventListener('abort', () => reject(new Error('given up')));
        }),
    });
    const connection = await until(() => prepared[0]);
    await closeWithin(supervisor);
    expect(await alive(pidOf(connection))).toBe(false);
    expect(told).toEqual([]);
  });

  it('while it pauses ends the pause, for those who wait too', async () => {
    const { supervisor, told } = supervise(stdioTarget('exits-at-once'));
    await until(() => told.length === 3);
    const waiting = connected(supervisor, 60_000);
    await closeWithin(supervisor);
    const closedAt = Date.now();
    expect(await waiting).toBeUndefined();
    expect(Date.now() - closedAt, 'of a pause of two seconds').toBeLessThan(1_000);
    expect(told).toHaveLength(3);
  });

  it('ends what a failed attempt left', async () => {
    const failed: Connection[] = [];
    const { supervisor } = supervise(stdioTarget('ignores-eof'), {
      prepare: (connection) => {
        failed.push(connection);
        return Promise.reject(new Error('its list is broken'));
      },
    });
    await supervisor.attempted;
    await closeWithin(supervisor);
    expect(failed).toHaveLength(1);
    expect(await alive(pidOf(failed[0]))).toBe(false);
  });

  it('ends what was dropped, whatever is in flight on it', async () => {
    const { supervisor } = supervise(stdioTarget('ignores-eof'));
    const connection = await until(() => supervisor.live);
    void call(connection, 'sleep', { ms: 60_000 });
    supervisor.drop(connection, 'it looked dead');
    await closeWithin(supervisor);
    expect(await alive(pidOf(connection))).toBe(false);
  });
});

describe('a remote server', () => {
  /** A supervisor of a port that nobody listens on; `start` makes a server listen. */
  async function superviseNobody(changes: Partial<SupervisorOptions> = {}) {
    const port = await freePort();
    const supervised = supervise(remote(`http://127.0.0.1:${port}/mcp`), changes);
    await supervised.supervisor.attempted;
    return { ...supervised, start: () => startRemote('http-echo', { PORT: String(port) }) };
  }

  it('that never was there gets one try for each call, and one for all that come at the same time', async () => {
    const { supervisor, told } = await superviseNobody({ keepsUp: false });
    expect(told).toHaveLength(1);
    expect(await Promise.all(Array.from({ length: 20 }, () => connected(supervisor)))).toEqual(
      Array.from({ length: 20 }, () => undefined),
    );
    expect(told).toHaveLength(2);
    await supervisor.retryNow(new AbortController().signal);
    expect(told).toHaveLength(3);
    expect(supervisor.status().detail).toMatch(/^connection refused by 127\.0\.0\.1:\d+$/);
  });

  it('that is down is tried at once, whatever the pause', async () => {
    const { supervisor, told, start } = await superviseNobody();
    while ((supervisor.unavailable() as { retryAfterMs: number }).retryAfterMs < 5_000) await connected(supervisor);
    const { nextRetryAt } = supervisor.status();
    await start();
    expect(await connected(supervisor)).toBeDefined();
    expect(Date.now()).toBeLessThan(nextRetryAt ?? 0);
    expect(told.at(-1)?.state).toBe('ready');
    expect(supervisor.status().restarts).toBe(0);
  });

  it('that was lost is waited for while it comes back', async () => {
    const port = await freePort();
    const first = await startRemote('http-echo', { PORT: String(port) });
    const { supervisor, told } = supervise(remote(first.url));
    const before = await until(() => supervisor.live);
    await first.stop();
    const waiting = Promise.all(
      [1, 2].map(() => {
        supervisor.drop(before, 'connection refused');
        return connected(supervisor);
      }),
    );
    await until(() => told.filter(({ state }) => state === 'down').length > 3);
    await startRemote('http-echo', { PORT: String(port) });
    const [one, another] = await waiting;
    expect(one).toBeDefined();
    expect(one).toBe(another);
    expect(one).toBe(supervisor.live);
    expect(supervisor.status()).toMatchObject({ state: 'ready', restarts: 1 });
  });

  it('is tried no longer than the caller waits', async () => {
    const first = await startRemote('http-echo');
    const { supervisor } = supervise(remote(first.url));
    const before = await until(() => supervisor.live);
    await first.stop();
    supervisor.drop(before, 'connection refused');
    const startedAt = Date.now();
    expect(await connected(supervisor, 1_500)).toBeUndefined();
    expect(Date.now() - startedAt).toBeGreaterThan(1_400);
    expect(Date.now() - startedAt).toBeLessThan(5_000);
  });
});

describe('a look at a remote connection', () => {
  it('finds a session that the server forgot, and makes a new one ahead of the next call', async () => {
    const { url } = await startRemote('http-drops-session');
    const { supervisor } = supervise(remote(url));
    const before = await held(supervisor);
    await supervisor.examine(before);
    expect(supervisor.live, 'which is as it should be').toBe(before);
    await call(before, 'drop');
    await supervisor.examine(before);
    expect(supervisor.status().lastError).toBe('the server ended the session (HTTP 404)');
    const after = await until(() => supervisor.live);
    expect(after).not.toBe(before);
    await supervisor.examine(before);
    expect(supervisor.live, 'nobody looks at an old one').toBe(after);
  });

  it('costs no session where the server knows no pings', async () => {
    const { url, pings } = await startPingless();
    const { supervisor, told } = supervise(remote(url));
    for (let look = 1; look <= 4; look++) await supervisor.examine(await until(() => supervisor.live));
    expect(pings()).toBe(1);
    expect(supervisor.status()).toMatchObject({ state: 'ready', restarts: 0 });
    expect(told.map(({ state }) => state)).toEqual(['ready']);
  });

  it('finds every session that is gone, however many were before they answered a ping', async () => {
    const { url } = await startRemote('http-drops-session');
    const { supervisor } = supervise(remote(url));
    for (let drop = 1; drop <= 4; drop++) {
      const before = await until(() => supervisor.live);
      await call(before, 'drop');
      await supervisor.examine(before);
      await until(() => supervisor.live !== undefined && supervisor.live !== before);
      expect(supervisor.status().restarts).toBe(drop);
    }
  });
});

/** A server that takes a ping for the request of a session that it does not know. */
async function startPingless(): Promise<{ readonly url: string; readonly pings: () => number }> {
  let pings = 0;
  const http = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    request.on('end', () => {
      if (request.method !== 'POST') return response.writeHead(405).end();
      const { id, method } = JSON.parse(text) as { id?: unknown; method: string };
      if (id === undefined) return response.writeHead(202).end();
      if (method === 'ping') {
        pings++;
        return response.writeHead(404).end();
      }
      const answer =
        method === 'initialize'
          ? { result: { protocolVersion: '2025-06-18', capabilities: {}, serverInfo: { name: 'f', version: '1' } } }
          : { error: { code: -32_601, message: 'Method not found' } };
      response.writeHead(200, { 'content-type': 'application/json', 'mcp-session-id': 'only' });
      return response.end(JSON.stringify({ jsonrpc: '2.0', id, ...answer }));
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    http.closeAllConnections();
    http.close();
  });
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`, pings: () => pings };
}

describe('a connection that is made anew only on demand', () => {
  it('stays away when it is lost, until it is asked for', async () => {
    const { supervisor, told } = supervise(stdioTarget('echo'), { keepsUp: false });
    const before = await held(supervisor);
    process.kill(pidOf(before), 'SIGKILL');
    await until(() => told.length === 2);
    expect(told[1]).toMatchObject({
      state: 'down',
      detail: 'the process was ended by SIGKILL',
      nextRetryAt: undefined,
    });
    const startedAt = Date.now();
    await until(() => Date.now() - startedAt > 300);
    expect(told).toHaveLength(2);
    const after = await connected(supervisor);
    expect(pidOf(after)).toBeGreaterThan(0);
    expect(pidOf(after)).not.toBe(pidOf(before));
    expect(told).toHaveLength(3);
  });

  it('is not given up for ever where the command could not be started once', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mcpo-late-command-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const command = join(folder, 'server');
    const target = { ...stdioTarget('echo'), command } as Target;
    const { supervisor, told } = supervise(target, { keepsUp: false });
    expect(await connected(supervisor)).toBeUndefined();
    expect(told.at(-1)?.detail).toBe(`command not found: ${command}`);
    await symlink(process.execPath, command);
    const connection = await until(() => connected(supervisor));
    expect(pidOf(connection)).toBeGreaterThan(0);
  });
});
