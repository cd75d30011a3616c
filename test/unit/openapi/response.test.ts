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
const accepting = (accept: string, text: string) => answer(text, { accept });
const problem = (outcome: Outcome, more: Partial<ResponseContext> = {}) => {
  const plan = toResponse(outcome, context(more));
  expect(plan.headers['Content-Type']).toBe('application/problem+json');
  const document = JSON.parse(plan.body as string) as Record<string, unknown>;
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
      expect(problem(result(text), { accept: 'text/plain' })['data']).toEqual(JSON.parse(text) ?? undefined);
    },
  );

  it('keeps structuredContent beside a content that is null', () => {
    expect(body('{"content":null,"structuredContent":{"a":1.0}}')).toBe('{"a":1.0}');
    expect(problem(result('{"content":null,"isError":true}'))).toMatchObject({ code: 'tool_error' });
  });

  it('walks over its text once, however many items pass as they are', () => {
    const items = Array.from({ length: 100 }, (_, index) => `{"type":"hologram","n":${index}.0}`);
    const text = `{"content":[${items.join(', ')}]}`;
    let asked = 0;
    const outcome: Outcome = {
      kind: 'result',
      value: JSON.parse(text),
      text: () => {
        asked++;
        return text;
      },
    };
    expect(toResponse(outcome, context()).body).toBe(`[${items.join(',')}]`);
    expect(asked).toBe(1);
  });

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

const png = { type: 'image', mimeType: 'image/png', data: 'AAEC' };
const wav = { type: 'audio', mimeType: 'audio/wav', data: 'UklG' };
const note = { type: 'text', text: 'one' };
const page = { type: 'resource', resource: { uri: 'x:y', mimeType: 'text/markdown', text: '# two' } };
const file = { type: 'resource', resource: { uri: 'x:y', mimeType: 'application/pdf', blob: 'JVBE' } };
const drawing = { type: 'resource', resource: { uri: 'x:y', mimeType: 'image/svg+xml', text: '<svg/>' } };
const holding = (...content: readonly unknown[]) => JSON.stringify({ content });

const sandboxed = { 'Content-Security-Policy': "sandbox; default-src 'none'" };

describe('a result as text', () => {
  it('is its texts, line after line', () => {
    expect(accepting('text/plain', holding(note, png, page, { type: 'text', text: '{"n": 1.0}' }))).toEqual({
      code: 'ok',
      status: 200,
      headers: { 'Content-Type': 'text/plain; charset=utf-8' },
      body: 'one\n# two\n{"n": 1.0}',
    });
    expect(accepting('text/*', holding({ type: 'text', text: '' })).body).toBe('');
  });

  it('is taken from the content, whatever the output schema says', () => {
    const text = JSON.stringify({ content: [note], structuredContent: { a: 1 } });
    expect(answer(text, { accept: 'text/plain', operation: structured }).body).toBe('one');
  });

  it('gives way to what is accepted next', () => {
    expect(accepting('text/plain, application/json;q=0.5', holding(png)).body).toBe('"data:image/png;base64,AAEC"');
    expect(accepting('text/plain, image/*;q=0.5', holding(png)).body).toEqual({ base64: 'AAEC' });
  });
});

describe('a result as bytes', () => {
  it('is the first item of an accepted type', () => {
    const text = holding(note, wav, png, { ...png, data: 'BBBB' });
    expect(accepting('image/*', text)).toEqual({
      code: 'ok',
      status: 200,
      headers: { 'Content-Type': 'image/png' },
      body: { base64: 'AAEC' },
    });
    expect(accepting('audio/*', text)).toMatchObject({
      headers: { 'Content-Type': 'audio/wav' },
      body: { base64: 'UklG' },
    });
    expect(accepting('audio/mpeg, image/png;q=0.2', text).headers['Content-Type']).toBe('image/png');
  });

  it('is an embedded file too', () => {
    const blob = { type: 'resource', resource: { uri: 'x:y', mimeType: 'IMAGE/GIF; a=b', blob: 'R0lG\n' } };
    expect(accepting('image/gif', holding(file, blob))).toMatchObject({
      headers: { 'Content-Type': 'image/gif' },
      body: { base64: 'R0lG' },
    });
  });

  it('passes over what is no base64', () => {
    expect(accepting('image/*', holding({ ...png, data: 'not base64' }, png)).body).toEqual({ base64: 'AAEC' });
    expect(accepting('image/*', holding({ ...png, data: 5 })).status).toBe(406);
  });

  it('is a stream of octets where that is accepted, under its own type where that is, too', () => {
    expect(accepting('application/octet-stream', holding(note, file))).toEqual({
      code: 'ok',
      status: 200,
      headers: { 'Content-Type': 'application/octet-stream', ...sandboxed },
      body: { base64: 'JVBE' },
    });
    expect(accepting('application/octet-stream, application/pdf', holding(file)).headers).toEqual({
      'Content-Type': 'application/pdf',
      ...sandboxed,
    });
    const untyped = { type: 'image', data: 'AAEC' };
    expect(accepting('image/*, application/octet-stream;q=0.1', holding(untyped)).headers['Content-Type']).toBe(
      'application/octet-stream',
    );
  });

  it('runs no script in a browser', () => {
    const svg = { type: 'image', mimeType: 'image/svg+xml', data: 'PHN2Zy8+' };
    expect(accepting('image/*', holding(svg)).headers).toEqual({ 'Content-Type': 'image/svg+xml', ...sandboxed });
    expect(accepting('image/svg+xml', holding(drawing))).toMatchObject({ headers: sandboxed, body: '<svg/>' });
  });

  it('has no header of the upstream', () => {
    const evil = { type: 'image', mimeType: 'image/png\r\nSet-Cookie: a=b', data: 'AAEC' };
    expect(accepting('image/*', holding(evil)).status).toBe(406);
    expect(accepting('application/octet-stream', holding(evil)).headers['Content-Type']).toBe(
      'application/octet-stream',
    );
  });
});

describe('a result that has nothing of what is accepted', () => {
  it('is 406, which says that the tool ran, what there is, and holds the value', () => {
    const document = problem(result(holding(note, wav, { type: 'hologram' })), { accept: 'image/*' });
    expect(document).toMatchObject({
      status: 406,
      code: 'not_acceptable',
      data: ['one', 'data:audio/wav;base64,UklG', { type: 'hologram' }],
    });
    expect(document['detail']).toMatch(/"read".*has run.*"image\/\*".*text, audio\/wav, "hologram"/);
  });

  it('names a few of many kinds, and keeps the document short', () => {
    const content = Array.from({ length: 1_000 }, (_, index) => ({ type: `t${index}`, filler: 'x'.repeat(50) }));
    const document = problem(result(holding(...content)), { accept: 'image/*' });
    expect(document).not.toHaveProperty('data');
    expect((document['detail'] as string).length).toBeLessThan(500);
    const one = problem(result('{"content":[],"structuredContent":{"a":1}}'), { accept: 'text/plain' });
    expect(one).toMatchObject({ detail: expect.stringContaining('no content') as string, data: { a: 1 } });
  });

  it('is no reason to hide an error of the tool', () => {
    const text = '{"isError":true,"content":[{"type":"text","text":"No such file"}]}';
    for (const accept of ['image/*', 'text/plain', 'image/*, application/vnd.mcp.result+json;q=0.1']) {
      expect(problem(result(text), { accept })).toMatchObject({ code: 'tool_error', detail: 'No such file' });
    }
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

  it('is the text of an embedded resource, or structured', () => {
    expect(problem(result(JSON.stringify({ isError: true, content: [note, page] })))['detail']).toBe('one\n# two');
    const structure = '{"isError":true,"content":[],"structuredContent":{"reason":"full","id":9007199254740993}}';
    expect(problem(result(structure))).toMatchObject({ code: 'tool_error', data: { reason: 'full' } });
    expect(body(structure)).toContain('"id":9007199254740993');
  });

  it('is not lost where it is no text', () => {
    const image = '{"isError":true,"content":[{"type":"image","data":"AA==","mimeType":"image/png"}]}';
    expect(problem(result(image))).toMatchObject({ code: 'tool_error', data: 'data:image/png;base64,AA==' });
    expect(body('{"isError":true,"content":[{"type":"new","id":9007199254740993},7]}')).toContain(
      '"data":[{"type":"new","id":9007199254740993},7]',
    );
    const structure = '{"isError":true,"content":[{"type":"new"}],"structuredContent":{"reason":1.0}}';
    expect(body(structure)).toContain('"data":{"reason":1.0}');
    expect(problem(result('{"isError":true,"content":[]}'))).not.toHaveProperty('data');
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
    expect(problem({ kind: 'rpc-error', code, message: 'Because.', dataText: () => undefined })).toMatchObject({
      status,
      code: name,
      detail: 'Because.',
    });
  });

  it('passes small data of a JSON-RPC error on, and no other', () => {
    const error = (data: string | undefined) =>
      problem({ kind: 'rpc-error', code: -1, message: 'm', dataText: () => data });
    expect(error('{"hint":[1]}')).toMatchObject({ data: { hint: [1] } });
    expect(error('false')).toMatchObject({ data: false });
    expect(error(JSON.stringify('x'.repeat(5_000)))).not.toHaveProperty('data');
    expect(error('null')).not.toHaveProperty('data');
    expect(error(undefined)).not.toHaveProperty('data');
    expect(error('['.repeat(1_000) + ']'.repeat(1_000))).not.toHaveProperty('data');
    expect(error('{"$ref":"http://169.254.1.1/"}')).not.toHaveProperty('data');
  });

  it('passes that data on exactly', () => {
    const data = '{ "id":9007199254740993, "price":1.10 }';
    const plan = toResponse({ kind: 'rpc-error', code: -1, message: 'm', dataText: () => data }, context());
    expect(plan.body).toContain(`"data":${data}`);
  });

  it('has a sentence for a JSON-RPC error without a message', () => {
    expect(problem({ kind: 'rpc-error', code: -5, message: '', dataText: () => undefined })['detail']).toContain('-5');
  });

  it('says when to come back to an upstream that is not there', () => {
    const outcome: Outcome = { kind: 'unavailable', detail: 'command not found: uvx', retryAfterMs: 1_200 };
    expect(problem(outcome)).toMatchObject({ status: 502, code: 'upstream_unavailable', retryAfter: 2 });
    expect(problem(outcome)['detail']).toMatch(/"files".*command not found: uvx\. Try again in 2 s\.$/);
    const plan = toResponse({ ...outcome, retryAfterMs: -5 }, context());
    expect(plan.headers['Retry-After']).toBe('1');
  });

  it('says what is full, and when to come back', () => {
    const outcome: Outcome = { kind: 'overloaded', detail: '5 calls are in flight', retryAfterMs: 2_001 };
    expect(problem(outcome)).toMatchObject({ status: 503, code: 'overloaded', retryAfter: 3 });
    expect(problem(outcome)['detail']).toMatch(
      /"files" has too much to do: 5 calls are in flight\. Try again in 3 s\.$/,
    );
    expect(toResponse({ ...outcome, retryAfterMs: 0 }, context()).headers['Retry-After']).toBe('1');
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
