import { expect, test } from 'vitest';
import type { Outcome } from '../../../../src/mcp/types.ts';
import { fakeProgram, textResult } from '../fakes.ts';

const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

/** The answer of a tool that gives this outcome to a caller that accepts this. */
function answerTo(accept: string, outcome: Outcome) {
  const program = fakeProgram({ paint: { tools: ['draw'], call: () => outcome } });
  return program.inject({ method: 'POST', url: '/paint/draw', headers: { accept } });
}

function resultOf(...content: readonly unknown[]): Outcome {
  const value = { content };
  return { kind: 'result', value, text: () => JSON.stringify(value) };
}

test('an image is sent as its bytes where it is asked for', async () => {
  const data = pixel.replace(/.{20}/g, '$&\r\n');
  const response = await answerTo('image/*', resultOf({ type: 'image', mimeType: 'image/png; a=b', data }));
  expect(response.statusCode).toBe(200);
  expect(response.headers['content-type']).toBe('image/png');
  expect(response.headers['x-content-type-options']).toBe('nosniff');
  expect(response.headers).not.toHaveProperty('content-security-policy');
  const bytes = Buffer.from(pixel, 'base64');
  expect(response.headers['content-length']).toBe(String(bytes.length));
  expect(response.rawPayload.equals(bytes)).toBe(true);
});

test('large bytes arrive whole', async () => {
  const bytes = Buffer.alloc(5_000_000, 'mcpo');
  const file = { uri: 'x:y', mimeType: 'application/zip', blob: bytes.toString('base64') };
  const response = await answerTo('application/octet-stream', resultOf({ type: 'resource', resource: file }));
  expect(response.headers['content-type']).toBe('application/octet-stream');
  expect(response.rawPayload.equals(bytes)).toBe(true);
});

test('what may hold a script is sandboxed', async () => {
  const data = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>').toString(
    'base64',
  );
  const response = await answerTo('image/*', resultOf({ type: 'image', mimeType: 'image/svg+xml', data }));
  expect(response.headers['content-type']).toBe('image/svg+xml');
  expect(response.headers['content-security-policy']).toBe("sandbox; default-src 'none'");
});

test('texts are sent as UTF-8', async () => {
  const response = await answerTo('text/plain', textResult('größer 😀'));
  expect(response.headers['content-type']).toBe('text/plain; charset=utf-8');
  expect(response.headers['x-content-type-options']).toBe('nosniff');
  expect(response.rawPayload.toString('utf8')).toBe('größer 😀');
});

test('a browser gets JSON, and so does whoever takes anything', async () => {
  for (const accept of ['text/html,application/xhtml+xml,*/*;q=0.8', '*/*', 'application/json, text/plain, */*']) {
    const response = await answerTo(accept, textResult('hi'));
    expect([accept, response.headers['content-type'], response.body]).toEqual([accept, 'application/json', '"hi"']);
  }
});

test('a result without what is asked for is 406, in the log too', async () => {
  const program = fakeProgram({ paint: { tools: ['draw'], call: () => textResult('no paint') } });
  const response = await program.inject({ method: 'POST', url: '/paint/draw', headers: { accept: 'image/*' } });
  expect(response.statusCode).toBe(406);
  expect(response.headers['content-type']).toBe('application/problem+json');
  expect(response.json()).toMatchObject({ code: 'not_acceptable', data: 'no paint', server: 'paint', tool: 'draw' });
  expect(program.events).toMatchObject([{ type: 'call', code: 'not_acceptable' }]);
});

test('what no result can be is refused before the tool is called', async () => {
  const program = fakeProgram({ paint: { tools: ['draw'] } });
  for (const accept of ['text/html', 'text/event-stream', 'application/json;q=0']) {
    const response = await program.inject({ method: 'POST', url: '/paint/draw', headers: { accept } });
    expect([accept, response.statusCode]).toEqual([accept, 406]);
    expect(response.json()).toMatchObject({ code: 'not_acceptable', server: 'paint', tool: 'draw' });
  }
  expect(program.upstreams.get('paint')).toMatchObject({ calls: [], leases: 0 });
});

test('the data of an RPC error keeps its numbers', async () => {
  const dataText = () => '{"id":9007199254740993}';
  const response = await answerTo('image/*', { kind: 'rpc-error', code: -32_000, message: 'No.', dataText });
  expect(response.statusCode).toBe(502);
  expect(response.body).toContain('"data":{"id":9007199254740993}');
});
