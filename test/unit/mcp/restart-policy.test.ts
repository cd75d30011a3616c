import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextTry, retrySentence } from '../../../src/mcp/restart-policy.ts';

describe('nextTry', () => {
  it('grows from half a second to ten', () => {
    const pauses = [1, 2, 3, 4, 5, 6, 7, 50].map((failures) => nextTry({ failures, quickCrashes: 0 }, 0).delayMs);
    expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000]);
    expect(nextTry({ failures: 3, quickCrashes: 0 }, 0)).toMatchObject({
      state: 'down',
      note: '',
    });
  });

  it('calls five quick crashes in a row a crash loop, with pauses of at most a minute', () => {
    expect(nextTry({ failures: 4, quickCrashes: 4 }, 0).state).toBe('down');
    const looping = nextTry({ failures: 5, quickCrashes: 5 }, 0);
    expect(looping.state).toBe('crash-looping');
    expect(looping.note).toContain('crashed 5 times in a row');
    expect(nextTry({ failures: 40, quickCrashes: 40 }, 0).delayMs).toBe(60_000);
  });

  it('always tries again, in bounded time', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e6 }),
        fc.nat(1e6),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (failures, quick, random) => {
          const { delayMs, state } = nextTry({ failures, quickCrashes: quick }, random);
          expect(delayMs).toBeGreaterThan(0);
          expect(delayMs).toBeLessThanOrEqual(state === 'crash-looping' ? 60_000 : 10_000);
        },
      ),
    );
  });
});

describe('retrySentence', () => {
  it('says what is left of a pause', () => {
    expect([2_400, 450, 0, -5].map(retrySentence)).toEqual([
      '; trying again in 2 s',
      '; trying again in 0.5 s',
      '; trying again now',
      '; trying again now',
    ]);
  });
});
