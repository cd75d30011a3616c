import { expect, test } from 'vitest';
import { ExactNumber } from '../../../../src/json/value.ts';
import type { Outcome } from '../../../../src/mcp/types.ts';
import { fakeProgram, type FakeProgram, type FakeServer } from '../fakes.ts';

const inputSchema = {
  type: 'object',
  properties: { city: { type: 'string' }, days: { type: 'integer', maximum: 10 } },
  required: ['city'],
};
const tool = { name: 'forecast', inputSchema };

async function call(server: FakeServer, body: string) {
  const program = fakeProgram({ weather: { tools: [tool], ...server } });
  const headers = { 'content-type': 'application/json' };
  const response = await program.inject({ method: 'POST', url: '/weather/forecast', payload: body, headers });
  return { program, response, forwarded: forwardedBy(program) };
}

function forwardedBy(program: FakeProgram): readonly string[] {
  return program.upstreams.get('weather')?.calls.map(({ argumentsText }) => argumentsText) ?? [];
}

test('arguments that do not fit are refused with their places, and the upstream never sees them', async () => {
  const { program, response, forwarded } = await call({}, '{"days": "many"}');
  expect(response.statusCode).toBe(422);
  expect(response.json()).toMatchObject({
    code: 'invalid_arguments',
    server: 'weather',
    tool: 'forecast',
    errors: [{ pointer: '#/city' }, { pointer: '#/days' }],
    detail: expect.stringContaining('"city" is required'),
  });
  expect(forwarded).toEqual([]);
  expect(program.events).toMatchObject([{ type: 'call', code: 'invalid_arguments' }]);
  expect(program.upstreams.get('weather')?.leases).toBe(0);
});

test.each([
  ['as they came', '{ "city": "\\u00e9", "days": 1.0, "more": 9007199254740993 }', undefined],
  ['with a number that was a string', '{"days": "5", "city":"x"}', '{"days": 5, "city":"x"}'],
  ['without an optional null', '{"city":"x", "days": null}', '{"city":"x"}'],
])('arguments are forwarded %s', async (_how, body, expected = body) => {
  const { response, forwarded } = await call({}, body);
  expect(response.statusCode).toBe(200);
  expect(forwarded).toHaveLength(1);
  expect(forwarded[0]?.replace(/ (?=\})/, '')).toBe(expected.replace(/ (?=\})/, ''));
});

test('a server that judges for itself gets everything', async () => {
  const { response, forwarded } = await call({ validate: false }, '{"days":"many"}');
  expect([response.statusCode, forwarded]).toEqual([200, ['{"days":"many"}']]);
});

test('what a schema cannot judge is forwarded, and counted', async () => {
  const odd = { name: 'forecast', inputSchema: { $ref: 'https://elsewhere.example/schema.json' } };
  const { program, response, forwarded } = await call({ tools: [odd] }, '{"a":1}');
  expect([response.statusCode, forwarded]).toEqual([200, ['{"a":1}']]);
  expect(program.events).toMatchObject([
    { type: 'arguments-unjudged', server: 'weather', tool: 'forecast', reason: expect.any(String) },
    { type: 'call', code: 'ok' },
  ]);
});

const structured = (text: string) => (): Outcome => {
  const whole = `{"content":[],"structuredContent":${text}}`;
  return { kind: 'result', value: JSON.parse(whole) as unknown, text: () => whole };
};

test('a result that breaks its schema arrives, and is told once', async () => {
  const outputSchema = { type: 'object', properties: { hour: { type: 'integer' } }, required: ['hour'] };
  const program = fakeProgram({ weather: { tools: [{ ...tool, outputSchema }], call: structured('{"hour":"noon"}') } });
  for (let count = 0; count < 3; count++) {
    const response = await program.inject({ method: 'POST', url: '/weather/forecast', payload: '{"city":"x"}' });
    expect([response.statusCode, response.body]).toEqual([200, '{"hour":"noon"}']);
  }
  const told = program.events.filter(({ type }) => type === 'output-mismatch');
  expect(told).toMatchObject([{ server: 'weather', tool: 'forecast', reason: expect.stringContaining('hour') }]);
  expect(JSON.stringify(told)).not.toContain('noon');
});

test('a result without the structure that was promised is told too', async () => {
  const outputSchema = { type: 'object' };
  const program = fakeProgram({ weather: { tools: [{ ...tool, outputSchema }] } });
  const response = await program.inject({ method: 'POST', url: '/weather/forecast', payload: '{"city":"x"}' });
  expect(response.statusCode).toBe(200);
  expect(program.events).toContainEqual(expect.objectContaining({ type: 'output-mismatch', tool: 'forecast' }));
});

test('a number is not told as a mismatch for having been rounded here', async () => {
  const maximum = new ExactNumber('9223372036854775807');
  const outputSchema = { properties: { id: { type: 'integer', maximum } } };
  const bad = { ...tool, outputSchema };
  const largest = fakeProgram({ weather: { tools: [bad], call: structured('{"id":9223372036854775807}') } });
  await largest.inject({ method: 'POST', url: '/weather/forecast', payload: '{"city":"x"}' });
  expect(largest.events.map(({ type }) => type)).toEqual(['call']);
});
