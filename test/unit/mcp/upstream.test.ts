import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  alive,
  callTool,
  fixture,
  inherited,
  startRemote,
  startUpstream,
  stdioTarget,
  textOf,
  until,
} from '../../support.ts';
import type { ServerConfig, Target } from '../../../src/config/types.ts';
import type { Outcome } from '../../../src/mcp/types.ts';
import type { Upstream } from '../../../src/mcp/upstream.ts';

const remote = (url: string, kind: 'auto' | 'sse' | 'streamable-http' = 'auto'): Target => ({
  kind,
  url,
  headers: { 'x-fixture': 'yes' },
  tls: undefined,
});

describe('over stdio', () => {
  it('forwards arguments to the letter and gives results as text', async () => {
    const { upstream } = startUpstream(stdioTarget('echo'));
    await upstream.attempted;
    expect(upstream.status()).toMatchObject({ state: 'ready', restarts: 0, lastError: undefined, attempted: true });
    const text = '{"big": 9007199254740993, "__proto__": 1.0,\n "é": [1e2]}';
    expect(textOf(await callTool(upstream, 'echo', text))).toBe(text.replace('\n', ' '));
    const outcome = await callTool(upstream, 'structured');
    expect(outcome.kind === 'result' && outcome.text()).toContain(
      '"structuredContent":{"id":9007199254740993,"price":1.10}',
    );
  });

  it('tells the server when time runs out or the caller goes, and stays usable', async () => {
    const { upstream } = startUpstream(stdioTarget('echo'));
    await upstream.attempted;
    const late = await callTool(upstream, 'sleep', { ms: 60_000 }, { deadlineAt: Date.now() + 100 });
    expect(late.kind).toBe('timeout');
    const abort = new AbortController();
    const gone = callTool(upstream, 'sleep', { ms: 60_000 }, { signal: abort.signal });
    abort.abort();
    expect((await gone).kind).toBe('cancelled');
    const cancelled = JSON.parse(textOf(await callTool(upstream, 'cancelled'))) as number[];
    expect(cancelled).toHaveLength(2);
    expect(upstream.status().inFlight).toBe(0);
  });

  it('fails calls to a server that stopped reading, rather than piling them up', async () => {
    const { upstream } = startUpstream(stdioTarget('stops-reading'));
    await upstream.attempted;
    await callTool(upstream, 'stop_reading');
    const body = JSON.stringify({ text: 'x'.repeat(40 * 1024 * 1024) });
    const unread = Promise.all([1, 2].map(() => callTool(upstream, 'say', body, { deadlineAt: Date.now() + 2_000 })));
    const refused = await until(async () => {
      const outcome = await callTool(upstream, 'pid', {}, { deadlineAt: Date.now() + 100 });
      return outcome.kind === 'unusable' ? outcome : undefined;
    });
    expect(refused.detail).toBe('the server does not read its input');
    expect(await unread).toMatchObject([{ kind: 'timeout' }, { kind: 'timeout' }]);
  });

  it('takes answers in batches to the letter, and survives any depth', async () => {
    const { upstream } = startUpstream(stdioTarget('batches-its-answers'));
    await upstream.attempted;
    const outcome = await callTool(upstream, 'structured');
    expect(outcome.kind).toBe('result');
    expect(outcome).toHaveProperty('text', expect.any(Function));
    expect(outcome.kind === 'result' && outcome.text()).toContain('"id":9007199254740993,"price":1.10}}');
  });

  it('lives with noise, chatter, unknown ids and double answers', async () => {
    for (const name of ['noisy-stdout', 'chatty-stderr', 'answers-unknown-ids', 'answers-twice']) {
      const { upstream, events } = startUpstream(stdioTarget(name));
      await upstream.attempted;
      expect(textOf(await callTool(upstream, 'add', { a: 1, b: 2 }))).toBe('3');
      const told = events.filter((event) => event.type === 'upstream-noise').length;
      expect(`${name} ${told}`).toBe(`${name} ${name === 'noisy-stdout' ? 1 : 0}`);
    }
  });

  it('takes answers with ids as text, without `jsonrpc`, after a byte order mark, or without an id', async () => {
    const { upstream } = startUpstream(stdioTarget('loose-answers'));
    await upstream.attempted;
    expect(textOf(await callTool(upstream, 'add', { a: 1, b: 2 }))).toBe('3');
    expect(await callTool(upstream, 'unreadable')).toMatchObject({ kind: 'rpc-error', code: -32_700 });
  });

  it('does not wait for a child that no longer listens', async () => {
    const { upstream } = startUpstream(stdioTarget('closes-stdin'));
    await upstream.attempted;
    await until(() => Date.now() - upstream.status().since > 1_100);
    await callTool(upstream, 'deaf');
    expect(textOf(await callTool(upstream, 'add', { a: 1, b: 2 }))).toBe('3');
    expect(upstream.status()).toMatchObject({ restarts: 1, lastError: 'the process closed its input' });
  });

  it('takes a death during the first listing for the crash that it is', async () => {
    const { upstream } = startUpstream(stdioTarget('dies-on-list'));
    await until(() => upstream.status().state === 'crash-looping');
    expect(upstream.status().detail).toMatch(
      /^tools\/list failed: the process exited with code 9 \(it crashed 5 times/,
    );
  });

  it('waits for a child through a start that fails', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mcpo-twice-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const { upstream } = startUpstream(stdioTarget('crashes-twice', { MEMORY: join(folder, 'memory') }));
    await upstream.attempted;
    await until(() => Date.now() - upstream.status().since > 1_100);
    await callTool(upstream, 'crash');
    expect(textOf(await callTool(upstream, 'add', { a: 1, b: 2 }))).toBe('3');
  });

  it('fails a result over the limit alone', async () => {
    const { upstream } = startUpstream(stdioTarget('huge-line'), { maxResultBytes: 2 * 1024 * 1024 });
    await upstream.attempted;
    const { pid } = upstream.status();
    const [huge, small] = await Promise.all([
      callTool(upstream, 'huge', { mib: 12 }),
      callTool(upstream, 'add', { a: 1, b: 1 }),
    ]);
    expect(huge).toMatchObject({ kind: 'unusable', detail: expect.stringContaining('--max-result') as string });
    expect(textOf(small)).toBe('2');
    expect(upstream.status().pid).toBe(pid);
  });

  it('fails a result over the limit alone, of a server that answers ids as text too', async () => {
    const { upstream } = startUpstream(stdioTarget('loose-answers'), { maxResultBytes: 10_000 });
    await upstream.attempted;
    const other = callTool(upstream, 'sleep', { ms: 2_000 });
    const text = 'x'.repeat(20_000);
    const large = await callTool(upstream, 'echo', { text }, { deadlineAt: Date.now() + 1_500 });
    expect(large).toMatchObject({ kind: 'unusable', detail: expect.stringContaining('--max-result') as string });
    expect(textOf(await other)).toBe('slept 2000 ms');
  });

  it('passes a result of 12 MiB where the limit allows it', async () => {
    const { upstream } = startUpstream(stdioTarget('huge-line'));
    await upstream.attempted;
    expect(textOf(await callTool(upstream, 'huge', { mib: 12 }))).toHaveLength(12 * 1024 * 1024);
  });

  it('is back at once after a crash; the call that crashed it is of unknown outcome', async () => {
    const { upstream } = startUpstream(stdioTarget('crashes-on-call'));
    await upstream.attempted;
    const before = upstream.status().pid;
    await until(() => Date.now() - upstream.status().since > 1_100);
    const crashed = await callTool(upstream, 'crash');
    expect(crashed).toMatchObject({
      kind: 'unknown',
      detail: 'the process exited with code 1: fatal: the kettle exploded',
    });
    expect(textOf(await callTool(upstream, 'add', { a: 2, b: 2 }))).toBe('4');
    expect(upstream.status()).toMatchObject({ state: 'ready', restarts: 1 });
    expect(upstream.status().pid).not.toBe(before);
  });

  it('says why a server does not start, and leaves no process behind', async () => {
    const cases = [
      // Time enough to start on a busy machine.
      ['exits-at-once', 20_000, /^the process exited with code 3: .+; trying again in/],
      ['never-initialises', 300, /^no answer to initialize within 0\.3 s \(--connection-timeout\)/],
    ] as const;
    for (const [name, connectionTimeoutMs, sentence] of cases) {
      const { upstream } = startUpstream(stdioTarget(name), { connectionTimeoutMs });
      await upstream.attempted;
      expect(upstream.status()).toMatchObject({ state: 'down', detail: expect.stringMatching(sentence) as string });
      expect(upstream.status().nextRetryAt).toBeGreaterThan(Date.now() - 1_000);
    }
  });

  it('says how a program ended that was no server, and that a line is no program', async () => {
    const program = (command: string): Target => ({
      kind: 'stdio',
      command,
      args: [],
      env: inherited(),
      cwd: undefined,
    });
    const { upstream: quick } = startUpstream(program('true'));
    const { upstream: line } = startUpstream(program('npx -y server'));
    await Promise.all([quick.attempted, line.attempted]);
    expect(quick.status().detail).toMatch(/^the process exited with code 0; trying again/);
    expect(line.status().detail).toMatch(
      /^command not found: npx -y server \(arguments are given apart from the command/,
    );
  });

  it('closes a child that closed its output', async () => {
    const { upstream } = startUpstream(stdioTarget('closes-stdout'));
    await upstream.attempted;
    const pid = upstream.status().pid ?? 0;
    expect((await callTool(upstream, 'close')).kind).toBe('unknown');
    await until(async () => !(await alive(pid)));
    await until(() => upstream.status().state === 'ready');
  });

  it('retires within the shortest time that it was given', async () => {
    const { upstream } = startUpstream(stdioTarget('echo'));
    await upstream.attempted;
    const pid = upstream.status().pid ?? 0;
    const call = callTool(upstream, 'sleep', { ms: 60_000 }, { deadlineAt: Date.now() + 60_000 });
    const startedAt = Date.now();
    await Promise.all([upstream.retire(60_000), upstream.retire(100), upstream.retire(60_000)]);
    expect(Date.now() - startedAt).toBeLessThan(8_000);
    expect(await call).toEqual({ kind: 'unknown', detail: 'the connection was closed' });
    expect(await alive(pid)).toBe(false);
  });

  it('retires after the calls in flight, and ends the process', async () => {
    const { upstream } = startUpstream(stdioTarget('echo'));
    await upstream.attempted;
    const pid = upstream.status().pid ?? 0;
    const call = callTool(upstream, 'sleep', { ms: 300 });
    const retired = upstream.retire(10_000);
    expect(textOf(await call)).toBe('slept 300 ms');
    await retired;
    expect(await alive(pid)).toBe(false);
  });
});

describe('the catalogue', () => {
  it('holds all pages, and ends where a cursor repeats', async () => {
    const many = startUpstream(stdioTarget('many-pages', { PAGES: '5', TOOLS: '20' })).upstream;
    const endless = startUpstream(stdioTarget('repeats-its-cursor')).upstream;
    await Promise.all([many.attempted, endless.attempted]);
    expect(many.status()).toMatchObject({ state: 'ready', tools: 100 });
    expect(endless.status().state).toBe('ready');
    expect(endless.status().tools).toBeGreaterThan(0);
  });

  it('loses a malformed tool alone, and says which', async () => {
    const { upstream, events } = startUpstream(stdioTarget('bad-schema'));
    await upstream.attempted;
    const names = upstream.catalogue?.tools.map((tool) => tool.name);
    expect(names).toEqual(expect.arrayContaining(['good', 'also_good', 'schema_missing']));
    expect(upstream.catalogue?.tools.find((tool) => tool.name === 'schema_null')?.inputSchema).toMatchObject({
      type: 'object',
      'x-mcp-schema-error': expect.any(String) as string,
    });
    expect(events).toContainEqual({
      type: 'tool-rejected',
      server: 'fixture',
      tool: '(no name)',
      reason: 'it has no name',
    });
  });

  it('is empty and healthy where a server has no tools', async () => {
    const { upstream } = startUpstream(stdioTarget('no-tools'));
    await upstream.attempted;
    expect(upstream.status()).toMatchObject({ state: 'ready', detail: 'ready with 0 tools' });
  });

  it('follows the server, and keeps the tools that did not change', async () => {
    let changes = 0;
    const { upstream } = startUpstream(stdioTarget('changes-its-tools'), { onChange: () => changes++ });
    await upstream.attempted;
    const before = upstream.catalogue?.tools.find((tool) => tool.name === 'burst');
    await callTool(upstream, 'add_tool', { name: 'brand_new' });
    await until(() => upstream.catalogue?.tools.some((tool) => tool.name === 'brand_new'));
    expect(upstream.catalogue?.tools.find((tool) => tool.name === 'burst')).toBe(before);
    expect(changes).toBe(2);
    await callTool(upstream, 'burst', { times: 100 });
    await callTool(upstream, 'add_tool', { name: 'newer' });
    await until(() => upstream.catalogue?.tools.some((tool) => tool.name === 'newer'));
    expect(changes, 'a list that came back the same is no change').toBe(3);
    expect(Number(textOf(await callTool(upstream, 'listings')))).toBeLessThanOrEqual(20);
  });
});

describe('the catalogue of a server that changes', () => {
  it('is the last one after a storm of changes, of which few cost a listing', async () => {
    const { upstream } = startUpstream(stdioTarget('changes-its-tools', { LIST_MS: '50' }));
    await upstream.attempted;
    await callTool(upstream, 'storm', { times: 100 });
    const endedAt = Date.now();
    await until(() => namesOf(upstream).includes('storm_100'));
    expect(Date.now() - endedAt, 'within a second, and some for a busy machine').toBeLessThan(3_000);
    expect(namesOf(upstream).filter((name) => name.startsWith('storm_'))).toEqual(['storm_100']);
    expect(Number(textOf(await callTool(upstream, 'listings')))).toBeLessThanOrEqual(20);
  });

  it('follows a change that is announced before the first list was had', async () => {
    const { upstream } = startUpstream(announcingEarly());
    await upstream.attempted;
    expect(namesOf(upstream)).toEqual(['first']);
    await until(() => namesOf(upstream).includes('second'));
  });

  it('follows a change whose first list was not had', async () => {
    const { upstream, events } = startUpstream(failingToList());
    await upstream.attempted;
    expect(namesOf(upstream)).toEqual(['change']);
    await callTool(upstream, 'change');
    await until(() => namesOf(upstream).includes('second'));
    expect(events.filter(({ type }) => type === 'warning')).toHaveLength(2);
  });

  it('is listed no more once it retires, and that is no trouble', async () => {
    const { upstream, events } = startUpstream(stdioTarget('changes-its-tools', { LIST_MS: '400' }));
    await upstream.attempted;
    await callTool(upstream, 'add_tool', { name: 'lost' });
    await upstream.retire(0);
    expect(namesOf(upstream)).not.toContain('lost');
    expect(events.filter(({ type }) => type === 'warning')).toEqual([]);
  });
});

/** A server whose list changes, which it tells, while it is on its way for the first time. */
function announcingEarly(): Target {
  const shared = (name: string): string => JSON.stringify(pathToFileURL(fixture(name)).href);
  const script = `
    import { setTimeout as sleep } from 'node:timers/promises';
    import { notification } from ${shared('_mcp')};
    import { serveStdio, writeLine } from ${shared('_stdio')};
    const tool = (name) => ({ name, inputSchema: { type: 'object' } });
    let tools = [tool('first')];
    const list = async () => {
      const asked = tools;
      if (tools.length === 1) {
        tools = [...tools, tool('second')];
        writeLine(notification('notifications/tools/list_changed'));
        await sleep(500);
      }
      return { tools: asked };
    };
    serveStdio({ methods: { 'tools/list': list } });
  `;
  return { ...stdioTarget('echo'), args: ['--input-type=module', '--eval', script] } as Target;
}

/** A server that has one more tool after `change` is called, and at first answers with errors when it is asked for it. */
function failingToList(): Target {
  const shared = (name: string): string => JSON.stringify(pathToFileURL(fixture(name)).href);
  const script = `
    import { notification, textResult } from ${shared('_mcp')};
    import { serveStdio, writeLine } from ${shared('_stdio')};
    const tool = (name) => ({ name, inputSchema: { type: 'object' } });
    const tools = [tool('change')];
    let failures = 2;
    const list = () => {
      if (tools.length > 1 && failures-- > 0) throw new Error('the database is locked');
      return { tools };
    };
    const call = () => {
      tools.push(tool('second'));
      writeLine(notification('notifications/tools/list_changed'));
      return textResult('changed');
    };
    serveStdio({ methods: { 'tools/list': list, 'tools/call': call } });
  `;
  return { ...stdioTarget('echo'), args: ['--input-type=module', '--eval', script] } as Target;
}

const namesOf = (upstream: Upstream): string[] => (upstream.catalogue?.tools ?? []).map(({ name }) => name);

describe('calls at once', () => {
  const started = async (config: Partial<ServerConfig>): Promise<Upstream> => {
    const { upstream } = startUpstream(stdioTarget('counts'), {}, config);
    await upstream.attempted;
    return upstream;
  };
  const counted = async (upstream: Upstream): Promise<number> =>
    (JSON.parse(textOf(await callTool(upstream, 'count'))) as { count: number }).count;

  it('are as many as allowed; more wait, more than that are refused without being sent', async () => {
    const upstream = await started({ maxInFlight: 1, maxQueued: 1 });
    const first = callTool(upstream, 'count', { ms: 300 });
    const second = callTool(upstream, 'count');
    expect(await callTool(upstream, 'count')).toEqual({
      kind: 'overloaded',
      detail: 'as many calls as it takes are in flight (maxInFlight: 1), and as many wait (maxQueued: 1)',
      retryAfterMs: 1_000,
    });
    expect(upstream.status()).toMatchObject({ inFlight: 1, queued: 1 });
    expect(JSON.parse(textOf(await first))).toMatchObject({ count: 1 });
    expect(JSON.parse(textOf(await second))).toMatchObject({ count: 2 });
    expect(upstream.status()).toMatchObject({ inFlight: 0, queued: 0 });
  });

  it('of which one waits too long, or its caller goes, are not sent', async () => {
    const upstream = await started({ maxInFlight: 1, maxQueued: 9 });
    const first = callTool(upstream, 'count', { ms: 400 });
    const late = callTool(upstream, 'count', {}, { deadlineAt: Date.now() + 100 });
    const leaving = new AbortController();
    const gone = callTool(upstream, 'count', {}, { signal: leaving.signal });
    leaving.abort();
    expect(await gone).toEqual({ kind: 'cancelled' });
    expect(await late).toMatchObject({
      kind: 'overloaded',
      detail: 'the time for this call ran out while it waited for its turn',
    });
    await first;
    expect(await counted(upstream)).toBe(2);
  });

  it('may become more while some wait', async () => {
    const upstream = await started({ maxInFlight: 1, maxQueued: 9 });
    const slow = callTool(upstream, 'sleep', { ms: 60_000 });
    const waiting = callTool(upstream, 'count');
    upstream.retune({ ...upstream.config, maxInFlight: 2 });
    expect((await waiting).kind).toBe('result');
    await upstream.retire(0);
    expect((await slow).kind).toBe('unknown');
  });

  it('that wait for their turn come to an end where the upstream does', async () => {
    const upstream = await started({ maxInFlight: 1, maxQueued: 9 });
    const all = [1, 2, 3].map(() => callTool(upstream, 'count', { ms: 60_000 }));
    await upstream.retire(50);
    expect((await Promise.all(all)).map(({ kind }) => kind)).toEqual(['unknown', 'unavailable', 'unavailable']);
  });
});

describe('sessions', () => {
  const ada = { user: 'ada', sessionId: undefined };
  const bob = { user: 'bob', sessionId: undefined };
  const pidOf = async (upstream: Upstream, principal = ada as { user: string; sessionId: string | undefined }) =>
    Number(textOf(await callTool(upstream, 'pid', {}, { principal })));
  const started = async (config: Partial<ServerConfig> = {}, target: Target = stdioTarget('counts')) => {
    const running = startUpstream(target, {}, { session: 'user', ...config });
    await running.upstream.attempted;
    const changes = () => running.events.flatMap((event) => (event.type === 'session' ? [event.change] : []));
    return { ...running, changes };
  };

  it('are one child for each user, beside the one that everybody shares', async () => {
    const { upstream, changes } = await started();
    expect(upstream.status().sessions).toBe(0);
    const shared = upstream.status().pid;
    const [one, again, other, third] = await Promise.all([
      pidOf(upstream),
      pidOf(upstream),
      pidOf(upstream, bob),
      pidOf(upstream, { user: 'ada', sessionId: '' }),
    ]);
    expect(one).toBe(again);
    expect(new Set([shared, one, other, third]).size).toBe(4);
    expect(await pidOf(upstream, { user: '', sessionId: undefined })).toBe(shared);
    expect(upstream.status()).toMatchObject({ sessions: 3, restarts: 0, pid: shared });
    expect(changes()).toEqual(['opened', 'opened', 'opened']);
    await upstream.retire(0);
    for (const pid of [shared, one, other, third]) expect(await alive(pid ?? 0)).toBe(false);
  });

  it('are one session each over HTTP, and told that they end', async () => {
    const { url } = await startRemote('http-counts');
    const { upstream } = await started({ sessionIdleMs: 200 }, remote(url, 'streamable-http'));
    const count = async (principal = ada): Promise<{ count: number; session: string }> =>
      JSON.parse(textOf(await callTool(upstream, 'count', {}, { principal }))) as { count: number; session: string };
    const [first, second, other] = [await count(), await count(), await count(bob)];
    expect([first.count, second.count, other.count]).toEqual([1, 2, 1]);
    expect(second.session).toBe(first.session);
    await until(() => upstream.status().sessions === 0);
    await until(async () => {
      const deleted = JSON.parse(textOf(await callTool(upstream, 'deleted'))) as string[];
      return deleted.includes(first.session) && deleted.includes(other.session);
    });
  });

  it('are so many at most: an idle one makes room, one in use does not', async () => {
    const { upstream, changes } = await started({ maxSessions: 1 });
    const pid = await pidOf(upstream);
    const slow = callTool(upstream, 'sleep', { ms: 400 }, { principal: ada });
    expect(await callTool(upstream, 'pid', {}, { principal: bob })).toEqual({
      kind: 'overloaded',
      detail: 'all of its sessions are in use (maxSessions: 1)',
      retryAfterMs: 1_000,
    });
    expect(textOf(await slow)).toBe('slept 400 ms');
    await pidOf(upstream, bob);
    expect(changes()).toEqual(['opened', 'closed', 'opened']);
    await until(async () => !(await alive(pid)));
  });

  it('close when they were not used for a while', async () => {
    const { upstream, changes } = await started({ sessionIdleMs: 300 });
    const pid = await pidOf(upstream);
    await until(async () => !(await alive(pid)));
    expect(upstream.status().sessions).toBe(0);
    expect(changes()).toEqual(['opened', 'closed']);
    expect(await pidOf(upstream)).not.toBe(pid);
  });

  it('whose child died are made anew by the next call, and by nothing else', async () => {
    const { upstream, changes, events } = await started();
    const pid = await pidOf(upstream);
    process.kill(pid, 'SIGKILL');
    await until(() => changes().includes('failed'));
    expect(events).toContainEqual({
      type: 'session',
      server: 'fixture',
      change: 'failed',
      open: 1,
      detail: 'the process was ended by SIGKILL',
    });
    expect(await pidOf(upstream)).not.toBe(pid);
    expect(upstream.status()).toMatchObject({ state: 'ready', restarts: 0, sessions: 1 });
  });

  it('that fail to start are tried again for the call that waits', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mcpo-session-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const memory = join(folder, 'memory');
    const { upstream, changes } = await started({}, stdioTarget('crashes-twice', { MEMORY: memory }));
    await writeFile(memory, 'the next start fails');
    expect(await pidOf(upstream)).toBeGreaterThan(0);
    expect(changes()).toEqual(['opened', 'failed']);
  });

  it('end with the upstream, whatever they are at', async () => {
    const { upstream } = await started({}, stdioTarget('slow-to-initialise', { MS: '1500' }));
    const opening = callTool(upstream, 'pid', {}, { principal: ada });
    await until(() => upstream.status().sessions === 1);
    await upstream.retire(0);
    expect(await opening).toEqual({
      kind: 'unavailable',
      detail: 'the connection was closed',
      retryAfterMs: expect.any(Number) as number,
    });
    expect(upstream.status().sessions).toBe(0);
  });
});

describe('copies', () => {
  const started = async (instances: number, target = stdioTarget('counts')) => {
    let changes = 0;
    const running = startUpstream(target, { onChange: () => changes++ }, { instances });
    await running.upstream.attempted;
    return { ...running, changes: () => changes };
  };
  /** The processes that serve so many calls at the same time. */
  const pidsOf = async (upstream: Upstream, calls: number): Promise<number[]> => {
    const outcomes: Outcome[] = await Promise.all(Array.from({ length: calls }, () => callTool(upstream, 'pid')));
    return outcomes.map((outcome) => Number(textOf(outcome)));
  };

  it('share the calls: each goes to the least busy', async () => {
    const { upstream } = await started(3);
    expect(upstream.status().detail).toMatch(/^ready with \d+ tools, 3 of 3 copies run$/);
    const pids = await pidsOf(upstream, 6);
    expect(new Set(pids.slice(0, 3)).size).toBe(3);
    expect(pids.slice(3)).toEqual(pids.slice(0, 3));
    const slow = [1, 2].map(() => callTool(upstream, 'sleep', { ms: 500 }));
    const [free] = await pidsOf(upstream, 1);
    expect(await pidsOf(upstream, 1)).toEqual([free]);
    await Promise.all(slow);
    await upstream.retire(0);
    for (const pid of pids) expect(await alive(pid)).toBe(false);
  });

  it('of which one dies are replaced, and no call notices', async () => {
    const { upstream, events } = await started(2);
    const [one = 0, other = 0] = await pidsOf(upstream, 2);
    await until(() => Date.now() - upstream.status().since > 1_100);
    process.kill(one, 'SIGKILL');
    await until(() => upstream.status().detail.includes('1 of 2 copies run'));
    expect(upstream.status()).toMatchObject({
      state: 'ready',
      detail: expect.stringMatching(
        /^ready with \d+ tools, 1 of 2 copies run; another copy: the process was ended by SIGKILL; trying again now$/,
      ) as string,
      lastError: 'the process was ended by SIGKILL',
    });
    expect(await pidsOf(upstream, 2)).toEqual([other, other]);
    await until(() => upstream.status().detail.includes('2 of 2 copies run'));
    expect(upstream.status().restarts).toBe(1);
    const after = await pidsOf(upstream, 2);
    expect(after).toContain(other);
    expect(after).not.toContain(one);
    expect(events.flatMap((event) => (event.type === 'upstream-state' ? [event.state] : []))).not.toContain('down');
  });

  it('that offer the same offer it once', async () => {
    const { events, changes } = await started(3, stdioTarget('changes-its-tools', { LIST_MS: '300' }));
    expect(events.filter(({ type }) => type === 'catalogue-changed')).toEqual([]);
    expect(changes()).toBe(1);
  });

  it('that all died are waited for', async () => {
    const { upstream } = await started(2);
    await until(() => Date.now() - upstream.status().since > 1_100);
    for (const pid of await pidsOf(upstream, 2)) process.kill(pid, 'SIGKILL');
    await until(() => upstream.status().state === 'down');
    expect((await pidsOf(upstream, 1))[0]).toBeGreaterThan(0);
  });
});

describe('over HTTP', () => {
  it.each([
    ['http-echo', 'json'],
    ['http-echo', 'sse'],
    ['sse-echo', ''],
  ])('%s %s: a URL without a type is enough', async (name, MODE) => {
    const { url } = await startRemote(name, { MODE });
    const { upstream } = startUpstream(remote(url));
    await upstream.attempted;
    expect(upstream.status()).toMatchObject({ state: 'ready' });
    const text = '{"big":9007199254740993,\n"one":1.0}';
    expect(textOf(await callTool(upstream, 'echo', text)).replaceAll('\n', ' ')).toBe(text.replaceAll('\n', ' '));
    expect(JSON.parse(textOf(await callTool(upstream, 'headers')))).toMatchObject({ 'x-fixture': 'yes' });
    expect((await callTool(upstream, 'sleep', { ms: 60_000 }, { deadlineAt: Date.now() + 200 })).kind).toBe('timeout');
    await until(async () => (JSON.parse(textOf(await callTool(upstream, 'cancelled'))) as number[]).length === 1);
  });

  it.each(['404', '400'])('makes a new session where the old one is gone (%s)', async (STATUS) => {
    const { url } = await startRemote('http-drops-session', { STATUS });
    const { upstream } = startUpstream(remote(url, 'streamable-http'));
    await upstream.attempted;
    await until(() => Date.now() - upstream.status().since > 1_100);
    await callTool(upstream, 'drop');
    expect(textOf(await callTool(upstream, 'add', { a: 1, b: 2 }))).toBe('3');
    expect(upstream.status()).toMatchObject({ state: 'ready', restarts: 1 });
  });

  it.each(['auto', 'streamable-http'] as const)('%s: follows a redirect within the origin', async (kind) => {
    const { url } = await startRemote('http-redirects');
    const { upstream } = startUpstream(remote(url, kind));
    await upstream.attempted;
    expect(textOf(await callTool(upstream, 'add', { a: 1, b: 2 }))).toBe('3');
  });

  it('follows no redirect to another origin', async () => {
    const { url: elsewhere } = await startRemote('http-echo');
    const { url } = await startRemote('http-redirects', { TO: elsewhere });
    const { upstream } = startUpstream(remote(url, 'streamable-http'));
    await upstream.attempted;
    expect(upstream.status().lastError).toContain('redirects to another address (HTTP 307)');
  });

  it('repeats a call once, not for ever, where every session is gone', async () => {
    const { url } = await startRemote('http-drops-session', { CALLS: '0' });
    const { upstream } = startUpstream(remote(url, 'streamable-http'));
    await upstream.attempted;
    expect(await callTool(upstream, 'add', { a: 1, b: 2 })).toMatchObject({ kind: 'unavailable' });
    expect(upstream.status().restarts).toBe(1);
  });

  it('says why a server is not reached', async () => {
    const { url: refusing } = await startRemote('http-401');
    const { url, stop } = await startRemote('http-echo');
    await stop();
    const host = new URL(url).host;
    const expected: [Target, string][] = [
      [remote(refusing), `${new URL(refusing).host} refuses our credentials (HTTP 401); check its headers`],
      [remote(url), `connection refused by ${host}`],
      [remote('http://127.0.0.1:1/mcp'), 'connection refused by 127.0.0.1:1'],
      [remote(refusing.replace('http:', 'https:')), `${new URL(refusing).host} does not speak TLS (https)`],
      [remote(url, 'sse'), `connection refused by ${host}`],
    ];
    for (const [target, sentence] of expected) {
      const { upstream } = startUpstream(target);
      await upstream.attempted;
      expect(upstream.status().lastError).toBe(sentence);
    }
  });

  it.each(['http-echo', 'sse-echo'])('%s: a call to a server that went away answers, and finds it', async (name) => {
    const { url, stop } = await startRemote(name);
    const { upstream } = startUpstream(remote(url));
    await upstream.attempted;
    await stop();
    // Whether the first attempt was still delivered cannot be known; this tool may be repeated.
    const outcome = await callTool(upstream, 'add', { a: 1, b: 1 }, { deadlineAt: Date.now() + 1_500 });
    expect(outcome).toMatchObject({
      kind: 'unavailable',
      detail: expect.stringContaining('connection refused') as string,
    });
    expect(upstream.status().state).toBe('down');
    expect(upstream.catalogue?.tools.length).toBeGreaterThan(0);
  });
});
