// Where a browser of this machine comes back to after a sign-in (RFC 8252, section 7.3): a port of the loopback address
// that is open only while somebody is expected. Several sign-ins can share one; each is asked whether what came is its.
// Answers GET alone, from this machine by a loopback name alone, and knows nothing of what it hands on.

import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { CallbackPage, CallbackPlace, TakeCallback } from '../mcp/oauth/callback-place.ts';
import { isLoopbackHost, parseHostPort } from './access/host.ts';
import type { Mount } from './access/proxies.ts';
import { Html, html } from './pages/html.ts';
import { oauthPath } from './sign-in.ts';

export interface Loopback extends CallbackPlace {
  /** Expects nobody any more. */
  close(): void;
}

/** `ownMount`: where the proxy's own routes lie for somebody on this machine, or under the public address. */
export function createLoopback(ownMount: () => Mount): Loopback {
  const ports = new Map<number, OpenPort>();
  return {
    async expect(port, take, path = '/callback') {
      const open = ports.get(port) ?? new OpenPort(port, () => ports.delete(port));
      ports.set(port, open);
      const expectation: Expectation = { take };
      if (!(await open.add(expectation))) return undefined;
      return { redirectUrl: `http://localhost:${port}${path}`, done: () => open.remove(expectation) };
    },
    own(server) {
      const { origin, rootPath } = ownMount();
      return `${origin}${oauthPath(rootPath, server, 'callback')}`;
    },
    close() {
      for (const open of ports.values()) open.close();
    },
  };
}

/** One expectation; the same function may be expected twice. */
interface Expectation {
  readonly take: TakeCallback;
}

/** Both that `localhost` can mean. */
const addresses = ['127.0.0.1', '::1'] as const;

class OpenPort {
  readonly #expected = new Set<Expectation>();
  readonly #servers: Server[];
  readonly #listening: Promise<boolean>;
  readonly #onClosed: () => void;
  #isClosed = false;

  constructor(port: number, onClosed: () => void) {
    this.#onClosed = onClosed;
    this.#servers = addresses.map(() =>
      createServer(serverLimits, (request, response) => void this.#answer(request, response)),
    );
    this.#listening = Promise.all(
      this.#servers.map((server, index) => listen(server, port, addresses[index] ?? '')),
    ).then((outcomes) => {
      // A port that somebody else has on either address would get some of our browsers.
      const isOurs = outcomes.includes('listening') && !outcomes.includes('refused');
      if (!isOurs) this.close();
      return isOurs && !this.#isClosed;
    });
  }

  /** False: the port cannot be had. */
  async add(expectation: Expectation): Promise<boolean> {
    this.#expected.add(expectation);
    return this.#listening;
  }

  remove(expectation: Expectation): void {
    this.#expected.delete(expectation);
    if (this.#expected.size === 0) this.close();
  }

  /** Answers that are under way go out. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#onClosed();
    for (const server of this.#servers) server.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const host = parseHostPort(request.headers.host)?.host;
    if (host === undefined || !isLoopbackHost(host)) return send(response, 403, unknownPage);
    if (request.method !== 'GET') return send(response, 405, unknownPage);
    const params = paramsOf(request.url ?? '');
    for (const { take } of this.#expected) {
      const page = await take(params);
      if (page !== undefined) return send(response, page.ok ? 200 : 400, page);
    }
    send(response, 404, unknownPage);
  }
}

/** A browser sends one short request; whoever sends more or slower is none. */
const serverLimits = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 5_000,
} as const;

/** `absent`: this machine does not have that address at all. */
function listen(server: Server, port: number, host: string): Promise<'listening' | 'refused' | 'absent'> {
  return new Promise((resolve) => {
    server.on('error', (error: NodeJS.ErrnoException) => {
      const isAbsent = error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT';
      resolve(isAbsent ? 'absent' : 'refused');
    });
    server.listen({ port, host, exclusive: true }, () => resolve('listening'));
  });
}

function paramsOf(url: string): URLSearchParams {
  const start = url.indexOf('?');
  return new URLSearchParams(start < 0 ? '' : url.slice(start));
}

const unknownPage: CallbackPage = {
  title: 'No sign-in waits here',
  detail: 'It is over already, or took too long: begin it again where you came from.',
  ok: false,
};

/** Its own, for this port has no other files. */
const style =
  'body{max-width:40rem;margin:4rem auto;padding:0 1.25rem;font:1.125rem/1.55 system-ui,sans-serif;color-scheme:light dark;overflow-wrap:anywhere}';

const contentSecurityPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Nothing may come between the tags and the text: the policy has its digest. */
const styleElement = new Html(`<style>${style}</style>`);

function send(response: ServerResponse, status: number, { title, detail }: CallbackPage): void {
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · mcpo</title>
        ${styleElement}
      </head>
      <body>
        <h1>${title}</h1>
        <p>${detail}</p>
      </body>
    </html> `.toString();
  response.writeHead(status, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': contentSecurityPolicy,
    'Cache-Control': 'no-store',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
    ...(status === 405 && { Allow: 'GET' }),
    Connection: 'close',
  });
  response.end(page);
}
