import { expect, test } from 'vitest';
import type { AskRequest, Outcome } from '../../../../src/mcp/types.ts';
import { fakeProgram, jsonResult, type FakeServer } from '../fakes.ts';

const exact = '{"resources":[{"uri":"note://a","size":9007199254740993}]}';
const pixel = Buffer.from([0x89, 0x50]).toString('base64');
const contents = `{"contents":[{"uri":"a","text":"one"},{"uri":"b","mimeType":"image/png","blob":"${pixel}","n":1.0}]}`;

const notes: FakeServer = {
  tools: ['add'],
  expose: ['resources'],
  resources: true,
  ask: ({ question }) => jsonResult(question.method === 'resources/read' ? contents : exact),
};

const rpcError = (code: number, message: string): Outcome => ({
  kind: 'rpc-error',
  code,
  message,
  dataText: () => '{"n":1.0}',
});

const read = '/notes/resources/read?uri=note%3A%2F%2Fa%2F%2Fb';

test.each([
  ['/notes/resources', { method: 'resources/list' }, exact],
  ['/notes/resources/', { method: 'resources/list' }, exact],
  ['/notes/resources/templates', { method: 'resources/templates/list' }, exact],
  [read, { method: 'resources/read', uri: 'note://a//b' }, contents],
])('GET %s answers with the text of the upstream', async (url, question, body) => {
  const program = fakeProgram({ notes });
  const response = await program.inject(url);
  expect(response.statusCode).toBe(200);
  expect(response.headers).toMatchObject({ 'content-type': 'application/json', 'cache-control': 'no-store' });
  expect(response.body).toBe(body);
  expect(program.upstreams.get('notes')?.asked).toMatchObject([{ question }]);
  expect(program.upstreams.get('notes')?.leases).toBe(0);
  expect(program.events).toMatchObject([{ type: 'call', server: 'notes', tool: question.method, code: 'ok' }]);
});

test('HEAD has the head of GET and no body', async () => {
  const response = await fakeProgram({ notes }).inject({ method: 'HEAD', url: '/notes/resources' });
  expect(response.statusCode).toBe(200);
  expect(response.headers['content-length']).toBe(String(exact.length));
  expect(response.body).toBe('');
});

test.each([
  ['image/*', 'image/png', Buffer.from([0x89, 0x50])],
  ['application/octet-stream', 'application/octet-stream', Buffer.from([0x89, 0x50])],
  ['text/plain', 'text/plain; charset=utf-8', Buffer.from('one')],
  ['image/gif, application/json;q=0.1', 'application/json', Buffer.from(contents)],
  ['application/vnd.mcp.result+json', 'application/vnd.mcp.result+json', Buffer.from(contents)],
  ['*/*', 'application/json', Buffer.from(contents)],
])('a resource read with Accept %s is %s', async (accept, type, bytes) => {
  const response = await fakeProgram({ notes }).inject({ url: read, headers: { accept } });
  expect(response.statusCode).toBe(200);
  expect(response.headers['content-type']).toBe(type);
  expect(response.headers['vary']).toContain('Accept');
  expect(response.rawPayload).toEqual(bytes);
});

test('a type that no resource can have is refused before the upstream is asked; one that this has not, after', async () => {
  const program = fakeProgram({ notes });
  const never = await program.inject({ url: read, headers: { accept: 'video/mp4' } });
  expect(never.json()).toMatchObject({ status: 406, code: 'not_acceptable', server: 'notes' });
  expect(program.upstreams.get('notes')?.asked).toEqual([]);
  const missing = await program.inject({ url: read, headers: { accept: 'audio/*' } });
  expect(missing.json()).toMatchObject({ status: 406, detail: expect.stringContaining('text, image/png') });
});

test.each(['/notes/resources/read', '/notes/resources/read?uri=', '/notes/resources/read?uri=a&uri=b'])(
  '%s is 400: one uri is needed',
  async (url) => {
    const program = fakeProgram({ notes });
    const response = await program.inject(url);
    expect(response.json()).toMatchObject({ status: 400, code: 'malformed_request', server: 'notes' });
    expect(response.json().detail).toContain('?uri=');
    expect(program.upstreams.get('notes')?.asked).toEqual([]);
  },
);

test.each<[string, Outcome, number, string, string]>([
  ['no such resource', rpcError(-32_002, 'Resource not found'), 404, 'not_found', 'note://a//b'],
  ['as newer revisions say it', rpcError(-32_602, 'gone'), 404, 'not_found', 'gone.'],
  ['another error', rpcError(-32_000, 'No way'), 502, 'upstream_error', 'No way'],
  ['no such method', rpcError(-32_601, 'Method not found'), 501, 'not_supported', 'Method not found'],
  [
    'no connection',
    { kind: 'unavailable', detail: 'refused', retryAfterMs: 1_500 },
    502,
    'upstream_unavailable',
    '2 s',
  ],
  [
    'too many',
    { kind: 'overloaded', detail: 'full', retryAfterMs: 2_500 },
    503,
    'overloaded',
    'full. Try again in 3 s',
  ],
  ['a loss', { kind: 'unknown', detail: 'it died' }, 502, 'upstream_unavailable', 'it died.'],
  ['garbage', { kind: 'unusable', detail: 'HTTP 500' }, 502, 'upstream_error', 'HTTP 500.'],
  [
    'silence',
    { kind: 'timeout', afterMs: 1_234 },
    504,
    'timeout',
    'within 1.2 s and was cancelled: ask for less, or raise --call-timeout',
  ],
  ['no contents', jsonResult('{"content":[]}'), 502, 'upstream_error', '"contents"'],
])('%s is a problem document', async (_name, outcome, status, code, part) => {
  const program = fakeProgram({ notes: { ...notes, ask: () => outcome } });
  const response = await program.inject(read);
  expect(response.headers['content-type']).toBe('application/problem+json');
  expect(response.json()).toMatchObject({ status, code, server: 'notes', detail: expect.stringContaining(part) });
  expect(response.body.includes('"data":{"n":1.0}')).toBe(outcome.kind === 'rpc-error');
  expect(program.upstreams.get('notes')?.leases).toBe(0);
  expect(program.events).toMatchObject([{ type: 'call', code }]);
});

test('what is not exposed, or not offered, is 501 and says why', async () => {
  const { expose: _, ...hidden } = notes;
  const program = fakeProgram({ hidden, none: { ...notes, resources: false }, new: { expose: [] } });
  for (const path of ['', '/templates', '/read?uri=a']) {
    const response = await program.inject(`/hidden/resources${path}`);
    expect(response.json()).toMatchObject({ status: 501, code: 'not_supported', server: 'hidden' });
    expect(response.json().detail).toBe(
      'The resources of the server "hidden" are not exposed: add "resources" to "expose" in its configuration.',
    );
    const none = await program.inject(`/none/resources${path}`);
    expect(none.json()).toMatchObject({ status: 501, detail: 'The server "none" offers no resources.' });
  }
  expect((await program.inject('/new/resources')).statusCode).toBe(501);
  expect(program.upstreams.get('hidden')?.asked).toEqual([]);
});

test('a server of which nothing is known yet is 503, after a failed attempt 502', async () => {
  const { tools: _, ...unknown } = notes;
  const down = { ...unknown, status: { attempted: true, detail: 'command not found: uvx' } };
  const program = fakeProgram({ unknown, down });
  expect((await program.inject('/unknown/resources')).json()).toMatchObject({ status: 503, code: 'starting' });
  const response = await program.inject('/down/resources');
  expect(response.json()).toMatchObject({ status: 502, code: 'upstream_unavailable', server: 'down' });
  expect(response.json().detail).toContain('command not found: uvx');
});

test.each([
  ['/nots/resources', 'unknown_server'],
  ['/off/resources', 'unknown_server'],
  ['/docs/resources', 'not_found'],
  ['/notes/resources/other', 'not_found'],
  ['/notes/resources/read/more', 'not_found'],
])('GET %s is 404 %s', async (url, code) => {
  const response = await fakeProgram({ notes, off: { disabled: true } }).inject(url);
  expect(response.json()).toMatchObject({ status: 404, code });
});

test('the key is needed as for calls', async () => {
  const program = fakeProgram({ notes }, { settings: { apiKey: 'k' } });
  const refused = await program.inject('/notes/resources');
  expect(refused.statusCode).toBe(401);
  expect(refused.headers['www-authenticate']).toBeDefined();
  expect(program.upstreams.get('notes')?.asked).toEqual([]);
  const response = await program.inject({ url: '/notes/resources', headers: { authorization: 'Bearer k' } });
  expect(response.statusCode).toBe(200);
});

test('other methods are 405, unless a tool is meant', async () => {
  const program = fakeProgram({ notes });
  for (const path of ['resources', 'resources/read', 'resources/templates', 'prompts']) {
    const response = await program.inject({ method: 'POST', url: `/notes/${path}` });
    expect([path, response.statusCode, response.headers['allow']]).toEqual([path, 405, 'GET, HEAD']);
  }
});

test('a single server has none of it', async () => {
  const program = fakeProgram({ notes }, { mode: 'single' });
  for (const url of ['/notes/resources', '/resources', '/resources/read?uri=a', '/notes/prompts', '/prompts/x']) {
    expect([url, (await program.inject(url)).statusCode]).toEqual([url, 404]);
  }
});

test('the time of the server, else of all, is the time of a request', async () => {
  const times: number[] = [];
  const ask = ({ deadlineAt }: AskRequest) => {
    times.push(deadlineAt - Date.now());
    return jsonResult('{}');
  };
  const slow: FakeServer = { ...notes, ask, timeoutMs: 600_000 };
  const program = fakeProgram({ slow, usual: { ...notes, ask } }, { settings: { callTimeoutMs: 120_000 } });
  await program.inject('/slow/resources');
  await program.inject('/usual/resources');
  expect(times.map((ms) => Math.round(ms / 60_000))).toEqual([10, 2]);
});

test('while the proxy stops, nothing new begins, and what was cut is told so', async () => {
  const program = fakeProgram({
    notes: {
      ...notes,
      ask: () => {
        program.stop();
        return { kind: 'cancelled' };
      },
    },
  });
  expect((await program.inject(read)).json()).toMatchObject({ status: 503, code: 'shutting_down', server: 'notes' });
  expect((await program.inject(read)).json()).toMatchObject({ status: 503, code: 'shutting_down' });
  expect(program.upstreams.get('notes')?.asked).toHaveLength(1);
});
