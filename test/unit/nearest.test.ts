import { describe, expect, it } from 'vitest';
import { didYouMean, nearest } from '../../src/nearest.ts';

const keys = ['command', 'args', 'env', 'cwd', 'url', 'headers', 'disabledTools', 'enabledTools', 'mcpServers'];

describe('the nearest names', () => {
  it.each([
    ['comand', ['command']],
    ['COMMAND', ['command']],
    ['arg', ['args']],
    ['header', ['headers']],
    ['disabled_tools', ['disabledTools', 'enabledTools']],
    ['serverUrl', ['url']],
    ['servers', ['mcpServers']],
    ['zzz', []],
    ['', []],
  ])('%s', (name, expected) => expect(nearest(name, keys)).toEqual(expected));

  it('counts two swapped letters as one mistake', () => {
    expect(nearest('prot', ['port', 'host'])).toEqual(['port']);
  });

  it('are few, the best first, equals in the order of the alphabet', () => {
    expect(nearest('tool', ['tool_d', 'tool_c', 'tool_b', 'tool_a', 'tool1'], 3)).toEqual([
      'tool1',
      'tool_a',
      'tool_b',
    ]);
  });

  it('cost little for long names', () => {
    expect(nearest('a'.repeat(10_000), ['b'.repeat(10_000)])).toEqual([]);
  });
});

describe('a suggestion', () => {
  it('is a sentence of its own, or nothing', () => {
    expect(didYouMean('comand', keys)).toBe(' Did you mean "command"?');
    expect(didYouMean('toolx', ['tool1', 'tool2'])).toBe(' Did you mean "tool1" or "tool2"?');
    expect(didYouMean('toolx', ['tool1', 'tool2', 'tool3'])).toBe(' Did you mean "tool1", "tool2" or "tool3"?');
    expect(didYouMean('zzz', keys)).toBe('');
  });
});
