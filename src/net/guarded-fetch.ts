// Requests to addresses that an upstream, or its authorization server, names: discovery, registration, tokens. Nothing of
// them is trusted: https only (this machine excepted), addresses judged as they are connected to, redirects within the
// origin, and limits of size and time. Errors name hosts, never queries or bodies.

import { maxRedirects } from './redirect.ts';
import { createAgent, type AgentOptions } from './agent.ts';
import type { AddressGuard } from './address-guard.ts';
import { fetchOver, type Fetch } from './fetch.ts';

export interface GuardedFetchOptions {
  readonly guard: AddressGuard;
  readonly tls?: AgentOptions['tls'];
  /** Default: that of the whole exchange. */
  readonly connectTimeoutMs?: number;
  /** Of a whole exchange. Default: 10 s. */
  readonly timeoutMs?: number;
  /** Of an answer's body. Default: 1 MiB. */
  readonly maxBytes?: number;
}

export interface GuardedFetch {
  readonly fetch: Fetch;
  close(): Promise<void>;
}

/** Metadata and tokens are small, and somebody waits for them. */
const defaults = { timeoutMs: 10_000, maxBytes: 1024 * 1024 } as const;

export function guardedFetch(options: GuardedFetchOptions): GuardedFetch {
  const { timeoutMs = defaults.timeoutMs, maxBytes = defaults.maxBytes, guard, tls } = options;
  const agent = createAgent({ guard, tls, connectTimeoutMs: options.connectTimeoutMs ?? timeoutMs });
  const once = fetchOver(agent, () => {});
  const fetch: Fetch = async (input, init = {}) => {
    // What URL throws has the whole address with it.
    if (!URL.canParse(String(input))) throw new Error('what should be the address of an authorization server is none');
    const first = new URL(input);
    const signal = AbortSignal.timeout(timeoutMs);
    const given = init.signal == null ? signal : AbortSignal.any([signal, init.signal]);
    try {
      return await whole(await follow(first, { ...init, signal: given }), first, maxBytes);
    } catch (error) {
      if (!signal.aborted) throw error;
      throw new Error(`${first.host} did not answer within ${timeoutMs / 1000} s`, { cause: error });
    }
  };

  /** GET alone is sent again elsewhere: a body goes to the address that it is meant for. */
  async function follow(url: URL, init: RequestInit): Promise<Response> {
    let at = url;
    for (let followed = 0; ; followed++) {
      checkScheme(at);
      const response = await once(at, init);
      const location = response.headers.get('location');
      if (response.status < 300 || response.status >= 400 || location === null) return response;
      await response.body?.cancel();
      const to = URL.canParse(location, at.href) ? new URL(location, at) : undefined;
      if (to?.origin !== url.origin || (init.method ?? 'GET') !== 'GET') {
        throw new Error(`${url.host} redirects to ${to?.origin ?? 'no address'}, which is not followed`);
      }
      if (followed === maxRedirects) throw new Error(`${url.host} redirects more than ${maxRedirects} times`);
      at = to;
    }
  }

  return { fetch, close: () => agent.destroy() };
}

/** Throws for an address that secrets must not go to. */
function checkScheme({ protocol, hostname, host, username, password }: URL): void {
  if (username !== '' || password !== '') throw new Error(`the address of ${host} holds a user or a password`);
  if (protocol === 'https:' || (protocol === 'http:' && isLoopbackName(hostname))) return;
  throw new Error(`${protocol}//${host} is not an https address, which signing in needs (this machine excepted)`);
}

/** Names and addresses that mean this machine whoever answers for names. */
export function isLoopbackName(hostname: string): boolean {
  const host = hostname.toLowerCase();
  return host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

/** The answer with its body read, which may be no larger than this. */
async function whole(response: Response, { host }: URL, maxBytes: number): Promise<Response> {
  if (response.body === null) return response;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new Error(`the answer of ${host} is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  const { status, statusText, headers, url } = response;
  const read = new Response(Buffer.concat(chunks), { status, statusText, headers });
  Object.defineProperty(read, 'url', { value: url });
  return read;
}
