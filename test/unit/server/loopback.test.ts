// Real sockets: what comes back to a port of this machine.

import { createServer, request, type IncomingHttpHeaders } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import type { TakeCallback } from '../../../src/mcp/oauth/callback-place.ts';
import { createLoopback, type Loopback } from '../../../src/server/loopback.ts';
import { freePort, until } from '../../support.ts';

function place(): Loopback {
  const loopback = createLoopback(() => ({ origin: 'https://tools.example', rootPath: '/mcp' }));
  onTestFinished(() => loopback.close());
  return loopback;
}

/** Knows one state, and keeps what it was given. */
function taker(state: string): TakeCallback & { readonly taken: string[] } {
  const taken: string[] = [];
  const take: TakeCallback = async (params) => {
    if (params.get('state') !== state) return undefined;
    taken.push(params.toString());
    return { title: 'Signed in', detail: `<b>${state}</b> can be used now.`, ok: true };
  };
  return Object.assign(take, { taken });
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

function ask(port: number, path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method, headers: { host: `localhost:${port}`, ...headers } });
    sent.on('error', reject);
    sent.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        });
      });
    });
    sent.end();
  });
}

test('a browser that comes back is heard, and shown a page that runs nothing', async () => {
  const port = await freePort();
  const linear = taker('s1');
  const expected = await place().expect(port, linear);
  expect(expected?.redirectUrl).toBe(`http://localhost:${port}/callback`);
  const answer = await ask(port, '/callback?code=c&state=s1&iss=https://auth.example');
  expect(answer.status).toBe(200);
  expect(answer.body).toContain('<p>&lt;b&gt;s1&lt;/b&gt; can be used now.</p>');
  expect(answer.headers).toMatchObject({
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'content-security-policy': expect.stringMatching(
      /^default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
    ),
  });
  expect(linear.taken).toEqual(['code=c&state=s1&iss=https%3A%2F%2Fauth.example']);
});

test('servers share a port; each gets what is its own', async () => {
  const port = await freePort();
  const loopback = place();
  const [linear, github] = [taker('s1'), taker('s2')];
  const [first, second] = await Promise.all([
    loopback.expect(port, linear),
    loopback.expect(port, github, '/oauth/callback'),
  ]);
  expect(second?.redirectUrl).toBe(`http://localhost:${port}/oauth/callback`);
  expect((await ask(port, '/oauth/callback?state=s2&code=c')).status).toBe(200);
  expect([linear.taken.length, github.taken.length]).toEqual([0, 1]);
  second?.done();
  second?.done();
  expect((await ask(port, '/callback?state=s2')).status).toBe(404);
  expect((await ask(port, '/callback?state=s1')).status).toBe(200);
  first?.done();
  await until(() =>
    ask(port, '/').then(
      () => false,
      () => true,
    ),
  );
  // And again.
  expect(await loopback.expect(port, linear)).toBeDefined();
  expect((await ask(port, '/callback?state=s1')).status).toBe(200);
});

test('the end of one expectation is not the end of the next, of the same sign-in', async () => {
  const port = await freePort();
  const loopback = place();
  const linear = taker('s1');
  const first = await loopback.expect(port, linear);
  await loopback.expect(port, linear);
  first?.done();
  expect((await ask(port, '/callback?state=s1')).status).toBe(200);
});

test('nothing else is answered: not another method, not under another name, not an unknown state', async () => {
  const port = await freePort();
  const linear = taker('s1');
  await place().expect(port, linear);
  const path = '/callback?state=s1&code=c';
  const post = await ask(port, path, {}, 'POST');
  expect([post.status, post.headers['allow']]).toEqual([405, 'GET']);
  expect((await ask(port, path, {}, 'HEAD')).status).toBe(405);
  for (const host of ['evil.example', `evil.example:${port}`, 'localhost.evil.example']) {
    expect([host, (await ask(port, path, { host })).status]).toEqual([host, 403]);
  }
  expect(linear.taken).toEqual([]);
  const unknown = await ask(port, '/callback?state=%3Cscript%3E&error_description=%3Cscript%3E');
  expect(unknown.status).toBe(404);
  expect(unknown.body).not.toContain('<script>');
  expect((await ask(port, '/favicon.ico')).status).toBe(404);
  expect((await ask(port, path, { host: `127.0.0.1:${port}` })).status).toBe(200);
});

test.each(['127.0.0.1', '::1'])('a port that somebody else has on %s cannot be had', async (address) => {
  const other = createServer();
  const port = await freePort();
  const bound = await new Promise<boolean>((resolve) => {
    other.on('error', () => resolve(false));
    other.listen({ port, host: address, exclusive: true }, () => resolve(true));
  });
  onTestFinished(() => void other.close());
  const expected = await place().expect(port, taker('s1'));
  // A machine without IPv6 has nobody there either.
  expect(expected === undefined).toBe(bound);
});

test('the other place is our own route', () => {
  expect(place().own('my files')).toBe('https://tools.example/mcp/oauth/my%20files/callback');
});
