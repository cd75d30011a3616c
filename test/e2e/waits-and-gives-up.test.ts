import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fixture, until } from '../support.ts';
import { post } from './proxy.ts';
import { child, newJournal, pidOf, remote, startWith, temporaryFolder } from './under-fire.ts';

/** A call waits ten seconds for its server; the rest is for a busy machine. */
const givesUpWithinMs = 12_000;

function postUntil(signal: AbortSignal, url: string, body: string): Promise<Response> {
  return fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body, signal });
}

describe('limits', () => {
  it('one call in flight, one in the queue, and the third is told to come later', async () => {
    const journal = newJournal();
    const proxy = await startWith({ it: child('echo', journal.env, { maxInFlight: 1, maxQueued: 1 }) });
    const { url } = proxy;
    await proxy.ready('it');
    const first = post(`${url}/it/append`, { id: 'first', ms: 1_500 });
    await until(() => journal.runs().length === 1);
    const second = post(`${url}/it/append`, { id: 'second' });
    const refused = await until(async () => {
      const third = await post(`${url}/it/append`, { id: 'third' });
      return third.status === 503 ? third : undefined;
    });
    expect(refused.body).toMatchObject({ code: 'overloaded', server: 'it', tool: 'append', retryAfter: 1 });
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(refused.body).toHaveProperty(
      'detail',
      expect.stringMatching(/in flight \(maxInFlight: 1\), and as many wait \(maxQueued: 1\)/),
    );
    expect(await first).toMatchObject({ status: 200, body: 'first' });
    expect(await second).toMatchObject({ status: 200, body: 'second' });
    expect(journal.runs().filter((id) => id !== 'third')).toEqual(['first', 'second']);
    expect(await post(`${url}/it/append`, { id: 'fourth' })).toMatchObject({ status: 200 });
  });

  it('a caller that goes away gives up its place in the queue', async () => {
    const journal = newJournal();
    const proxy = await startWith({ it: child('echo', journal.env, { maxInFlight: 1, maxQueued: 1 }) });
    const { url } = proxy;
    await proxy.ready('it');
    const first = post(`${url}/it/append`, { id: 'first', ms: 1_500 });
    await until(() => journal.runs().length === 1);
    const abort = new AbortController();
    const gone = postUntil(abort.signal, `${url}/it/append`, '{"id":"gone"}');
    await until(async () => (await post(`${url}/it/append`, { id: 'x' })).status === 503);
    abort.abort();
    await expect(gone).rejects.toThrow('aborted');
    const next = await until(async () => {
      const answer = await post(`${url}/it/append`, { id: 'next' });
      return answer.status === 200 ? answer : undefined;
    });
    expect(next.body).toBe('next');
    expect(await first).toMatchObject({ status: 200 });
    expect(journal.runs()).not.toContain('gone');
  });
});

describe('timeouts', () => {
  const timeouts = { timeout: 0.6, tools: { sleep: { timeout: 0.3 } } };

  it.each(['stdio', 'Streamable HTTP', 'legacy SSE'])('a call that takes too long is cancelled: %s', async (kind) => {
    const far =
      kind === 'stdio' ? undefined : await remote(kind === 'legacy SSE' ? 'sse-echo' : 'http-echo', newJournal().env);
    await far?.start();
    const target = far === undefined ? child('echo', newJournal().env) : { url: far.url };
    const proxy = await startWith({ it: { ...target, ...timeouts } });
    const { url } = proxy;
    await proxy.ready('it');
    const ofTool = await post(`${url}/it/sleep`, { ms: 60_000 });
    expect(ofTool).toMatchObject({ status: 504, body: { code: 'timeout', server: 'it', tool: 'sleep' } });
    expect(ofTool.body).toHaveProperty('detail', expect.stringContaining('0.3 s'));
    const ofServer = await post(`${url}/it/append`, { id: 'slow', ms: 60_000 });
    expect(ofServer).toMatchObject({ status: 504, body: { code: 'timeout', tool: 'append' } });
    expect(ofServer.body).toHaveProperty('detail', expect.stringContaining('0.6 s'));
    await until(async () => ((await post(`${url}/it/cancelled`)).body as unknown[]).length === 2, 5_000);
    expect(await post(`${url}/it/sleep`, { ms: 10 })).toMatchObject({ status: 200 });
    expect((await proxy.status('it')).state).toBe('ready');
  });

  it('a caller that goes away cancels its call', async () => {
    const proxy = await startWith({ it: child('echo') });
    const { url } = proxy;
    await proxy.ready('it');
    const abort = new AbortController();
    const gone = postUntil(abort.signal, `${url}/it/sleep`, '{"ms":60000}');
    await until(async () => (await proxy.status('it')).inFlight === 1);
    abort.abort();
    await expect(gone).rejects.toThrow('aborted');
    await until(async () => ((await post(`${url}/it/cancelled`)).body as unknown[]).length === 1, 5_000);
  });
});

describe('a server that is away', () => {
  it('a call waits for a child that comes up again, and succeeds', async () => {
    const proxy = await startWith({ it: child('slow-to-initialise', { MS: '1500' }) });
    const { url } = proxy;
    await proxy.ready('it');
    const pid = await pidOf(url, 'it');
    process.kill(pid, 'SIGKILL');
    await until(async () => (await proxy.status('it')).state !== 'ready');
    const answers = await Promise.all(Array.from({ length: 5 }, () => post(`${url}/it/pid`)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(new Set(answers.map(({ body }) => body)).size, 'one child for all that wait').toBe(1);
    expect(answers[0]?.body).not.toBe(pid);
  });

  it('a remote server that stays away', async () => {
    const far = await remote('http-echo');
    await far.start();
    const proxy = await startWith({ it: { type: 'http', url: far.url } });
    const { url } = proxy;
    await proxy.ready('it');
    await far.kill();
    const from = Date.now();
    const given = await post(`${url}/it/add`, { a: 1, b: 2 });
    expect(Date.now() - from).toBeLessThan(givesUpWithinMs);
    expect(given).toMatchObject({ status: 502, body: { code: 'upstream_unavailable', server: 'it', tool: 'add' } });
    expect(given.body).toHaveProperty('detail', expect.stringContaining(`connection refused by 127.0.0.1:${far.port}`));
    const retryAfter = Number(given.headers.get('retry-after'));
    expect(retryAfter).toBeGreaterThan(0);
    expect(retryAfter).toBeLessThanOrEqual(10);
    expect(await proxy.status('it')).toMatchObject({ state: 'down' });
  });

  it('a child that stays away', async () => {
    const path = join(temporaryFolder(), 'server');
    symlinkSync(process.execPath, path);
    const proxy = await startWith({ it: { command: path, args: [fixture('echo')] } });
    const { url } = proxy;
    await proxy.ready('it');
    const pid = await pidOf(url, 'it');
    rmSync(path);
    process.kill(pid, 'SIGKILL');
    await until(async () => (await proxy.status('it')).state === 'down');
    const from = Date.now();
    const given = await post(`${url}/it/add`, { a: 1, b: 2 });
    expect(Date.now() - from).toBeLessThan(givesUpWithinMs);
    expect(given).toMatchObject({ status: 502, body: { code: 'upstream_unavailable', server: 'it', tool: 'add' } });
    expect(given.body).toHaveProperty('detail', expect.stringContaining(`command not found: ${path}`));
    expect(Number(given.headers.get('retry-after'))).toBeGreaterThan(0);
    // What it is there for again, it finds by itself.
    symlinkSync(process.execPath, path);
    await proxy.ready('it');
    expect(await post(`${url}/it/add`, { a: 1, b: 2 })).toMatchObject({ status: 200, body: 3 });
  });
});
