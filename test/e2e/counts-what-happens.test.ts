// The promise: what happens can be counted from outside. `GET /metrics` tells calls by what they came to, restarts,
// reloads and the state of every server, in a format that Prometheus reads.
import { expect, test } from 'vitest';
import { parsePrometheusText, valueOf } from '../prometheus-text.ts';
import { until } from '../support.ts';
import { post } from './proxy.ts';
import { child, killed, pidOf, remote, startWith } from './under-fire.ts';

async function scrape(url: string): Promise<string> {
  const response = await fetch(`${url}/metrics`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const text = await response.text();
  parsePrometheusText(text);
  return text;
}

/** Waits for a value: a call is counted after its answer was sent. */
async function whenValue(
  url: string,
  expected: number | undefined,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<void> {
  await until(async () => valueOf(await scrape(url), name, labels) === expected);
}

test('calls, by what they came to', async () => {
  const renamed = { tools: { say: { name: 'say "\\n"\nor }' } } };
  const proxy = await startWith({
    a: child('echo', {}, renamed),
    b: child('exits-at-once'),
    off: { ...child('echo'), disabled: true },
  });
  const { url } = proxy;
  await proxy.ready('a');
  expect(await post(`${url}/a/add`, { a: 1, b: 2 })).toMatchObject({ status: 200 });
  expect(await post(`${url}/a/add`, { a: 1, b: 3 })).toMatchObject({ status: 200 });
  expect(await post(`${url}/a/add`, { a: 'one' })).toMatchObject({ status: 422 });
  expect(await post(`${url}/a/fail`)).toMatchObject({ status: 422 });
  expect(await post(`${url}/a/no_such_tool`)).toMatchObject({ status: 404 });
  expect(await post(`${url}/nowhere/add`)).toMatchObject({ status: 404 });
  const odd = { server: 'a', tool: 'say "\\n"\nor }', code: 'ok' };
  expect(await post(`${url}/a/${encodeURIComponent(odd.tool)}`, { text: 'x' })).toMatchObject({ status: 200 });
  const going = new AbortController();
  const gone = fetch(`${url}/a/sleep`, {
    method: 'POST',
    body: '{"ms":60000}',
    headers: { 'content-type': 'application/json' },
    signal: going.signal,
  });
  await whenValue(url, 1, 'mcpo_calls_in_flight', { server: 'a' });
  going.abort();
  await expect(gone).rejects.toThrow('aborted');
  await whenValue(url, 1, 'mcpo_calls_total', { server: 'a', tool: 'sleep', code: 'client_closed_request' });
  await whenValue(url, 1, 'mcpo_calls_total', odd);

  const families = parsePrometheusText(await scrape(url));
  expect(Object.fromEntries(families.get('mcpo_calls_total')?.samples ?? [])).toEqual({
    '{"code":"ok","server":"a","tool":"add"}': 2,
    '{"code":"invalid_arguments","server":"a","tool":"add"}': 1,
    '{"code":"tool_error","server":"a","tool":"fail"}': 1,
    [JSON.stringify({ code: 'ok', server: 'a', tool: odd.tool })]: 1,
    '{"code":"client_closed_request","server":"a","tool":"sleep"}': 1,
  });
  expect(Object.fromEntries(families.get('mcpo_upstream_up')?.samples ?? [])).toEqual({
    '{"server":"a"}': 1,
    '{"server":"b"}': 0,
  });
  expect(families.get('mcpo_tools')?.samples.get('{"server":"a"}')).toBe((await proxy.status('a')).tools);
  const durations = families.get('mcpo_call_duration_seconds')?.samples;
  expect(durations?.get('{"le":"+Inf","server":"a","tool":"add"}')).toBe(3);
  expect(durations?.get('_sum {"server":"a","tool":"add"}')).toBeGreaterThan(0);
  expect(Object.fromEntries(families.get('mcpo_requests_refused_total')?.samples ?? [])).toEqual({
    '{"code":"unknown_tool"}': 1,
    '{"code":"unknown_server"}': 1,
  });
});

test('a child that was killed', async () => {
  const proxy = await startWith({ a: child('echo') });
  const { url } = proxy;
  await proxy.ready('a');
  expect(valueOf(await scrape(url), 'mcpo_restarts_total', { server: 'a' })).toBe(0);
  await killed(await pidOf(url, 'a'));
  await whenValue(url, 1, 'mcpo_restarts_total', { server: 'a' });
  await whenValue(url, 1, 'mcpo_upstream_up', { server: 'a' });
});

test('a remote server that went away and came back', async () => {
  const far = await remote('http-echo');
  await far.start();
  const proxy = await startWith({ far: { type: 'streamable-http', url: far.url } });
  const { url } = proxy;
  await proxy.ready('far');
  expect(valueOf(await scrape(url), 'mcpo_reconnects_total', { server: 'far' })).toBe(0);
  await far.kill();
  await far.start();
  // What notices the loss at the latest.
  expect((await post(`${url}/far/add`, { a: 1, b: 2 })).status).toBe(200);
  await whenValue(url, 1, 'mcpo_reconnects_total', { server: 'far' });
  expect(await scrape(url)).not.toContain('mcpo_restarts_total{');
});

test('reloads, applied and refused', async () => {
  const before = Date.now() / 1_000;
  const proxy = await startWith({ kept: child('echo'), removed: child('echo') }, '--hot-reload');
  const { url } = proxy;
  await proxy.ready('kept', 'removed');
  for (const server of ['kept', 'removed']) {
    expect((await post(`${url}/${server}/add`, { a: 1, b: 2 })).status).toBe(200);
    await whenValue(url, 1, 'mcpo_calls_total', { server, tool: 'add', code: 'ok' });
  }
  expect(valueOf(await scrape(url), 'mcpo_last_reload_successful')).toBe(1);
  const started = valueOf(await scrape(url), 'mcpo_last_reload_success_timestamp_seconds') ?? 0;
  expect(started).toBeGreaterThanOrEqual(before);

  proxy.write({ kept: child('echo'), added: child('echo') });
  await whenValue(url, 1, 'mcpo_reloads_total', { outcome: 'applied' });
  const applied = await scrape(url);
  const at = valueOf(applied, 'mcpo_last_reload_success_timestamp_seconds') ?? 0;
  expect(at).toBeGreaterThan(started);
  expect(valueOf(applied, 'mcpo_last_reload_duration_seconds')).toBeGreaterThan(0);
  expect(valueOf(applied, 'mcpo_calls_total', { server: 'kept', tool: 'add', code: 'ok' })).toBe(1);
  expect(applied).not.toContain('server="removed"');
  expect(valueOf(applied, 'mcpo_calls_queued', { server: 'added' })).toBe(0);
  await proxy.ready('added');
  expect((await post(`${url}/added/add`, { a: 1, b: 2 })).status).toBe(200);
  await whenValue(url, 1, 'mcpo_calls_total', { server: 'added', tool: 'add', code: 'ok' });

  proxy.write({ kept: { comand: 'echo' } });
  await whenValue(url, 1, 'mcpo_reloads_total', { outcome: 'refused' });
  const refused = await scrape(url);
  expect(valueOf(refused, 'mcpo_last_reload_successful')).toBe(0);
  expect(valueOf(refused, 'mcpo_last_reload_success_timestamp_seconds')).toBe(at);

  proxy.write({ kept: child('echo'), added: child('echo') });
  await whenValue(url, 1, 'mcpo_last_reload_successful');
  expect(valueOf(await scrape(url), 'mcpo_reloads_total', { outcome: 'unchanged' })).toBe(1);
});
