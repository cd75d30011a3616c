import { expect, it } from 'vitest';
import { fixture } from '../support.ts';
import { post, startProxy, type Proxy } from './proxy.ts';

const fullResult = 'application/vnd.mcp.result+json';

async function startEcho(): Promise<Proxy> {
  const proxy = await startProxy(['--port', '0', '--', process.execPath, fixture('echo')]);
  await proxy.line((line) => line.type === 'settled');
  return proxy;
}

/** The answer as bytes, and the headers that say what they are. */
async function fetched(url: string, accept: string, args: unknown = {}) {
  const body = typeof args === 'string' ? args : JSON.stringify(args);
  const response = await fetch(url, { method: 'POST', headers: { accept, 'content-type': 'application/json' }, body });
  const bytes = Buffer.from(await response.arrayBuffer());
  const { status, headers } = response;
  return { status, bytes, text: bytes.toString(), type: headers.get('content-type'), headers };
}

it('gives bytes, text or the whole result to whoever asks for them', async () => {
  const { url } = await startEcho();

  const image = await fetched(`${url}/image`, 'image/*');
  expect(image).toMatchObject({ status: 200, type: 'image/png' });
  expect(image.bytes.subarray(1, 4).toString()).toBe('PNG');
  expect(image.headers.get('x-content-type-options')).toBe('nosniff');
  const sound = await fetched(`${url}/audio`, 'image/png, audio/*;q=0.5');
  expect(sound).toMatchObject({ status: 200, type: 'audio/wav' });
  expect(sound.bytes.subarray(0, 4).toString()).toBe('RIFF');
  const drawing = await fetched(`${url}/drawing`, 'image/svg+xml');
  expect(drawing).toMatchObject({ status: 200, type: 'image/svg+xml', text: expect.stringMatching(/^<svg/) as string });
  expect(drawing.headers.get('content-security-policy')).toContain('sandbox');
  const file = await fetched(`${url}/embedded_blob`, 'application/octet-stream');
  expect(file).toMatchObject({ status: 200, type: 'application/octet-stream', bytes: image.bytes });

  const texts = await fetched(`${url}/several`, 'text/plain');
  expect(texts).toMatchObject({ status: 200, type: 'text/plain; charset=utf-8', text: 'one\n{"two":2}' });
  const preferred = await fetched(`${url}/several`, 'text/event-stream, image/*;q=0.8, text/plain;q=0.9');
  expect(preferred.type).toBe('text/plain; charset=utf-8');
  const passed = await fetched(`${url}/say`, 'image/*, */*;q=0.1', { text: 'no image' });
  expect(passed).toMatchObject({ status: 200, type: 'application/json', text: '"no image"' });

  const whole = await fetched(`${url}/fail`, fullResult);
  expect(whole).toMatchObject({
    status: 200,
    type: fullResult,
    text: expect.stringContaining('"isError":true') as string,
  });
  const byQuery = await fetched(`${url}/fail?result=full`, 'image/*');
  expect(byQuery).toMatchObject({ status: 200, type: 'application/json', text: whole.text });
});

it('answers with JSON whoever asks for nothing else', async () => {
  const { url } = await startEcho();
  const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
  for (const accept of ['*/*', '', 'garbage', browser, 'application/json, text/plain, */*', 'text/plain, */*']) {
    const answer = await fetched(`${url}/image`, accept);
    expect([accept, answer.type]).toEqual([accept, 'application/json']);
    expect(answer.text).toMatch(/^"data:image\/png;base64,[\w+/]+=*"$/);
  }
});

it('refuses what no tool can give before the tool runs, and what this one did not give after it', async () => {
  const { url } = await startEcho();
  const callsSoFar = async (): Promise<number> => {
    const { body } = await post(`${url}/received`);
    return (body as Record<string, number>)['tools/call'] ?? 0;
  };
  const before = await callsSoFar();
  for (const accept of ['text/html', 'text/event-stream', 'application/xml', 'application/json;q=0']) {
    const refused = await post(`${url}/say`, { text: 'hi' }, { accept });
    expect(refused).toMatchObject({ status: 406, body: { code: 'not_acceptable', tool: 'say' } });
    expect(refused.body).toMatchObject({ detail: expect.stringContaining('application/json') as string });
  }
  expect(await callsSoFar(), 'only the question itself').toBe(before + 1);

  const missed = await post(`${url}/say`, { text: 'hi' }, { accept: 'image/*' });
  expect(missed).toMatchObject({ status: 406, body: { code: 'not_acceptable', data: 'hi' } });
  expect(missed.body).toMatchObject({ detail: expect.stringContaining('has run') as string });
  expect(await callsSoFar()).toBe(before + 3);
});

it('tells what went wrong as a problem, whatever is asked for', async () => {
  const { url } = await startEcho();
  for (const accept of ['image/*', 'text/plain', 'application/octet-stream']) {
    const failed = await post(`${url}/fail`, { message: 'No paint.' }, { accept });
    expect(failed).toMatchObject({ status: 422, body: { code: 'tool_error', detail: 'No paint.' } });
    expect(failed.headers.get('content-type')).toBe('application/problem+json');
  }
  const args = '{"code":-32000,"message":"No.","data":{"id":9007199254740993,"price":1.10}}';
  const told = await fetched(`${url}/rpc_error`, 'text/plain', args);
  expect(told).toMatchObject({ status: 502, type: 'application/problem+json' });
  expect(told.text).toContain('"data":{"id":9007199254740993,"price":1.10}');
});

it('loses no result because of its shape', async () => {
  const { url } = await startEcho();
  const valueOf = async (result: string) => {
    const { status, text } = await fetched(`${url}/result`, '*/*', `{"result":${result}}`);
    return status === 200 ? text : `${status}: ${text}`;
  };
  expect(await valueOf('{"content":[null,5.0,"x",{"type":"hologram","n":9007199254740993}]}')).toBe(
    '[null,5.0,"x",{"type":"hologram","n":9007199254740993}]',
  );
  expect(await valueOf('{"content":[{"type":"image"}]}')).toBe('{"type":"image"}');
  expect(await valueOf('{"content":[{"type":"resource"}]}')).toBe('{"type":"resource"}');
  expect(await valueOf('{"content":null,"structuredContent":{"n":1.0}}')).toBe('{"n":1.0}');
  expect(await valueOf('{"answer":42.0}')).toMatch(/^502: .*"code":"upstream_error".*"data":\{"answer":42\.0\}/);
});
