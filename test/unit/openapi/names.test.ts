import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OperationIdStyle } from '../../../src/config/types.ts';
import { createOperationIds, encodeSegment, pathSegments } from '../../../src/openapi/names.ts';
import { reservedToolNames } from '../../../src/routes.ts';
import { oddNames } from './hostile-tools.ts';

const idPattern = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/;

function idsOf(...pairs: readonly (readonly [string | undefined, string])[]): string[] {
  const style = pairs.some(([server]) => server === undefined) ? 'tool' : 'server_tool';
  return idsIn(style, ...pairs.map(([server = 'any', tool]) => [server, tool] as const));
}

function idsIn(style: OperationIdStyle, ...pairs: readonly (readonly [string, string])[]): string[] {
  const addresses = pairs.map(([server, tool]) => ({ server, tool }));
  return addresses.map(createOperationIds(addresses, style));
}

describe('operation ids', () => {
  it('are the tool name, with the server before it where there are several', () => {
    expect(idsOf([undefined, 'read_file'])).toEqual(['read_file']);
    expect(idsOf(['files', 'read_file'])).toEqual(['files_read_file']);
  });

  it('are those of the Python program where that is asked for, whoever the server is', () => {
    expect(idsIn('mcpo', ['a', 'get_time'], ['a', 'read-file'], ['a', '_x'])).toEqual([
      'tool_get_time_post',
      'tool_read_file_post',
      'tool_x_post',
    ]);
    const [first, second] = idsIn('mcpo', ['a', 'get_time'], ['b', 'get_time']);
    expect(first).toBe('tool_get_time_post');
    expect(second).toMatch(/^tool_h\w{5}_get_time_post$/);
    expect(idsIn('mcpo', ['a', 'x'.repeat(64)])[0]).toMatch(idPattern);
  });

  it('are the tool name alone where that is asked for, told apart where two servers have it', () => {
    const [first, second] = idsIn('tool', ['a', 'search'], ['b', 'search']);
    expect(first).toBe('search');
    expect(second).toMatch(/^h\w{5}_search$/);
  });

  it('make no "__" and keep that of the tool', () => {
    expect(idsOf(['files', '_read'], ['s_', 'x'], ['s', 'a._.b'], ['t!', '!x'])).toEqual([
      'files_read',
      's_x',
      's_a_b',
      't_x',
    ]);
    expect(idsOf(['s', 'a__b'], ['s', '__proto__'])).toEqual(['s_a__b', 's__proto__']);
  });

  it('begin with a letter or an underscore', () => {
    expect(idsOf([undefined, '3d'], [undefined, '-x'])).toEqual(['_3d', '_-x']);
    expect(idsOf(['21st', 'x'])).toEqual(['_21st_x']);
  });

  it('leave the plain id to whoever comes first, also where only case differs', () => {
    const [first, second, third] = idsOf(['a', 'b_c'], ['a_b', 'c'], ['A', 'B_C']);
    expect(first).toBe('a_b_c');
    expect(second).toMatch(/^a_b_h\w{5}_c$/);
    expect(third).toMatch(/^A_h\w{5}_B_C$/);
  });

  it('leave the plain id to the tool whose name it is, whoever comes first', () => {
    const [slash, dot, plain, ...more] = idsOf([undefined, 'a/b'], [undefined, 'a.b'], [undefined, 'a_b']);
    expect(plain).toBe('a_b');
    for (const id of [slash, dot]) expect(id).toMatch(/^h\w{5}_a_b$/);
    expect(more).toEqual([]);
    expect(idsOf(['my files', 'x'], ['my_files', 'x'])).toEqual([expect.stringMatching(/_h\w{5}_x$/), 'my_files_x']);
  });

  it('do not depend on what else is there, beyond collisions', () => {
    const long = 'server'.repeat(20);
    expect(idsOf(['x', 'y'], [long, 'tool'])[1]).toBe(idsOf([long, 'tool'])[0]);
  });

  it('cut the server first and end in the tool name as long as that has room', () => {
    const [id] = idsOf(['server'.repeat(20), 'get_the_weather']);
    expect(id).toMatch(/^server.*_h\w{5}_get_the_weather$/);
    expect(id).toHaveLength(64);
    const fits = 't'.repeat(57);
    expect(idsOf(['server-x', fits])[0]).toMatch(new RegExp(`^h\\w{5}_${fits}$`));
  });

  it('cut a tool name that is too long by itself, and stay different', () => {
    const ids = idsOf(['s', `${'x'.repeat(100)}1`], ['s', `${'x'.repeat(100)}2`], [undefined, `${'x'.repeat(100)}1`]);
    expect(new Set(ids).size).toBe(3);
    for (const id of ids) expect(id).toMatch(/^x{57}_h\w{5}$/);
  });

  it('are callable and unique for any names at all', () => {
    const name = fc.oneof(
      fc.string({ maxLength: 80 }),
      fc.string({ unit: 'binary' }),
      fc.constantFrom(...oddNames, '_', '__'),
    );
    const pairs = fc.array(fc.tuple(fc.option(name, { nil: undefined }), name), { maxLength: 30 });
    fc.assert(
      fc.property(pairs, (given) => {
        const ids = idsOf(...given);
        for (const id of ids) expect(id).toMatch(idPattern);
        expect(new Set(ids.map((id) => id.toLowerCase())).size).toBe(ids.length);
      }),
    );
  });
});

describe('path segments', () => {
  it('are the name wherever it can stand in a path', () => {
    const fine = ['read_file', 'a/b', '{id}', 'ünï cöde', '...', '%2e', 'Foo', 'foo'];
    expect(pathSegments(fine)).toEqual(fine);
  });

  it('differ from names that mean something else in a path', () => {
    const names = ['.', '..', '', 'broken \ud800', 'y'.repeat(3_000), ...reservedToolNames];
    const segments = pathSegments(names);
    expect(new Set(segments).size).toBe(names.length);
    for (const segment of segments) {
      expect(names).not.toContain(segment);
      expect(encodeSegment(segment)).toMatch(/^[\w.-]{1,100}$/);
    }
    expect(segments.at(names.indexOf('docs'))).toMatch(/^docs_h\w{5}$/);
  });

  it('never take a segment that is the name of another tool', () => {
    const [renamed = ''] = pathSegments(['docs']);
    expect(pathSegments(['docs', renamed])).toEqual([expect.not.stringMatching(renamed), renamed]);
  });

  it('rename the second of two equal names', () => {
    expect(pathSegments(['a', 'a'])).toEqual(['a', expect.stringMatching(/^a_h\w{5}$/)]);
  });

  it('are shown without slashes and template braces', () => {
    expect(encodeSegment('a/{b}?')).toBe('a%2F%7Bb%7D%3F');
  });
});
