// What both HTTP transports share: a POST of text that stays with its server, a GET that opens a stream there, and what an
// answer says of itself. Knows nothing of sessions and ids.

import { isObject } from '../../json/value.ts';
import type { AgentOptions } from '../../net/agent.ts';
import type { Answer } from '../../net/exchange.ts';
import { maxRedirects, redirectWithin } from '../../net/redirect.ts';
import type { Authorizer } from '../oauth/authorizer.ts';
import type { CancelSignal } from '../types.ts';
import type { Sender } from './authorizing.ts';

export interface RemoteOptions extends AgentOptions {
  readonly headers: Readonly<Record<string, string>>;
  /** Of a server that users sign in to. */
  readonly authorizer?: Authorizer | undefined;
  /** Largest single message from the server. */
  readonly maxMessageBytes: number;
}

export type Message = { readonly [key: string]: unknown };

/** How much of a refusal is shown. */
const excerptChars = 200;

export interface SendOptions {
  /** `plainCoding` among them: bodies are read as they come. */
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: CancelSignal;
}

/** The answer, and the address that gave it: redirects within the origin are followed. */
export interface Answered {
  readonly response: Answer;
  readonly url: URL;
}

export function postText(agent: Sender, url: URL, options: SendOptions & { readonly body: string }): Promise<Answered> {
  return send(agent, url, { method: 'POST', ...options });
}

export function openStream(agent: Sender, url: URL, options: SendOptions): Promise<Answered> {
  return send(agent, url, { method: 'GET', body: null, ...options });
}

async function send(
  agent: Sender,
  url: URL,
  options: SendOptions & { readonly method: 'GET' | 'POST'; readonly body: string | null },
): Promise<Answered> {
  const { method, headers, body, signal } = options;
  let at = url;
  for (let followed = 0; ; followed++) {
    const { origin, pathname, search } = at;
    const response = await agent.request({ origin, path: pathname + search, method, headers, body, signal });
    const next = redirectWithin(at, response.statusCode, response.headers['location']);
    if (next === undefined || followed === maxRedirects) return { response, url: at };
    response.body.letPass();
    at = next;
  }
}

export function isEventStream({ statusCode, headers }: Answer): boolean {
  const type = String(headers['content-type'] ?? '').toLowerCase();
  return statusCode === 200 && type.startsWith('text/event-stream');
}

export function parseMessage(text: string): Message | undefined {
  const value = tryParse(text);
  return isMessage(value) ? value : undefined;
}

export function isMessage(value: unknown): value is Message {
  return isObject(value);
}

/** undefined for text that is no JSON. */
export function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Of a gateway whose server is down, or went down with the request: whether that was delivered is not known. */
export function saysOutOfReach(status: number): boolean {
  return status === 502 || status === 503 || status === 504;
}

/** A page is for browsers, and says no more than its status. */
export function excerpt(text: string): string {
  const flat = text.replace(/\s+/g, ' ').trim();
  if (flat === '' || flat.startsWith('<')) return '';
  return `: ${flat.length > excerptChars ? `${flat.slice(0, excerptChars)}...` : flat}`;
}
