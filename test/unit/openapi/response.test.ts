import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../../src/mcp/types.ts';
import { toResponse, type ResponseContext } from '../../../src/openapi/response.ts';
import { makeOperation } from './made.ts';

const plain = makeOperation({ name: 'read' });
const structured = makeOperation({ name: 'read', outputSchema: { type: 'object' } });

function context(more: Partial<ResponseContext> = {}): ResponseContext {
  return {
    requestId: 'id-1',
    server: 'files',
    operation: plain,
    toolErrorStatus: undefined,
    accept: undefined,
    full: false,
    ...more,
  };
}

function result(text: string): Outcome {
  return { kind: 'result', value: JSON.parse(text), text: () => text };
}

const answer = (text: string, more: Partial<ResponseContext> = {}) => toResponse(result(text), context(more));
const body = (text: string, more: Partial<ResponseContext> = {}) => answer(text, more).body;
const problem = (outcome: Outcome, more: Partial<ResponseContext> = {}) => {
  const plan = toResponse(outcome, context(more));
  expect(plan.headers['Content-Type']).toBe('application/problem+json');
  const document = JSON.parse(plan.body) as Record<string, unknown>;
  expect(document).toMatchObject({ status: plan.status, instance: 'id-1', server: 'files', tool: 'read' });
  return document;
};

describe('a result', () => {
  it('is structuredContent, exactly, where the tool has an output schema', () => {
    const text =
      '{"content":[{"type":"text","text":"x"}],"structuredContent": {"n":9007199254740993,"f":1.0, "e":1e2} }';
    expect(answer(text, { operation: structured })).toEqual({
      code: 'ok',
      status: 200,
      headers: { 'Content-Type': 'application/json' },
      body: '{"n":9007199254740993,"f":1.0, "e":1e2}',
    });
    expect(body(text)).toBe('"x"');
  });

  it('takes structuredContent of any type but null', () => {
    expect(body('{"content":[],"structuredContent":[1.0]}', { operation: structured })).toBe('[1.0]');
    expect(body('{"content":[],"structuredContent":false}', { operation: structured })).toBe('false');
    const none = '{"content":[{"type":"text","text":"x"}],"structuredContent":null}';
    expect(body(none, { operation: structured })).toBe('"x"');
  });

  it('is the value of the one content item', () => {
    expect(body('{"content":[{"type":"text","text":"hello"}]}')).toBe('"hello"');
    expect(body('{"content":[{"type":"text","text":"{\\"n\\": 1.0}"}]}')).toBe('{"n": 1.0}');
    expect(body('{"content":[{"type":"image","mimeType":"image/png","data":"AA=="}]}')).toBe(
      '"data:image/png;base64,AA=="',
    );
  });

  it('keeps the text of items that pass as they are', () => {
    const link = '{ "type":"resource_link", "uri":"x:y", "size":9007199254740993 }';
    expect(body(`{"content":[${link}]}`)).toBe(link);
    expect(body(`{"content":[{"type":"text","text":"a"},${link},5.0]}`)).toBe(`["a",${link},5.0]`);
  });

  it('without content is structuredContent or null', () => {
    expect(body('{"content":[]}')).toBe('null');
    expect(body('{"content":[],"structuredContent":{"a":1.0}}')).toBe('{"a":1.0}');
    expect(body('{"structuredContent":{"a":1.0}}')).toBe('{"a":1.0}');
  });

  it('is the whole CallToolResult where that is asked for, also an error', () => {
    const text = '{"content":[{"type":"text","text":"no"}], "isError":true, "n":1.0}';
    expect(answer(text, { full: true })).toEqual({
      code: 'ok',
      status: 200,
      headers: { 'Content-Type': 'application/json' },
      body: text,
    });
    expect(answer(text, { accept: 'application/vnd.mcp.result+json' })).toEqual({
      code: 'ok',
      status: 200,
      headers: { 'Content-Type': 'application/vnd.mcp.result+json' },
      body: text,
    });
  });

  it.each(['5', 'null', '[]', '{}', '"x"', '{"content":"x"}', '{"content":null}', '{"tools":[]}'])(
    'that is no CallToolResult is the upstream’s error: %s',
    (text) => {
      expect(problem(result(text))).toMatchObject({ status: 502, code: 'upstream_error' });
      expect(problem(result(text), { full: true })).toMatchObject({ status: 502 });
    },
  );

  it('does not look for its text where the value says it all', () => {
    const outcome: Outcome = {
      kind: 'result',
      value: { content: [{ type: 'text', text: 'hello' }] },
      text: () => {
        throw new Error('asked for the text');
      },
    };
    expect(toResponse(outcome, context()).body).toBe('"hello"');
  });
});

describe('an error that the tool reports', () => {
  it('is its text', () => {
    const text =
      '{"isError":true,"content":[{"type":"text","text":"No such file"},{"type":"image"},{"type":"text","text":"b"}]}';
    expect(problem(result(text))).toMatchObject({ status: 422, code: 'tool_error', detail: 'No such file\nb' });
  });

  it('has a sentence where it says nothing', () => {
    for (const text of [
      '{"isError":true,"content":[]}',
      '{"isError":true}',
      '{"isError":true,"content":[{"type":"text","text":" "}]}',
    ]) {
      expect(problem(result(text))).toMatchObject({ detail: expect.stringContaining('"read"') as string });
    }
  });

  it('takes the status that the configuration gives it', () => {
    expect(problem(result('{"isError":true,"content":[]}'), { toolErrorStatus: 500 })).toMatchObject({
      status: 500,
      code: 'tool_error',
    });
  });

  it('is cut at 4,000 characters, marked', () => {
    const text = JSON.stringify({ isError: true, content: [{ type: 'text', text: '😀'.repeat(3_000) }] });
    const detail = problem(result(text))['detail'] as string;
    expect(detail.length).toBeLessThanOrEqual(4_000);
    expect(detail.length).toBeGreaterThan(3_980);
    expect(detail).toMatch(/… \[cut\]$/);
    expect(detail).not.toMatch(/\p{Surrogate}/u);
  });

  it('is none unless isError is true', () => {
    expect(answer('{"isError":"yes","content":[]}').status).toBe(200);
  });
});

describe('what is no result', () => {
  it.each([
    [-32_602, 422, 'invalid_arguments'],
    [-32_601, 404, 'unknown_tool'],
    [-32_603, 502, 'upstream_error'],
    [-32_000, 502, 'upstream_error'],
    [7, 502, 'upstream_error'],
  ])('JSON-RPC error %i is %i %s', (code, status, name) => {
    expect(problem({ kind: 'rpc-error', code, message: 'Because.', data: undefined })).toMatchObject({
      status,
      code: name,
      detail: 'Because.',
    });
  });

  it('passes small data of a JSON-RPC error on, and no other', () => {
    const error = (data: unknown) => problem({ kind: 'rpc-error', code: -1, message: 'm', data });
    expect(error({ hint: [1] })).toMatchObject({ data: { hint: [1] } });
    expect(error('x'.repeat(5_000))).not.toHaveProperty('data');
    expect(error(null)).not.toHaveProperty('data');
    let deep: unknown = 1;
    for (let level = 0; level < 20_000; level++) deep = [deep];
    expect(error(deep)).not.toHaveProperty('data');
  });

  it('has a sentence for a JSON-RPC error without a message', () => {
    expect(problem({ kind: 'rpc-error', code: -5, message: '', data: undefined })['detail']).toContain('-5');
  });

  it('says when to come back to an upstream that is not there', () => {
    const outcome: Outcome = { kind: 'unavailable', detail: 'command not found: uvx', retryAfterMs: 1_200 };
    expect(problem(outcome)).toMatchObject({ status: 502, code: 'upstream_unavailable', retryAfter: 2 });
    expect(problem(outcome)['detail']).toMatch(/"files".*command not found: uvx\. Try again in 2 s\.$/);
    const plan = toResponse({ ...outcome, retryAfterMs: -5 }, context());
    expect(plan.headers['Retry-After']).toBe('1');
  });

  it('warns of a call that may have run', () => {
    const unknown = problem({ kind: 'unknown', detail: 'the server ended' });
    expect(unknown).toMatchObject({ status: 502, code: 'outcome_unknown' });
    expect(unknown['detail']).toContain('may or may not have run');
  });

  it('names the limit that ran out and the option that sets it', () => {
    const timeout: Outcome = { kind: 'timeout', afterMs: 290_012 };
    expect(problem(timeout)).toMatchObject({ status: 504, code: 'timeout' });
    expect(problem(timeout)['detail']).toMatch(/290 s.*--call-timeout/);
    const own = { ...plain, timeoutMs: 500 };
    expect(problem({ ...timeout, afterMs: 500 }, { operation: own })['detail']).toMatch(/0\.5 s.*"timeout"/);
  });

  it('tells the rest apart', () => {
    expect(problem({ kind: 'unusable', detail: 'too large' })).toMatchObject({ status: 502, code: 'upstream_error' });
    expect(problem({ kind: 'cancelled' })).toMatchObject({ status: 499, code: 'client_closed_request' });
  });
});
