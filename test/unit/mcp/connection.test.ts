import { describe, expect, it } from 'vitest';
import { Connection, type Session } from '../../../src/mcp/connection.ts';
import type { McpTransport, Reply, RequestOptions } from '../../../src/mcp/transports/transport.ts';
import type { Question, Tool } from '../../../src/mcp/types.ts';
import { until } from '../../support.ts';

interface Sent {
  readonly method: string;
  readonly params: string;
  readonly options: RequestOptions;
  readonly answer: (reply: Reply) => void;
}

/** A connection over a transport that keeps what is sent, and answers when it is told to. */
function connectionWith(
  requestMeta: string | undefined,
  changes: Partial<Session> = {},
): {
  connection: Connection;
  sent: Sent[];
  closed: () => number;
} {
  const sent: Sent[] = [];
  let closed = 0;
  const request: McpTransport['request'] = (method, params, options) =>
    new Promise((answer) => sent.push({ method, params, options, answer }));
  const session: Session = {
    transport: { request } as McpTransport,
    protocolVersion: undefined,
    serverName: undefined,
    serverVersion: undefined,
    instructions: undefined,
    offersTools: true,
    offersPrompts: true,
    offersResources: true,
    requestMeta,
    pingMethod: 'ping',
    runsTasks: false,
    ended: new Promise(() => {}),
    close: () => {
      closed++;
      return Promise.resolve();
    },
    ...changes,
  };
  return { connection: new Connection(session), sent, closed: () => closed };
}

const options = { deadlineAt: 5 };

describe('a question', () => {
  it.each<[Question, string | undefined, string, string | undefined]>([
    [{ method: 'tools/list' }, undefined, '{}', undefined],
    [{ method: 'prompts/list' }, 'a"b', '{"cursor":"a\\"b"}', undefined],
    [{ method: 'resources/read', uri: 'note://"a"' }, undefined, '{"uri":"note://\\"a\\""}', 'note://"a"'],
    [
      { method: 'prompts/get', name: 'greet', argumentsText: '{"n": 1.0}' },
      undefined,
      '{"name":"greet","arguments":{"n": 1.0}}',
      'greet',
    ],
  ])('%j is sent as its revision wants it', (question, cursor, params, name) => {
    const old = connectionWith(undefined);
    void old.connection.ask(question, options, cursor);
    expect(old.sent).toMatchObject([{ method: question.method, params, options }]);
    expect(old.sent[0]?.options.headers).toBeUndefined();

    const { connection, sent } = connectionWith('{"v":1}');
    void connection.ask(question, options, cursor);
    const { _meta, ...rest } = JSON.parse(sent[0]?.params ?? '') as Record<string, unknown>;
    expect(_meta).toEqual({ v: 1 });
    expect(rest).toEqual(JSON.parse(params));
    const named = name === undefined ? {} : { 'mcp-name': name };
    expect(sent[0]?.options.headers).toEqual({ 'mcp-method': question.method, ...named });
  });
});

describe('a ping', () => {
  it('is sent as its revision wants it, and does not count as in flight', () => {
    const old = connectionWith(undefined);
    void old.connection.ping(7);
    expect(old.sent).toMatchObject([{ method: 'ping', params: '{}', options: { deadlineAt: 7 } }]);
    expect(old.sent[0]?.options.headers).toBeUndefined();
    expect(old.connection.inFlight).toBe(0);

    const { connection, sent } = connectionWith('{"v":1}', { pingMethod: 'server/discover' });
    void connection.ping(7);
    expect(sent).toMatchObject([
      {
        method: 'server/discover',
        params: '{"_meta":{"v":1}}',
        options: { deadlineAt: 7, headers: { 'mcp-method': 'server/discover' } },
      },
    ]);
  });
});

const required: Tool = {
  name: 'dig',
  title: undefined,
  description: undefined,
  inputSchema: { type: 'object' },
  outputSchema: undefined,
  annotations: undefined,
  definition: { name: 'dig', execution: { taskSupport: 'required' } },
};
const either: Tool = { ...required, definition: { name: 'dig', execution: { taskSupport: 'optional' } } };
const done: Reply = { kind: 'result', value: { content: [] }, text: () => '{"content":[]}' };
const created: Reply = {
  kind: 'result',
  value: { task: { taskId: 't1', status: 'completed' } },
  text: () => '{"task":{"taskId":"t1","status":"completed"}}',
};
const later = (): number => Date.now() + 20_000;

describe('a call', () => {
  it.each<[string, Tool, boolean]>([
    ['a tool that may run as a task', either, true],
    ['a tool that must, of a server that runs none', required, false],
  ])('of %s is a plain one', async (_what, tool, runsTasks) => {
    const { connection, sent } = connectionWith(undefined, { runsTasks });
    const reply = connection.call(tool, '{"a":1.0}', options);
    expect(sent).toMatchObject([{ method: 'tools/call', params: '{"name":"dig","arguments":{"a":1.0}}', options }]);
    expect(connection.inFlight).toBe(1);
    sent[0]?.answer(done);
    expect(await reply).toBe(done);
    expect(connection.inFlight).toBe(0);
  });

  it('of a tool that must run as a task is one in flight, whatever it asks for', async () => {
    const { connection, sent, closed } = connectionWith(undefined, { runsTasks: true });
    const reply = connection.call(required, '{}', { deadlineAt: later() });
    sent[0]?.answer(created);
    await until(() => sent.length === 2);
    expect(sent.map(({ method }) => method)).toEqual(['tools/call', 'tasks/result']);
    expect(connection.inFlight).toBe(1);
    connection.abandon();
    expect(closed()).toBe(0);
    sent[1]?.answer(done);
    expect(await reply).toBe(done);
    expect(connection.inFlight).toBe(0);
    expect(closed()).toBe(1);
  });

  it('that is given up keeps an abandoned connection until its task is cancelled', async () => {
    const { connection, sent, closed } = connectionWith(undefined, { runsTasks: true });
    const caller = new AbortController();
    const reply = connection.call(required, '{}', { deadlineAt: later(), signal: caller.signal });
    caller.abort();
    expect(await reply).toEqual({ kind: 'cancelled' });
    expect(connection.inFlight).toBe(0);
    connection.abandon();
    expect(closed()).toBe(0);
    sent[0]?.answer(created);
    await until(() => sent.length === 2);
    expect(sent[1]).toMatchObject({ method: 'tasks/cancel', params: '{"taskId":"t1"}' });
    expect(closed()).toBe(0);
    sent[1]?.answer(done);
    await until(() => closed() === 1);
  });
});

it('an abandoned connection closes when the last question on it is answered', async () => {
  const { connection, sent, closed } = connectionWith(undefined);
  const asked = connection.ask({ method: 'resources/list' }, options);
  connection.abandon();
  expect(closed()).toBe(0);
  sent[0]?.answer({ kind: 'timeout' });
  await asked;
  expect(closed()).toBe(1);
});
