// fetch over a dispatcher of ours, for the MCP client library. The fetch that comes with undici refuses some ports
// ("bad port") before it tries them, hides what happened behind "fetch failed" and costs several times a plain request.
// Offers what that library uses: text bodies, headers, a signal; redirects are always the caller's, who knows the origin.

import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';

export type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

/** Answers with these statuses have no body (Fetch, "null body status"). */
const withoutBody = new Set([204, 205, 304]);

/** `onHeard`: something came from the server, an answer or a part of one. */
export function fetchOver(dispatcher: Pick<Dispatcher, 'request'>, onHeard: () => void): Fetch {
  return async (url, init = {}) => {
    const { origin, pathname, search, href } = new URL(url);
    const { body, method, signal } = init;
    const answer = await dispatcher.request({
      origin,
      path: pathname + search,
      method: method ?? 'GET',
      headers: { ...Object.fromEntries(new Headers(init.headers)), ...plainCoding },
      body: textOf(body),
      ...(signal && { signal }),
    });
    onHeard();
    const { statusCode: status, headers } = answer;
    const empty = withoutBody.has(status);
    if (empty) await answer.body.dump();
    // The types of the streams of Node and of the platform differ in name only.
    const stream = empty ? null : (Readable.toWeb(answer.body) as unknown as ReadableStream<Uint8Array>);
    const watched = stream?.pipeThrough(watchedBy(onHeard)) ?? null;
    const response = new Response(watched, { status, headers: toHeaders(headers) });
    // A relative address in the answer is meant against this one.
    Object.defineProperty(response, 'url', { value: href });
    return response;
  };
}

function watchedBy(onHeard: () => void): TransformStream<Uint8Array, Uint8Array> {
  return new TransformStream({
    transform: (chunk, controller) => {
      onHeard();
      controller.enqueue(chunk);
    },
  });
}

/** Without it any compression is allowed (RFC 9110, section 12.5.3), and nothing here undoes one. */
export const plainCoding = { 'accept-encoding': 'identity' } as const;

function textOf(body: RequestInit['body']): string | null {
  if (body === undefined || body === null) return null;
  if (typeof body === 'string') return body;
  if (body instanceof URLSearchParams) return body.toString();
  throw new TypeError('only text bodies are sent');
}

function toHeaders(received: Readonly<Record<string, string | string[] | undefined>>): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(received)) {
    for (const each of Array.isArray(value) ? value : [value]) if (each !== undefined) headers.append(name, each);
  }
  return headers;
}
