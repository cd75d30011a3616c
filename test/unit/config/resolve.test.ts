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
    ['${user.id}', form],
    ['${A:-${s3cret}}', form],
    ['${file:none}', `needs the file ${join(folder, 'none')}, which does not exist.`],
    ['${file:}', `needs the file ${folder}, which is a folder, not a file.`],
  ])('%s', async (text, sentence) => {
    await expect(resolve({ list: ['x', text] })).rejects.toThrow(`top.list[1] ${sentence}`);
  });
});
