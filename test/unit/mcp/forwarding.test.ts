import { describe, expect, it } from 'vitest';
import { asText, toHttpHeaders, toMeta, withMetaMember } from '../../../src/mcp/forwarding.ts';

const forwarded = { 'x-user': 'ann', authorization: 'Bearer theirs', cookie: 'a=1' };

describe('fields for a remote server', () => {
  it('are those of the caller', () => {
    expect(toHttpHeaders(forwarded, {}, false)).toEqual(forwarded);
    expect(toHttpHeaders(undefined, { 'x-a': '1' }, false)).toEqual({});
  });

  it.each([
    ['as the operator writes it', { 'x-user': 'fixed' }],
    ['in other letters', { 'X-User': 'fixed' }],
    ['as a template without a value', { 'X-User': '${user.id}' }],
    ['spelt for CGI', { X_User: 'fixed' }],
  ])('are not those that the operator sets, %s', (_, operators) => {
    expect(toHttpHeaders(forwarded, operators, false)).toEqual({ authorization: 'Bearer theirs', cookie: 'a=1' });
    expect(toHttpHeaders({ x_user: 'root' }, operators, false)).toEqual({});
    expect(toMeta({ 'x-user': 'ann', x_user: 'root' }, operators)).toBeUndefined();
  });

  it('leave authorization to the sign-in of a server that has one', () => {
    expect(toHttpHeaders(forwarded, {}, true)).toEqual({ 'x-user': 'ann', cookie: 'a=1' });
  });
});

describe('the member of _meta', () => {
  it('is JSON with the fields as texts', () => {
    const value = Buffer.from('J\u00f6rg "\\').toString('latin1');
    expect(toMeta({ 'x-name': value, 'x-user': 'ann' }, { 'X-User': 'fixed' })).toBe(
      String.raw`"mcpo/headers":{"x-name":"Jörg \"\\"}`,
    );
    expect(toMeta(undefined, {})).toBeUndefined();
    expect(toMeta({}, {})).toBeUndefined();
  });

  it('joins what is there', () => {
    const member = toMeta({ 'x-a': '1' }, {});
    const meta = (text: string | undefined) => JSON.parse(withMetaMember(text, member) ?? '') as unknown;
    expect(meta(undefined)).toEqual({ 'mcpo/headers': { 'x-a': '1' } });
    expect(meta(' { } ')).toEqual({ 'mcpo/headers': { 'x-a': '1' } });
    expect(meta('{"a":{"b":1} }')).toEqual({ a: { b: 1 }, 'mcpo/headers': { 'x-a': '1' } });
    expect(withMetaMember('{"a":1}', undefined)).toBe('{"a":1}');
    expect(withMetaMember(undefined, undefined)).toBeUndefined();
  });
});

describe('the bytes of a field', () => {
  it('are a text in UTF-8, or what they were', () => {
    expect(asText('plain')).toBe('plain');
    expect(asText(Buffer.from('\u5f20').toString('latin1'))).toBe('\u5f20');
    expect(asText('J\u00f6rg')).toBe('J\u00f6rg');
  });
});
