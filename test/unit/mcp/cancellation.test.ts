import { describe, expect, it } from 'vitest';
import { Cancellation } from '../../../src/mcp/cancellation.ts';

describe('a cancellation', () => {
  it('is told once to each of those who still listen, whatever their order of leaving', () => {
    const told: string[] = [];
    const gone = new Cancellation();
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => () => void told.push(name));
    const stranger = (): void => {};
    for (const listener of [a, b, c, d]) if (listener) gone.addEventListener('abort', listener);
    for (const listener of [a, d]) if (listener) gone.removeEventListener('abort', listener);
    gone.removeEventListener('abort', stranger);
    expect(gone.aborted).toBe(false);
    gone.abort();
    gone.abort();
    expect(gone.aborted).toBe(true);
    expect(told.toSorted()).toEqual(['b', 'c']);
  });

  it('holds while its listeners take others away, and tells nobody who comes late', () => {
    const told: string[] = [];
    const gone = new Cancellation();
    const second = (): void => void told.push('second');
    gone.addEventListener('abort', () => {
      told.push('first');
      gone.removeEventListener('abort', second);
      gone.addEventListener('abort', () => void told.push('late'));
    });
    gone.addEventListener('abort', second);
    gone.abort();
    gone.abort();
    expect(told).toContain('first');
    expect(told).not.toContain('late');
  });
});
