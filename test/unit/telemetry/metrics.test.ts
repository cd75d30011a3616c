import { expect, test } from 'vitest';
import type { AppEvent } from '../../../src/events.ts';
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

function call(server: string, tool: string, code = 'ok'): AppEvent {
  return { type: 'call', requestId: 'r', server, tool, code, durationMs: 1 };
}

function reload(
  outcome: 'applied' | 'unchanged' | 'refused',
  changes: { readonly added?: readonly string[]; readonly removed?: readonly string[] } = {},
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

test('every metric has its name, its type and a sentence, also before anything happened', async () => {
  const metrics = counting([]);
  const { contentType, text } = await metrics.render(fakeProgram({}).snapshot());
  expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
  const families = parsePrometheusText(text);
  expect(Object.fromEntries([...families].map(([name, { type }]) => [name, type]))).toEqual({
    mcpo_calls_total: 'counter',
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

test('what holds at the moment is asked of the snapshot', async () => {
  const metrics = counting(['up', 'down', 'off']);
  metrics.observe({ type: 'arguments-unjudged', server: 'up', tool: 't', reason: '' });
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
  metrics.observe(reload('applied'));
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
