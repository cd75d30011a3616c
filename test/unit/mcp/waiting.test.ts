import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { settledBy } from '../../../src/mcp/waiting.ts';

const { signal: nobodyLeaves } = new AbortController();
const never = new Promise<never>(() => {});

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

it('ends with the work, good or bad, and leaves no timer', async () => {
  await settledBy(Promise.resolve('done'), 60_000, nobodyLeaves);
  await settledBy(Promise.reject(new Error('broke')), 60_000, nobodyLeaves);
  expect(vi.getTimerCount()).toBe(0);
  expect(getEventListeners(nobodyLeaves, 'abort')).toHaveLength(0);
});

it.each([
  ['the moment is reached, with work', never],
  ['the moment is reached, without', undefined],
])('ends where %s', async (_case, work) => {
  let ended = false;
  void settledBy(work, 1_000, nobodyLeaves).then(() => (ended = true));
  await vi.advanceTimersByTimeAsync(999);
  expect(ended).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(ended).toBe(true);
  expect(getEventListeners(nobodyLeaves, 'abort')).toHaveLength(0);
});

it('ends where the caller goes away, or is gone, and leaves no timer', async () => {
  const leaving = new AbortController();
  const waiting = settledBy(never, 60_000, leaving.signal);
  leaving.abort();
  await waiting;
  await settledBy(never, 60_000, leaving.signal);
  expect(vi.getTimerCount()).toBe(0);
});

it('does not wait for a moment that is over', async () => {
  let ended = false;
  void settledBy(never, -1, nobodyLeaves).then(() => (ended = true));
  await vi.advanceTimersByTimeAsync(1);
  expect(ended).toBe(true);
});
