import { Writable } from 'node:stream';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { LogLevel } from '../../../src/config/types.ts';
import type { AppEvent, CallSpans } from '../../../src/events.ts';
import { createLogs, type Logs } from '../../../src/telemetry/logs.ts';
import type { Trace } from '../../../src/trace.ts';

function collect(level: LogLevel = 'debug', pretty = false): { logs: Logs; text: () => string; lines: () => Line[] } {
  const chunks: string[] = [];
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk.toString());
      done();
    },
  });
  const text = (): string => chunks.join('');
  const lines = (): Line[] =>
    text()
      .trimEnd()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Line);
  return { logs: createLogs({ level, pretty, destination }), text, lines };
}

type Line = Readonly<Record<string, unknown>>;

const ready: AppEvent = { type: 'upstream-state', server: 'memory', state: 'ready', detail: '', tools: 9, tookMs: 412 };
const down: AppEvent = {
  type: 'upstream-state',
  server: 'broken',
  state: 'down',
  detail: 'command not found: nope',
  tools: 0,
};
const call: Extract<AppEvent, { type: 'call' }> = {
  type: 'call',
  requestId: 'r-1',
  server: 'memory',
  tool: 'read_graph',
  code: 'ok',
  durationMs: 7,
};

/** One of each type, so that a type without a sentence shows. */
const everyEvent: readonly AppEvent[] = [
  { type: 'listening', url: 'http://127.0.0.1:8000', bind: 'B.', origins: 'O.', guarded: false, servers: ['memory'] },
  ready,
  down,
  { type: 'settled', ready: 1, servers: 2, tookMs: 1234 },
  { type: 'upstream-noise', server: 'memory', excerpt: 'hello' },
  { type: 'upstream-stderr', server: 'memory', line: 'started' },
  { type: 'catalogue-changed', server: 'memory', tools: 1 },
  { type: 'tool-rejected', server: 'memory', tool: 'x', reason: 'no input schema' },
  { type: 'schema-degraded', server: 'memory', tool: 'x', pointer: '', reason: 'external $ref' },
  { type: 'arguments-unjudged', requestId: 'r-3', server: 'memory', tool: 'x', reason: 'the dialect is not known' },
  { type: 'output-mismatch', requestId: 'r-3', server: 'memory', tool: 'x', reason: 'a is required' },
  { type: 'reload', outcome: 'applied', added: ['a'], removed: [], changed: [], detail: 'a added', tookMs: 12 },
  call,
  { type: 'refused', requestId: 'r-4', code: 'unauthenticated' },
  { type: 'internal-error', requestId: 'r-2', error: new Error('boom') },
  { type: 'config-key-ignored', server: 'memory', key: 'alwaysAllow' },
  { type: 'warning', message: 'The container has no key.' },
  { type: 'stopping', reason: 'SIGTERM', inFlight: 2 },
  { type: 'stopped' },
];

test('a line has the time of its event', () => {
  const { logs, lines } = collect();
  const before = Date.now();
  logs(ready, undefined, 0);
  logs(down);
  const [first, second] = lines().map(({ time }) => Date.parse(String(time)));
  expect(first).toBe(0);
  expect(second).toBeGreaterThanOrEqual(before);
});

describe('JSON lines', () => {
  test('carry a level word, an ISO time, the event with its own names, and a sentence', () => {
    const { logs, lines } = collect();
    logs(ready);
    const [line] = lines();
    expect(line).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      type: 'upstream-state',
      server: 'memory',
      state: 'ready',
      detail: '',
      tools: 9,
      tookMs: 412,
      msg: 'memory is ready after 0.4 s: 9 tools.',
    });
  });

  test('every event is one line with a sentence', () => {
    const { logs, lines } = collect();
    for (const event of everyEvent) logs(event);
    expect(lines().map((line) => line['type'])).toEqual(everyEvent.map((event) => event.type));
    for (const line of lines()) expect(line['msg']).toMatch(/^\S.*\S$/);
  });

  test('extra fields go into the line', () => {
    const { logs, lines } = collect();
    logs({ type: 'settled', ready: 1, servers: 1, tookMs: 5 }, { try: "curl 'x'" });
    expect(lines()[0]).toMatchObject({ try: "curl 'x'", msg: "1 of 1 servers ready after 5 ms. Try: curl 'x'" });
  });

  test('the address for Open WebUI is in the sentence too', () => {
    const { logs, lines } = collect();
    logs({ type: 'settled', ready: 1, servers: 1, tookMs: 5 }, { openWebUi: 'http://h/x', try: 'curl y' });
    expect(lines()[0]?.['msg']).toBe(
      '1 of 1 servers ready after 5 ms. Open WebUI: http://h/x (a connection of the type OpenAPI). Try: curl y',
    );
  });

  test('a key that is ignored stands in a server, or at the top of the file', () => {
    const { logs, lines } = collect();
    for (const server of ['memory', '']) logs({ type: 'config-key-ignored', server, key: 'k' });
    expect(lines().map((line) => String(line['msg']).split(':')[0])).toEqual(['memory', 'Top of the file']);
  });
});

describe('levels', () => {
  test.each<[title: string, event: AppEvent, level: string]>([
    ['starting is not worth a line at info', { ...ready, state: 'starting' }, 'debug'],
    ['ready', ready, 'info'],
    ['down', down, 'warning'],
    ['a call', call, 'debug'],
    ['a call with wrong arguments', { ...call, code: 'invalid_arguments' }, 'debug'],
    ['a call whose tool reports an error', { ...call, code: 'tool_error' }, 'debug'],
    ['a call whose caller went away', { ...call, code: 'client_closed_request' }, 'debug'],
    ['a call whose user has to sign in', { ...call, code: 'authorization_required' }, 'debug'],
    ['a call while the server starts', { ...call, code: 'starting' }, 'debug'],
    ['a call that took too long', { ...call, code: 'timeout' }, 'warning'],
    ['a call that nobody could serve', { ...call, code: 'upstream_unavailable' }, 'warning'],
    ['a call that may have run', { ...call, code: 'outcome_unknown' }, 'warning'],
    ['a call that came too much', { ...call, code: 'overloaded' }, 'warning'],
    ['a call with a mistake of ours', { ...call, code: 'internal' }, 'warning'],
    ['a request without the key', { type: 'refused', requestId: 'r', code: 'unauthenticated' }, 'debug'],
    ['a refused reload needs a person', refused(), 'error'],
  ])('%s', (_title, event, level) => {
    const { logs, lines } = collect();
    logs(event);
    expect(lines()[0]?.['level']).toBe(level);
  });

  test('a line below the level is not written, and setLevel changes that at once', () => {
    const { logs, lines } = collect('info');
    logs(call);
    expect(lines()).toEqual([]);
    logs.setLevel('debug');
    logs(call);
    expect(lines()).toHaveLength(1);
    logs.setLevel('error');
    logs(down);
    logs(refused());
    expect(lines().map((line) => line['type'])).toEqual(['call', 'reload']);
  });
});

describe('calls that fail', () => {
  const late: AppEvent = { ...call, code: 'timeout', durationMs: 60_000 };

  test('say which request came to what, and when', () => {
    const { logs, lines } = collect('info');
    logs(late);
    expect(lines()).toMatchObject([
      {
        level: 'warning',
        requestId: 'r-1',
        server: 'memory',
        tool: 'read_graph',
        code: 'timeout',
        msg: 'memory/read_graph came to timeout after 60.0 s (request r-1).',
      },
    ]);
  });

  test('by the thousand fill no log: the first tell, and later one says how many there were', () => {
    vi.useFakeTimers({ now: 0 });
    onTestFinished(() => void vi.useRealTimers());
    const { logs, lines } = collect('info');
    for (let time = 0; time < 1_000; time++) logs(late);
    expect(lines()).toHaveLength(5);
    logs({ ...late, server: 'other' });
    expect(lines()).toHaveLength(6);
    vi.advanceTimersByTime(60_000);
    logs(late);
    expect(lines().at(-1)).toMatchObject({
      leftOut: 995,
      msg: expect.stringContaining('995 more like it were left out'),
    });
  });

  test('are all there at debug', () => {
    const { logs, lines } = collect('debug');
    for (let time = 0; time < 20; time++) logs(late);
    expect(lines().map((line) => line['level'])).toEqual([
      ...Array.from({ length: 5 }, () => 'warning'),
      ...Array.from({ length: 15 }, () => 'debug'),
    ]);
  });
});

test('what happens to a request that is in a trace carries its id, and nothing else of it', () => {
  const { logs, lines } = collect();
  const trace: Trace = {
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    tracestate: 'a=s3cret',
    baggage: 'b=s3cret',
    spans: { parent: undefined, server: '1'.repeat(16), client: '2'.repeat(16) },
  };
  const spans: CallSpans = {
    httpMethod: 'POST',
    route: undefined,
    status: 200,
    mcpMethod: 'tools/call',
    upstream: undefined,
  };
  logs({ ...call, trace, spans });
  logs({ type: 'refused', requestId: 'r', code: 'not_found', trace });
  logs({ type: 'internal-error', requestId: 'r', error: new Error('boom'), trace });
  logs({ type: 'output-mismatch', requestId: 'r', server: 'a', tool: 'b', reason: 'c', trace });
  logs({ type: 'arguments-unjudged', requestId: 'r', server: 'a', tool: 'b', reason: 'c', trace });
  for (const line of lines()) {
    expect(line).toMatchObject({ traceId: trace.traceId });
    expect(line).not.toHaveProperty('trace');
    expect(line).not.toHaveProperty('spans');
  }
  expect(JSON.stringify(lines())).not.toContain('s3cret');
});

describe('a server that stays down', () => {
  const downAgain = (detail: string): AppEvent => ({ ...down, detail });

  test('is a warning once; another pause is no news, another reason is', () => {
    const { logs, lines } = collect('info');
    logs(downAgain('connection refused; trying again in 0.5 s'));
    logs(downAgain('connection refused; trying again in 2 s'));
    logs(downAgain('unauthorized; trying again in 2 s'));
    expect(lines().map((line) => line['detail'])).toEqual([
      'connection refused; trying again in 0.5 s',
      'unauthorized; trying again in 2 s',
    ]);
  });

  test('is no news where the start message showed it on the same screen', () => {
    const { logs, lines } = collect('info');
    logs.known(downAgain('command not found: uvx; trying again in 0.5 s'));
    logs(downAgain('command not found: uvx; trying again in 2 s'));
    expect(lines()).toEqual([]);
  });

  test('is news again after it was ready', () => {
    const { logs, lines } = collect('info');
    for (const event of [down, { ...ready, server: 'broken' }, down]) logs(event);
    expect(lines().map((line) => line['state'])).toEqual(['down', 'ready', 'down']);
  });

  test('is the same failure whether the next try comes at once or after a pause', () => {
    const { logs, lines } = collect('info');
    for (const when of ['now', 'in 0.4 s', 'in 9 s'])
      logs(downAgain(`connection refused by h:1; trying again ${when}`));
    expect(lines()).toHaveLength(1);
  });

  test('of one server says nothing about another', () => {
    const { logs, lines } = collect('info');
    for (const server of ['a', 'b']) logs({ ...down, server });
    expect(lines()).toHaveLength(2);
  });
});

describe('a server whose connection is cut again and again', () => {
  const lost: AppEvent = { ...down, detail: 'the server ended the event stream; trying again now' };
  const back: AppEvent = { ...ready, server: 'broken' };

  test('is news three times, and whenever it does not come back at once', () => {
    const { logs, lines } = collect('info');
    logs(back);
    for (let cut = 0; cut < 100; cut++) [lost, back].forEach((event) => logs(event));
    expect(lines().map((line) => line['state'])).toEqual(['ready', 'down', 'ready', 'down', 'ready', 'down', 'ready']);
    for (const event of [lost, lost, lost, back]) logs(event);
    expect(
      lines()
        .slice(7)
        .map((line) => line['state']),
    ).toEqual(['down', 'ready']);
  });

  test('is news again after a calm', () => {
    vi.useFakeTimers({ now: 0 });
    onTestFinished(() => void vi.useRealTimers());
    const { logs, lines } = collect('info');
    logs(back);
    for (let cut = 0; cut < 5; cut++) {
      [lost, back].forEach((event) => logs(event));
      vi.advanceTimersByTime(600_001);
    }
    expect(lines()).toHaveLength(11);
  });
});

function refused(): AppEvent {
  return {
    type: 'reload',
    outcome: 'refused',
    added: [],
    removed: [],
    changed: [],
    detail: 'a.json:3:1 is no JSON',
    tookMs: 1,
  };
}

describe('what must not be in a line', () => {
  test('members that libraries hang on their errors, where headers and bodies live', () => {
    const { logs, text } = collect();
    const cause = Object.assign(new Error('401'), { response: { headers: { authorization: 'Bearer s3cret' } } });
    const error = Object.assign(new Error('failed', { cause }), { config: { apiKey: 's3cret' } });
    logs({ type: 'internal-error', requestId: 'r-1', error });
    expect(text()).toContain('failed');
    expect(text()).toContain('401');
    expect(text()).not.toContain('s3cret');
  });

  test('line breaks and terminal sequences from a tool server', () => {
    const { logs, lines } = collect();
    logs({ type: 'upstream-stderr', server: 'evil', line: 'a\nb\u001B[2J\u001B]0;title\u0007c\u202Ed' });
    expect(lines()[0]?.['msg']).toBe('evil: a bc d');
  });

  test('anything can be thrown, and a circular chain of causes ends', () => {
    const { logs, lines } = collect();
    const circular = new Error('circular');
    circular.cause = circular;
    logs({ type: 'internal-error', requestId: 'r-1', error: circular });
    logs({ type: 'internal-error', requestId: 'r-2', error: Object.create(null) });
    logs({ type: 'internal-error', requestId: 'r-3', error: 'a string' });
    expect(lines().map((line) => typeof line['error'])).toEqual(['object', 'string', 'string']);
  });
});

describe('pretty lines', () => {
  test('are time, level and sentence; fields are left out', () => {
    const { logs, text } = collect('info', true);
    logs(down);
    expect(text()).toMatch(/^\[\d\d:\d\d:\d\d\] WARNING: broken is down: command not found: nope\n$/);
  });

  test('an internal error shows its stack', () => {
    const { logs, text } = collect('info', true);
    logs({ type: 'internal-error', requestId: 'r-9', error: new TypeError('boom') });
    expect(text()).toContain('Internal error (request r-9).');
    expect(text()).toContain('TypeError: boom');
    expect(text()).toContain('logs.test.ts');
  });
});
