import { describe, expect, it } from 'vitest';
import { ExactNumber } from '../../../../src/json/value.ts';
import { dataProblem, holdsReference } from '../../../../src/openapi/schema/data.ts';

describe('dataProblem', () => {
  it('finds nothing wrong with data', () => {
    for (const data of [
      1,
      null,
      'http://a.example',
      ['$ref'],
      { $ref: '#/a' },
      { $ref: 'word' },
      { $ref: { a: 'b:c' } },
    ]) {
      expect(dataProblem(data)).toBeUndefined();
    }
  });

  it.each(['http://a.example/x', 'FILE:///etc/passwd', '//a.example/x', '/etc/passwd', ' data:,x', '\\\\host\\x'])(
    'finds a reference to %s',
    (reference) => {
      expect(dataProblem([{ a: { $ref: reference } }])).toContain('leads out');
    },
  );

  it('finds depth', () => {
    const nest = (depth: number) => JSON.parse('['.repeat(depth) + ']'.repeat(depth)) as unknown;
    expect(dataProblem(nest(64))).toBeUndefined();
    expect(dataProblem(nest(65))).toContain('64');
  });

  it('finds length', () => {
    expect(dataProblem('x'.repeat(1_000_000))).toBeUndefined();
    expect(dataProblem('x'.repeat(1_000_001))).toContain('1000000 characters');
    expect(dataProblem(['x'.repeat(600_000), { a: 'x'.repeat(600_000) }])).toContain('1000000 characters');
    expect(dataProblem(Array.from({ length: 1_000_001 }, () => 0))).toContain('1000000 characters');
  });

  it('takes a number for a number', () => {
    expect(dataProblem([new ExactNumber('1e400')])).toBeUndefined();
  });
});

describe('holdsReference', () => {
  it('finds what looks like one', () => {
    expect(holdsReference([{ a: { $ref: '#/x' } }])).toBe(true);
    for (const value of [null, 1, '$ref', ['$ref'], { $ref: { type: 'string' } }, { ref: '#' }]) {
      expect(holdsReference(value)).toBe(false);
    }
  });
});
