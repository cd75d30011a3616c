import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { keepListening, pauseMs, saysNotOffered, type StreamEnd } from '../../../../src/mcp/transports/listening.ts';

/** Listens to streams that go as the script says; the last step ends the listening. */
async function listen(...script: readonly ('refused' | 'opened' | 'resumed' | 'not-offered')[]) {
  const told: string[] = [];
  const abort = new AbortController();
  const left = [...script];
  const stream = (opened: (resumed: boolean) => void, everOpen: boolean): Promise<StreamEnd> => {
    const step = left.shift();
    told.push(everOpen ? 'again' : 'stream');
    if (step === undefined) abort.abort();
    if (step === 'opened' || step === 'resumed') opened(step === 'resumed');
    return Promise.resolve(step === 'not-offered' ? { kind: 'not-offered' } : { kind: 'ended' });
  };
  const onDoubt = (): void => void told.push('doubt');
  const onGap = (): void => void told.push('gap');
  await keepListening({ stream, signal: abort.signal, onDoubt, onGap });
  return told;
}

describe('keepListening', () => {
  it('opens the stream anew, and tells each end and each gap', async () => {
    expect(await listen('opened', 'resumed', 'opened')).toEqual([
      'stream',
      'doubt',
      'again',
      'doubt',
      'again',
      'gap',
      'doubt',
      'again',
    ]);
  });

  it('tells a gap where the first stream came late, but doubts nothing for one that never was', async () => {
    expect(await listen('refused', 'opened')).toEqual(['stream', 'stream', 'gap', 'doubt', 'again']);
  });

  it('tells a gap where the first stream took its time to open: the list was there before', async () => {
    const told: string[] = [];
    const abort = new AbortController();
    const stream = async (opened: (resumed: boolean) => void): Promise<StreamEnd> => {
      await delay(100);
      opened(false);
      abort.abort();
      return { kind: 'ended' };
    };
    await keepListening({ stream, signal: abort.signal, onDoubt: () => {}, onGap: () => void told.push('gap') });
    expect(told).toEqual(['gap']);
  });

  it('asks no more where the server offers none', async () => {
    expect(await listen('not-offered', 'opened')).toEqual(['stream']);
  });
});

describe('pauseMs', () => {
  it('grows to a limit, with a random part', () => {
    expect([0, 1, 2, 3, 99].map((failures) => pauseMs(failures, undefined, 1))).toEqual([
      250, 500, 1_000, 2_000, 30_000,
    ]);
    expect(pauseMs(0, undefined, 0)).toBe(125);
  });

  it('is what the server wishes for, within bounds', () => {
    expect([0, 2_000, 1e9].map((wished) => pauseMs(5, wished, 0))).toEqual([500, 2_000, 60_000]);
    expect(pauseMs(5, 2_000, 1)).toBe(2_500);
  });
});

describe('saysNotOffered', () => {
  it.each([
    [405, true, true],
    [501, true, true],
    [404, false, true],
    [200, false, true],
    [404, true, false],
    [409, false, false],
    [429, false, false],
    [503, false, false],
  ])('%i, ever open: %s', (status, everOpen, expected) => {
    expect(saysNotOffered(status, everOpen)).toBe(expected);
  });
});
