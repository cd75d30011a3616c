import { once } from 'node:events';
import { createServer } from 'node:http';
import { Agent, get } from 'node:https';
import { createServer as createNetServer, type AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { CallRequest, Outcome } from '../../../src/mcp/types.ts';
import { ListenError } from '../../../src/server/listen.ts';
import { accessRules } from '../../../src/server/access/rules.ts';
import { answerUnreadable } from '../../../src/server/unreadable.ts';
import { fakeProgram, textResult, type FakeOptions, type FakeProgram, type FakeServer } from './fakes.ts';
import { openConnection, type RawConnection } from './raw-connection.ts';
import { cert, key } from './tls-pair.ts';

const running: FakeProgram[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map(({ http }) => http.close(0)));
});

async function listening(options: FakeOptions = {}, time: FakeServer = {}): Promise<FakeProgram> {
  const program = fakeProgram({ time: { tools: ['get'], ...time } }, options);
  running.push(program);
  await program.http.listen();
  return program;
}

async function connected(program: FakeProgram): Promise<RawConnection> {
  return openConnection(program.http.url);
}

const call = 'POST /time/get HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n';

function problemOf({ body }: { body: string }): unknown {
  return JSON.parse(body);
}

test('without a key it listens to this machine only, and says so', async () => {
  const { http, events } = await listening();
  expect(http.url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
  expect(events).toEqual([
    {
      type: 'listening',
      url: http.url,
      bind: expect.stringMatching(/^Listening on 127\.0\.0\.1:\d+ only, because no --api-key/),
      origins: expect.stringContaining('Only web pages of this machine'),
      guarded: false,
      servers: ['time'],
    },
  ]);
});

test('with a key it listens to all interfaces', async () => {
  const { http, events } = await listening({ settings: { apiKey: 'k' } });
  expect(http.url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
  expect(events).toMatchObject([
    { type: 'listening', guarded: true, bind: expect.stringContaining('all interfaces'), servers: ['time'] },
  ]);
  expect((await fetch(`${http.url}/healthz`)).status).toBe(200);
});

test('an open proxy on all interfaces is warned about', async () => {
  const { events } = await listening({ settings: { host: '0.0.0.0' } });
  expect(events).toMatchObject([
    { type: 'listening', bind: expect.stringContaining('--host') },
    { type: 'warning', message: expect.stringContaining('--api-key') },
  ]);
});

test('localhost is the address that every program finds', async () => {
  const { http } = await listening({ settings: { host: 'localhost' } });
  expect(http.url).toMatch(/^http:\/\/localhost:/);
  expect((await fetch(http.url.replace('localhost', '127.0.0.1'))).status).toBe(200);
});

test('a port in use is one sentence that names it and the option', async () => {
  const taken = createServer();
  await once(taken.listen(0, '127.0.0.1'), 'listening');
  const { port } = taken.address() as AddressInfo;
  const failed = fakeProgram({}, { settings: { port } }).http.listen();
  await expect(failed).rejects.toThrow(ListenError);
  await expect(failed).rejects.toThrow(
    `Port ${port} on 127.0.0.1 is already in use: stop what uses it, or choose another with --port.`,
  );
  taken.close();
});

test('an address of another machine is one sentence that names --host', async () => {
  const failed = fakeProgram({}, { settings: { host: '192.0.2.1' } }).http.listen();
  await expect(failed).rejects.toThrow('192.0.2.1 is no address of this machine: choose another with --host.');
});

test('with a certificate it speaks HTTPS', async () => {
  const program = await listening({ settings: { tls: { certFile: 'c.pem', keyFile: 'k.pem', cert, key } } });
  expect(program.http.url).toMatch(/^https:/);
  const [response] = (await once(get(`${program.http.url}/openapi.json`, { ca: cert }), 'response')) as [
    AsyncIterable<Buffer>,
  ];
  let body = '';
  for await (const chunk of response) body += chunk.toString();
  expect(JSON.parse(body)).toMatchObject({ servers: [{ url: program.http.url }] });
});

test('close ends idle connections under TLS too', async () => {
  const program = await listening({ settings: { tls: { certFile: 'c.pem', keyFile: 'k.pem', cert, key } } });
  const agent = new Agent({ keepAlive: true, ca: cert });
  const [response] = await once(get(`${program.http.url}/healthz`, { agent }), 'response');
  await once(response.resume(), 'end');
  const [socket] = Object.values(agent.freeSockets).flat();
  expect(socket?.destroyed).toBe(false);
  await program.http.close(60_000);
  await expect.poll(() => socket?.destroyed).toBe(true);
  agent.destroy();
});

const foreign = 'Origin: https://chat.example\r\n';

test.each([
  ['garbage', 'hello\r\n\r\n', 400, 'malformed_request'],
  ['an unknown method', 'FROB / HTTP/1.1\r\nHost: localhost\r\n\r\n', 405, 'method_not_allowed'],
  ['CONNECT', 'CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n', 405, 'method_not_allowed'],
  ['a bad header', 'GET / HTTP/1.1\r\nHost: localhost\r\nb@d header\r\n\r\n', 400, 'malformed_request'],
  [
    'two lengths',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
    400,
    'malformed_request',
  ],
  ['200 KB of headers', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(200_000)}\r\n\r\n`, 431, 'headers_too_large'],
  ['a URL of 200 KB', `GET /${'x'.repeat(200_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 414, 'uri_too_long'],
  ['a URL of 9 KB', `GET /${'x'.repeat(9_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 414, 'uri_too_long'],
  ['20 KB of headers', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'headers_too_large'],
  ['3,000 small headers', `GET / HTTP/1.1\r\nHost: a\r\n${'a:\r\n'.repeat(5_000)}\r\n`, 431, 'headers_too_large'],
  ['no host', 'GET / HTTP/1.1\r\n\r\n', 400, 'malformed_request'],
  ['two hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHOST: b\r\n\r\n', 400, 'malformed_request'],
  [
    'two Authorization headers',
    'GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer k\r\nauthorization: Bearer x\r\n\r\n',
    400,
    'malformed_request',
  ],
])('%s is answered with a problem document', async (_name, request, status, code) => {
  const program = await listening({ settings: { apiKey: 'k' } });
  const connection = await connected(program);
  connection.send(request);
  const answer = await connection.answer();
  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  expect(problemOf(answer)).toMatchObject({ code, status, instance: answer.headers.get('x-request-id') });
  expect((await fetch(program.http.url)).status).toBe(200);
});

test('an unreadable request of an allowed page says so too', async () => {
  const program = await listening({ settings: { corsAllowOrigins: ['https://chat.example'] } });
  const connection = await connected(program);
  connection.send(`GET / HTTP/1.1\r\n${foreign}b@d header\r\n\r\n`);
  const { headers } = await connection.answer();
  expect(headers.get('access-control-allow-origin')).toBe('https://chat.example');
  expect(headers.get('connection')).toBe('close');
  await connection.ended();
});

test('an empty Host is no loopback name', async () => {
  const connection = await connected(await listening());
  connection.send('GET / HTTP/1.1\r\nHost:\r\n\r\n');
  expect((await connection.answer()).status).toBe(403);
});

test('after a refused request the connection goes on', async () => {
  const connection = await connected(await listening());
  const refused = [
    'POST /time/get HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n{',
    'POST /time/nope HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}',
    'PUT /time/get HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello',
    `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
  ];
  for (const [index, request] of refused.entries()) {
    connection.send(request);
    expect((await connection.answer()).status).toBe([400, 404, 405, 431][index]);
  }
  connection.send(call);
  expect(await connection.answer()).toMatchObject({ status: 200, body: '"ok"' });
});

const tooMuch = 1024 * 1024 + 1;

test('a body that says it is too large is refused before it comes, and the connection goes on after it', async () => {
  const program = await listening();
  const connection = await connected(program);
  connection.send(`POST /time/get HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${tooMuch}\r\n\r\n`);
  const answer = await connection.answer();
  expect(answer.status).toBe(413);
  expect(problemOf(answer)).toMatchObject({ code: 'payload_too_large', detail: expect.stringContaining('--max-body') });
  connection.send(Buffer.alloc(tooMuch, 'x'));
  connection.send(call);
  expect((await connection.answer()).status).toBe(200);
});

test('a chunked body is counted as it comes', async () => {
  const program = await listening();
  const connection = await connected(program);
  connection.send('POST /time/get HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n');
  connection.send(`${tooMuch.toString(16)}\r\n${'x'.repeat(tooMuch)}\r\n`);
  expect((await connection.answer()).status).toBe(413);
  connection.send('0\r\n\r\n');
  connection.send(call);
  expect((await connection.answer()).status).toBe(200);
  expect(program.upstreams.get('time')?.calls).toHaveLength(1);
});

test('a body in many pieces arrives whole', async () => {
  const program = await listening();
  const connection = await connected(program);
  connection.send('POST /time/get HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n');
  const [start, end] = [Buffer.from('{"a":"\u00e9').subarray(0, -1), Buffer.from('{"a":"\u00e9"}').subarray(7)];
  connection.send(Buffer.concat([Buffer.from(`${start.length}\r\n`), start, Buffer.from('\r\n')]));
  connection.send(Buffer.concat([Buffer.from(`${end.length}\r\n`), end, Buffer.from('\r\n0\r\n\r\n')]));
  expect((await connection.answer()).status).toBe(200);
  expect(program.upstreams.get('time')?.calls[0]?.argumentsText).toBe('{"a":"\u00e9"}');
});

test('a caller that waits for 100 Continue gets it once the request is found good', async () => {
  const connection = await connected(await listening());
  connection.send('POST /time/get HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n');
  await once(connection.socket, 'data');
  connection.send('{}');
  expect((await connection.answer()).status).toBe(200);
});

test('and is not asked for a body that would be refused', async () => {
  const connection = await connected(await listening());
  let received = '';
  connection.socket.on('data', (chunk) => (received += chunk.toString()));
  connection.send(
    `POST /time/get HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: ${tooMuch}\r\n\r\n`,
  );
  const answer = await connection.answer();
  expect(answer.status).toBe(413);
  expect(answer.headers.get('connection')).toBe('close');
  expect(received).not.toContain('100 Continue');
  await connection.ended();
});

test('other expectations are none of ours', async () => {
  const connection = await connected(await listening());
  connection.send('GET /healthz HTTP/1.1\r\nHost: localhost\r\nExpect: magic\r\n\r\n');
  expect((await connection.answer()).status).toBe(200);
});

test('pipelined requests are answered in their order', async () => {
  const connection = await connected(await listening());
  connection.send(`${call}GET /nope HTTP/1.1\r\nHost: localhost\r\n\r\n${call}`);
  expect((await connection.answer()).status).toBe(200);
  expect((await connection.answer()).status).toBe(404);
  expect((await connection.answer()).status).toBe(200);
});

test('HTTP/1.0 is answered, and its connection ends', async () => {
  const connection = await connected(await listening());
  connection.send('GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n');
  expect((await connection.answer()).status).toBe(200);
  await connection.ended();
});

test('garbage behind a good request does not cost its answer', async () => {
  const pending = deferredCall();
  const connection = await connected(await listening({}, { call: pending.call }));
  connection.send(call);
  await pending.begun;
  connection.send('garbage\r\n\r\n');
  connection.send('more garbage\r\n\r\n');
  pending.finish();
  const answer = await connection.answer();
  expect(answer.status).toBe(200);
  await connection.ended();
});

test('a caller that goes away cancels its call', async () => {
  const pending = deferredCall();
  const program = await listening({}, { call: pending.call });
  const connection = await connected(program);
  connection.send(call);
  const { signal } = await pending.begun;
  expect(signal.aborted).toBe(false);
  const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  connection.socket.destroy();
  await aborted;
  pending.finish({ kind: 'cancelled' });
  await expect.poll(() => program.upstreams.get('time')?.leases).toBe(0);
  expect(program.events.at(-1)).toMatchObject({ type: 'call', code: 'client_closed_request' });
});

test('a caller that goes away while sending costs nothing', async () => {
  const program = await listening();
  const connection = await connected(program);
  connection.send('POST /time/get HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{');
  await expect.poll(() => program.upstreams.get('time')?.leases).toBe(1);
  connection.socket.destroy();
  await expect.poll(() => program.upstreams.get('time')?.leases).toBe(0);
  expect(program.upstreams.get('time')?.calls).toEqual([]);
  expect(program.events.at(-1)).toMatchObject({ type: 'call', code: 'client_closed_request' });
});

test('a caller that comes before anything has begun and goes away costs nothing', async () => {
  let begin = (): void => {};
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const program = await listening({ begun });
  await program.http.loaded();
  const connection = await connected(program);
  connection.send('POST /time/get HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}');
  // The other side has ended the connection, too.
  await once(connection.socket.end(), 'close');
  begin();
  await expect.poll(() => program.events.at(-1)).toMatchObject({ type: 'call', code: 'client_closed_request' });
  expect(program.upstreams.get('time')).toMatchObject({ leases: 0, calls: [] });
});

test('a call that is over leaves nothing to abort', async () => {
  const program = await listening();
  const connection = await connected(program);
  connection.send(call);
  await connection.answer();
  expect(program.upstreams.get('time')?.calls[0]?.signal.aborted).toBe(false);
});

const probe = 'GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n';

test('close ends idle connections at once where none is busy', async () => {
  const program = await listening();
  const [silent, idle] = await Promise.all([connected(program), connected(program)]);
  idle.send(probe);
  await idle.answer();
  const closed = program.http.close(60_000);
  await Promise.all([silent.ended(), idle.ended(), closed]);
});

test('close ends busy connections after their answer, idle ones with the last of these, and answers until then', async () => {
  const pending = deferredCall();
  const program = await listening({}, { call: pending.call });
  const [silent, idle, busy] = await Promise.all([connected(program), connected(program), connected(program)]);
  idle.send(probe);
  await idle.answer();
  busy.send(call);
  await pending.begun;

  const closed = program.http.close(60_000);
  await expect(openConnection(program.http.url)).rejects.toThrow('ECONNREFUSED');
  idle.send(probe);
  expect(await idle.answer()).toMatchObject({ status: 503 });
  await idle.ended();
  pending.finish();
  const answer = await busy.answer();
  expect(answer).toMatchObject({ status: 200, body: '"ok"' });
  expect(answer.headers.get('connection')).toBe('close');
  await Promise.all([silent.ended(), busy.ended(), closed]);
  await program.http.close(60_000);
});

test('close does not cut a large answer that is on its way', async () => {
  const size = 10 * 1024 * 1024;
  const program = await listening({}, { call: () => textResult('x'.repeat(size)) });
  const connection = await connected(program);
  connection.socket.pause();
  connection.send(call);
  await expect.poll(() => program.events.at(-1)?.type).toBe('call');
  const closed = program.http.close(60_000);
  connection.socket.resume();
  expect((await connection.answer()).body).toHaveLength(size + 2);
  await connection.ended();
  await closed;
});

test('at the deadline, close cuts what is left', async () => {
  const pending = deferredCall();
  const program = await listening({}, { call: pending.call });
  const connection = await connected(program);
  connection.send(call);
  const { signal } = await pending.begun;
  await program.http.close(20);
  await connection.ended();
  await expect.poll(() => signal.aborted).toBe(true);
  pending.finish({ kind: 'cancelled' });
});

test('close works where listening failed', async () => {
  const program = fakeProgram({}, { settings: { host: '192.0.2.1' } });
  await expect(program.http.listen()).rejects.toThrow(ListenError);
  await program.http.close(60_000);
});

test('a request that does not arrive in time is answered 408', async () => {
  const { settings } = fakeProgram({}).snapshot().config;
  const { origins } = accessRules(settings, { address: '127.0.0.1', port: 1, scheme: 'http' });
  const error = Object.assign(new Error('timeout'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
  const server = createNetServer((socket) => answerUnreadable(socket, undefined, origins, error));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const connection = await openConnection(`http://127.0.0.1:${port}`);
  const answer = await connection.answer();
  expect(answer.status).toBe(408);
  expect(problemOf(answer)).toMatchObject({ code: 'request_timeout' });
  await connection.ended();
  server.close();
});

/** A call that the test lets finish; `begun` resolves with what it was asked. */
function deferredCall() {
  let begin: (request: CallRequest) => void = () => {};
  let finish: (outcome: Outcome) => void = () => {};
  const begun = new Promise<CallRequest>((resolve) => (begin = resolve));
  const outcome = new Promise<Outcome>((resolve) => (finish = resolve));
  return {
    begun,
    finish: (given: Outcome = textResult('ok')) => finish(given),
    call: (request: CallRequest) => {
      begin(request);
      return outcome;
    },
  };
}
