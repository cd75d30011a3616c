import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { expect, it } from 'vitest';
import { fixture, startRemote, until } from '../support.ts';
import { post, startProxy, type Proxy } from './proxy.ts';

const mib = 1_048_576;

async function startEcho(...options: readonly string[]): Promise<Proxy> {
  const proxy = await startProxy(['--port', '0', ...options, '--', process.execPath, fixture('echo')]);
  await proxy.line((line) => line.type === 'settled');
  return proxy;
}

interface Received {
  readonly status: number;
  readonly length: string | null;
  readonly bytes: Buffer;
}

async function received(url: string, args: unknown, accept = 'application/json'): Promise<Received> {
  const headers = { accept, 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(args) });
  const bytes = Buffer.from(await response.arrayBuffer());
  return { status: response.status, length: response.headers.get('content-length'), bytes };
}

/** As many bytes, and no two places alike. */
function numbered(bytes: number, line: (index: number) => string): string {
  const lines: string[] = [];
  let length = 0;
  for (let index = 0; length < bytes; index++) {
    const next = line(index);
    lines.push(next);
    length += Buffer.byteLength(next);
  }
  return lines.join('');
}

it('gives back long texts, every byte as it was', async () => {
  const { url } = await startEcho();
  const texts = [
    numbered(10 * mib, (index) => `line ${index} `),
    numbered(5 * mib, (index) => `"${index}"\\\n\t`),
    numbered(5 * mib, (index) => `строка ${index} `),
    numbered(3 * mib, (index) => `${'x'.repeat(index % 3)}😀`),
    `{${numbered(2 * mib, (index) => `text ${index} `)}}`,
  ];
  for (const text of texts) {
    const { status, length, bytes } = await received(`${url}/say`, { text });
    expect(status).toBe(200);
    expect(length).toBe(String(bytes.length));
    expect(JSON.parse(bytes.toString()) === text).toBe(true);
  }
});

it('gives back long JSON as JSON, with its numbers as they were written', async () => {
  const { url } = await startEcho();
  for (const size of [3 * mib, 6 * mib]) {
    const text = `[${numbered(size, (index) => `{"id":90071992547409${index},"имя":"1.0"},`)}1.0]`;
    const { status, bytes } = await received(`${url}/say`, { text });
    expect(status).toBe(200);
    expect(bytes.equals(Buffer.from(text))).toBe(true);
  }
});

it('gives long pictures as data URIs and as bytes', async () => {
  const { url } = await startEcho();
  for (const size of [1 * mib, 4 * mib, 4 * mib + 1, 4 * mib + 2]) {
    const picture = Buffer.from(Uint8Array.from({ length: size }, (_, index) => (index * 7) % 251));
    const data = picture.toString('base64');
    const result = { content: [{ type: 'image', mimeType: 'image/png', data }] };
    const asBytes = await received(`${url}/result`, { result }, 'image/*');
    expect(asBytes).toMatchObject({ status: 200, length: String(size) });
    expect(asBytes.bytes.equals(picture)).toBe(true);
    const asUri = await received(`${url}/result`, { result });
    expect(asUri.bytes.toString() === `"data:image/png;base64,${data}"`).toBe(true);
  }
});

it('keeps the order of several long items', async () => {
  const { url } = await startEcho();
  const texts = Array.from({ length: 5 }, (_, item) => numbered(mib, (index) => `"${item}" ${index} `));
  const content = [
    ...texts.map((text) => ({ type: 'text', text })),
    { type: 'resource', resource: { uri: 'x:y', text: texts[0] } },
  ];
  const { status, bytes } = await received(`${url}/result`, { result: { content } });
  expect(status).toBe(200);
  const values = JSON.parse(bytes.toString()) as string[];
  expect(values.map((value, item) => value === (texts[item] ?? texts[0]))).toEqual(Array(6).fill(true));
});

/** The head of an answer whose body waits to be read. */
function unread(url: string, args: unknown): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    request(url, { method: 'POST', headers }, resolve).on('error', reject).end(JSON.stringify(args));
  });
}

it('answers others while somebody does not read', async () => {
  const { url } = await startEcho();
  const text = numbered(20 * mib, (index) => `line ${index} `);
  const slow = await unread(`${url}/say`, { text });
  for (let call = 0; call < 20; call++) {
    expect(await post(`${url}/add`, { a: call, b: 1 })).toMatchObject({ status: 200, body: call + 1 });
  }
  const chunks: Buffer[] = [];
  for await (const chunk of slow) chunks.push(chunk as Buffer);
  expect(JSON.parse(Buffer.concat(chunks).toString()) === text).toBe(true);
});

it('goes on when somebody leaves in the middle of a long answer', async () => {
  const { url } = await startEcho();
  const leaving = await unread(`${url}/say`, { text: numbered(20 * mib, (index) => `line ${index} `) });
  leaving.on('error', () => {});
  leaving.destroy();
  expect(await post(`${url}/add`, { a: 1, b: 1 })).toMatchObject({ status: 200, body: 2 });
});

it('gives back the long answer of a server that exits right after it', async () => {
  const { url, line } = await startProxy(['--port', '0', '--', process.execPath, fixture('exits-after-its-answer')]);
  await line((each) => each.type === 'settled');
  for (let call = 1; call <= 5; call++) {
    const { status, bytes } = await received(`${url}/long`, {});
    expect([status, bytes.length]).toEqual([200, 6_000_002]);
    // The next call is for the next process: one that is just ending may still be sent it, and loses it.
    await until(async () => {
      const { servers } = (await (await fetch(url, { headers: { accept: 'application/json' } })).json()) as Overview;
      return Object.values(servers).every(({ restarts, state }) => restarts === call && state === 'ready');
    });
  }
});

interface Overview {
  readonly servers: Readonly<Record<string, { readonly restarts: number; readonly state: string }>>;
}

it.each([
  ['streamable-http', 'http-echo', 'json'],
  ['streamable-http', 'http-echo', 'sse'],
  ['sse', 'sse-echo', ''],
])('gives back long texts of a remote server, over %s (%s %s)', async (type, server, mode) => {
  const upstream = await startRemote(server, { MODE: mode });
  const { url, line } = await startProxy(['--port', '0', '--server-type', type, '--', upstream.url]);
  await line((each) => each.type === 'settled');
  for (const text of [numbered(6 * mib, (index) => `line ${index} `), numbered(5 * mib, (index) => `"${index}"\n`)]) {
    const { status, bytes } = await received(`${url}/say`, { text });
    expect(status).toBe(200);
    expect(JSON.parse(bytes.toString()) === text).toBe(true);
  }
});

/** Beside arguments: makes a body long. */
const padding = 'x'.repeat(5 * mib);

it.each([
  ['that fit', '{"a":1,"b":2'],
  ['that nearly fit', '{"a":"1","b":2'],
  ['that do not fit', '{"a":"one","b":2'],
  ['that are twice there', '{"a":1,"a":1,"b":2'],
  ['that are no JSON', '{"a":1,,"b":2'],
])('judges long arguments like short ones: those %s', async (_, beginning) => {
  const { url } = await startEcho();
  const answerTo = async (pad: string): Promise<unknown> => {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${url}/add`, { method: 'POST', headers, body: `${beginning},"pad":"${pad}"}` });
    const { instance: _id, ...members } = Object(await response.json()) as Record<string, unknown>;
    return { status: response.status, members };
  };
  expect(await answerTo(padding)).toEqual(await answerTo(''));
});

it('refuses a long body that is no UTF-8', async () => {
  const { url } = await startEcho();
  const body = Buffer.concat([Buffer.from(`{"text":"${padding}`), Buffer.from([0xff]), Buffer.from('"}')]);
  const response = await fetch(`${url}/say`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ code: 'malformed_request', tool: 'say' });
});

it('answers a long error of a tool like a short one', async () => {
  const { url } = await startEcho();
  const result = { isError: true, content: [{ type: 'text', text: `This went wrong. ${padding}` }] };
  const { status, body } = await post(`${url}/result`, { result });
  expect([status, body]).toMatchObject([422, { code: 'tool_error', server: 'echo.mjs', tool: 'result' }]);
  expect((body as { detail: string }).detail).toMatch(/^This went wrong\. x{3000}/);
});

it('answers others while a long body is read', async () => {
  const { url } = await startEcho();
  const list = Array.from({ length: 600_000 }, (_, id) => ({ id, tags: ['a', 'b'] }));
  const body = JSON.stringify({ text: 'long', list });
  // The thread that reads it has begun.
  await post(`${url}/say`, { text: 'long', padding });
  const progress = { isRead: false };
  const headers = { 'content-type': 'application/json' };
  const long = fetch(`${url}/say`, { method: 'POST', headers, body }).then((response) => {
    progress.isRead = true;
    return response.json();
  });
  let others = 0;
  while (!progress.isRead) {
    expect(await post(`${url}/add`, { a: others, b: 1 })).toMatchObject({ status: 200, body: others + 1 });
    others++;
  }
  expect(await long).toBe('long');
  // Read where the others are, it would let some five of them pass.
  expect(others).toBeGreaterThan(20);
});

it('refuses what is over the limits, that call alone', async () => {
  const { url } = await startEcho('--max-body', '2MiB', '--max-result', '1MiB');
  const tooLarge = await post(`${url}/say`, { text: 'x'.repeat(2 * mib) });
  expect(tooLarge).toMatchObject({ status: 413, body: { code: 'payload_too_large' } });
  const tooLong = await post(`${url}/say`, { text: 'x'.repeat(1.5 * mib) });
  expect(tooLong).toMatchObject({ status: 502, body: { code: 'upstream_error' } });
  expect(JSON.stringify(tooLong.body)).toContain('--max-result');
  const small = await post(`${url}/say`, { text: 'small' });
  expect(small).toMatchObject({ status: 200, body: 'small' });
});
