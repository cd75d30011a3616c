import { expect, test } from 'vitest';
import type { Outcome } from '../../../../src/mcp/types.ts';
import { fakeProgram, textResult, type FakeOptions, type FakeProgram, type FakeServer } from '../fakes.ts';

const time: FakeServer = { tools: ['get_time', 'convert_time'] };

function post(program: FakeProgram, url: string, payload = '', headers: Record<string, string> = {}) {
  return program.inject({ method: 'POST', url, payload, headers: { 'content-type': 'application/json', ...headers } });
}

test('a call forwards the text of the arguments and answers with the value', async () => {
  const program = fakeProgram({ time: { ...time, call: () => textResult('{"hour":9007199254740993}') } });
  const response = await post(program, '/time/get_time', '{"zone": 1.0}');
  expect(response.statusCode).toBe(200);
  expect(response.headers['content-type']).toBe('application/json');
  expect(response.body).toBe('{"hour":9007199254740993}');
  const [call] = program.upstreams.get('time')?.calls ?? [];
  expect(call?.tool.name).toBe('get_time');
  expect(call?.argumentsText).toBe('{"zone": 1.0}');
});

test('a server from the command line has its tools at the root', async () => {
  const program = fakeProgram({ time }, { mode: 'single' });
  expect((await post(program, '/get_time')).statusCode).toBe(200);
  expect((await post(program, '/time/get_time')).statusCode).toBe(404);
});

test('many servers have no tools at the root', async () => {
  const program = fakeProgram({ time });
  const response = await post(program, '/time');
  expect(response.statusCode).toBe(405);
  expect(response.headers['allow']).toBe('GET, HEAD');
});

test.each(['', '{}'])('the body %j means no arguments, whatever its content type says', async (body) => {
  const program = fakeProgram({ time });
  const type = body === '' ? 'garbage; ;' : 'application/json';
  expect((await post(program, '/time/get_time', body, { 'content-type': type })).statusCode).toBe(200);
  expect(program.upstreams.get('time')?.calls[0]?.argumentsText).toBe('{}');
});

test.each([
  ['not JSON', '{', {}, 400, 'malformed_request'],
  ['an array', '[1]', {}, 400, 'malformed_request'],
  ['null', 'null', {}, 400, 'malformed_request'],
  ['a key twice', '{"a":1,"a":2}', {}, 400, 'malformed_request'],
  ['another type', 'a=1', { 'content-type': 'application/x-www-form-urlencoded' }, 415, 'unsupported_media_type'],
  ['a type that is none', '{"a":1}', { 'content-type': 'garbage' }, 415, 'unsupported_media_type'],
  ['compressed', '{"a":1}', { 'content-encoding': 'gzip' }, 415, 'unsupported_media_type'],
  ['too large', `{"a":"${'x'.repeat(1024 * 1024)}"}`, {}, 413, 'payload_too_large'],
])('a body that is %s is refused before the upstream sees it', async (_name, body, headers, status, code) => {
  const program = fakeProgram({ time });
  const response = await post(program, '/time/get_time', body, headers);
  expect(response.statusCode).toBe(status);
  expect(response.headers['content-type']).toBe('application/problem+json');
  const where = { server: 'time', tool: 'get_time' };
  expect(response.json()).toMatchObject({ code, status, instance: response.headers['x-request-id'], ...where });
  expect(program.upstreams.get('time')?.calls).toEqual([]);
  expect(program.upstreams.get('time')?.leases).toBe(0);
  expect(program.events).toMatchObject([{ type: 'call', code }]);
});

test('bytes that are no UTF-8 are refused', async () => {
  const program = fakeProgram({ time });
  const payload = Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]);
  const response = await program.inject({ method: 'POST', url: '/time/get_time', payload });
  expect(response.statusCode).toBe(400);
  expect(response.json()).toMatchObject({ code: 'malformed_request', detail: expect.stringContaining('UTF-8') });
});

test.each([
  ['/tyme/get_time', 'unknown_server', 'Did you mean "time"?'],
  ['/time/get_tim', 'unknown_tool', 'Did you mean "get_time"?'],
  ['/off/get_time', 'unknown_server', 'disabled'],
  ['/nothing/like/this', 'not_found', 'GET /'],
  ['/jobs/x', 'not_found', 'GET /'],
])('POST %s is 404 %s', async (url, code, part) => {
  const program = fakeProgram({ time, off: { disabled: true } });
  const response = await post(program, url);
  expect(response.statusCode).toBe(404);
  expect(response.json()).toMatchObject({ code, detail: expect.stringContaining(part) });
});

test('a disabled server is not suggested', async () => {
  const program = fakeProgram({ time, timer: { disabled: true } });
  expect((await post(program, '/timers/x')).json()).toMatchObject({ detail: expect.not.stringContaining('"timer"') });
});

test('every tool of a server without a catalogue is 503 while its first attempt runs', async () => {
  const program = fakeProgram({ slow: {} });
  const response = await post(program, '/slow/anything');
  expect(response.statusCode).toBe(503);
  expect(response.headers['retry-after']).toBe('1');
  expect(response.json()).toMatchObject({ code: 'starting', server: 'slow', tool: 'anything', retryAfter: 1 });
});

test('and 502 with the reason after an attempt that failed', async () => {
  const status = {
    state: 'down' as const,
    detail: 'command not found: uvx',
    attempted: true,
    nextRetryAt: Date.now() + 3_500,
  };
  const program = fakeProgram({ dead: { status } });
  const response = await post(program, '/dead/anything');
  expect(response.statusCode).toBe(502);
  expect(['3', '4']).toContain(response.headers['retry-after']);
  expect(response.json()).toMatchObject({
    code: 'upstream_unavailable',
    detail: 'The server "dead" is not available: command not found: uvx.',
    server: 'dead',
    tool: 'anything',
  });
});

test("the deadline is the tool's, else the server's, else the global one", async () => {
  const options: FakeOptions = { settings: { callTimeoutMs: 7_000 } };
  const program = fakeProgram({ time, slow: { tools: ['wait'], timeoutMs: 90_000 } }, options);
  const before = Date.now();
  await post(program, '/time/get_time');
  await post(program, '/slow/wait');
  const after = Date.now();
  const [quick] = program.upstreams.get('time')?.calls ?? [];
  const [slow] = program.upstreams.get('slow')?.calls ?? [];
  expect(quick?.deadlineAt).toBeGreaterThanOrEqual(before + 7_000);
  expect(quick?.deadlineAt).toBeLessThanOrEqual(after + 7_000);
  expect(slow?.deadlineAt).toBeGreaterThanOrEqual(before + 90_000);
  expect(slow?.deadlineAt).toBeLessThanOrEqual(after + 90_000);
});

test.each<[string, Outcome, number, string]>([
  ['an error of the tool', errorResult('no such file'), 422, 'tool_error'],
  ['no tool result', { kind: 'result', value: 7, text: () => '7' }, 502, 'upstream_error'],
  [
    'an RPC error',
    { kind: 'rpc-error', code: -32603, message: 'boom', dataText: () => undefined },
    502,
    'upstream_error',
  ],
  [
    'refused arguments',
    { kind: 'rpc-error', code: -32602, message: 'bad', dataText: () => undefined },
    422,
    'invalid_arguments',
  ],
  [
    'an unknown tool',
    { kind: 'rpc-error', code: -32601, message: 'gone', dataText: () => undefined },
    404,
    'unknown_tool',
  ],
  ['no connection', { kind: 'unavailable', detail: 'gone', retryAfterMs: 10 }, 502, 'upstream_unavailable'],
  ['too many calls', { kind: 'overloaded', detail: 'full', retryAfterMs: 10 }, 503, 'overloaded'],
  ['a lost connection', { kind: 'unknown', detail: 'died' }, 502, 'outcome_unknown'],
  ['rubbish', { kind: 'unusable', detail: 'no JSON' }, 502, 'upstream_error'],
  ['silence', { kind: 'timeout', afterMs: 1_000 }, 504, 'timeout'],
])('an outcome of %#: %s', async (_name, outcome, status, code) => {
  const program = fakeProgram({ time: { ...time, call: () => outcome } });
  const response = await post(program, '/time/get_time');
  expect(response.statusCode).toBe(status);
  expect(response.json()).toMatchObject({ code });
  expect(program.events).toMatchObject([{ type: 'call', server: 'time', tool: 'get_time', code }]);
});

test('toolErrorStatus changes the status of a tool error', async () => {
  const call = () => errorResult('no such file');
  const program = fakeProgram({ time: { ...time, toolErrorStatus: 500, call } });
  const response = await post(program, '/time/get_time');
  expect(response.statusCode).toBe(500);
  expect(response.json()).toMatchObject({ code: 'tool_error', detail: 'no such file' });
  expect(program.events).toMatchObject([{ type: 'call', code: 'tool_error' }]);
});

test('?result=full gives the whole result, errors of the tool included', async () => {
  const program = fakeProgram({ time: { ...time, call: () => errorResult('no such file') } });
  const response = await post(program, '/time/get_time?result=full');
  expect(response.statusCode).toBe(200);
  expect(response.json()).toEqual({ content: [{ type: 'text', text: 'no such file' }], isError: true });
});

test('what is thrown that is no AppError shows its id and nothing else', async () => {
  const call = () => {
    throw new Error('secret of the machine');
  };
  const program = fakeProgram({ time: { ...time, call } });
  const response = await post(program, '/time/get_time');
  expect(response.statusCode).toBe(500);
  expect(response.json()).toMatchObject({ code: 'internal', detail: expect.stringContaining(requestIdOf(response)) });
  expect(response.body).not.toContain('secret');
  expect(program.events).toMatchObject([
    { type: 'call', code: 'internal' },
    { type: 'internal-error', requestId: requestIdOf(response), error: new Error('secret of the machine') },
  ]);
  expect(program.upstreams.get('time')?.leases).toBe(0);
});

test('a call holds one lease until it is answered', async () => {
  const held: number[] = [];
  const program: FakeProgram = fakeProgram({
    time: {
      ...time,
      call() {
        held.push(program.upstreams.get('time')?.leases ?? -1);
        return textResult('ok');
      },
    },
  });
  await post(program, '/time/get_time');
  expect(held).toEqual([1]);
  expect(program.upstreams.get('time')?.leases).toBe(0);
});

test('a call that succeeded is told with its server, tool and request id', async () => {
  const program = fakeProgram({ time });
  const response = await post(program, '/time/get_time', '', { 'x-request-id': 'abc-1.2_3' });
  expect(response.headers['x-request-id']).toBe('abc-1.2_3');
  expect(program.events).toEqual([
    {
      type: 'call',
      requestId: 'abc-1.2_3',
      server: 'time',
      tool: 'get_time',
      code: 'ok',
      durationMs: expect.any(Number),
    },
  ]);
});

test('while the program stops, calls are refused and connections end', async () => {
  const program = fakeProgram({ time });
  program.stop();
  const response = await post(program, '/time/get_time');
  expect(response.statusCode).toBe(503);
  expect(response.headers['connection']).toBe('close');
  expect(response.headers['retry-after']).toBe('5');
  expect(response.json()).toMatchObject({ code: 'shutting_down' });
});

test('a name with a slash, a percent sign and letters of all kinds is reached by its encoded form', async () => {
  const names = ['a/b', '100%', 'grüße 日本', '..%2f'];
  const program = fakeProgram({ 'my server': { tools: names } });
  for (const name of names) {
    const response = await post(program, `/my%20server/${encodeURIComponent(name)}`);
    expect([name, response.statusCode]).toEqual([name, 200]);
  }
  expect(program.upstreams.get('my server')?.calls.map(({ tool }) => tool.name)).toEqual(names);
});

test('a tool name may be as long as a URL', async () => {
  const name = 'x'.repeat(1000);
  const program = fakeProgram({ time: { tools: [name] } });
  expect((await post(program, `/time/${name}`)).statusCode).toBe(200);
});

function errorResult(text: string): Outcome {
  const value = { content: [{ type: 'text', text }], isError: true };
  return { kind: 'result', value, text: () => JSON.stringify(value) };
}

function requestIdOf(response: { headers: Record<string, unknown> }): string {
  return String(response.headers['x-request-id']);
}
