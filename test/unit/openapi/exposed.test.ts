// The document's part of resources and prompts; their answers are tested where they are routes.
import { describe, expect, it } from 'vitest';
import type { Catalogue, Prompt } from '../../../src/mcp/types.ts';
import { errorTable } from '../../../src/errors.ts';
import { preparedPrompts, promptOperations } from '../../../src/openapi/prompts.ts';
import { resourceOperations } from '../../../src/openapi/resources.ts';
import { makeCatalogue, makeServerConfig } from './made.ts';

const who = { name: 'who', title: 'Who', description: 'Whom to greet.', required: true };
const strange = { name: '__proto__', title: undefined, description: undefined, required: false };
const greet: Prompt = { name: 'greet_all', title: undefined, description: 'Greets.', arguments: [who, strange] };
const plain: Prompt = { name: 'a/b', title: 'Plain', description: undefined, arguments: [] };
const prompts = [greet, plain];

const exposing = makeServerConfig('a', { expose: ['resources', 'prompts'] });
const offering = makeCatalogue([], { prompts, offers: { resources: true, prompts: true } });

describe('resources in the document', () => {
  it('are three operations that only read', () => {
    const operations = resourceOperations(exposing, offering);
    expect(operations.map(({ method, path, idBase }) => [method, path, idBase])).toEqual([
      ['get', '/resources', 'list_resources'],
      ['get', '/resources/templates', 'list_resource_templates'],
      ['get', '/resources/read', 'read_resource'],
    ]);
    expect(operations.map(({ parameters }) => parameters?.length ?? 0)).toEqual([0, 0, 1]);
    expect(operations[2]?.parameters?.[0]).toMatchObject({ name: 'uri', in: 'query', required: true });
    expect(operations[0]?.responseSchema).toMatchObject({
      required: ['resources'],
      properties: { resources: { type: 'array', items: { required: ['uri'] } } },
    });
  });
});

describe('prompts in the document', () => {
  const [list, first, second] = promptOperations(exposing, offering);

  it('are a list and one operation for each', () => {
    expect(list).toMatchObject({ method: 'get', path: '/prompts', idBase: 'list_prompts' });
    expect(first).toMatchObject({ method: 'post', path: '/prompts/greet_all', idBase: 'prompt_greet_all' });
    expect(first).toMatchObject({ summary: 'Greet All', description: 'Greets.' });
    expect(second).toMatchObject({ path: '/prompts/a%2Fb', summary: 'Plain', description: 'Plain' });
  });

  it('take strings by name', () => {
    expect(JSON.stringify(first?.requestSchema)).toBe(
      '{"type":"object","properties":{"who":{"type":"string","title":"Who","description":"Whom to greet."},' +
        '"__proto__":{"type":"string"}},"required":["who"],"additionalProperties":false}',
    );
    expect(second).not.toHaveProperty('requestSchema');
  });

  it('are prepared once for a list, each with a path of its own', () => {
    const names = ['.', 'docs', 'x', 'x'.repeat(2_000)];
    const many = names.map((name) => ({ ...plain, name }));
    expect(preparedPrompts(many)).toBe(preparedPrompts(many));
    const segments = preparedPrompts(many).map(({ segment }) => segment);
    expect(new Set(segments).size).toBe(names.length);
    expect(segments).not.toContain('.');
    expect(segments[2]).toBe('x');
  });
});

const without: readonly [string, Partial<Catalogue> | undefined, readonly ('resources' | 'prompts')[]][] = [
  ['not exposed', {}, []],
  ['not offered', { offers: { resources: false, prompts: false } }, ['resources', 'prompts']],
  ['not learned', undefined, ['resources', 'prompts']],
];

it.each(without)('what is %s is not in the document', (_name, more, expose) => {
  const config = makeServerConfig('a', { expose });
  const catalogue = more && { ...offering, ...more };
  expect([...resourceOperations(config, catalogue), ...promptOperations(config, catalogue)]).toEqual([]);
});

it('says of each what can go wrong, once', () => {
  for (const { codes, path, description } of [
    ...resourceOperations(exposing, offering),
    ...promptOperations(exposing, offering),
  ]) {
    expect(new Set(codes).size).toBe(codes.length);
    expect(codes.every((code) => code in errorTable)).toBe(true);
    expect([path, codes.includes('not_supported'), codes.includes('unknown_tool')]).toEqual([path, true, false]);
    expect(description).not.toBe('');
  }
});
