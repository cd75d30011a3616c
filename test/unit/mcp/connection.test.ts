import { describe, expect, it } from 'vitest';
import { Connection, type Session } from '../../../src/mcp/connection.ts';
import type { McpTransport, Reply, RequestOptions } from '../../../src/mcp/transports/transport.ts';
import type { Question } from '../../../src/mcp/types.ts';

interface Sent {
  readonly method: string;
  readonly params: string;
  readonly options: RequestOptions;
  readonly answer: (reply: Reply) => void;
}

/** A connection over a transport that keeps what is sent, and answers when it is told to. */
function connectionWith(requestMeta: string | undefined): {
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
    ended: new Promise(() => {}),
    close: () => {
      closed++;
      return Promise.resolve();
    },
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

it('an abandoned connection closes when the last question on it is answered', async () => {
  const { connection, sent, closed } = connectionWith(undefined);
  const asked = connection.ask({ method: 'resources/list' }, options);
  connection.abandon();
  expect(closed()).toBe(0);
  sent[0]?.answer({ kind: 'timeout' });
  await asked;
  expect(closed()).toBe(1);
});
