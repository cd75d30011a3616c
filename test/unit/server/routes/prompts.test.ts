import { expect, test } from 'vitest';
import type { Prompt } from '../../../../src/mcp/types.ts';
import { fakeProgram, jsonResult, type FakeProgram, type FakeServer } from '../fakes.ts';

function prompt(name: string, ...names: readonly string[]): Prompt {
  const taken = names.map((each) => {
    return { name: each.replace('?', ''), title: undefined, description: undefined, required: !each.endsWith('?') };
  });
  return { name, title: undefined, description: undefined, arguments: taken };
}

const result =
  '{"description":"d","messages":[{"role":"user","content":{"type":"text","text":"hi"}}],"_meta":{"n":1.0}}';

const chat: FakeServer = {
  tools: ['say'],
  expose: ['prompts'],
  prompts: [prompt('greet', 'who', 'tone?'), prompt('plain'), prompt('docs'), prompt('a/b')],
  ask: ({ question }) => jsonResult(question.method === 'prompts/get' ? result : '{"prompts":[{"name":"greet"}]}'),
};

function post(program: FakeProgram, url: string, payload = '', headers: Record<string, string> = {}) {
  return program.inject({ method: 'POST', url, payload, headers: { 'content-type': 'application/json', ...headers } });
}

const asked = (program: FakeProgram) => program.upstreams.get('chat')?.asked.map(({ question }) => question);

test('GET lists them as the upstream does', async () => {
  const program = fakeProgram({ chat });
  const response = await program.inject('/chat/prompts');
  expect([response.statusCode, response.body]).toEqual([200, '{"prompts":[{"name":"greet"}]}']);
  expect(asked(program)).toEqual([{ method: 'prompts/list' }]);
});

test('POST forwards the text of the arguments and answers with the text of the result', async () => {
  const program = fakeProgram({ chat });
  const response = await post(program, '/chat/prompts/greet', '{"who": "\\u0041"}');
  expect([response.statusCode, response.body]).toEqual([200, result]);
  expect(response.headers['content-type']).toBe('application/json');
  expect(asked(program)).toEqual([{ method: 'prompts/get', name: 'greet', argumentsText: '{"who": "\\u0041"}' }]);
  expect(program.upstreams.get('chat')?.leases).toBe(0);
  expect(program.events).toMatchObject([{ type: 'call', tool: 'prompts/get', code: 'ok' }]);
});

test.each([
  ['/chat/prompts/plain', 'plain'],
  ['/chat/prompts/docs', 'docs'],
  ['/chat/prompts/a%2Fb', 'a/b'],
])('POST %s needs no body', async (url, name) => {
  const program = fakeProgram({ chat });
  expect((await post(program, url)).statusCode).toBe(200);
  expect(asked(program)).toEqual([{ method: 'prompts/get', name, argumentsText: '{}' }]);
});

test('an optional argument that is null is left out', async () => {
  const program = fakeProgram({ chat });
  expect((await post(program, '/chat/prompts/greet', '{"who":"A","tone":null}')).statusCode).toBe(200);
  expect(asked(program)).toMatchObject([{ argumentsText: '{"who":"A"}' }]);
});

test.each([
  ['{}', '#/who'],
  ['{"who":5}', '#/who'],
  ['{"who":null}', '#/who'],
  ['{"who":"A","tone":true}', '#/tone'],
  ['{"who":"A","tine":"x"}', '#/tine'],
])('the arguments %s are 422 at %s', async (body, pointer) => {
  const program = fakeProgram({ chat });
  const response = await post(program, '/chat/prompts/greet', body);
  expect(response.json()).toMatchObject({ status: 422, code: 'invalid_arguments', server: 'chat' });
  expect(response.json().errors).toMatchObject([{ pointer }]);
  expect(response.json().detail).toContain('greet');
  expect(asked(program)).toEqual([]);
  expect(program.upstreams.get('chat')?.leases).toBe(0);
});

test('with validation off, any object is forwarded', async () => {
  const program = fakeProgram({ chat: { ...chat, validate: false } });
  expect((await post(program, '/chat/prompts/greet', '{"who":5}')).statusCode).toBe(200);
  expect((await post(program, '/chat/prompts/greet', '[]')).statusCode).toBe(400);
  expect(asked(program)).toMatchObject([{ argumentsText: '{"who":5}' }]);
});

test.each([
  ['{', {}, 400, 'malformed_request'],
  ['null', {}, 400, 'malformed_request'],
  ['{"who":"a","who":"b"}', {}, 400, 'malformed_request'],
  ['who=a', { 'content-type': 'application/x-www-form-urlencoded' }, 415, 'unsupported_media_type'],
  [`{"who":"${'x'.repeat(1024 * 1024)}"}`, {}, 413, 'payload_too_large'],
])('a body that is no object is refused', async (body, headers, status, code) => {
  const program = fakeProgram({ chat });
  expect((await post(program, '/chat/prompts/greet', body, headers)).json()).toMatchObject({ status, code });
  expect(asked(program)).toEqual([]);
});

test('an unknown prompt is 404 with the closest name, whatever the method', async () => {
  const program = fakeProgram({ chat });
  const response = await post(program, '/chat/prompts/great');
  expect(response.json()).toMatchObject({ status: 404, code: 'not_found', server: 'chat' });
  expect(response.json().detail).toBe('The server "chat" has no prompt "great". Did you mean "greet"?');
  expect((await program.inject('/chat/prompts/great')).statusCode).toBe(404);
  const wrong = await program.inject('/chat/prompts/greet');
  expect([wrong.statusCode, wrong.headers['allow']]).toEqual([405, 'POST']);
  expect((await post(program, '/chat/prompts/greet/more')).statusCode).toBe(404);
});

test('what the server refuses is told with its code', async () => {
  for (const [code, status, name] of [
    [-32_602, 422, 'invalid_arguments'],
    [-32_000, 502, 'upstream_error'],
  ] as const) {
    const ask = () => ({ kind: 'rpc-error', code, message: 'No such tone', dataText: () => undefined }) as const;
    const response = await post(fakeProgram({ chat: { ...chat, ask } }), '/chat/prompts/plain');
    expect(response.json()).toMatchObject({ status, code: name, detail: 'No such tone' });
  }
  const odd = fakeProgram({ chat: { ...chat, ask: () => jsonResult('{"resultType":"input_required"}') } });
  expect((await post(odd, '/chat/prompts/plain')).json()).toMatchObject({ status: 502, code: 'upstream_error' });
});

test('what is not exposed, or not offered, is 501', async () => {
  const { prompts: _, ...none } = chat;
  const program = fakeProgram({ hidden: { ...chat, expose: ['resources'] }, none });
  for (const name of ['hidden', 'none']) {
    expect((await program.inject(`/${name}/prompts`)).json()).toMatchObject({ status: 501, code: 'not_supported' });
    expect((await post(program, `/${name}/prompts/greet`)).json()).toMatchObject({ status: 501 });
  }
});

test('a call without the key is refused', async () => {
  const program = fakeProgram({ chat }, { settings: { apiKey: 'k' } });
  expect((await post(program, '/chat/prompts/plain')).statusCode).toBe(401);
  expect((await post(program, '/chat/prompts/plain', '', { 'x-api-key': 'k' })).statusCode).toBe(200);
});
