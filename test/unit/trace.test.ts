import { describe, expect, test } from 'vitest';
import { passOn, readTrace, toHeaders, toMetaMembers, toTraceparent, traceOf, type Trace } from '../../src/trace.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const parentId = '00f067aa0ba902b7';
const traceparent = `00-${traceId}-${parentId}-01`;

describe('traceparent', () => {
  test.each<[title: string, text: string, flags: number]>([
    ['sampled', traceparent, 1],
    ['not sampled', `00-${traceId}-${parentId}-00`, 0],
    ['random (level 2)', `00-${traceId}-${parentId}-03`, 3],
    ['flags that are reserved are dropped', `00-${traceId}-${parentId}-ff`, 3],
    ['a later version', `01-${traceId}-${parentId}-01`, 1],
    ['a later version with more in it', `cc-${traceId}-${parentId}-01-what-the-future-brings`, 1],
  ])('%s', (_title, text, flags) => {
    const expected = { traceId, parentId, flags, tracestate: undefined, baggage: undefined };
    expect(readTrace({ traceparent: text })).toEqual(expected);
  });

  test.each([
    ['nothing', ''],
    ['version ff', `ff-${traceId}-${parentId}-01`],
    ['version 00 with more in it', `${traceparent}-more`],
    ['a later version with more, and no dash before it', `01-${traceId}-${parentId}-01.more`],
    ['a trace id of zeros', `00-${'0'.repeat(32)}-${parentId}-01`],
    ['a parent id of zeros', `00-${traceId}-${'0'.repeat(16)}-01`],
    ['capital letters', traceparent.toUpperCase()],
    ['a short trace id', `00-${traceId.slice(1)}-${parentId}-01`],
    ['a letter that is no digit', `00-${traceId.replace('4', 'g')}-${parentId}-01`],
    ['flags of one digit', `00-${traceId}-${parentId}-1`],
    ['spaces', ` ${traceparent}`],
    ['two of them', `${traceparent}, ${traceparent}`],
    ['a line break', `${traceparent}\n`],
  ])('%s is no traceparent, and tracestate and baggage go with it', (_title, text) => {
    expect(readTrace({ traceparent: text, tracestate: 'a=b', baggage: 'c=d' })).toBeUndefined();
  });

  test('no traceparent is no trace', () => {
    expect(readTrace({ tracestate: 'a=b', baggage: 'c=d' })).toBeUndefined();
  });
});

describe('tracestate', () => {
  const read = (tracestate: string) => readTrace({ traceparent, tracestate })?.tracestate;
  const members = (count: number) => Array.from({ length: count }, (_, index) => `k${index}=v`).join(',');

  test.each([
    'a=b',
    'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE',
    'a=b , c=d',
    'a=b,,c=d',
    't@v=x y',
    '0a=b',
    members(32),
  ])('%j goes on as it is', (text) => expect(read(text)).toBe(text));

  test.each(['', ',', 'a', 'a=', 'A=b', 'a=b,a=c', 'a=b=c', 'a=ä', `a=${'x'.repeat(257)}`, members(33)])(
    '%j is dropped, and the trace goes on',
    (text) => {
      expect(read(text)).toBeUndefined();
      expect(readTrace({ traceparent, tracestate: text })?.traceId).toBe(traceId);
    },
  );
});

test.each([
  ['userId=alice,serverNode=DF%2028', true],
  ['', false],
  ['name=ä', false],
  [`a=${'x'.repeat(8_190)}`, true],
  [`a=${'x'.repeat(8_191)}`, false],
])('baggage %#', (baggage, isKept) => {
  expect(readTrace({ traceparent, baggage })?.baggage).toBe(isKept ? baggage : undefined);
});

test('a trace that is passed on names the same parent, and no spans', () => {
  const headers = { traceparent, tracestate: 'a=b', baggage: 'c=d' };
  const trace = traceOf(headers, undefined);
  expect(trace).toEqual({ traceId, ...headers, spans: undefined });
  expect(traceOf({}, undefined)).toBeUndefined();
});

test('of a later version only what is known is passed on', () => {
  const trace = traceOf({ traceparent: `fe-${traceId}-${parentId}-01-more` }, undefined);
  expect(trace?.traceparent).toBe(traceparent);
});

test('a tracer is asked, with a trace and without', () => {
  const asked: unknown[] = [];
  const own = passOn({ traceId, parentId, flags: 0, tracestate: undefined, baggage: undefined });
  const tracer = (incoming: unknown): Trace => {
    asked.push(incoming);
    return own;
  };
  expect(traceOf({ traceparent }, tracer)).toBe(own);
  expect(traceOf({ traceparent: 'nonsense' }, tracer)).toBe(own);
  expect(asked).toEqual([readTrace({ traceparent }), undefined]);
});

test('what an upstream is told, as members of _meta and as header fields', () => {
  const odd = { tracestate: String.raw`a=b"\c`, baggage: 'd="e"' };
  const trace = { traceId, traceparent: toTraceparent(traceId, parentId, 1), ...odd, spans: undefined };
  expect(JSON.parse(`{${toMetaMembers(trace)}}`)).toEqual({ traceparent, ...odd });
  expect(toHeaders(trace)).toEqual({ traceparent, ...odd });
  const alone = { ...trace, tracestate: undefined, baggage: undefined };
  expect(JSON.parse(`{${toMetaMembers(alone)}}`)).toEqual({ traceparent });
  expect(toHeaders(alone)).toEqual({ traceparent });
});
