import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { AppError, errorTable, messageOf } from '../../src/errors.ts';

/** Rows of the table of codes in docs/errors.md: status, code, title, retry. */
function documented(): string[][] {
  const text = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
  const rows = text.split('\n').filter((line) => /^\| \d{3} \|/.test(line));
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, 5)
      .map((cell) => cell.trim()),
  );
}

describe('docs/errors.md', () => {
  it('has every code once, with the status, title and retry of the table, and no other', () => {
    const table = Object.entries(errorTable).map(([code, { status, title, retryable }]) => {
      return [String(status), `\`${code}\``, title, retryable ? 'yes' : 'no'];
    });
    expect(documented()).toEqual(table);
  });

  it('says of every code when it comes', () => {
    const text = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
    for (const row of text.split('\n').filter((line) => /^\| \d{3} \|/.test(line))) {
      expect(row.split('|')[5]?.trim()).toMatch(/^\S.{10,}\.$/);
    }
  });
});

describe('the table of errors', () => {
  it('has statuses of errors only, in their order', () => {
    const statuses = Object.values(errorTable).map(({ status }) => status);
    for (const status of statuses) expect(status).toBeGreaterThanOrEqual(400);
    expect(statuses).toEqual(statuses.toSorted((a, b) => a - b));
  });
});

describe('AppError', () => {
  it('keeps its cause for the operator', () => {
    const cause = new Error('why');
    const error = new AppError('internal', 'No.', { server: 's' }, { cause });
    expect(error).toMatchObject({ name: 'AppError', message: 'No.', code: 'internal', fields: { server: 's' }, cause });
    expect(error).toBeInstanceOf(Error);
  });
});

describe('messageOf', () => {
  it('has words for anything thrown', () => {
    expect(messageOf(new Error('x'))).toBe('x');
    expect(messageOf('y')).toBe('y');
    expect(messageOf(undefined)).toBe('undefined');
  });
});
