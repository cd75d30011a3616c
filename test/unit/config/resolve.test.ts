import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pathText } from '../../../src/config/document.ts';
import { resolveReferences } from '../../../src/config/resolve.ts';
import { temporaryFolder } from './temporary.ts';

const folder = temporaryFolder();
writeFileSync(join(folder, 'token'), 'first\nsecond ${A}\n\n');
writeFileSync(join(folder, 'windows'), '\uFEFFone\r\n');

const variables: Readonly<Record<string, string>> = { A: 'a', EMPTY: '', REF: '${A}', 'ProgramFiles(x86)': 'C:\\x86' };

function resolve(value: unknown): Promise<unknown> {
  const variable = (name: string): string | undefined => (Object.hasOwn(variables, name) ? variables[name] : undefined);
  return resolveReferences(value, ['top'], { variable, folder, label: pathText });
}

describe('what stands for something else', () => {
  it.each([
    ['${A}', 'a'],
    ['x${A}y${A}z', 'xayaz'],
    ['${env:A}', 'a'],
    ['${NONE:-d}', 'd'],
    ['${NONE:-}', ''],
    ['${env:NONE:-d e:-f}', 'd e:-f'],
    ['${A:-d}', 'a'],
    ['${EMPTY}', ''],
    ['${EMPTY:-d}', 'd'],
    ['${ProgramFiles(x86)}', 'C:\\x86'],
    ['${file:token}', 'first\nsecond ${A}\n'],
    ['${file:windows}!', 'one!'],
    [`\${file:${join(folder, 'windows')}}`, 'one'],
  ])('%s', async (text, resolved) => expect(await resolve(text)).toBe(resolved));
});

describe('what stands for itself', () => {
  it.each([
    ['$A', '$A'],
    ['$${A}', '${A}'],
    ['$$${A}', '$${A}'],
    ['$${A}${A}', '${A}a'],
    ['$$', '$$'],
    ['{A}', '{A}'],
    ['$ {A}', '$ {A}'],
    ['$(A)', '$(A)'],
    ['', ''],
    ['${REF}', '${A}'],
  ])('%s', async (text, resolved) => expect(await resolve(text)).toBe(resolved));

  it('keys, numbers and everything that is no text', async () => {
    const value = { '${A}': ['${A}', 1, true, null, { b: '${A}' }] };
    expect(await resolve(value)).toEqual({ '${A}': ['a', 1, true, null, { b: 'a' }] });
    expect(value).toEqual({ '${A}': ['${A}', 1, true, null, { b: '${A}' }] });
  });
});

describe('what is refused, with its key and without its value', () => {
  const form =
    'holds a ${...} that is none of ${VAR}, ${VAR:-default}, ${env:VAR} and ${file:PATH}; write $${ for a literal ${.';
  it.each([
    ['s3cret ${NONE}', 'needs the variable NONE, which is not set; set it, or give a default with ${NONE:-...}.'],
    ['${env:NONE}', 'needs the variable NONE, which is not set; set it, or give a default with ${NONE:-...}.'],
    [
      '${constructor}',
      'needs the variable constructor, which is not set; set it, or give a default with ${constructor:-...}.',
    ],
    ['s3cret ${A', 'holds a ${ without its }; write $${ for a literal ${.'],
    ['${}', form],
    ['${ A }', form],
    ['${A-s3cret}', form],
    ['${input:s3cret}', form],
    ['${A:-${s3cret}}', form],
    ['${file:none}', `needs the file ${join(folder, 'none')}, which does not exist.`],
    ['${file:}', `needs the file ${folder}, which is a folder, not a file.`],
  ])('%s', async (text, sentence) => {
    await expect(resolve({ list: ['x', text] })).rejects.toThrow(`top.list[1] ${sentence}`);
  });
});

describe('what is known only when somebody calls', () => {
  const escaped =
    'comes to a text that would be taken for a template such as ${user.id}; a template cannot be escaped, nor come out of a variable.';
  const place = 'which may stand in values of "headers" and "env" of a server only.';
  const sources: Readonly<Record<string, string>> = {
    A: 'a',
    OPEN: '${user',
    REST: 'user.id}',
    WHOLE: '${header:Cookie}',
    EMPTY: '',
  };

  function resolveEntry(entry: object): Promise<unknown> {
    const variable = (name: string): string | undefined => sources[name];
    const context = { variable, folder, label: pathText };
    return resolveReferences({ mcpServers: { a: entry } }, [], context);
  }

  it.each([
    ['${user.id}', '${user.id}'],
    ['${user.email}', '${user.email}'],
    ['${header:X-Name}', '${header:X-Name}'],
    ['Bearer ${header:X-Token} for ${user.id}${A}', 'Bearer ${header:X-Token} for ${user.id}a'],
    ['${user.id}${user.email}', '${user.id}${user.email}'],
    ['$${A} ${user.id}', '${A} ${user.id}'],
    ['$$', '$$'],
  ])('%s stays in headers and env', async (text, kept) => {
    const entry = { headers: { x: text }, env: { X: text } };
    const expected = { headers: { x: kept }, env: { X: kept } };
    expect(await resolveEntry(entry)).toEqual({ mcpServers: { a: expected } });
  });

  const unknown = 'holds a ${...} that is none of ${user.id}, ${user.email} and ${header:X-Name}.';
  it.each([
    ['${user.name}', unknown],
    ['${user.}', unknown],
    ['${user.id:-nobody}', unknown],
    ['${header:}', unknown],
    ['${header:X Name}', unknown],
    ['${header:X:-none}', unknown],
    ['$${user.id}', escaped],
    ['$${header:X-Name}', escaped],
    ['${WHOLE}', escaped],
    ['${NONE:-}${WHOLE}', escaped],
    ['$${${REST}', escaped],
    ['${OPEN}.email}', escaped],
    ['${user.id}$${user.id}', escaped],
  ])('%s is refused', async (text, sentence) => {
    await expect(resolveEntry({ headers: { x: text } })).rejects.toThrow(`mcpServers.a.headers.x ${sentence}`);
  });

  it.each([
    [{ url: 'http://${user.id}' }, 'url'],
    [{ args: ['${user.id}'] }, 'args[0]'],
    [{ oauth: { client_id: '${user.id}' } }, 'oauth.client_id'],
    [{ oauth: { headers: { x: '${user.id}' } } }, 'oauth.headers.x'],
    [{ headers: { x: { y: '${user.id}' } } }, 'headers.x.y'],
    [{ headers: '${user.id}' }, 'headers'],
    [{ tools: { env: { name: '${user.id}' } } }, 'tools.env.name'],
  ])('and nowhere else: %j', async (entry, path) => {
    await expect(resolveEntry(entry)).rejects.toThrow(`mcpServers.a.${path} holds \${user.id}, ${place}`);
  });

  it('and in no option', async () => {
    await expect(resolve({ env: { apiKey: '${header:X-Key}' } })).rejects.toThrow(
      `top.env.apiKey holds \${header:X-Key}, ${place}`,
    );
  });

  it('elsewhere its text may stand as it is', async () => {
    expect(await resolveEntry({ args: ['$${user.id}', '${WHOLE}'] })).toEqual({
      mcpServers: { a: { args: ['${user.id}', '${header:Cookie}'] } },
    });
  });
});
