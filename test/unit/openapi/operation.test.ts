import { describe, expect, it } from 'vitest';
import type { ServerConfig } from '../../../src/config/types.ts';
import type { JsonObject } from '../../../src/json/value.ts';
import { defaultForm } from '../../../src/openapi/form.ts';
import { operationParts } from '../../../src/openapi/operation.ts';
import { createToolSchemas } from '../../../src/openapi/tool-schema.ts';
import { makeOperation, makeServerConfig, makeSettings } from './made.ts';

function partsOf(definition: JsonObject, server: Partial<ServerConfig> = {}) {
  return lastOf(
    operationParts(makeOperation(definition, server), makeServerConfig('files', server), 'tag', {
      schemas: createToolSchemas(defaultForm),
      form: defaultForm,
      settings: makeSettings(),
      maxTextChars: 1_000,
    }),
  );
}

/** What a generator comes to. */
function lastOf<T>(steps: Generator<string, T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

function postOf(definition: JsonObject, server: Partial<ServerConfig> = {}): JsonObject {
  return partsOf(definition, server).pathItem['post'] as JsonObject;
}

const bodyOf = (inputSchema: JsonObject) => postOf({ name: 'x', inputSchema })['requestBody'];
const required = (inputSchema: JsonObject) => (bodyOf(inputSchema) as JsonObject | undefined)?.['required'];

describe('the request body', () => {
  const a = { a: { type: 'string' } };

  it('refers to one component by name', () => {
    const { pathItem, schemas } = partsOf({
      name: 'read',
      inputSchema: { type: 'object', properties: a, required: ['a'] },
    });
    expect(pathItem['post']).toMatchObject({
      requestBody: {
        required: true,
        content: { 'application/json': { schema: { $ref: '#/components/schemas/files_read_form_model' } } },
      },
    });
    expect([...schemas.keys()]).toEqual(['files_read_form_model']);
  });

  it.each([
    {},
    { type: 'object' },
    { type: 'object', properties: {} },
    {
      $schema: 'x',
      type: 'object',
      title: 't',
      properties: {},
      required: [],
      additionalProperties: false,
      $defs: { A: {} },
    },
    { type: 'object', unevaluatedProperties: false },
  ])('is missing where there are no arguments: %j', (inputSchema) => {
    const { pathItem, schemas } = partsOf({ name: 'x', inputSchema });
    expect(pathItem['post']).not.toHaveProperty('requestBody');
    expect(schemas.size).toBe(0);
  });

  it.each([
    { type: 'object', properties: a },
    { type: 'object', additionalProperties: { type: 'string' } },
    { type: 'object', additionalProperties: true },
    { type: 'object', patternProperties: { '^a': {} } },
    { anyOf: [{ properties: a }, {}] },
    { $ref: '#/$defs/A', $defs: { A: { properties: a } } },
    { type: 'object', 'x-mcp-schema-error': 'The server gave no usable input schema.' },
  ])('may be left out where nothing is required: %j', (inputSchema) => {
    expect(required(inputSchema)).toBe(false);
  });

  it.each([
    { properties: a, required: ['a'] },
    { properties: a, minProperties: 1 },
    { properties: a, allOf: [{}, { required: ['a'] }] },
    { anyOf: [{ required: ['a'] }, { required: ['b'] }] },
    { $ref: '#/$defs/A', $defs: { A: { allOf: [{ $ref: '#/$defs/B' }] }, B: { required: ['a'] } } },
  ])('is needed where something is required: %j', (inputSchema) => {
    expect(required(inputSchema)).toBe(true);
  });

  it('does not take for ever to say so', () => {
    const union = Array.from({ length: 50 }, () => ({ $ref: '#' }));
    expect(required({ allOf: union })).toBe(false);
  });
});

describe('the responses', () => {
  it('are what the tool promises', () => {
    const { pathItem, schemas } = partsOf({ name: 'read', outputSchema: { type: 'object' } });
    expect(pathItem['post']).toMatchObject({
      responses: {
        '200': {
          content: { 'application/json': { schema: { $ref: '#/components/schemas/files_read_response_model' } } },
        },
      },
    });
    expect(schemas.get('files_read_response_model')).toEqual({ type: 'object' });
    const anything = postOf({ name: 'read' });
    expect(anything).toMatchObject({
      responses: {
        '200': { content: { 'application/json': { schema: { description: expect.any(String) as string } } } },
      },
    });
  });

  it('have the status that the configuration gives to tool errors', () => {
    const statuses = (server: Partial<ServerConfig>) =>
      Object.keys(postOf({ name: 'x' }, server)['responses'] as JsonObject);
    expect(statuses({})).not.toContain('418');
    expect(statuses({ toolErrorStatus: 418 })).toContain('418');
  });
});

describe('extensions', () => {
  it('carry what OpenAPI has no place for', () => {
    const definition = {
      name: 'read',
      annotations: { readOnlyHint: true },
      _meta: { 'a/b': 1 },
      icons: [{ src: 'x.png' }],
      execution: { taskSupport: 'optional' },
      more: 'not shown',
    };
    const { name, annotations, _meta, icons, execution } = definition;
    expect(postOf(definition)).toMatchObject({
      'x-openai-isConsequential': false,
      'x-mcp': { name, annotations, _meta, icons, execution },
    });
    expect(postOf({ name: 'read' })['x-mcp']).toEqual({ name: 'read' });
  });

  it('keep the name of a tool that the configuration renames', () => {
    const tools = new Map([['read', { name: 'get', description: undefined, timeoutMs: undefined, disabled: false }]]);
    expect(postOf({ name: 'read' }, { tools })).toMatchObject({ operationId: 'files_get', 'x-mcp': { name: 'read' } });
  });

  it('call a tool consequential unless it says that it only reads', () => {
    for (const annotations of [undefined, {}, { readOnlyHint: false }, { readOnlyHint: 'yes' }]) {
      expect(postOf({ name: 'x', annotations })['x-openai-isConsequential']).toBe(true);
    }
  });

  it('leave out what would hurt readers', () => {
    const post = postOf({ name: 'x', _meta: { $ref: 'https://trap.example' }, annotations: { title: 'T' } });
    expect(post['x-mcp']).toEqual({ name: 'x', annotations: { title: 'T' } });
  });
});

describe('the example', () => {
  const exampleOf = (inputSchema: JsonObject) =>
    (bodyOf(inputSchema) as { content: { 'application/json': { example?: unknown } } }).content['application/json'];

  it('has what is required, and works', () => {
    const properties = { city: { type: 'string', minLength: 3 }, days: { type: 'integer', default: 3 }, more: {} };
    const { example } = exampleOf({ type: 'object', properties, required: ['city'] });
    expect(example).toEqual({ city: expect.stringMatching(/^.{3,}$/) as string, days: 3 });
  });

  it('is left out where none is known to work', () => {
    const properties = { id: { type: 'string', pattern: '^[A-Z]{3}-[0-9]{7}[aeiou]$' } };
    expect(exampleOf({ type: 'object', properties, required: ['id'] })).not.toHaveProperty('example');
  });
});

describe('degradations', () => {
  it('tell place and reason', () => {
    const bad = { type: 'object', properties: { a: { $ref: 'https://trap.example' } } };
    expect(partsOf({ name: 'fine' }).degradations).toEqual([]);
    expect(partsOf({ name: 'bad', inputSchema: bad, outputSchema: bad }).degradations).toEqual([
      { pointer: '#/inputSchema/properties/a/$ref', reason: expect.any(String) as string },
      { pointer: '#/outputSchema/properties/a/$ref', reason: expect.any(String) as string },
    ]);
  });
});
