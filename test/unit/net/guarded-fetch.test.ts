import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createAddressGuard, ForbiddenAddress } from '../../../src/net/address-guard.ts';
import type { Fetch } from '../../../src/net/fetch.ts';
import { guardedFetch, isLoopbackName, type GuardedFetchOptions } from '../../../src/net/guarded-fetch.ts';
import { until } from '../../support.ts';
import { answering } from './names.ts';

const secret = 'refresh_token_of_alice';

describe('what is sent', () => {
  it('is text or a form, and asks for no compression', async () => {
    const { url, received } = await start((_, response) => response.end('{"ok":true}'));
    const fetch = fetchOf(url);
    const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: secret });
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'accept-encoding': 'gzip' };
    const answer = await fetch(new URL(url), { method: 'POST', headers, body: form });
    expect(await answer.json()).toEqual({ ok: true });
    await fetch(url, { method: 'POST', body: '{"redirect_uris":[]}' });
    expect(received.map(({ body }) => body)).toEqual([form.toString(), '{"redirect_uris":[]}']);
    expect(received[0]?.request.headers).toMatchObject({
      'content-type': 'application/x-www-form-urlencoded',
      'accept-encoding': 'identity',
    });
  });

  it('comes back as it is: status, headers, address, and compressed where nobody asked for it', async () => {
    const body = gzipSync('{"ok":true}');
    const { url } = await start((_, response) => {
      response.writeHead(400, { 'content-encoding': 'gzip', 'www-authenticate': 'Bearer' }).end(body);
    });
    const answer = await fetchOf(url)(`${url}?a=b`);
    expect(answer).toMatchObject({ status: 400, url: `${url}?a=b` });
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(body);
  });

  it('may have no answer to read', async () => {
    const { url } = await start((_, response) => response.writeHead(204).end());
    const answer = await fetchOf(url)(url);
    expect([answer.status, await answer.text()]).toEqual([204, '']);
  });
});

describe('where it is sent', () => {
  it.each([
    ['http://auth.example/token', /^http:\/\/auth\.example is not an https address/],
    ['http://10.0.0.1/token', /^http:\/\/10\.0\.0\.1 is not an https address/],
    ['http://localhost.example/token', /is not an https address/],
    ['http://127.0.0.1.example/token', /is not an https address/],
    ['http://[::ffff:127.0.0.1]/token', /is not an https address/],
    ['ftp://auth.example/token', /^ftp:\/\/auth\.example is not an https address/],
    ['file:///etc/passwd', /is not an https address/],
    ['data:application/json,{}', /is not an https address/],
    ['https://alice:password@auth.example/token', /^the address of auth\.example holds a user or a password$/],
    ['http://127.0.0.1@auth.example/token', /^the address of auth\.example holds a user or a password$/],
    ['auth.example', /^what should be the address of an authorization server is none$/],
  ])('is not %s', async (address, sentence) => {
    const { lookup, asked } = answering({});
    const fetch = fetchOf('http://127.0.0.1/', {}, lookup);
    const error = await errorOf(fetch(`${address}?code=${secret}`));
    expect(error.message).toMatch(sentence);
    expect(everythingOf(error)).not.toContain(secret);
    expect(asked).toEqual([]);
  });

  it('is no address that the guard forbids', async () => {
    const { port, received } = await start((_, response) => response.end());
    const fetch = fetchOf('https://notes.example/', {}, answering({ 'notes.example': ['8.8.8.8'] }).lookup);
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow(ForbiddenAddress);
    await expect(fetch(`https://127.0.0.1:${port}/`)).rejects.toThrow(ForbiddenAddress);
    await expect(fetch('https://169.254.169.254/latest/meta-data')).rejects.toThrow(ForbiddenAddress);
    expect(received).toEqual([]);
  });

  it('may be this machine without TLS', () => {
    const here = ['localhost', 'LOCALHOST', 'notes.localhost', '127.0.0.1', '127.9.9.9', '[::1]'];
    const elsewhere = [
      'localhost.example',
      'notlocalhost',
      '127.0.0.1.example',
      '128.0.0.1',
      '[::2]',
      '',
      '1.127.0.0.1',
    ];
    expect(here.filter((name) => !isLoopbackName(name))).toEqual([]);
    expect(elsewhere.filter(isLoopbackName)).toEqual([]);
  });
});

describe('a redirect', () => {
  it.each([301, 302, 303, 307, 308])('of a GET, %i, is followed within the origin', async (status) => {
    const { url, received } = await start((request, response) => {
      if (request.url === '/moved') response.end('there');
      else response.writeHead(status, { location: '/moved' }).end('here');
    });
    for (const redirect of ['follow', 'manual'] as const) {
      const answer = await fetchOf(url)(url, { redirect, headers: { 'mcp-protocol-version': '2025-11-25' } });
      expect([answer.status, answer.url, await answer.text()]).toEqual([200, new URL('/moved', url).href, 'there']);
    }
    expect(received.map(({ request }) => request.headers['mcp-protocol-version'])).toEqual(Array(4).fill('2025-11-25'));
  });

  it.each([301, 302, 303, 307, 308])(
    'of a POST, %i, is not followed, and what was posted is not told',
    async (status) => {
      const { url, received } = await start((_, response) => {
        response.writeHead(status, { location: '/moved' }).end();
      });
      const body = new URLSearchParams({ refresh_token: secret });
      for (const redirect of ['follow', 'manual'] as const) {
        const error = await errorOf(fetchOf(url)(`${url}?a=${secret}`, { method: 'POST', body, redirect }));
        expect(error.message).toMatch(
          /^127\.0\.0\.1:\d+ redirects to http:\/\/127\.0\.0\.1:\d+, which is not followed$/,
        );
        expect(everythingOf(error)).not.toContain(secret);
      }
      expect(received).toHaveLength(2);
    },
  );

  it.each([
    [(port: number) => `http://localhost:${port}/`, 'redirects to http://localhost'],
    [(port: number) => `https://127.0.0.1:${port}/`, 'redirects to https://127.0.0.1'],
    [(port: number) => `//127.0.0.1:${port + 1}/`, 'redirects to http://127.0.0.1'],
    [() => 'http://169.254.169.254/latest/meta-data', 'redirects to http://169.254.169.254'],
    [() => 'http://10.0.0.1/', 'redirects to http://10.0.0.1'],
    [() => 'file:///etc/passwd', 'redirects to null'],
    [() => 'http://[', 'redirects to no address'],
    [(port: number) => `http://alice:secret@127.0.0.1:${port}/moved`, 'holds a user or a password'],
  ])('elsewhere is not followed: %#', async (locationOf, sentence) => {
    const { url, port, received } = await start((_, response) => {
      response.writeHead(302, { location: locationOf(port) }).end();
    });
    const { lookup, asked } = answering({});
    await expect(fetchOf(url, {}, lookup)(url)).rejects.toThrow(sentence);
    expect(received).toHaveLength(1);
    expect(asked).toEqual([]);
  });

  it('to itself comes to an end', async () => {
    const { url, received } = await start((request, response) => {
      response.writeHead(302, { location: request.url ?? '' }).end();
    });
    await expect(fetchOf(url)(url)).rejects.toThrow(/redirects more than 5 times$/);
    expect(received).toHaveLength(6);
  });

  it('without an address is an answer', async () => {
    const { url } = await start((_, response) => response.writeHead(300).end());
    expect((await fetchOf(url)(url)).status).toBe(300);
  });
});

describe('limits', () => {
  it('cut a body that is too large, and let one pass that is not', async () => {
    const { url, received } = await start((request, response) => {
      response.end('x'.repeat(request.url === '/fits' ? 1_000 : 1_001));
    });
    const fetch = fetchOf(url, { maxBytes: 1_000 });
    expect(await (await fetch(new URL('/fits', url))).text()).toHaveLength(1_000);
    await expect(fetch(url)).rejects.toThrow(/^the answer of 127\.0\.0\.1:\d+ is larger than 1000 bytes$/);
    expect(received).toHaveLength(2);
  });

  it('cut a body that does not end, and its connection', async () => {
    const { url, received } = await start((_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write('{"never":"ending"}'.repeat(100)));
      };
      response.on('drain', more);
      more();
    });
    await expect(fetchOf(url)(url)).rejects.toThrow(/is larger than 1048576 bytes$/);
    await until(() => received[0]?.request.destroyed);
  });

  it.each([
    ['says nothing', () => {}],
    ['begins and says no more', (response: ServerResponse) => response.writeHead(200).flushHeaders()],
    ['redirects and says no more', (response: ServerResponse) => response.writeHead(302).flushHeaders()],
  ])('cut a server that %s', async (_, answer) => {
    const { url, received } = await start((_request, response) => answer(response));
    const error = await errorOf(fetchOf(url, { timeoutMs: 100 })(`${url}?code=${secret}`));
    expect(error.message).toMatch(/^127\.0\.0\.1:\d+ did not answer within 0\.1 s$/);
    expect(error.cause).toMatchObject({ name: 'TimeoutError' });
    expect(everythingOf(error)).not.toContain(secret);
    await until(() => received[0]?.request.destroyed);
  });

  it('count for the whole of a chain of redirects', async () => {
    const { url } = await start((request, response) => {
      if (request.url === '/auth') response.writeHead(302, { location: '/moved' }).end();
    });
    await expect(fetchOf(url, { timeoutMs: 100 })(url)).rejects.toThrow(/did not answer within 0\.1 s$/);
  });

  it("are beside the caller's own", async () => {
    const { url } = await start(() => {});
    const controller = new AbortController();
    const asked = fetchOf(url)(url, { signal: controller.signal });
    controller.abort(new Error('nobody waits'));
    await expect(asked).rejects.toThrow('nobody waits');
  });

  it('leave a server that closes without a word', async () => {
    const { url } = await start((request) => request.socket.destroy());
    const error = await errorOf(fetchOf(url)(`${url}?code=${secret}`, { method: 'POST', body: secret }));
    expect(everythingOf(error)).not.toContain(secret);
  });
});

it('ends its connections when it is closed', async () => {
  const { url, received } = await start(() => {});
  const network = guardedFetch({ guard: createAddressGuard(url) });
  const asked = errorOf(network.fetch(url));
  await until(() => received[0]);
  await network.close();
  expect(await asked).toBeInstanceOf(Error);
  await until(() => received[0]?.request.destroyed);
});

function fetchOf(
  upstreamUrl: string,
  options: Omit<GuardedFetchOptions, 'guard'> = {},
  lookup?: ReturnType<typeof answering>['lookup'],
): Fetch {
  const network = guardedFetch({ guard: createAddressGuard(upstreamUrl, lookup), ...options });
  onTestFinished(() => network.close());
  return network.fetch;
}

async function errorOf(promise: Promise<unknown>): Promise<Error> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Error)) throw new Error('it did not fail');
  return error;
}

/** What a log could say of it. */
function everythingOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = Object.getOwnPropertyNames(error).map((name) =>
    String((error as unknown as Record<string, unknown>)[name]),
  );
  return [...own, everythingOf(error.cause)].join('\n');
}

interface Received {
  readonly request: IncomingMessage;
  readonly body: string;
}

/** Its address, with the path `/auth`. */
async function start(
  answer: (request: IncomingMessage, response: ServerResponse) => unknown,
): Promise<{ readonly url: string; readonly port: number; readonly received: Received[] }> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      received.push({ request, body });
      answer(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/auth`, port, received };
}
