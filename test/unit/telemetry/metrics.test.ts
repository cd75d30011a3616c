import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { ErrorCode } from '../../../src/errors.ts';
import type { AppEvent } from '../../../src/events.ts';
import type { Target } from '../../../src/config/types.ts';
import { createMetrics, type Metrics } from '../../../src/telemetry/metrics.ts';
import { parsePrometheusText, valueOf, type ParsedFamily } from '../../prometheus-text.ts';
import { fakeProgram, type FakeServer } from '../server/fakes.ts';

const startedAt = Date.UTC(2026, 0, 2);

function counting(servers: readonly string[]): Metrics {
  const metrics = createMetrics(() => startedAt);
  metrics.observe(listening(servers));
  return metrics;
}

function listening(servers: readonly string[]): AppEvent {
  return { type: 'listening', url: '', bind: '', origins: '', guarded: false, servers };
}

function call(server: string, tool: string, code: ErrorCode | 'ok' = 'ok', durationMs = 1): AppEvent {
  return { type: 'call', requestId: 'r', server, tool, code, durationMs };
}

function reload(
  outcome: 'applied' | 'unchanged' | 'refused',
  changes: { readonly added?: readonly string[]; readonly removed?: readonly string[]; readonly tookMs?: number } = {},
): AppEvent {
  return { type: 'reload', outcome, added: [], removed: [], changed: [], detail: '', tookMs: 1, ...changes };
}

async function textOf(metrics: Metrics, servers: Readonly<Record<string, FakeServer>>): Promise<string> {
  return (await metrics.render(fakeProgram(servers).snapshot())).text;
}

async function scrape(metrics: Metrics, servers: Readonly<Record<string, FakeServer>>) {
  return parsePrometheusText(await textOf(metrics, servers));
}

function samplesOf(families: ReadonlyMap<string, ParsedFamily>, name: string): Record<string, number> {
  return Object.fromEntries(families.get(name)?.samples ?? []);
}

const whatEveryProcessTells = {
  process_cpu_user_seconds_total: 'counter',
  process_cpu_system_seconds_total: 'counter',
  process_start_time_seconds: 'gauge',
  process_resident_memory_bytes: 'gauge',
  nodejs_heap_size_total_bytes: 'gauge',
  nodejs_heap_size_used_bytes: 'gauge',
  nodejs_external_memory_bytes: 'gauge',
  nodejs_eventloop_lag_p50_seconds: 'gauge',
  nodejs_eventloop_lag_p99_seconds: 'gauge',
  nodejs_eventloop_lag_max_seconds: 'gauge',
  ...(process.platform === 'linux' && { process_open_fds: 'gauge', process_max_fds: 'gauge' }),
};

test('every metric has its name, its type and a sentence, also before anything happened', async () => {
  const metrics = counting([]);
  const { contentType, text } = await metrics.render(fakeProgram({}).snapshot());
  expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
  const families = parsePrometheusText(text);
  expect(Object.fromEntries([...families].map(([name, { type }]) => [name, type]))).toEqual({
    ...whatEveryProcessTells,
    mcpo_build_info: 'gauge',
    mcpo_calls_total: 'counter',
    mcpo_call_duration_seconds: 'histogram',
    mcpo_requests_refused_total: 'counter',
    mcpo_reconnects_total: 'counter',
    mcpo_sign_ins_total: 'counter',
    mcpo_tokens_refreshed_total: 'counter',
    mcpo_last_reload_duration_seconds: 'gauge',
    mcpo_arguments_unjudged_total: 'counter',
    mcpo_upstream_up: 'gauge',
    mcpo_restarts_total: 'counter',
    mcpo_calls_in_flight: 'gauge',
    mcpo_calls_queued: 'gauge',
    mcpo_sessions_open: 'gauge',
    mcpo_tools: 'gauge',
    mcpo_reloads_total: 'counter',
    mcpo_last_reload_successful: 'gauge',
    mcpo_last_reload_success_timestamp_seconds: 'gauge',
  });
  for (const { help } of families.values()) expect(help).toMatch(/^[A-Z].+\.$/);
});

test('docs/operations.md has every metric, with its labels and type, and no other', async () => {
  const program = fakeProgram({ a: {} });
  const { text } = await counting(['a']).render(program.snapshot());
  const told = [...parsePrometheusText(text)].map(([name, { type }]) => `${name} ${type}`);
  const page = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8');
  const rows = page.matchAll(/^\| (?<names>`(?:mcpo|process|nodejs)_.+`) \| (?<type>\w+) \|/gmu);
  const documented = [...rows].flatMap(({ groups: { names = '', type = '' } = {} }) =>
    [...names.matchAll(/`(?<name>\w+)(?:\{[\w,]+\})?`/gu)].map(({ groups }) => `${groups?.['name']} ${type}`),
  );
  const others = process.platform === 'linux' ? [] : ['process_open_fds gauge', 'process_max_fds gauge'];
  expect(documented.toSorted()).toEqual([...told, ...others].toSorted());
});

test('calls are counted by server, tool and code', async () => {
  const metrics = counting(['a', 'b']);
  for (const event of [call('a', 'x'), call('a', 'x'), call('a', 'x', 'timeout'), call('a', 'y'), call('b', 'x')]) {
    metrics.observe(event);
  }
  expect(samplesOf(await scrape(metrics, { a: {}, b: {} }), 'mcpo_calls_total')).toEqual({
    '{"code":"ok","server":"a","tool":"x"}': 2,
    '{"code":"timeout","server":"a","tool":"x"}': 1,
    '{"code":"ok","server":"a","tool":"y"}': 1,
    '{"code":"ok","server":"b","tool":"x"}': 1,
  });
});

test.each([
  'say "hi"',
  'two\nlines',
  'back\\slash',
  'back\\nslash',
  'ends in \\',
  '}',
  'a",b="c',
  'größer 😀',
  '__proto__',
  '\r',
])('the name %j arrives as it is', async (odd) => {
  const metrics = counting([odd]);
  metrics.observe(call(odd, odd));
  const text = await textOf(metrics, { [odd]: { tools: [odd] } });
  expect(valueOf(text, 'mcpo_calls_total', { server: odd, tool: odd, code: 'ok' })).toBe(1);
  expect(valueOf(text, 'mcpo_upstream_up', { server: odd })).toBe(1);
});

test('how long calls took is told by server and tool', async () => {
  const metrics = counting(['a']);
  for (const durationMs of [0.4, 1, 1.1, 49, 299_999, 300_001]) metrics.observe(call('a', 'x', 'ok', durationMs));
  metrics.observe(call('a', 'x', 'timeout', 60_000));
  const text = await textOf(metrics, { a: {} });
  // As many as are not above the bound.
  const within = (le: string) =>
    parsePrometheusText(text)
      .get('mcpo_call_duration_seconds')
      ?.samples.get(JSON.stringify({ le, server: 'a', tool: 'x' }));
  expect(['0.001', '0.0025', '0.025', '0.05', '30', '60', '120', '300', '+Inf'].map(within)).toEqual([
    2, 3, 3, 4, 4, 5, 5, 6, 7,
  ]);
  expect(text).toContain('mcpo_call_duration_seconds_count{server="a",tool="x"} 7\n');
  expect(text).toMatch(/^mcpo_call_duration_seconds_sum\{server="a",tool="x"\} 660\.05\d*$/m);
});

test('requests that never were calls are counted by code alone', async () => {
  const metrics = counting(['a']);
  for (const code of ['unauthenticated', 'unauthenticated', 'unknown_tool'] as const) {
    metrics.observe({ type: 'refused', requestId: 'r', code });
  }
  expect(samplesOf(await scrape(metrics, { a: {} }), 'mcpo_requests_refused_total')).toEqual({
    '{"code":"unauthenticated"}': 2,
    '{"code":"unknown_tool"}': 1,
  });
});

test('sign-ins and refreshed tokens are counted where there are any', async () => {
  const metrics = counting(['a', 'b']);
  for (const change of ['signed-in', 'refreshed', 'refreshed', 'failed', 'failed'] as const) {
    metrics.observe({ type: 'sign-in', server: 'a', change, detail: '' });
  }
  const families = await scrape(metrics, { a: {}, b: {} });
  expect(samplesOf(families, 'mcpo_tokens_refreshed_total')).toEqual({ '{"server":"a"}': 2 });
  expect(samplesOf(families, 'mcpo_sign_ins_total')).toEqual({
    '{"change":"signed-in","server":"a"}': 1,
    '{"change":"failed","server":"a"}': 2,
  });
});

test('a child is restarted, a remote server reconnected', async () => {
  const program = fakeProgram({ child: { status: { restarts: 2 } }, far: { status: { restarts: 3 } } });
  const snapshot = program.snapshot();
  const servers = new Map(snapshot.servers);
  const far = servers.get('far');
  if (far === undefined) throw new Error('no server');
  const target: Target = { kind: 'sse', url: 'http://h/sse', headers: {}, tls: undefined };
  servers.set('far', { ...far, config: { ...far.config, target } });
  const families = parsePrometheusText((await counting([]).render({ ...snapshot, servers })).text);
  expect(samplesOf(families, 'mcpo_restarts_total')).toEqual({ '{"server":"child"}': 2 });
  expect(samplesOf(families, 'mcpo_reconnects_total')).toEqual({ '{"server":"far"}': 3 });
});

test('the process tells how it is', async () => {
  const text = await textOf(counting([]), {});
  const value = (name: string) => valueOf(text, name) ?? Number.NaN;
  expect(value('process_resident_memory_bytes')).toBeGreaterThan(1e6);
  expect(value('nodejs_heap_size_used_bytes')).toBeLessThanOrEqual(value('nodejs_heap_size_total_bytes'));
  expect(Math.abs(value('process_start_time_seconds') - performance.timeOrigin / 1_000)).toBeLessThan(1);
  expect(value('process_cpu_user_seconds_total')).toBeGreaterThan(0);
  expect(value('nodejs_eventloop_lag_p99_seconds')).toBeGreaterThanOrEqual(0);
});

test('what holds at the moment is asked of the snapshot', async () => {
  const metrics = counting(['up', 'down', 'off']);
  metrics.observe({ type: 'arguments-unjudged', requestId: 'r', server: 'up', tool: 't', reason: '' });
  const families = await scrape(metrics, {
    up: { tools: ['t', 'u'], status: { restarts: 3, inFlight: 2, queued: 1, sessions: 5 } },
    down: { status: { state: 'down', tools: 7 } },
    off: { disabled: true },
  });
  const both = (up: number, down: number) => ({ '{"server":"up"}': up, '{"server":"down"}': down });
  expect(samplesOf(families, 'mcpo_upstream_up')).toEqual(both(1, 0));
  expect(samplesOf(families, 'mcpo_restarts_total')).toEqual(both(3, 0));
  expect(samplesOf(families, 'mcpo_calls_in_flight')).toEqual(both(2, 0));
  expect(samplesOf(families, 'mcpo_calls_queued')).toEqual(both(1, 0));
  expect(samplesOf(families, 'mcpo_sessions_open')).toEqual(both(5, 0));
  expect(samplesOf(families, 'mcpo_tools')).toEqual(both(2, 7));
  expect(samplesOf(families, 'mcpo_arguments_unjudged_total')).toEqual(both(1, 0));
});

test('reloads are counted, and the last one tells whether the file is in force', async () => {
  let now = startedAt;
  const metrics = createMetrics(() => now);
  const state = async () => {
    const families = await scrape(metrics, {});
    const [successful] = Object.values(samplesOf(families, 'mcpo_last_reload_successful'));
    const [at] = Object.values(samplesOf(families, 'mcpo_last_reload_success_timestamp_seconds'));
    return [Object.values(samplesOf(families, 'mcpo_reloads_total')), successful, at];
  };
  const seconds = startedAt / 1_000;
  expect(await state()).toEqual([[0, 0, 0], 1, seconds]);
  now += 1_500;
  metrics.observe(reload('applied', { tookMs: 250 }));
  expect(samplesOf(await scrape(metrics, {}), 'mcpo_last_reload_duration_seconds')).toEqual({ '{}': 0.25 });
  expect(await state()).toEqual([[1, 0, 0], 1, seconds + 1.5]);
  now += 1_000;
  metrics.observe(reload('refused'));
  expect(await state()).toEqual([[1, 0, 1], 0, seconds + 1.5]);
  now += 1_000;
  metrics.observe(reload('unchanged'));
  expect(await state()).toEqual([[1, 1, 1], 1, seconds + 3.5]);
});

test('a removed server is forgotten, calls that outlive it too', async () => {
  const metrics = counting(['a', 'b']);
  metrics.observe(call('a', 'x'));
  metrics.observe(call('b', 'x'));
  metrics.observe(reload('applied', { removed: ['a'], added: ['c'] }));
  metrics.observe(call('a', 'late'));
  metrics.observe(call('c', 'x'));
  // Nothing of it is kept, even if it comes back.
  metrics.observe(reload('applied', { added: ['a'] }));
  expect(samplesOf(await scrape(metrics, { a: {}, b: {}, c: {} }), 'mcpo_calls_total')).toEqual({
    '{"code":"ok","server":"b","tool":"x"}': 1,
    '{"code":"ok","server":"c","tool":"x"}': 1,
  });
});

test('a server that renames its tools for ever fills nothing', async () => {
  const metrics = counting(['a']);
  for (let index = 0; index < 2_010; index++) metrics.observe(call('a', `tool-${index}`));
  metrics.observe(call('a', 'tool-0'));
  const text = await textOf(metrics, { a: {} });
  expect(parsePrometheusText(text).get('mcpo_calls_total')?.samples.size).toBe(2_001);
  expect(valueOf(text, 'mcpo_calls_total', { server: 'a', tool: 'tool-0', code: 'ok' })).toBe(2);
  expect(valueOf(text, 'mcpo_calls_total', { server: 'a', tool: '', code: 'ok' })).toBe(10);
});

test('scrapes at the same time do not disturb each other', async () => {
  const metrics = counting(['a', 'b']);
  metrics.observe(call('a', 'x'));
  const texts = await Promise.all([textOf(metrics, { a: {}, b: {} }), textOf(metrics, { b: {} })]);
  expect(texts.map((text) => parsePrometheusText(text).get('mcpo_calls_total')?.samples.size)).toEqual([1, 0]);
});
