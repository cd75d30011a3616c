import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/json/value.ts';
import { ask, callTool, type CallSource } from '../../../src/mcp/call.ts';
import type { Connection } from '../../../src/mcp/connection.ts';
import type { Reply } from '../../../src/mcp/transports/transport.ts';
import type { CallRequest, Tool } from '../../../src/mcp/types.ts';
import { nobody } from '../../support.ts';

const done: Reply = { kind: 'result', value: { content: [] }, text: () => '{"content":[]}' };
const gone: Reply = { kind: 'undelivered', detail: 'the session is gone', gone: true };
const cut: Reply = { kind: 'lost', detail: 'the process died', gone: true };

/** A source whose connections answer with these replies in turn; `undefined` means no connection. */
function sourceOf(
  ...replies: readonly (Reply | undefined)[]
): CallSource & { readonly sent: string[]; drops: number; examined: number } {
  const left = [...replies];
  const connect = (): Connection | undefined => {
    const reply = left[0];
    if (reply === undefined) return undefined;
    const call: Connection['call'] = (_tool, argumentsText) => {
      left.shift();
      source.sent.push(argumentsText);
      return Promise.resolve(reply);
    };
    return { call } as Connection;
  };
  const source = {
    sent: [] as string[],
    drops: 0,
    examined: 0,
    waitMs: 10_000,
    get live() {
      return connect();
    },
    connected: () => Promise.resolve(connect()),
    drop: () => {
      source.drops++;
    },
    examine: () => {
      source.examined++;
      return Promise.resolve();
    },
    unavailable: () => ({ kind: 'unavailable' as const, detail: 'connection refused by host:1', retryAfterMs: 2_000 }),
  };
  return source;
}

function request(annotations?: JsonObject, changes: Partial<CallRequest> = {}): CallRequest {
  const inputSchema = { type: 'object' };
  const definition = { name: 'tool', inputSchema };
  const tool: Tool = {
    ...definition,
    definition,
    annotations,
    title: undefined,
    description: undefined,
    outputSchema: undefined,
  };
  const signal = new AbortController().signal;
  return { tool, argumentsText: '{"a":1.0}', deadlineAt: Date.now() + 60_000, signal, principal: nobody, ...changes };
}

describe('callTool', () => {
  it('sends once and gives the answer', async () => {
    const source = sourceOf(done);
    expect(await callTool(source, request())).toBe(done);
    expect(source.sent).toEqual(['{"a":1.0}']);
  });

  it('repeats once what was certainly not delivered', async () => {
    const source = sourceOf(gone, done);
    expect(await callTool(source, request())).toBe(done);
    expect(source.drops).toBe(1);
    const never = sourceOf(gone, gone, done);
    expect(await callTool(never, request())).toMatchObject({ kind: 'unavailable', retryAfterMs: 2_000 });
    expect(never.sent).toHaveLength(2);
  });

  it('repeats what was cut off only for a tool that says it does no harm, and only once', async () => {
    const harmful = sourceOf(cut, done);
    expect(await callTool(harmful, request())).toEqual({ kind: 'unknown', detail: 'the process died' });
    expect(harmful.sent).toHaveLength(1);
    for (const hint of ['readOnlyHint', 'idempotentHint']) {
      expect(await callTool(sourceOf(cut, done), request({ [hint]: true }))).toBe(done);
      const twice = sourceOf(cut, cut, done);
      expect(await callTool(twice, request({ [hint]: true }))).toMatchObject({ kind: 'unknown' });
      expect(twice.sent).toHaveLength(2);
    }
    expect(await callTool(sourceOf(cut, done), request({ readOnlyHint: 'true' }))).toMatchObject({ kind: 'unknown' });
  });

  it('sends nothing for a caller that has gone in the meantime', async () => {
    const leaving = new AbortController();
    const lostOnce: Reply = { kind: 'lost', detail: 'the stream was cut', gone: false };
    const source = sourceOf(lostOnce, done);
    source.examine = () => Promise.resolve(leaving.abort());
    const repeatable = request({ readOnlyHint: true }, { signal: leaving.signal });
    expect(await callTool(source, repeatable)).toEqual({ kind: 'cancelled' });
    expect(source.sent).toHaveLength(1);
    const left = sourceOf(done);
    expect(await callTool(left, request(undefined, { signal: AbortSignal.abort() }))).toEqual({ kind: 'cancelled' });
    expect(left.sent).toEqual([]);
  });

  it('does not repeat what the server refuses', async () => {
    const source = sourceOf({ kind: 'undelivered', detail: 'the server refuses our credentials', gone: false }, done);
    expect(await callTool(source, request())).toEqual({
      kind: 'unusable',
      detail: 'the server refuses our credentials',
    });
    expect(source.sent).toHaveLength(1);
  });

  it('says what it is where no connection comes', async () => {
    expect(await callTool(sourceOf(undefined), request())).toMatchObject({ kind: 'unavailable' });
    const late = request(undefined, { deadlineAt: Date.now() - 1 });
    expect(await callTool(sourceOf(undefined), late), 'nothing was sent').toMatchObject({ kind: 'unavailable' });
    const left = request(undefined, { signal: AbortSignal.abort() });
    expect(await callTool(sourceOf(undefined), left)).toEqual({ kind: 'cancelled' });
  });

  it('waits for a connection as long as its upstream says, and never past its own deadline', async () => {
    for (const [deadlineInMs, waitMs, expectedMs] of [
      [60_000, 10_000, 10_000],
      [2_000, 10_000, 2_000],
      [60_000, 30_000, 30_000],
    ] as const) {
      const waits: number[] = [];
      const source = {
        ...sourceOf(),
        live: undefined,
        waitMs,
        connected: (untilMs: number) => {
          waits.push(untilMs - Date.now());
          return Promise.resolve(undefined);
        },
      };
      await callTool(source, request(undefined, { deadlineAt: Date.now() + deadlineInMs }));
      expect(waits).toHaveLength(1);
      expect(waits[0]).toBeLessThanOrEqual(expectedMs);
      expect(waits[0]).toBeGreaterThan(expectedMs - 1_000);
    }
  });

  it('repeats on a connection that stays only after a look at it, and drops nothing itself', async () => {
    const cutOnce: Reply = { kind: 'lost', detail: 'the stream ended without an answer', gone: false };
    const source = sourceOf(cutOnce, done);
    expect(await callTool(source, request({ readOnlyHint: true }))).toBe(done);
    expect(source).toMatchObject({ drops: 0, examined: 1 });
    const harmful = sourceOf(cutOnce, done);
    expect(await callTool(harmful, request())).toMatchObject({ kind: 'unknown' });
    expect(harmful, 'the next call is glad of it').toMatchObject({ drops: 0, examined: 1 });
  });

  it('looks no longer than the caller waits', async () => {
    const cutOnce: Reply = { kind: 'lost', detail: 'the stream ended without an answer', gone: false };
    const never = new Promise<never>(() => {});
    const { live } = sourceOf(cutOnce);
    let connections = [live];
    const connected = () => Promise.resolve(connections.shift());
    const late: CallSource = { ...sourceOf(), live: undefined, connected, examine: () => never };
    const hurried = request({ readOnlyHint: true }, { deadlineAt: Date.now() + 50 });
    expect(await callTool(late, hurried)).toMatchObject({ kind: 'unavailable' });
    connections = [live];
    const leaving = new AbortController();
    const left = callTool(late, request({ readOnlyHint: true }, { signal: leaving.signal }));
    leaving.abort();
    expect(await left).toEqual({ kind: 'cancelled' });
  });

  it('finds its way past both: an answer that was cut off, and a connection that was gone by then', async () => {
    expect(await callTool(sourceOf(cut, gone, done), request({ idempotentHint: true }))).toBe(done);
    expect(await callTool(sourceOf(gone, cut, done), request({ idempotentHint: true }))).toBe(done);
    const source = sourceOf(gone, cut, done);
    expect(await callTool(source, request())).toMatchObject({ kind: 'unknown' });
    expect(source.sent).toHaveLength(2);
  });

  it('says that a repetition came to nothing where there is no connection for it', async () => {
    const source = sourceOf(cut, undefined);
    expect(await callTool(source, request({ readOnlyHint: true }))).toEqual({
      kind: 'unavailable',
      detail: 'connection refused by host:1',
      retryAfterMs: 2_000,
    });
    expect(source.drops).toBe(1);
  });

  it.each([
    { kind: 'rpc-error', code: -32_000, message: 'no', dataText: () => undefined },
    { kind: 'unusable', detail: 'the server answered HTTP 500' },
    { kind: 'timeout' },
    { kind: 'cancelled' },
  ] as const)('repeats nothing that came to $kind, whatever the tool says', async (reply) => {
    const source = sourceOf(reply, done);
    expect(await callTool(source, request({ readOnlyHint: true, idempotentHint: true }))).toMatchObject({
      kind: reply.kind,
    });
    expect(source.sent).toHaveLength(1);
    expect(source.drops).toBe(0);
  });
});

describe('ask', () => {
  /** The same, for connections that are asked. */
  const asking = (...replies: readonly (Reply | undefined)[]) => {
    const left = [...replies];
    const question = { method: 'resources/read', uri: 'a' } as const;
    const connection = { ask: () => Promise.resolve(left.shift()) } as unknown as Connection;
    const source = { ...sourceOf(), live: undefined, connected: () => Promise.resolve(connection) };
    const { deadlineAt, signal } = request();
    return { left, outcome: ask(source, { question, deadlineAt, signal, principal: nobody }) };
  };

  it('repeats once what was cut off: it does no harm', async () => {
    expect(await asking(done).outcome).toBe(done);
    expect(await asking(cut, done).outcome).toBe(done);
    const twice = asking(cut, cut, done);
    expect(await twice.outcome).toMatchObject({ kind: 'unknown' });
    expect(twice.left).toHaveLength(1);
  });
});
