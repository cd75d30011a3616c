import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { alive, callTool, startRemote, startUpstream, stdioTarget, textOf, until } from '../../support.ts';
import type { Target } from '../../../src/config/types.ts';

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
    const sentences: Record<string, RegExp> = {
      'exits-at-once': /^the process exited with code 3: .+; trying again in/,
      'never-initialises': /^no answer to initialize within 0\.3 s \(--connection-timeout\)/,
    };
    for (const [name, sentence] of Object.entries(sentences)) {
      const { upstream } = startUpstream(stdioTarget(name), { connectionTimeoutMs: 300 });
      await upstream.attempted;
      expect(upstream.status()).toMatchObject({ state: 'down', detail: expect.stringMatching(sentence) as string });
      expect(upstream.status().nextRetryAt).toBeGreaterThan(Date.now() - 1_000);
    }
  });

  it('closes a child that closed its output', async () => {
    const { upstream } = startUpstream(stdioTarget('closes-stdout'));
    await upstream.attempted;
    const pid = upstream.status().pid ?? 0;
    expect((await callTool(upstream, 'close')).kind).toBe('unknown');
    await until(async () => !(await alive(pid)));
    await until(() => upstream.status().state === 'ready');
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
    const outcome = await callTool(upstream, 'add', { a: 1, b: 1 });
    expect(outcome).toMatchObject({
      kind: 'unavailable',
      detail: expect.stringContaining('connection refused') as string,
    });
    expect(upstream.status().state).toBe('down');
    expect(upstream.catalogue?.tools.length).toBeGreaterThan(0);
  });
});
