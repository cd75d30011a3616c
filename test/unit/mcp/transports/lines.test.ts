import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineSplitter } from '../../../../src/mcp/transports/lines.ts';

function split(chunks: readonly Buffer[], maxBytes: number): { lines: string[]; long: [string, string][] } {
  const lines: string[] = [];
  const long: [string, string][] = [];
  const splitter = new LineSplitter(maxBytes, {
    line: (text) => lines.push(text),
    long: (pieces) => lines.push(Buffer.concat(pieces).toString()),
    tooLong: (head, tail) => long.push([head, tail]),
  });
  for (const chunk of chunks) splitter.push(chunk);
  return { lines, long };
}

describe('LineSplitter', () => {
  it('gives the same lines however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' })), fc.integer({ min: 1, max: 7 }), (texts, size) => {
        const lines = texts.map((text) => text.replaceAll('\n', ' '));
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
        const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
          bytes.subarray(index * size, (index + 1) * size),
        );
        expect(split(chunks, 1_000_000).lines).toEqual(lines);
      }),
    );
  });

  it('hands over both ends of a line over the limit and goes on', () => {
    const chunks = ['{"id":1000007,', 'x'.repeat(3_000), ',"end":9}\n', 'next\n'].map((text) => Buffer.from(text));
    const { lines, long } = split(chunks, 100);
    expect(lines).toEqual(['next']);
    expect(long).toHaveLength(1);
    expect(long[0]?.[0]).toBe('{"id":1000007,');
    expect(long[0]?.[1]).toMatch(/x,"end":9\}$/);
  });

  it('counts a line that comes in one chunk, too', () => {
    expect(split([Buffer.from(`${'y'.repeat(200)}\nz\n`)], 100)).toMatchObject({ lines: ['z'], long: [{}] });
  });
});
