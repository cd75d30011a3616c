// fetch over an agent of ours, for the MCP client library. The fetch that comes with undici refuses some ports
// ("bad port") before it tries them, hides what happened behind "fetch failed" and costs several times a plain request.
// Offers what that library uses: text bodies, headers, a signal; redirects are always the caller's, who knows the origin.

import type { AnswerBody } from './answer-body.ts';
import type { Agent } from './agent.ts';

export type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

/** Answers with these statuses have no body (Fetch, "null body status"). */
const withoutBody = new Set([204, 205, 304]);

/** `onHeard`: something came from the server, an answer or a part of one. */
export function fetchOver(agent: Pick<Agent, 'request'>, onHeard: () => void): Fetch {
  return async (url, init = {}) => {
    const { origin, pathname, search, href } = new URL(url);
    const { body, method, signal } = init;
    const answer = await agent.request({
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
    if (empty) answer.body.letPass();
    const response = new Response(empty ? null : streamOf(answer.body, onHeard), {
      status,
      headers: toHeaders(headers),
    });
    // A relative address in the answer is meant against this one.
    Object.defineProperty(response, 'url', { value: href });
    return response;
  };
}

function streamOf(body: AnswerBody, onHeard: () => void): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const chunk = await body.next();
      if (chunk === undefined) return controller.close();
      onHeard();
      controller.enqueue(chunk);
    },
    cancel() {
      body.cutOff();
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
