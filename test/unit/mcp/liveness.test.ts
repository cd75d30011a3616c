import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { watchLiveness } from '../../../src/mcp/liveness.ts';
import type { Reply } from '../../../src/mcp/transports/transport.ts';

const answered: Reply = { kind: 'result', value: {}, text: () => '{}' };
const refused: Reply = { kind: 'undelivered', detail: 'connection refused by host:1', gone: true };
const cut: Reply = { kind: 'lost', detail: 'the connection was cut', gone: false };
const unknownMethod: Reply = {
  kind: 'rpc-error',
  code: -32_601,
  message: 'Method not found',
  dataText: () => undefined,
};

/** How long a server may be silent, and a ping may take. */
const silentMs = 20_000;
const pingMs = 5_000;

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

/** What a ping comes to: a reply at once, or nothing until its deadline. */
type Answer = Reply | 'silence';

/** A connection whose pings come to `answer`, and whose lists to `list` or the same, watched; `dead` holds what was told. */
function watch(answer: Answer, list?: Answer) {
  const server = { answer, list, pings: [] as number[], lists: [] as number[], inFlight: 0, lastHeardAt: 1_000_000 };
  const reply = async (what: Answer, deadlineAt: number): Promise<Reply> => {
    if (what !== 'silence') return what;
    await new Promise((resolve) => setTimeout(resolve, deadlineAt - Date.now()));
    return { kind: 'timeout' };
  };
  const connection = {
    get inFlight() {
      return server.inFlight;
    },
    session: { transport: server } as never,
    ping: (deadlineAt: number): Promise<Reply> => {
      server.pings.push(Date.now() - 1_000_000);
      return reply(server.answer, deadlineAt);
    },
    ask: (_question: unknown, { deadlineAt }: { readonly deadlineAt: number }): Promise<Reply> => {
      server.lists.push(Date.now() - 1_000_000);
      return reply(server.list ?? server.answer, deadlineAt);
    },
  };
  const dead: string[] = [];
  const liveness = watchLiveness(connection, (reason) => dead.push(reason));
  return { server, liveness, dead };
}

describe('a remote connection', () => {
  it('is left alone while it is heard', async () => {
    const { server, dead } = watch('silence');
    for (let second = 0; second < 600; second++) {
      server.lastHeardAt = Date.now();
      await vi.advanceTimersByTimeAsync(1_000);
    }
    expect(server.pings).toEqual([]);
    expect(dead).toEqual([]);
  });

  it('is pinged each time that it was silent for a while', async () => {
    const { server, dead } = watch(answered);
    await vi.advanceTimersByTimeAsync(silentMs - 1);
    expect(server.pings).toEqual([]);
    await vi.advanceTimersByTimeAsync(2 * silentMs + 1);
    expect(server.pings).toEqual([silentMs, 2 * silentMs, 3 * silentMs]);
    expect(dead).toEqual([]);
  });

  it('is dead at once where the server says so, told once', async () => {
    const { server, liveness, dead } = watch(refused);
    await vi.advanceTimersByTimeAsync(silentMs);
    expect(dead).toEqual(['connection refused by host:1']);
    await liveness.look();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(dead).toHaveLength(1);
    expect(server.pings).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is dead after two questions without an answer, not after one', async () => {
    const { server, dead } = watch('silence');
    await vi.advanceTimersByTimeAsync(silentMs + 2 * pingMs - 1);
    expect([server.pings, server.lists]).toEqual([[silentMs], [silentMs + pingMs]]);
    expect(dead).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(dead).toEqual(['the server did not answer a ping within 5 s']);

    const once = watch('silence');
    for (let miss = 1; miss <= 3; miss++) {
      once.server.answer = 'silence';
      const asked = (): number => once.server.pings.length + once.server.lists.length;
      const before = asked();
      while (asked() === before) await vi.advanceTimersByTimeAsync(1_000);
      once.server.answer = answered;
      await vi.advanceTimersByTimeAsync(silentMs);
    }
    expect(once.dead, 'misses count only in a row').toEqual([]);
  });

  it('is dead where questions are cut off twice', async () => {
    const { server, dead } = watch(cut);
    await vi.advanceTimersByTimeAsync(silentMs);
    expect([server.pings, server.lists]).toEqual([[silentMs], [silentMs]]);
    expect(dead).toEqual(['the connection was cut']);
  });

  it('lives where it knows no pings, but its tools; then it is asked for these', async () => {
    for (const noPing of [refused, cut, 'silence'] as const) {
      const { server, dead } = watch(noPing, answered);
      await vi.advanceTimersByTimeAsync(300_000);
      expect(dead).toEqual([]);
      expect(server.pings).toHaveLength(1);
      expect(server.lists.length).toBeGreaterThan(9);
      server.list = refused;
      await vi.advanceTimersByTimeAsync(60_000);
      expect(dead).toEqual(['connection refused by host:1']);
      vi.setSystemTime(1_000_000);
    }
  });

  it('lives where a ping gets any answer, an error too', async () => {
    const { server, dead } = watch(unknownMethod);
    await vi.advanceTimersByTimeAsync(silentMs);
    server.answer = { kind: 'unusable', detail: 'the server answered HTTP 500' };
    await vi.advanceTimersByTimeAsync(300_000);
    expect(dead).toEqual([]);
    server.answer = refused;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(dead).toEqual(['connection refused by host:1']);
    expect(server.lists, 'it had answered').toEqual([]);
  });

  it('may be silent while it is busy with a call, for a minute', async () => {
    const { server, dead } = watch('silence');
    server.inFlight = 1;
    await vi.advanceTimersByTimeAsync(55_000);
    expect(dead).toEqual([]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(dead).toHaveLength(1);
  });

  it('is missed as soon as it is busy no more', async () => {
    const { server, dead } = watch('silence');
    server.inFlight = 1;
    await vi.advanceTimersByTimeAsync(50_000);
    expect(dead).toEqual([]);
    server.inFlight = 0;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(dead).toHaveLength(1);
  });

  it('is looked at when there is a doubt, whenever it was heard last, by one ping at a time', async () => {
    const { server, liveness, dead } = watch('silence');
    let known = 0;
    for (let doubt = 1; doubt <= 3; doubt++) void liveness.look().then(() => known++);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(server.pings).toEqual([0]);
    expect(known).toBe(0);
    server.answer = refused;
    await vi.advanceTimersByTimeAsync(pingMs - 1_000);
    expect(dead).toHaveLength(1);
    expect(known, 'who doubted knows it then').toBe(3);
  });

  it('is looked at soon after the machine slept', async () => {
    const { server, dead } = watch(refused);
    await vi.advanceTimersByTimeAsync(6_000);
    vi.setSystemTime(1_000_000 + 3_600_000);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(server.pings).toHaveLength(1);
    expect(dead).toHaveLength(1);
  });

  it('is nobody’s concern once it is not watched any more, even where a ping is under way', async () => {
    const { server, liveness, dead } = watch('silence');
    void liveness.look();
    await vi.advanceTimersByTimeAsync(1_000);
    liveness.stop();
    server.answer = refused;
    await vi.advanceTimersByTimeAsync(600_000);
    expect(dead).toEqual([]);
    await liveness.look();
    expect(server.pings).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});
