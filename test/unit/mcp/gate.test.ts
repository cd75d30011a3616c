import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Gate, type Turn } from '../../../src/mcp/gate.ts';

const { signal: nobodyLeaves } = new AbortController();

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

interface Waiting {
  readonly turn: Promise<Turn>;
  /** As soon as it is settled. */
  readonly settled: () => Turn | undefined;
}

function enter(gate: Gate, deadlineAt = 60_000, signal: AbortSignal = nobodyLeaves): Waiting {
  let settled: Turn | undefined;
  const turn = gate.enter(deadlineAt, signal);
  void turn.then((value) => (settled = value));
  return { turn, settled: () => settled };
}

async function turnsOf(waiting: readonly Waiting[]): Promise<readonly (Turn | undefined)[]> {
  await vi.advanceTimersByTimeAsync(0);
  return waiting.map(({ settled }) => settled());
}

describe('a gate', () => {
  it('lets so many in at once, and the others as these leave, first come first served', async () => {
    const gate = new Gate({ maxInFlight: 2, maxQueued: 3 });
    const all = Array.from({ length: 5 }, () => enter(gate));
    expect(await turnsOf(all)).toEqual(['entered', 'entered', undefined, undefined, undefined]);
    expect(gate.queued).toBe(3);
    gate.leave();
    expect(await turnsOf(all)).toEqual(['entered', 'entered', 'entered', undefined, undefined]);
    gate.leave();
    gate.leave();
    expect(await turnsOf(all)).toEqual(Array.from({ length: 5 }, () => 'entered'));
    expect(gate.queued).toBe(0);
    expect(vi.getTimerCount(), 'no timer is left').toBe(0);
  });

  it('refuses at once what is more than its queue holds', async () => {
    const gate = new Gate({ maxInFlight: 1, maxQueued: 1 });
    const all = Array.from({ length: 3 }, () => enter(gate));
    expect(await turnsOf(all)).toEqual(['entered', undefined, 'full']);
    const strict = new Gate({ maxInFlight: 1, maxQueued: 0 });
    expect(strict.tryEnter()).toBe(true);
    expect(await strict.enter(60_000, nobodyLeaves)).toBe('full');
    strict.leave();
    expect(strict.tryEnter()).toBe(true);
  });

  it('lets nobody past those who wait', async () => {
    const gate = new Gate({ maxInFlight: 1, maxQueued: 2 });
    expect(gate.tryEnter()).toBe(true);
    const first = enter(gate);
    gate.leave();
    expect(gate.tryEnter(), 'the one who waited has the room').toBe(false);
    expect(await first.turn).toBe('entered');
  });

  it('forgets who goes away or runs out of time, and gives the room to the next', async () => {
    const gate = new Gate({ maxInFlight: 1, maxQueued: 9 });
    expect(gate.tryEnter()).toBe(true);
    const leaving = new AbortController();
    const [left, late, patient] = [enter(gate, 60_000, leaving.signal), enter(gate, 100), enter(gate)];
    leaving.abort();
    expect(await left.turn).toBe('cancelled');
    expect(gate.queued).toBe(2);
    await vi.advanceTimersByTimeAsync(99);
    expect(late.settled()).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect(await late.turn).toBe('late');
    gate.leave();
    expect(await patient.turn).toBe('entered');
    expect(gate.tryEnter()).toBe(false);
    gate.leave();
    expect(gate.tryEnter(), 'nobody holds a place that left the queue').toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('takes nobody into its queue who is gone, or late, already', async () => {
    const gate = new Gate({ maxInFlight: 1, maxQueued: 9 });
    expect(gate.tryEnter()).toBe(true);
    expect(await gate.enter(60_000, AbortSignal.abort())).toBe('cancelled');
    const late = enter(gate, -1);
    expect(await turnsOf([late])).toEqual(['late']);
    expect(gate.queued).toBe(0);
  });

  it('lets in who waits where the limit is raised, and nobody more where it is lowered', async () => {
    const gate = new Gate({ maxInFlight: 1, maxQueued: 9 });
    const all = Array.from({ length: 4 }, () => enter(gate));
    gate.limits = { maxInFlight: 3, maxQueued: 9 };
    expect(await turnsOf(all)).toEqual(['entered', 'entered', 'entered', undefined]);
    gate.limits = { maxInFlight: 1, maxQueued: 0 };
    gate.leave();
    gate.leave();
    expect(await turnsOf(all), 'two are still too many').toEqual(['entered', 'entered', 'entered', undefined]);
    gate.leave();
    expect(await turnsOf(all), 'its place in the queue it keeps').toEqual(Array.from({ length: 4 }, () => 'entered'));
    expect(await gate.enter(60_000, nobodyLeaves)).toBe('full');
  });
});
