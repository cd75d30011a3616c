import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { LogLevel } from '../../../src/config/types.ts';
import type { AppEvent } from '../../../src/events.ts';
import type { Logs } from '../../../src/telemetry/logs.ts';
import { createReport, type Report } from '../../../src/telemetry/report.ts';
import { createStartMessage } from '../../../src/telemetry/start-message.ts';
import { fakeSnapshot } from './fake-snapshot.ts';

const url = 'http://127.0.0.1:8000';
const links = { url, baseUrl: url };
const listening: AppEvent = { type: 'listening', url, bind: 'B.', origins: 'O.', guarded: false, servers: ['memory'] };
const ready: AppEvent = { type: 'upstream-state', server: 'memory', state: 'ready', detail: '', tools: 1, tookMs: 4 };
const settled: AppEvent = { type: 'settled', ready: 1, servers: 1, tookMs: 5 };
const stopping: AppEvent = { type: 'stopping', reason: 'asked to stop', inFlight: 0 };
const snapshot = fakeSnapshot('many', { memory: { tools: [{ name: 'read_graph' }] } });

/** Long enough never to end within a test. */
const aMinuteMs = 60_000;

interface Parts {
  readonly report: Report;
  /** Types of the events that were logged, in order. */
  readonly logged: string[];
  readonly extras: object[];
  /** When those happened that were held back. */
  readonly times: number[];
  readonly levels: LogLevel[];
  /** Types of the events that the log was told to take for told. */
  readonly known: string[];
  readonly screen: () => string;
}

function build({ watched = false, sameScreen = false, holdMs = 0 } = {}): Parts {
  const logged: string[] = [];
  const extras: object[] = [];
  const times: number[] = [];
  const levels: LogLevel[] = [];
  const known: string[] = [];
  const chunks: string[] = [];
  const log = (event: AppEvent, extra?: object, at?: number): void => {
    logged.push(event.type);
    if (extra !== undefined) extras.push(extra);
    if (at !== undefined) times.push(at);
  };
  const logs: Logs = Object.assign(log, {
    setLevel: (level: LogLevel) => void levels.push(level),
    known: (event: AppEvent) => void known.push(event.type),
  });
  const write = (text: string): void => void chunks.push(text);
  const startMessage = watched ? createStartMessage({ version: '1', colors: false, write }) : undefined;
  const report = createReport({ logs, startMessage, sameScreen, holdMs });
  return { report, logged, extras, times, levels, known, screen: () => chunks.join('') };
}

describe('without a terminal', () => {
  test('everything is logged, with the docs link, the address for Open WebUI and the line to try', () => {
    const { report, logged, extras } = build();
    for (const event of [listening, ready, settled]) report.observe(event);
    report.started(links, () => snapshot);
    expect(logged).toEqual(['listening', 'upstream-state', 'settled']);
    expect(extras).toEqual([{ docs: `${url}/docs` }, { openWebUi: url, try: `curl -X POST ${url}/memory/read_graph` }]);
  });
});

describe('on a terminal', () => {
  test('the start is shown once, and the log goes on afterwards', () => {
    const { report, logged, known, screen } = build({ watched: true, sameScreen: true });
    for (const event of [listening, ready, settled]) report.observe(event);
    report.started(links, () => snapshot);
    expect(logged).toEqual([]);
    expect(known).toEqual(['listening', 'upstream-state']);
    expect(screen()).toContain('curl -X POST');
    report.observe(stopping);
    expect(logged).toEqual(['stopping']);
  });

  test('a log that goes to a file is whole', () => {
    const { report, logged, screen } = build({ watched: true, sameScreen: false });
    for (const event of [listening, ready, settled]) report.observe(event);
    report.started(links, () => snapshot);
    expect(logged).toEqual(['listening', 'upstream-state', 'settled']);
    expect(screen()).toContain('✓ memory');
  });
});

describe('a held log', () => {
  test('says when things happened, not when it was printed', () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_000 });
    onTestFinished(() => void vi.useRealTimers());
    const { report, times } = build({ holdMs: aMinuteMs });
    report.observe(listening);
    vi.setSystemTime(2_000);
    report.observe(ready);
    vi.setSystemTime(3_000);
    report.started(links, () => snapshot);
    expect(times).toEqual([1_000, 2_000]);
  });

  test('is said in order once the program is started', () => {
    const { report, logged } = build({ holdMs: aMinuteMs });
    for (const event of [listening, ready, settled]) report.observe(event);
    expect(logged).toEqual([]);
    report.started(links, () => snapshot);
    expect(logged).toEqual(['listening', 'upstream-state', 'settled']);
  });

  test('is forgotten when the start fails and somebody else says so', () => {
    const { report, logged } = build({ holdMs: aMinuteMs });
    report.observe(listening);
    report.silence();
    report.observe(stopping);
    expect(logged).toEqual([]);
  });

  test('is said when the program is told to stop before', () => {
    const { report, logged } = build({ holdMs: aMinuteMs });
    for (const event of [listening, stopping]) report.observe(event);
    expect(logged).toEqual(['listening', 'stopping']);
  });
});

test('a reload that is applied changes the level of the log', () => {
  const { report, levels } = build();
  report.started(links, () => fakeSnapshot('many', {}, { logLevel: 'debug' }));
  const reload = { type: 'reload', added: [], removed: [], changed: [], detail: '', tookMs: 1 } as const;
  report.observe({ ...reload, outcome: 'refused' });
  expect(levels).toEqual([]);
  report.observe({ ...reload, outcome: 'applied' });
  expect(levels).toEqual(['debug']);
});
