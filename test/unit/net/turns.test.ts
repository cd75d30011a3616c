import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Turns, type Turn } from '../../../src/net/turns.ts';
import { until } from '../../support.ts';

const few = 64;

class Shown implements Turn {
  since = 0;
  state: 'waits' | 'begun' | 'refused' = 'waits';

  begin(): void {
    this.state = 'begun';
  }

  refuse(): void {
    this.state = 'refused';
  }
}

function enterAll(turns: Turns, count: number): Shown[] {
  const entered = Array.from({ length: count }, () => new Shown());
  for (const turn of entered) turns.enter(turn);
  return entered;
}

function begun(entered: readonly Shown[]): number {
  return entered.filter(({ state }) => state === 'begun').length;
}

describe('turns', () => {
  it('are few at once, and come in order', async () => {
    const turns = new Turns();
    const first = enterAll(turns, few);
    const [second, third] = enterAll(turns, 2) as [Shown, Shown];
    expect(begun(first)).toBe(few);
    expect([second.state, third.state]).toEqual(['waits', 'waits']);
    turns.leave(first[0] as Shown);
    // The socket of who left is not free at once.
    expect(second.state).toBe('waits');
    await until(() => second.state === 'begun');
    for (const turn of [...first, second]) turns.leave(turn);
    await until(() => third.state === 'begun');
  });

  it('come to all, however slow each is', async () => {
    const turns = new Turns();
    const entered = enterAll(turns, 5 * few);
    await until(() => begun(entered) === entered.length);
  });

  it('are not held by slow ones: who comes later begins at once', async () => {
    const turns = new Turns();
    const slow = enterAll(turns, few);
    const [waited] = enterAll(turns, 1) as [Shown];
    await until(() => waited.state === 'begun');
    const later = enterAll(turns, few - 1);
    expect(begun(later)).toBe(few - 1);
    // That they leave at last is nobody's room.
    for (const turn of slow) turns.leave(turn);
    const [next] = enterAll(turns, 1) as [Shown];
    expect(next.state).toBe('waits');
    await until(() => next.state === 'begun');
  });

  it('are given up while they are waited for', async () => {
    const turns = new Turns();
    enterAll(turns, few);
    const [gone, refused] = enterAll(turns, 2) as [Shown, Shown];
    turns.leave(gone);
    turns.refuseWaiting();
    const [last] = enterAll(turns, 1) as [Shown];
    await until(() => last.state === 'begun');
    expect([gone.state, refused.state]).toEqual(['waits', 'refused']);
  });
});

describe('by the clocks', () => {
  let idleMs = 0;
  let turns = new Turns(() => idleMs);

  /** Both clocks: of the process, and of what of it was idle. */
  function pass(ms: number, idle: number): void {
    // In the steps in which those who wait are looked after.
    for (let step = 0; step < ms; step += 15) {
      idleMs += (idle * 15) / ms;
      vi.advanceTimersByTime(15);
    }
  }

  beforeEach(() => {
    vi.useFakeTimers();
    idleMs = 1_000;
    turns = new Turns(() => idleMs);
  });

  afterEach(() => void vi.useRealTimers());

  it('those under way are slow where nothing moved for 30 ms of idle time', () => {
    enterAll(turns, few);
    const [waits] = enterAll(turns, 1) as [Shown];
    pass(480, 29);
    expect(waits.state).toBe('waits');
    pass(15, 1);
    expect(waits.state).toBe('begun');
  });

  it('one is slow after 150 ms of idle time, though others move', () => {
    const [slow, ...quick] = enterAll(turns, few) as [Shown, ...Shown[]];
    const waiting = enterAll(turns, 4);
    for (let round = 0; round < 5; round++) {
      pass(30, 25);
      turns.moved();
      expect(begun(waiting)).toBe(0);
    }
    idleMs += 25;
    turns.leave(quick[0] as Shown);
    pass(15, 0);
    // Room of who left, and of all that began together.
    expect(begun(waiting)).toBe(4);
    turns.leave(slow);
  });

  it('nobody waits longer than a second, however busy the process is', () => {
    enterAll(turns, few);
    const [first] = enterAll(turns, 1) as [Shown];
    pass(300, 0);
    const [second] = enterAll(turns, 1) as [Shown];
    pass(690, 0);
    expect(first.state).toBe('waits');
    pass(15, 0);
    expect([first.state, second.state]).toEqual(['begun', 'waits']);
    pass(300, 0);
    expect(second.state).toBe('begun');
  });
});
