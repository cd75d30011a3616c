import { describe, expect, it } from 'vitest';
import { Cancellation } from '../../../../src/mcp/cancellation.ts';
import { Turns } from '../../../../src/mcp/transports/turns.ts';

/** As many as there are at once. */
function takeAll(turns: Turns): number {
  let taken = 0;
  while (turns.tryEnter()) taken++;
  return taken;
}

describe('turns', () => {
  it('are few, and the next who waits gets the one that is given back', async () => {
    const turns = new Turns();
    expect(takeAll(turns)).toBe(64);
    const order: string[] = [];
    const first = turns.enter(new Cancellation()).then(() => order.push('first'));
    const second = turns.enter(new Cancellation()).then(() => order.push('second'));
    expect(turns.tryEnter()).toBe(false);
    turns.leave();
    await first;
    expect(order).toEqual(['first']);
    turns.leave();
    await second;
    expect(order).toEqual(['first', 'second']);
  });

  it('come in any case, however slow the others are, and at once to who is not waited for', async () => {
    const turns = new Turns();
    takeAll(turns);
    await Promise.all(Array.from({ length: 300 }, () => turns.enter(new Cancellation())));
    const gone = new Cancellation();
    gone.abort();
    await turns.enter(gone);
    // More are under way than there are turns: only when enough were given back is there one again.
    for (let left = 0; left < 301; left++) turns.leave();
    expect(turns.tryEnter()).toBe(false);
    turns.leave();
    expect(turns.tryEnter()).toBe(true);
  });
});
