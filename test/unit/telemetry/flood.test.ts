import { expect, test } from 'vitest';
import { createFlood } from '../../../src/telemetry/flood.ts';

test('of what is alike five are told in a minute, and then how many were left out', () => {
  let now = 0;
  const flood = createFlood(() => now);
  const told = (times: number) => Array.from({ length: times }, () => flood.told('a timeout'));
  expect(told(7)).toEqual([0, 0, 0, 0, 0, undefined, undefined]);
  now = 59_999;
  expect(told(1)).toEqual([undefined]);
  expect(flood.told('b timeout')).toBe(0);
  now = 60_000;
  expect(told(2)).toEqual([3, 0]);
});

test('nothing is kept for ever', () => {
  const flood = createFlood(() => 0);
  for (let time = 0; time < 6; time++) flood.told('first');
  expect(flood.told('first')).toBeUndefined();
  for (let kind = 0; kind < 1_000; kind++) flood.told(String(kind));
  expect(flood.told('first')).toBe(0);
});
