import { describe, expect, it } from 'vitest';
import type { Target } from '../../../src/config/types.ts';
import {
  fillEnv,
  fillHeaders,
  fillTarget,
  fillingOf,
  hasTemplates,
  headerNamesIn,
  type CallerFacts,
} from '../../../src/mcp/templates.ts';

const ann: CallerFacts = {
  claims: { id: 'ann', email: 'ann@acme.dev', name: 'Ann' },
  headers: { 'x-name': 'n', authorization: 'Bearer t' },
};

function remote(headers: Readonly<Record<string, string>>): Target {
  return { kind: 'auto', url: 'https://mcp.acme.dev/mcp', headers, tls: undefined };
}

function child(env: Readonly<Record<string, string>>, ownEnv: readonly string[] = Object.keys(env)): Target {
  return { kind: 'stdio', command: 'true', args: [], env, cwd: undefined, ownEnv };
}

describe('templates', () => {
  it('are looked for where they count', () => {
    expect(hasTemplates(remote({ a: 'plain', b: 'x ${user.id}' }))).toBe(true);
    expect(hasTemplates(remote({ a: '$user.id {user.id} ${user.name} ${header:} ${header:a b} ${HOME}' }))).toBe(false);
    expect(hasTemplates(child({ A: '${header:X-Name}' }))).toBe(true);
    // Inherited variables are not the operator's words.
    expect(hasTemplates(child({ A: '${user.id}' }, []))).toBe(false);
  });

  it('name the fields that they need, each once', () => {
    const target = remote({ a: '${header:X-Name} ${header:x-other}', b: '${user.id}${header:X-NAME}' });
    expect(headerNamesIn(target)).toEqual(['x-name', 'x-other']);
    expect(headerNamesIn(remote({ a: 'plain' }))).toEqual([]);
  });

  it('are filled, whatever else is in the value', () => {
    const headers = {
      'X-User': '${user.id}',
      'X-Mail': '<${user.email}>',
      'X-Both': '${header:X-Name}/${header:AUTHORIZATION}',
      'X-Plain': '$${x} ${HOME}',
    };
    expect(fillHeaders(headers, ann)).toEqual({
      'X-User': 'ann',
      'X-Mail': '<ann@acme.dev>',
      'X-Both': 'n/Bearer t',
      'X-Plain': '$${x} ${HOME}',
    });
  });

  it.each<[string, CallerFacts]>([
    ['nobody', {}],
    ['a key alone, or a browser', { claims: undefined, headers: {} }],
    ['a user without these', { claims: { id: '', email: undefined, name: 'Ann' }, headers: { 'x-name': '' } }],
    ['a line end', { claims: { id: 'a\r\nX-Admin: 1', email: 'a\nb', name: 'n' }, headers: { 'x-name': 'a\rb' } }],
    ['NUL', { claims: { id: 'a\0', email: '\0', name: 'n' }, headers: { 'x-name': '\0b' } }],
  ])('without a value leave the whole out: %s', (_, facts) => {
    const values = {
      A: '${user.id}',
      B: 'b ${user.email}',
      C: '${header:X-Name}',
      D: '${user.id} ${header:X-Name}',
      E: 'e',
    };
    expect(fillHeaders(values, facts)).toEqual({ E: 'e' });
    expect(fillEnv(values, facts, Object.keys(values))).toEqual({ E: 'e' });
  });

  it('are not read again in what was put in', () => {
    const facts = {
      claims: { id: '${user.email}', email: 'e', name: 'n' },
      headers: { 'x-name': "$& $1 $' ${user.id}" },
    };
    expect(fillHeaders({ a: '${user.id}', b: '${header:x-name}' }, facts)).toEqual({
      a: '${user.email}',
      b: "$& $1 $' ${user.id}",
    });
  });

  it('find no field in what every object has', () => {
    const headers = { a: '${header:constructor}', b: '${header:__proto__}', c: '${header:toString}' };
    expect(fillHeaders(headers, { headers: {} })).toEqual({});
  });

  it('give a header bytes, and a variable text', () => {
    const name = 'J\u00f6rg \u5f20';
    const bytes = Buffer.from(name).toString('latin1');
    const facts = { claims: { id: name, email: undefined, name }, headers: { 'x-name': bytes } };
    expect(fillHeaders({ a: '${user.id}', b: '${header:x-name}' }, facts)).toEqual({ a: bytes, b: bytes });
    expect(fillEnv({ A: '${user.id}', B: '${header:x-name}' }, facts, ['A', 'B'])).toEqual({ A: name, B: name });
  });
});

describe('a target', () => {
  it('gets no variable that it had not', () => {
    expect(fillEnv({ A: '${user.id}' }, ann, ['A', 'GONE'])).toEqual({ A: 'ann' });
  });

  it('is filled for one caller', () => {
    expect(fillTarget(remote({ a: '${user.id}', b: 'b' }), ann)).toMatchObject({ headers: { a: 'ann', b: 'b' } });
    expect(fillTarget(child({ A: '${user.id}', B: '${user.id}' }, ['A']), ann)).toMatchObject({
      env: { A: 'ann', B: '${user.id}' },
    });
  });

  it('has for everybody what has a value for everybody', () => {
    const { headers } = fillTarget(remote({ a: '${user.id}', b: 'b' })) as { headers: unknown };
    expect(headers).toEqual({ b: 'b' });
    const { env } = fillTarget(child({ TOKEN: '${header:x-token}', PATH: '/bin' })) as { env: unknown };
    expect(env).toEqual({ PATH: '/bin' });
  });

  it('is the same object without templates', () => {
    const target = remote({ a: 'b' });
    expect(fillTarget(target, ann)).toBe(target);
  });
});

describe('what tells connections apart', () => {
  const target = child({ TOKEN: '${header:x-token}', B: '${user.id}', C: 'c' });
  const filling = (token: string | undefined, id?: string) =>
    fillingOf(target, {
      claims: id === undefined ? undefined : { id, email: 'whatever', name: undefined },
      headers: token === undefined ? {} : { 'x-token': token, 'x-other': String(Math.random()) },
    });

  it('is equal for the same values, and for those alone', () => {
    expect(filling('a', 'u')).toBe(filling('a', 'u'));
    const different = [filling('a', 'u'), filling('b', 'u'), filling('a', 'v'), filling(undefined, 'a'), filling('a')];
    expect(new Set(different).size).toBe(different.length);
    // Neither runs into the other.
    expect(filling('a","b', 'c')).not.toBe(filling('a', 'b","c'));
  });

  it('is nothing without templates', () => {
    expect(fillingOf(child({ C: 'c' }), ann)).toBe('');
  });
});
