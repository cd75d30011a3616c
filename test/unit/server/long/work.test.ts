// Long and short take the same functions; what is tested is that nothing is lost on the way to the other thread and back.
import { describe, expect, test } from 'vitest';
import type { Result } from '../../../../src/mcp/types.ts';
import { outputMistake } from '../../../../src/openapi/judge.ts';
import { toResponse, type ResponseContext } from '../../../../src/openapi/response.ts';
import { copyOf } from '../../../../src/server/long/operation.ts';
import { answer, judge, type Judged } from '../../../../src/server/long/work.ts';
import { parseJson } from '../../../../src/json/parse.ts';
import { makeOperation } from '../../openapi/made.ts';

const operation = makeOperation({
  name: 'read',
  inputSchema: parseJson('{"type":"object","properties":{"n":{"maximum":9007199254740993}},"required":["n"]}'),
  outputSchema: { type: 'object', properties: { id: { type: 'integer' } } },
});

const context: Omit<ResponseContext, 'operation'> = {
  requestId: 'id-1',
  server: 'files',
  toolErrorStatus: 418,
  accept: undefined,
  full: false,
};

describe('a result', () => {
  test.each([
    ['a text', '{"content":[{"type":"text","text":"größer 😀 \\ud800"}]}', {}],
    ['a structure', '{"content":[],"structuredContent":{"id":9007199254740993,"f":1.0}}', {}],
    ['a wrong structure', '{"content":[],"structuredContent":{"id":"one"}}', {}],
    ['no structure', '{"content":[{"type":"text","text":"x"}]}', {}],
    ['everything', '{"content":[{"type":"text","text":"x"}],"_meta":{"n":1.0}}', { full: true }],
    ['an error', '{"isError":true,"content":[{"type":"text","text":"No kettle."}]}', {}],
    ['a text as text', '{"content":[{"type":"text","text":"größer"}]}', { accept: 'text/plain' }],
    ['what nobody wants', '{"content":[{"type":"text","text":"x"}]}', { accept: 'image/*' }],
    ['no result', '{"tools":[]}', {}],
  ])('%s is answered as a short one is', (_, text, more) => {
    const result: Result = { kind: 'result', value: JSON.parse(text), text: () => text };
    const message = `{"jsonrpc":"2.0","id":1000001,"result":${text}}`;
    const { body, ...plan } = toResponse(result, { ...context, ...more, operation });
    const mistake = outputMistake(operation.tool, result);
    for (const form of [message, [Buffer.from(message.slice(0, 50)), Buffer.from(message.slice(50))]]) {
      const job = structuredClone({
        kind: 'answer' as const,
        message: form,
        context: { ...context, ...more },
        operation: copyOf(operation),
        judgesOutput: true,
      });
      const { body: bytes, ...answered } = structuredClone(answer(job));
      expect(answered).toEqual({ ...plan, mistake });
      expect(Buffer.from(bytes)).toEqual(Buffer.from(body as string));
    }
  });

  test('is decoded where its bytes are wanted', () => {
    const data = Buffer.from([0, 1, 2, 255]).toString('base64');
    const message = `{"id":1000001,"result":{"content":[{"type":"image","mimeType":"image/png","data":"${data}"}]}}`;
    const job = { kind: 'answer', message, operation: copyOf(operation), judgesOutput: false } as const;
    const { status, headers, body } = answer({ ...job, context: { ...context, accept: 'image/png' } });
    expect({ status, headers, body: [...body] }).toEqual({
      status: 200,
      headers: { 'Content-Type': 'image/png' },
      body: [0, 1, 2, 255],
    });
  });

  test('that is no JSON is the fault of the server', () => {
    const message = '{"jsonrpc":"2.0","id":1000001,"result":{"content":[}}';
    const { status, code, body } = answer({
      kind: 'answer',
      message,
      context,
      operation: copyOf(operation),
      judgesOutput: true,
    });
    expect([status, code]).toEqual([502, 'upstream_error']);
    expect(Buffer.from(body).toString()).toContain('no JSON');
  });
});

describe('arguments', () => {
  const judged = (body: Buffer, validate = true): Judged =>
    structuredClone(
      judge({
        kind: 'judge',
        body: [body.subarray(0, 5), body.subarray(5)],
        contentType: 'application/json',
        validate,
        operation: copyOf(operation),
      }),
    );

  test('go on as they came, judged by exact numbers', () => {
    const body = '{"n": 9007199254740993, "é": 1.0}';
    expect(judged(Buffer.from(body))).toEqual({ kind: 'fits', argumentsText: body });
    expect(judged(Buffer.from('{"n":9007199254740994}'))).toMatchObject({ kind: 'refused', code: 'invalid_arguments' });
    expect(judged(Buffer.from('{"n":9007199254740994}'), false)).toMatchObject({ kind: 'fits' });
  });

  test('are refused with places and sentence', () => {
    expect(judged(Buffer.from('{"m":1}'))).toEqual({
      kind: 'refused',
      code: 'invalid_arguments',
      detail: expect.stringContaining('"read"'),
      fields: { errors: [{ pointer: '#/n', detail: 'is required' }] },
    });
    expect(judged(Buffer.from('{"n":1,}'))).toMatchObject({ kind: 'refused', code: 'malformed_request' });
    expect(judged(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))).toMatchObject({
      kind: 'refused',
      code: 'malformed_request',
      detail: expect.stringContaining('UTF-8'),
    });
  });
});
