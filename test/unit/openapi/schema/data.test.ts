import { describe, expect, it } from 'vitest';
import { dataProblem } from '../../../../src/openapi/schema/data.ts';

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
});
