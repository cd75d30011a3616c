import { expect, it } from 'vitest';
import type { JsonObject } from '../../../src/json/value.ts';
import type { Tool } from '../../../src/mcp/types.ts';
import { firstTryRank } from '../../../src/openapi/first-try.ts';

function rank(name: string, annotations?: JsonObject): number | undefined {
  const inputSchema = { type: 'object' };
  const definition = { name, inputSchema };
  return firstTryRank({
    ...definition,
    definition,
    annotations,
    title: undefined,
    description: undefined,
    outputSchema: undefined,
  } satisfies Tool);
}

it('prefers what says that it changes nothing, then what sounds like it', () => {
  expect(rank('anything', { readOnlyHint: true })).toBe(0);
  expect(['get_time', 'getTime', 'echo', 'list'].map((name) => rank(name))).toEqual([2, 2, 2, 2]);
  expect(rank('store', { destructiveHint: false })).toBe(4);
  expect(['getaway', 'store'].map((name) => rank(name))).toEqual([6, 6]);
});

it('never shows what may do harm or tell a secret, whatever it says', () => {
  expect(rank('store', { destructiveHint: true })).toBeUndefined();
  expect(rank('delete_all', { readOnlyHint: true })).toBeUndefined();
  expect(rank('get-env', { readOnlyHint: true })).toBeUndefined();
});
