import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Refresh } from '../../../src/mcp/refresh.ts';

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

/** Lists that take `tookMs`, of which the first `failures` are not had; when each began, and how many ran at once. */
function listingIn(tookMs: number, failures = 0): { refresh: Refresh; began: number[]; mostAtOnce: () => number } {
  const began: number[] = [];
  let running = 0;
  let most = 0;
  const refresh = new Refresh(async () => {
    began.push(Date.now() - 1_000_000);
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, tookMs));
    running--;
    return began.length > failures;
  });
  return { refresh, began, mostAtOnce: () => most };
}

async function askEvery(refresh: Refresh, everyMs: number, times: number): Promise<void> {
  for (let count = 0; count < times; count++) {
    refresh.ask();
    await vi.advanceTimersByTimeAsync(everyMs);
  }
}

describe('a refresh', () => {
  it('follows one announcement soon, with one listing', async () => {
    const { refresh, began } = listingIn(5);
    refresh.ask();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(began).toEqual([100]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('costs few listings for a burst of 100 in a second, one at a time, the last of them after the last', async () => {
    for (const tookMs of [1, 50, 400]) {
      const { refresh, began, mostAtOnce } = listingIn(tookMs);
      const startedAt = Date.now() - 1_000_000;
      await askEvery(refresh, 10, 100);
      const lastAskedAt = Date.now() - 1_000_000 - 10;
      await vi.advanceTimersByTimeAsync(60_000);
      expect(began.length).toBeLessThanOrEqual(6);
      expect(mostAtOnce()).toBe(1);
      expect(began.at(-1)).toBeGreaterThanOrEqual(lastAskedAt);
      expect((began.at(-1) ?? 0) - lastAskedAt, 'within a second, where the server is quick').toBeLessThan(
        800 + tookMs,
      );
      expect(began[0]).toBe(startedAt + 100);
    }
  });

  it('lists at most once in 0.8 s while announcements keep coming', async () => {
    const { refresh, began } = listingIn(1);
    await askEvery(refresh, 20, 3_000);
    expect(began.length).toBeGreaterThan(60);
    expect(began.length).toBeLessThan(80);
  });

  it('lists once more for what came during a listing, however much that was', async () => {
    const { refresh, began, mostAtOnce } = listingIn(1_000);
    refresh.ask();
    await vi.advanceTimersByTimeAsync(600);
    await askEvery(refresh, 1, 50);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(began).toEqual([100, 1_300]);
    expect(mostAtOnce()).toBe(1);
  });

  it('is quick again after a calm', async () => {
    const { refresh, began } = listingIn(1);
    await askEvery(refresh, 10, 300);
    await vi.advanceTimersByTimeAsync(10_000);
    const askedAt = Date.now() - 1_000_000;
    refresh.ask();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(began.at(-1)).toBe(askedAt + 100);
  });

  it('is tried again, with growing pauses, where the list was not had', async () => {
    const { refresh, began } = listingIn(1, 8);
    refresh.ask();
    await vi.advanceTimersByTimeAsync(600_000);
    const pauses = began.slice(1).map((at, index) => at - (began[index] ?? 0) - 1);
    expect(pauses).toEqual([200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
    expect(vi.getTimerCount()).toBe(0);
    const askedAt = Date.now() - 1_000_000;
    refresh.ask();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(began.slice(9)).toEqual([askedAt + 100]);
  });

  it('lists nothing more once it is stopped, and leaves no timer', async () => {
    const { refresh, began } = listingIn(50);
    refresh.ask();
    refresh.stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(began).toEqual([]);

    const busy = listingIn(50);
    busy.refresh.ask();
    await vi.advanceTimersByTimeAsync(110);
    busy.refresh.ask();
    busy.refresh.stop();
    busy.refresh.ask();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(busy.began, 'the one that ran').toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});
