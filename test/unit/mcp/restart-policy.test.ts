import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  afterSetback,
  noFailures,
  retrySentence,
  stableMs,
  type Decision,
  type Setback,
} from '../../../src/mcp/restart-policy.ts';

const failed: Setback = { reason: 'connection refused by host:1', heldMs: 0, served: false, crashed: false };
const crashed: Setback = { reason: 'the process exited with code 3', heldMs: 0, served: false, crashed: true };

/** The decisions about these setbacks, one after the other. */
function decisionsOn(setbacks: readonly Setback[], random = 0): readonly Decision[] {
  let history = noFailures;
  return setbacks.map((setback) => {
    const decision = afterSetback(history, setback, random);
    ({ history } = decision);
    return decision;
  });
}

function times(count: number, setback: Setback): readonly Setback[] {
  return Array.from({ length: count }, () => setback);
}

describe('afterSetback', () => {
  it('grows from half a second to ten, and gives the reason as it is', () => {
    const decisions = decisionsOn(times(50, failed));
    expect(decisions.slice(0, 7).map(({ delayMs }) => delayMs)).toEqual([
      500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000,
    ]);
    expect(decisions.at(-1)).toMatchObject({ delayMs: 10_000, state: 'down', sentence: failed.reason });
  });

  it('calls five quick crashes in a row a crash loop, with pauses of at most a minute', () => {
    const decisions = decisionsOn(times(40, crashed));
    expect(decisions.slice(0, 5).map(({ state }) => state)).toEqual(['down', 'down', 'down', 'down', 'crash-looping']);
    expect(decisions[3]?.sentence).toBe('the process exited with code 3');
    expect(decisions[4]?.sentence).toBe('the process exited with code 3 (it crashed 5 times in a row)');
    expect(decisions.slice(4, 9).map(({ delayMs }) => delayMs)).toEqual([8_000, 16_000, 32_000, 60_000, 60_000]);
    expect(decisions.at(-1)?.sentence).toContain('crashed 40 times in a row');
  });

  it('takes a child that dies within a second of its start for one that never started', () => {
    const decisions = decisionsOn(times(5, { ...crashed, heldMs: stableMs - 1 }));
    expect(decisions.at(-1)).toMatchObject({ state: 'crash-looping', delayMs: 8_000 });
  });

  it('counts only crashes in a row', () => {
    const decisions = decisionsOn([...times(4, crashed), failed, ...times(5, crashed)]);
    expect(decisions.map(({ state }) => state)).toEqual([...Array.from({ length: 9 }, () => 'down'), 'crash-looping']);
    expect(decisions[4]?.delayMs, 'it is a failure all the same').toBe(8_000);
    expect(decisions[8]?.delayMs).toBe(10_000);
  });

  it('makes a connection that held anew at once, and forgets what was before', () => {
    const held = { ...crashed, heldMs: stableMs };
    const decisions = decisionsOn([...times(9, crashed), held, crashed]);
    expect(decisions[9]).toEqual({ history: noFailures, state: 'down', delayMs: 0, sentence: crashed.reason });
    expect(decisions[10]).toMatchObject({ state: 'down', delayMs: 500 });
  });

  it('takes one that answered a call for one that held, however short it was', () => {
    const decisions = decisionsOn(times(9, { ...crashed, heldMs: 1, served: true }));
    expect(decisions.every(({ state, delayMs }) => state === 'down' && delayMs === 0)).toBe(true);
  });

  it('shortens a pause by a fifth at most, so that many do not come back in step', () => {
    expect(decisionsOn([failed], 0.5)[0]?.delayMs).toBe(450);
    expect(decisionsOn([failed], 0.999_999)[0]?.delayMs).toBe(400);
  });

  it('always tries again, in bounded time, with a sentence', () => {
    const setback = fc.record({
      reason: fc.constant('it broke'),
      heldMs: fc.nat(2 * stableMs),
      served: fc.boolean(),
      crashed: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(setback, { maxLength: 60 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (list, random) => {
          for (const [index, { delayMs, state, sentence }] of decisionsOn(list, random).entries()) {
            const held = list[index]?.served === true || (list[index]?.heldMs ?? 0) >= stableMs;
            const most = state === 'crash-looping' ? 60_000 : 10_000;
            expect(delayMs).toBeGreaterThanOrEqual(held ? 0 : 400);
            expect(delayMs).toBeLessThanOrEqual(held ? 0 : most);
            expect(sentence).toMatch(/^it broke/);
          }
        },
      ),
    );
  });
});

describe('retrySentence', () => {
  it('says what is left of a pause', () => {
    expect([59_600, 2_400, 960, 450, 40, 0, -5].map(retrySentence)).toEqual([
      '; trying again in 60 s',
      '; trying again in 2 s',
      '; trying again in 1 s',
      '; trying again in 0.5 s',
      '; trying again now',
      '; trying again now',
      '; trying again now',
    ]);
  });
});
