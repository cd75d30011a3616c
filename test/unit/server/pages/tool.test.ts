import { describe, expect, it } from 'vitest';

import type { JsonObject } from '../../../../src/json/value.ts';
import { encodeSegment } from '../../../../src/openapi/names.ts';
import { toToolModel } from '../../../../src/server/pages/tool.ts';

function modelOf(inputSchema: JsonObject, annotations?: JsonObject) {
  const definition = { name: 'own name', inputSchema };
  return toToolModel({
    tool: { ...definition, title: undefined, description: undefined, outputSchema: undefined, annotations, definition },
    name: 'shown name',
    segment: 'shown name',
    operationId: 'shown_name',
    summary: 'Summary',
    description: 'Description',
    timeoutMs: undefined,
  });
}

function exampleOf(inputSchema: JsonObject) {
  const { text, placeholders } = modelOf(inputSchema).example;
  return { value: JSON.parse(text) as unknown, placeholders };
}

describe('toToolModel', () => {
  it('takes the texts of the operation and encodes the path', () => {
    expect(modelOf({ type: 'object' })).toMatchObject({
      name: 'shown name',
      summary: 'Summary',
      description: 'Description',
      path: '/shown%20name',
      readOnly: false,
    });
  });

  it('says read-only for true alone', () => {
    expect(modelOf({}, { readOnlyHint: true }).readOnly).toBe(true);
    expect(modelOf({}, { readOnlyHint: 'true' }).readOnly).toBe(false);
  });

  it('lists required arguments and survives a malformed list', () => {
    expect(modelOf({ required: ['a', 7, 'b'] }).requiredArguments).toEqual(['a', 'b']);
    expect(modelOf({ required: 'a' }).requiredArguments).toEqual([]);
  });
});

describe('example arguments', () => {
  it('are empty where nothing is required', () => {
    expect(exampleOf({ properties: { a: { type: 'string' } } })).toEqual({ value: {}, placeholders: false });
  });

  it('prefer values that the schema gives', () => {
    const properties = {
      a: { const: 7 },
      b: { default: 'x', enum: ['y'] },
      c: { examples: ['e'], type: 'string' },
      d: { enum: ['first', 'second'] },
    };
    expect(exampleOf({ properties, required: ['a', 'b', 'c', 'd'] })).toEqual({
      value: { a: 7, b: 'x', c: 'e', d: 'first' },
      placeholders: false,
    });
  });

  it('hold placeholders of the right type where it gives none', () => {
    const properties = {
      text: { type: 'string' },
      count: { type: 'integer', minimum: 5 },
      ratio: { type: ['number', 'null'] },
      flag: { type: 'boolean' },
      list: { items: {} },
      nested: { properties: { inner: { type: 'string' } }, required: ['inner'] },
    };
    expect(exampleOf({ properties, required: [...Object.keys(properties), 'undeclared'] })).toEqual({
      value: { text: 'text', count: 5, ratio: 1, flag: true, list: [], nested: { inner: 'text' }, undeclared: 'text' },
      placeholders: true,
    });
  });

  it('keep properties named like parts of objects', () => {
    const { text } = modelOf({ required: ['__proto__', 'constructor'] }).example;
    expect(text).toBe('{"__proto__":"text","constructor":"text"}');
  });

  it('stay small for deep and wide schemas', () => {
    const wide = { required: Array.from({ length: 100_000 }, (_, index) => `p${index}`) };
    expect(modelOf(wide).example.text.length).toBeLessThan(3000);
    const loop: { [key: string]: unknown } = { type: 'object', required: ['a', 'b', 'c'] };
    loop['properties'] = { a: loop, b: loop, c: loop };
    expect(modelOf(loop).example.text.length).toBeLessThan(3000);
  });
});

describe('encodeSegment', () => {
  it('encodes what a path cannot hold', () => {
    expect(encodeSegment('a/b?c#d é')).toBe('a%2Fb%3Fc%23d%20%C3%A9');
  });

  it('has an answer for a lone surrogate', () => {
    expect(encodeSegment('a\ud800b')).toBe('a%EF%BF%BDb');
    expect(encodeSegment('\u{1F600}')).toBe('%F0%9F%98%80');
  });
});
