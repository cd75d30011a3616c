import { describe, expect, it } from 'vitest';
import { beforeSentence, cutText, firstText, titleCase } from '../../../src/openapi/text.ts';

describe('cutText', () => {
  it('leaves what fits and marks what was cut, within the limit', () => {
    expect(cutText('1234567890', 10)).toBe('1234567890');
    expect(cutText('12345678901', 10)).toBe('123… [cut]');
  });

  it('never leaves half of a surrogate pair', () => {
    for (let limit = 10; limit < 16; limit++) {
      const cut = cutText('😀'.repeat(20), limit);
      expect(cut.length).toBeLessThanOrEqual(limit);
      expect(cut).not.toMatch(/\p{Surrogate}/u);
    }
  });
});

describe('titleCase', () => {
  it.each([
    ['get_current_time', 'Get Current Time'],
    ['listFiles-v2', 'List Files V2'],
    ['a.b/c', 'A B C'],
    ['größe_ändern', 'Größe Ändern'],
    ['..', '..'],
  ])('makes a title of %s', (name, title) => {
    expect(titleCase(name)).toBe(title);
  });
});

describe('firstText', () => {
  it('passes over what says nothing', () => {
    expect(firstText(undefined, '', ' \n', 5, ' x ', 'y')).toBe(' x ');
    expect(firstText(undefined, '')).toBeUndefined();
  });
});

describe('beforeSentence', () => {
  it.each([
    [' A node', 'A node. '],
    ['A node.', 'A node. '],
    ['One of:\n', 'One of: '],
    ['  ', ''],
  ])('makes room behind %j', (text, room) => {
    expect(beforeSentence(text)).toBe(room);
  });
});
