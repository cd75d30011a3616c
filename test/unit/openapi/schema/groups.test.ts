import { describe, expect, it } from 'vitest';
import { groupsOf } from '../../../../src/openapi/schema/groups.ts';

function groups(edges: Readonly<Record<string, string>>, starts = Object.keys(edges)): string[] {
  return groupsOf(starts, (name) => edges[name] ?? '').map((group) => group.toSorted().join(''));
}

describe('groupsOf', () => {
  it('puts together what leads back to each other', () => {
    expect(groups({ a: 'b', b: 'cd', c: 'a', d: 'e', e: 'd', f: 'a' })).toEqual(['de', 'abc', 'f']);
    expect(groups({ a: 'ab', b: '' })).toEqual(['b', 'a']);
    expect(groups({ a: 'bc', b: 'd', c: 'd', d: 'b' })).toEqual(['bd', 'c', 'a']);
  });

  it('sees only what can be reached', () => {
    expect(groups({ a: 'b', c: 'a' }, ['a'])).toEqual(['b', 'a']);
  });

  it('costs no stack', () => {
    const last = 100_000;
    expect(groupsOf([0], (item) => [item === last ? 0 : item + 1])).toHaveLength(1);
    expect(groupsOf([0], (item) => (item === last ? [] : [item + 1]))).toHaveLength(last + 1);
  });
});
