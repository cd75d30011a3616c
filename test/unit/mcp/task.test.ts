import { getEventListeners } from 'node:events';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { callAsTask, mustRunAsTask, type TaskChannel } from '../../../src/mcp/task.ts';
import { cancelReasons, type Reply, type RequestOptions } from '../../../src/mcp/transports/transport.ts';
import type { Tool } from '../../../src/mcp/types.ts';
import { until } from '../../support.ts';

const tool: Tool = {
  name: 'dig "deep"',
  title: undefined,
  description: undefined,
  inputSchema: { type: 'object' },
  outputSchema: undefined,
  annotations: undefined,
  definition: { name: 'dig', execution: { taskSupport: 'required' } },
};

const result = (value: unknown): Reply => ({ kind: 'result', value, text: () => JSON.stringify(value) });
const rpcError = (message: string, code = -32_602): Reply => ({
  kind: 'rpc-error',
  code,
  message,
  dataText: () => undefined,
});
const cut: Reply = { kind: 'lost', detail: 'the stream was cut', gone: false };
const task = (status: string, more = {}): Reply => result({ taskId: 't1', status, pollInterval: 1, ...more });
const created = (status = 'working', more = {}): Reply =>
  result({ task: { taskId: 't1', status, pollInterval: 1, ...more } });
const done: Reply = { kind: 'result', value: { content: [] }, text: () => '{"content":[],"n":1.0}' };

/** An answer; 'never' is what only the deadline or the caller ends, as a transport does. */
type Answer = Reply | 'never' | Promise<Reply>;

interface Sent {
  readonly method: string;
  readonly params: string;
  readonly options: RequestOptions;
}

/** A channel that gives these answers, by method and in turn; the last one of a method again and again. */
function channelWith(answers: Readonly<Record<string, readonly Answer[]>>): {
  channel: TaskChannel;
  sent: Sent[];
  methods: () => string[];
  outlasting: Promise<unknown>[];
} {
  const sent: Sent[] = [];
  const outlasting: Promise<unknown>[] = [];
  const channel: TaskChannel = {
    request: (method, params, options) => {
      const nth = sent.filter((each) => each.method === method).length;
      sent.push({ method, params, options });
      const all = answers[method] ?? [];
      const answer = all[Math.min(nth, all.length - 1)] ?? 'never';
      return answer === 'never' ? ended(options) : Promise.resolve(answer);
    },
    outlast: (work) => void outlasting.push(work),
  };
  return { channel, sent, methods: () => sent.map(({ method }) => method), outlasting };
}

function ended({ deadlineAt, signal }: RequestOptions): Promise<Reply> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve({ kind: 'timeout' }), deadlineAt - Date.now()).unref();
    const stop = (): void => {
      clearTimeout(timer);
      resolve({ kind: 'cancelled' });
    };
    if (signal?.aborted) stop();
    signal?.addEventListener('abort', stop, { once: true });
  });
}

const soon = (): number => Date.now() + 20_000;

it('is for tools that say so, and no others', () => {
  expect(mustRunAsTask(tool)).toBe(true);
  for (const execution of [
    undefined,
    null,
    'required',
    {},
    { taskSupport: 'optional' },
    { taskSupport: 'forbidden' },
  ]) {
    expect(mustRunAsTask({ ...tool, definition: { execution } })).toBe(false);
  }
});

describe('a task', () => {
  it('is created with the text of the arguments, looked at until it ended, and its result given as it came', async () => {
    const { channel, sent } = channelWith({
      'tools/call': [created()],
      'tasks/get': [task('working'), task('working'), task('completed')],
      'tasks/result': [done],
    });
    const deadlineAt = soon();
    const { signal } = new AbortController();
    expect(await callAsTask(channel, tool, '{"a": 1.0}', { deadlineAt, signal })).toBe(done);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    expect(sent.map(({ method }) => method)).toEqual([
      'tools/call',
      'tasks/get',
      'tasks/get',
      'tasks/get',
      'tasks/result',
    ]);
    const [call, ...later] = sent.map(({ params }) => params);
    expect(call).toMatch(/^\{"name":"dig \\"deep\\"","arguments":\{"a": 1\.0\},"task":\{"ttl":\d+\}\}$/);
    const { ttl } = (JSON.parse(call ?? '') as { task: { ttl: number } }).task;
    expect(ttl).toBeGreaterThanOrEqual(20_000);
    expect(ttl).toBeLessThanOrEqual(30_000);
    expect(new Set(later)).toEqual(new Set(['{"taskId":"t1"}']));
    expect(sent.at(-1)?.options.deadlineAt).toBe(deadlineAt);
  });

  it('that ended when it was created is not looked at', async () => {
    const { channel, methods } = channelWith({ 'tools/call': [created('completed')], 'tasks/result': [done] });
    expect(await callAsTask(channel, tool, '{}', { deadlineAt: soon() })).toBe(done);
    expect(methods()).toEqual(['tools/call', 'tasks/result']);
  });

  it('that waits for input is asked for its result, and comes to its end', async () => {
    const { channel, methods } = channelWith({
      'tools/call': [created()],
      'tasks/get': [task('input_required')],
      'tasks/result': [done],
    });
    expect(await callAsTask(channel, tool, '{}', { deadlineAt: soon() })).toBe(done);
    expect(methods()).toEqual(['tools/call', 'tasks/get', 'tasks/result']);
  });

  it('that waits for input and ended with an error gives that error, once that is certain', async () => {
    const { channel, methods } = channelWith({
      'tools/call': [created('input_required')],
      'tasks/get': [task('failed', { statusMessage: 'nobody answers' })],
      'tasks/result': [rpcError('no elicitation', -32_601)],
    });
    const reply = await callAsTask(channel, tool, '{}', { deadlineAt: soon() });
    expect(reply).toMatchObject({ kind: 'rpc-error', code: -32_601, message: 'no elicitation: nobody answers' });
    expect(methods()).toEqual(['tools/call', 'tasks/result', 'tasks/get', 'tasks/result']);
  });

  it.each<[string, Reply]>([
    ['a result, for a server that runs it at once', done],
    ['an error', rpcError('Unknown tool')],
    ['a refusal', { kind: 'undelivered', detail: 'the session is gone', gone: true }],
    ['a loss', cut],
  ])('that was not created comes to what the server answered: %s', async (_what, reply) => {
    const { channel, methods } = channelWith({ 'tools/call': [reply] });
    expect(await callAsTask(channel, tool, '{}', { deadlineAt: soon() })).toBe(reply);
    expect(methods()).toEqual(['tools/call']);
  });

  it.each([{ status: 'working' }, { taskId: 7, status: 'working' }, { taskId: 't1', status: 'dancing' }, null])(
    'that is %j is unusable',
    async (told) => {
      const { channel } = channelWith({ 'tools/call': [result({ task: told })] });
      const reply = await callAsTask(channel, tool, '{}', { deadlineAt: soon() });
      expect(reply).toMatchObject({ kind: 'unusable', detail: expect.stringContaining('id and status') as string });
    },
  );
});

describe('a task that ended badly', () => {
  const failed = task('failed', { statusMessage: 'API rate limit exceeded' });

  it('comes to its result, if it has one', async () => {
    const isError = result({ content: [], isError: true });
    const { channel } = channelWith({ 'tools/call': [created()], 'tasks/get': [failed], 'tasks/result': [isError] });
    expect(await callAsTask(channel, tool, '{}', { deadlineAt: soon() })).toBe(isError);
  });

  it('comes to its error, with the reason that its status tells', async () => {
    const { channel, outlasting } = channelWith({
      'tools/call': [created()],
      'tasks/get': [failed],
      'tasks/result': [rpcError('no result stored', -32_603)],
    });
    expect(await callAsTask(channel, tool, '{}', { deadlineAt: soon() })).toMatchObject({
      kind: 'rpc-error',
      code: -32_603,
      message: 'no result stored: API rate limit exceeded',
    });
    expect(outlasting).toEqual([]);
  });

  it('says so where its result cannot be had', async () => {
    const { channel } = channelWith({ 'tools/call': [created()], 'tasks/get': [failed], 'tasks/result': [cut] });
    expect(await callAsTask(channel, tool, '{}', { deadlineAt: soon() })).toEqual({
      kind: 'unusable',
      detail: 'the task failed: API rate limit exceeded',
    });
  });
});

describe('a question about a task', () => {
  it('that is lost on a connection that lives is asked again', async () => {
    const { channel, methods } = channelWith({
      'tools/call': [created()],
      'tasks/get': [cut, { kind: 'unusable', detail: 'HTTP 502' }, task('working'), cut, cut, task('completed')],
      'tasks/result': [cut, done],
    });
    expect(await callAsTask(channel, tool, '{}', { deadlineAt: soon() })).toMatchObject({ kind: 'lost' });
    expect(methods().filter((method) => method === 'tasks/result')).toHaveLength(1);

    const better = channelWith({
      'tools/call': [created()],
      'tasks/get': [cut, cut, task('working'), cut, task('completed')],
      'tasks/result': [cut, done],
    });
    expect(await callAsTask(better.channel, tool, '{}', { deadlineAt: soon() })).toBe(done);
    expect(better.outlasting).toEqual([]);
  });

  it('is not asked for ever, and the task is cancelled then', async () => {
    const { channel, methods, outlasting } = channelWith({ 'tools/call': [created()], 'tasks/get': [cut] });
    expect(await callAsTask(channel, tool, '{}', { deadlineAt: soon() })).toEqual(cut);
    expect(methods()).toEqual(['tools/call', 'tasks/get', 'tasks/get', 'tasks/get', 'tasks/cancel']);
    expect(outlasting).toHaveLength(1);
  });

  it('that is not answered in its time is asked again', async () => {
    const { channel } = channelWith({
      'tools/call': [created()],
      'tasks/get': [{ kind: 'timeout' }, { kind: 'timeout' }, { kind: 'timeout' }, task('completed')],
      'tasks/result': [done],
    });
    expect(await callAsTask(channel, tool, '{}', { deadlineAt: soon() })).toBe(done);
  });

  it.each<Reply>([
    { kind: 'undelivered', detail: 'the process exited with code 1', gone: true },
    { kind: 'lost', detail: 'the process exited with code 1', gone: true },
  ])('on a connection that is gone leaves the outcome unknown: %j', async (gone) => {
    const lost = { kind: 'lost', detail: 'the process exited with code 1', gone: true };
    for (const answers of [
      { 'tasks/get': [gone] },
      { 'tasks/get': [task('failed')], 'tasks/result': [gone] },
      { 'tasks/get': [task('completed')], 'tasks/result': [gone] },
    ]) {
      const { channel } = channelWith({ 'tools/call': [created()], ...answers });
      expect(await callAsTask(channel, tool, '{}', { deadlineAt: soon() })).toEqual(lost);
    }
  });

  it.each<[string, Readonly<Record<string, readonly Answer[]>>, string]>([
    ['tasks/get', { 'tasks/get': [rpcError('Task not found')] }, 'the server lost its task: Task not found'],
    ['tasks/get', { 'tasks/get': [result({})] }, 'the server does not tell the status of its task'],
    [
      'tasks/result',
      { 'tasks/get': [task('completed')], 'tasks/result': [rpcError('Task has expired')] },
      'the server does not give the result of its task: Task has expired',
    ],
  ])('that the server cannot answer is unusable: %s %j', async (_method, answers, detail) => {
    const { channel } = channelWith({ 'tools/call': [created()], ...answers });
    expect(await callAsTask(channel, tool, '{}', { deadlineAt: soon() })).toEqual({ kind: 'unusable', detail });
  });
});

describe('a caller that stops waiting', () => {
  it.each(['tasks/get', 'tasks/result'])('during %s has the task cancelled', async (method) => {
    const answers = method === 'tasks/get' ? ['never' as const] : [task('input_required')];
    const { channel, sent, methods, outlasting } = channelWith({ 'tools/call': [created()], 'tasks/get': answers });
    const caller = new AbortController();
    const reply = callAsTask(channel, tool, '{}', { deadlineAt: soon(), signal: caller.signal });
    await until(() => methods().includes(method));
    caller.abort();
    expect(await reply).toEqual({ kind: 'cancelled' });
    expect(sent.at(-1)).toMatchObject({ method: 'tasks/cancel', params: '{"taskId":"t1"}' });
    expect(outlasting).toHaveLength(1);
  });

  it('between two looks has the task cancelled at once', async () => {
    const { channel, methods } = channelWith({
      'tools/call': [created('working', { pollInterval: 10_000 })],
      'tasks/get': [task('working', { pollInterval: 10_000 })],
    });
    const caller = new AbortController();
    const reply = callAsTask(channel, tool, '{}', { deadlineAt: soon(), signal: caller.signal });
    await until(() => methods().includes('tasks/get'));
    caller.abort();
    expect(await reply).toEqual({ kind: 'cancelled' });
    expect(methods()).toEqual(['tools/call', 'tasks/get', 'tasks/cancel']);
  });

  it('because the time is over has the task cancelled', async () => {
    const { channel, methods } = channelWith({ 'tools/call': [created()], 'tasks/get': [task('working')] });
    expect(await callAsTask(channel, tool, '{}', { deadlineAt: Date.now() + 300 })).toEqual({ kind: 'timeout' });
    expect(methods().at(-1)).toBe('tasks/cancel');
  });

  it('before the task exists is answered at once, and the task is cancelled when its id comes', async () => {
    let answer: (reply: Reply) => void = () => {};
    const creating = new Promise<Reply>((resolve) => {
      answer = resolve;
    });
    const { channel, sent, methods, outlasting } = channelWith({ 'tools/call': [creating], 'tasks/cancel': [done] });
    const caller = new AbortController();
    const reply = callAsTask(channel, tool, '{}', { deadlineAt: soon(), signal: caller.signal });
    caller.abort();
    expect(await reply).toEqual({ kind: 'cancelled' });
    expect(sent[0]?.options.signal?.aborted).toBe(false);
    expect(methods()).toEqual(['tools/call']);
    answer(created());
    await Promise.all(outlasting);
    expect(methods()).toEqual(['tools/call', 'tasks/cancel']);
  });

  it('before the task exists does not make anybody wait for an answer that never comes', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const { channel, sent, outlasting } = channelWith({ 'tools/call': ['never'] });
    const caller = new AbortController();
    const reply = callAsTask(channel, tool, '{}', { deadlineAt: soon(), signal: caller.signal });
    caller.abort();
    expect(await reply).toEqual({ kind: 'cancelled' });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(sent[0]?.options.signal?.aborted).toBe(true);
    await Promise.all(outlasting);
    expect(sent).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('before anything was sent starts nothing', async () => {
    const { channel, sent } = channelWith({});
    const signal = AbortSignal.abort(cancelReasons.cancelled);
    expect(await callAsTask(channel, tool, '{}', { deadlineAt: soon(), signal })).toEqual({ kind: 'cancelled' });
    expect(sent).toEqual([]);
  });
});
