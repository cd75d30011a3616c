import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Sessions, type HeldSession, type SessionLimits, type SessionOwner } from '../../../src/mcp/sessions.ts';
import type { Supervisor } from '../../../src/mcp/supervisor.ts';

const minuteMs = 60_000;

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

function start(limits: Partial<SessionLimits> = {}) {
  const changes: string[] = [];
  let made = 0;
  const closed: number[] = [];
  const sessions = new Sessions({
    limits: { maxSessions: 2, sessionIdleMs: 10 * minuteMs, ...limits },
    open: () => {
      const number = ++made;
      const close = async (): Promise<void> => {
        await new Promise((resolve) => setTimeout(resolve, 1_000));
        closed.push(number);
      };
      return { number, close } as unknown as Supervisor;
    },
    onChange: (change) => changes.push(`${change}, ${sessions.size} open`),
  });
  return { sessions, changes, closed };
}

function ownerOf(user: string): SessionOwner {
  return { principal: { user, sessionId: undefined }, facts: {}, filling: '' };
}

/** Which of the connections it is, in the order of their making. */
function numberOf(held: HeldSession | undefined): number | undefined {
  return (held?.supervisor as { number?: number } | undefined)?.number;
}

/** Uses a session for a moment. */
function use(sessions: Sessions, key: string): number | undefined {
  const held = sessions.hold(ownerOf(key));
  held?.release();
  return numberOf(held);
}

describe('sessions', () => {
  it('are one for each key, made on first use', () => {
    const { sessions, changes } = start();
    expect(sessions.size).toBe(0);
    const [ada, again, bob] = [
      sessions.hold(ownerOf('ada')),
      sessions.hold(ownerOf('ada')),
      sessions.hold(ownerOf('bob')),
    ];
    expect([ada, again, bob].map(numberOf)).toEqual([1, 1, 2]);
    expect(changes).toEqual(['opened, 1 open', 'opened, 2 open']);
  });

  it('make room: the one that was idle longest goes first', async () => {
    const { sessions, changes, closed } = start();
    use(sessions, 'ada');
    await vi.advanceTimersByTimeAsync(1_000);
    use(sessions, 'bob');
    await vi.advanceTimersByTimeAsync(1_000);
    use(sessions, 'ada');
    expect(use(sessions, 'eve')).toBe(3);
    expect(changes.slice(2)).toEqual(['closed, 1 open', 'opened, 2 open']);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(closed).toEqual([2]);
    expect(use(sessions, 'ada'), 'the other stays').toBe(1);
  });

  it('that are in use are never closed for another', () => {
    const { sessions } = start();
    const [ada, bob, more] = [
      sessions.hold(ownerOf('ada')),
      sessions.hold(ownerOf('bob')),
      sessions.hold(ownerOf('bob')),
    ];
    expect(sessions.hold(ownerOf('eve'))).toBeUndefined();
    bob?.release();
    expect(sessions.hold(ownerOf('eve')), 'somebody else still uses it').toBeUndefined();
    expect(numberOf(sessions.hold(ownerOf('ada'))), 'one that is open takes more').toBe(1);
    more?.release();
    expect(numberOf(sessions.hold(ownerOf('eve')))).toBe(3);
    ada?.release();
    expect(sessions.hold(ownerOf('bob'))).toBeUndefined();
  });

  it('close when they were not used for a while, and not while they are', async () => {
    const { sessions, closed, changes } = start({ sessionIdleMs: minuteMs });
    use(sessions, 'ada');
    const bob = sessions.hold(ownerOf('bob'));
    await vi.advanceTimersByTimeAsync(minuteMs - 1);
    expect(sessions.size).toBe(2);
    await vi.advanceTimersByTimeAsync(16_000);
    expect(closed).toEqual([1]);
    expect(sessions.size).toBe(1);
    await vi.advanceTimersByTimeAsync(10 * minuteMs);
    expect(sessions.size).toBe(1);
    bob?.release();
    await vi.advanceTimersByTimeAsync(minuteMs - 1);
    expect(sessions.size).toBe(1);
    await vi.advanceTimersByTimeAsync(16_000);
    expect(closed).toEqual([1, 2]);
    expect(changes.slice(2)).toEqual(['closed, 1 open', 'closed, 0 open']);
    expect(vi.getTimerCount(), 'nobody is left to look at').toBe(0);
    expect(use(sessions, 'ada'), 'and is made anew').toBe(3);
  });

  it('close soon where the idle time is a short one', async () => {
    const { sessions } = start({ sessionIdleMs: 1_000 });
    use(sessions, 'ada');
    await vi.advanceTimersByTimeAsync(1_500);
    expect(sessions.size).toBe(0);
  });

  it('that are too many after a change of the limit go as soon as they are idle', async () => {
    const { sessions } = start({ maxSessions: 4 });
    use(sessions, 'ada');
    use(sessions, 'bob');
    const [eve, kim] = [sessions.hold(ownerOf('eve')), sessions.hold(ownerOf('kim'))];
    sessions.limits = { maxSessions: 1, sessionIdleMs: 10 * minuteMs };
    expect(sessions.size, 'who is in use stays').toBe(2);
    expect(sessions.hold(ownerOf('ada'))).toBeUndefined();
    eve?.release();
    expect(sessions.size).toBe(1);
    kim?.release();
    expect(sessions.size).toBe(1);
    expect(use(sessions, 'ada')).toBe(5);
    expect(sessions.size).toBe(1);
    await vi.advanceTimersByTimeAsync(1_000);
  });

  it('follow a change of the idle time at once', async () => {
    const { sessions, closed } = start();
    use(sessions, 'ada');
    await vi.advanceTimersByTimeAsync(2 * minuteMs);
    use(sessions, 'bob');
    sessions.limits = { maxSessions: 2, sessionIdleMs: minuteMs };
    await vi.advanceTimersByTimeAsync(1_000);
    expect(closed).toEqual([1]);
    await vi.advanceTimersByTimeAsync(minuteMs + 16_000);
    expect(closed).toEqual([1, 2]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('all close at the end, whatever they do, and none is made any more', async () => {
    const { sessions, closed } = start({ maxSessions: 3 });
    const ada = sessions.hold(ownerOf('ada'));
    use(sessions, 'bob');
    use(sessions, 'eve');
    use(sessions, 'kim');
    const closing = [sessions.close(), sessions.close()];
    expect(sessions.size).toBe(0);
    expect(sessions.hold(ownerOf('ada'))).toBeUndefined();
    let ended = false;
    void Promise.all(closing).then(() => (ended = true));
    await vi.advanceTimersByTimeAsync(999);
    expect(ended).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(ended).toBe(true);
    expect(new Set(closed)).toEqual(new Set([1, 2, 3, 4]));
    ada?.release();
    sessions.limits = { maxSessions: 9, sessionIdleMs: 1_000 };
    await vi.advanceTimersByTimeAsync(minuteMs);
    expect(vi.getTimerCount()).toBe(0);
  });
});
