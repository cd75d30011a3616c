import { describe, expect, it } from 'vitest';
import { ExactNumber } from '../../../src/json/value.ts';
import { readArguments } from '../../../src/openapi/request.ts';

function accepted(text: string, contentType: string | undefined = 'application/json'): string {
  const read = readArguments(text, contentType);
  if (!read.ok) throw read.error;
  return read.argumentsText;
}

function refused(
  text: string,
  contentType: string | undefined = 'application/json',
): { code: string; message: string } {
  const read = readArguments(text, contentType);
  if (read.ok) throw new Error(`accepted as ${read.argumentsText}`);
  return read.error;
}

describe('readArguments', () => {
  it('takes an empty body for no arguments, whatever its type', () => {
    for (const type of [undefined, 'application/json', 'text/plain', 'application/x-www-form-urlencoded']) {
      expect(accepted('', type)).toBe('{}');
      expect(accepted(' \r\n', type)).toBe('{}');
    }
  });

  it('passes the text on as it came', () => {
    const text = ' {"n": 9007199254740993, "f":1.0, "e":1e2, "__proto__": {"x": 1}} ';
    expect(accepted(text)).toBe(text);
    expect(accepted(`\ufeff${text}`)).toBe(text);
  });

  it('gives the value too, with numbers that a double cannot hold', () => {
    const value = (text: string) => {
      const read = readArguments(text, undefined);
      return read.ok ? read.value : read.error;
    };
    expect(value('')).toEqual({});
    expect(value(' {"a":[1.0,{"b":"9007199254740993"}]}')).toEqual({ a: [1, { b: '9007199254740993' }] });
    expect(value('\ufeff{"n":9007199254740993}')).toEqual({ n: new ExactNumber('9007199254740993') });
  });

  it('takes JSON under its other names', () => {
    for (const type of [
      undefined,
      '',
      'Application/JSON; charset=UTF-8',
      'application/ld+json',
      'application/json;charset="utf-8"',
    ]) {
      expect(accepted('{}', type)).toBe('{}');
    }
  });

  it('refuses other types and charsets, and says what to send', () => {
    const call = 'application/vnd.mcp.call+json';
    for (const type of ['text/plain', 'multipart/form-data; boundary=x', 'application/jsonp', 'json', '+json', call]) {
      expect(refused('{}', type)).toMatchObject({
        code: 'unsupported_media_type',
        message: expect.stringContaining('application/json') as string,
      });
    }
    expect(refused('{}', 'application/json; charset=latin1')).toMatchObject({
      code: 'unsupported_media_type',
      message: expect.stringContaining('"latin1"') as string,
    });
  });

  it('gives the place of a mistake and never the text', () => {
    const { code, message } = refused('{\n  "password": hunter2\n}');
    expect(code).toBe('malformed_request');
    expect(message).toContain('line 2, column 15');
    expect(message).not.toContain('hunter');
    expect(refused('{"a":').message).toContain('ends too early');
  });

  it.each([
    ['[]', 'an array'],
    ['null', 'null'],
    ['5', 'a number'],
    ['9007199254740993', 'a number'],
    ['"x"', 'a string'],
    ['true', 'a boolean'],
  ])('refuses %s', (text, kind) => {
    expect(refused(text)).toMatchObject({
      code: 'malformed_request',
      message: expect.stringContaining(kind) as string,
    });
  });

  it('refuses a duplicate key at any depth and names it', () => {
    expect(refused('{"a":{"b":[{"c":1,"\\u0063":2}]}}').message).toContain('"c"');
    expect(accepted('{"a":{"a":1},"b":{"a":2}}')).toBe('{"a":{"a":1},"b":{"a":2}}');
  });

  it('refuses what nests deeper than 500', () => {
    const nest = (depth: number) => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;
    expect(accepted(nest(500))).toBe(nest(500));
    expect(refused(nest(501))).toMatchObject({
      code: 'malformed_request',
      message: expect.stringContaining('501') as string,
    });
    expect(refused(nest(100_000)).code).toBe('malformed_request');
  });
});
