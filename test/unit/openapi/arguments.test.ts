import { describe, expect, it } from 'vitest';
import { checkArguments, checkOutput, validatorOf, type CheckedArguments } from '../../../src/openapi/arguments.ts';
import { readArguments } from '../../../src/openapi/request.ts';
import { makeTool } from './made.ts';

const inputSchema = {
  type: 'object',
  properties: { city: { type: 'string' }, days: { type: 'integer', maximum: 10 } },
  required: ['city'],
};
const weather = makeTool({ name: 'get_weather', inputSchema });

function check(text: string, tool = weather, name = tool.name): CheckedArguments {
  const given = readArguments(text, undefined);
  if (!given.ok) throw given.error;
  return checkArguments(tool, name, given);
}

describe('checkArguments', () => {
  it('forwards what fits as it came', () => {
    const text = ' {"city":"Paris", "days":5.0, "n":9007199254740993,"days_":"5","x":null}';
    expect(check(text)).toEqual({ kind: 'fits', argumentsText: text });
  });

  it('forwards gentle corrections, and all else as it came', () => {
    expect(check('{ "n":9007199254740993,"days" : "5", "city":"1.0" }')).toEqual({
      kind: 'fits',
      argumentsText: '{ "n":9007199254740993,"days" : 5, "city":"1.0" }',
    });
    expect(check('{"days":null,"city":"x"}')).toEqual({ kind: 'fits', argumentsText: '{"city":"x"}' });
  });

  it('refuses the rest with places and a sentence about what came', () => {
    const checked = check('{"days":"many"}');
    if (checked.kind !== 'misfit') throw new Error(checked.kind);
    expect(checked.error.code).toBe('invalid_arguments');
    expect(checked.error.message).toBe(
      'The arguments of "get_weather" are not right: "city" is required; "days" must be an integer, not the string "many".',
    );
    expect(checked.error.fields.errors).toEqual([
      { pointer: '#/city', detail: 'is required' },
      { pointer: '#/days', detail: 'must be an integer, not the string "many"' },
    ]);
  });

  it('calls the tool what people call it, and lists at most 20 errors', () => {
    const tool = makeTool({ name: 'own', inputSchema: { properties: { list: { items: { type: 'string' } } } } });
    const checked = check(JSON.stringify({ list: Array.from({ length: 30 }, (_, index) => index) }), tool, 'shown');
    if (checked.kind !== 'misfit') throw new Error(checked.kind);
    expect(checked.error.message).toMatch(/^The arguments of "shown" .*; and 27 more\.$/);
    expect(checked.error.fields.errors).toHaveLength(20);
  });

  it('names the known properties', () => {
    const tool = makeTool({ name: 'strict', inputSchema: { ...inputSchema, additionalProperties: false } });
    const checked = check('{"city":"x","town":1}', tool);
    if (checked.kind !== 'misfit') throw new Error(checked.kind);
    expect(checked.error.fields.errors).toEqual([
      { pointer: '#/town', detail: 'is not a known property (known: "city", "days")' },
    ]);
  });

  it('explains a discriminated union by the branch that is meant', () => {
    const shape = (kind: string, property: string) => ({
      type: 'object',
      properties: { kind: { const: kind }, [property]: { type: 'number' } },
      required: ['kind', property],
      additionalProperties: false,
    });
    const shapes = { oneOf: [shape('circle', 'radius'), shape('square', 'side')] };
    const tool = makeTool({ name: 'draw', inputSchema: { properties: { shape: shapes } } });
    const errors = (text: string) => {
      const checked = check(text, tool);
      return checked.kind === 'misfit' ? checked.error.fields.errors : checked.kind;
    };
    expect(errors('{"shape":{"kind":"square","side":"long"}}')).toEqual([
      { pointer: '#/shape/side', detail: 'must be a number, not the string "long"' },
    ]);
    expect(errors('{"shape":{"kind":"oval","side":1}}')).toEqual([
      { pointer: '#/shape/kind', detail: 'must be one of: "circle", "square"' },
    ]);
    expect(errors('{"shape":"square"}')).toEqual([
      { pointer: '#/shape', detail: 'must be an object, not the string "square"' },
    ]);
  });

  it('forwards what it cannot judge as it came, and says why', () => {
    for (const schema of [
      { type: 'string' },
      { type: ['array', 'null'] },
      { properties: { a: { $ref: '#/nowhere' } } },
    ]) {
      const text = '{"a":"5"}';
      expect(check(text, makeTool({ name: 'odd', inputSchema: schema }))).toEqual({
        kind: 'unjudged',
        argumentsText: text,
        reason: expect.stringMatching(/^[A-Z].*\.$/) as string,
      });
    }
  });
});

describe('checkOutput', () => {
  const tool = makeTool({ name: 'now', outputSchema: { type: 'object', properties: { time: { type: 'string' } } } });

  it('has nothing to say of what fits, and where nothing is promised', () => {
    expect(checkOutput(tool, { time: '12:00' })).toBeUndefined();
    expect(checkOutput(weather, 'anything')).toBeUndefined();
    expect(checkOutput(makeTool({ name: 'odd', outputSchema: { $ref: '#/nowhere' } }), 5)).toBeUndefined();
  });

  it('says in a sentence without values how a result breaks the promise', () => {
    expect(checkOutput(tool, { time: 123456 })).toBe(
      'The structuredContent of "now" breaks its outputSchema: "time" must be a string, not a number.',
    );
  });
});

describe('validatorOf', () => {
  it('is made once for a schema', () => {
    expect(validatorOf(inputSchema)).toBe(validatorOf(inputSchema));
    expect(validatorOf(inputSchema)).not.toBe(validatorOf({ ...inputSchema }));
  });
});
