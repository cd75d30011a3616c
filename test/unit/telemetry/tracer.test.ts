import { expect, test } from 'vitest';
import type { SamplerName } from '../../../src/config/tracing.ts';
import { createTracer } from '../../../src/telemetry/tracer.ts';
import { readTrace, type IncomingTrace } from '../../../src/trace.ts';

const sampled = incoming('01');
const unsampled = incoming('00');

function incoming(flags: string): IncomingTrace {
  const traceparent = `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-${flags}`;
  const trace = readTrace({ traceparent, tracestate: 'a=b', baggage: 'c=d' });
  if (trace === undefined) throw new Error('no trace');
  return trace;
}

test('an upstream is told the id of the span that is exported for its request', () => {
  const trace = createTracer({ sampler: 'always_on', ratio: 1 })(sampled);
  const { spans, traceparent, ...others } = trace ?? {};
  expect(others).toEqual({ traceId: sampled.traceId, tracestate: 'a=b', baggage: 'c=d' });
  expect(spans?.parent).toBe(sampled.parentId);
  expect(traceparent).toBe(`00-${sampled.traceId}-${spans?.client}-01`);
  expect(new Set([spans?.parent, spans?.server, spans?.client]).size).toBe(3);
});

test('a trace that begins here has no parent, and ids that nobody else has', () => {
  const tracer = createTracer({ sampler: 'always_on', ratio: 1 });
  const ids = new Set<string>();
  for (let call = 0; call < 1_000; call++) {
    const trace = tracer(undefined);
    expect(trace?.spans?.parent).toBeUndefined();
    expect(trace?.traceId).toMatch(/^[\da-f]{32}$/);
    for (const id of [trace?.spans?.server, trace?.spans?.client]) expect(id).toMatch(/^[\da-f]{16}$/);
    for (const id of [trace?.traceId, trace?.spans?.server, trace?.spans?.client]) ids.add(id ?? '');
  }
  expect(ids.size).toBe(3_000);
});

test('what is not sampled is told to the upstream, under the ids of the caller where it has any', () => {
  const tracer = createTracer({ sampler: 'always_off', ratio: 1 });
  expect(tracer(sampled)).toEqual({
    traceId: sampled.traceId,
    traceparent: `00-${sampled.traceId}-${sampled.parentId}-00`,
    tracestate: 'a=b',
    baggage: 'c=d',
    spans: undefined,
  });
  const own = tracer(undefined);
  expect(readTrace({ traceparent: own?.traceparent })).toMatchObject({ traceId: own?.traceId, flags: 0 });
});

test('the flag for random ids goes on', () => {
  expect(createTracer({ sampler: 'always_on', ratio: 1 })(incoming('02'))?.traceparent).toMatch(/-03$/);
});

test.each<[sampler: SamplerName, alone: boolean, ofSampled: boolean, ofUnsampled: boolean]>([
  ['always_on', true, true, true],
  ['always_off', false, false, false],
  ['parentbased_always_on', true, true, false],
  ['parentbased_always_off', false, true, false],
])('%s', (sampler, alone, ofSampled, ofUnsampled) => {
  const tracer = createTracer({ sampler, ratio: 1 });
  const isExported = (caller: IncomingTrace | undefined) => tracer(caller)?.spans !== undefined;
  expect([isExported(undefined), isExported(sampled), isExported(unsampled)]).toEqual([alone, ofSampled, ofUnsampled]);
});

test('a ratio decides by the id, the same for everybody in the trace', () => {
  const some = createTracer({ sampler: 'traceidratio', ratio: 0.25 });
  const low = { ...sampled, traceId: `${'f'.repeat(19)}${'3'.padEnd(13, 'f')}` };
  const high = { ...unsampled, traceId: `${'f'.repeat(19)}${'4'.padEnd(13, '0')}` };
  expect([some(low)?.spans, some(high)?.spans].map((spans) => spans !== undefined)).toEqual([true, false]);
  const byParent = createTracer({ sampler: 'parentbased_traceidratio', ratio: 0 });
  expect([byParent(undefined), byParent(high), byParent(low)].map((trace) => trace?.spans !== undefined)).toEqual([
    false,
    false,
    true,
  ]);
  const all = createTracer({ sampler: 'parentbased_traceidratio', ratio: 1 });
  expect(all(undefined)?.spans).toBeDefined();
});
