// All pages of a list, one request after the other, as the texts of its items: nobody downstream sees a cursor, and numbers
// keep their spelling. Bounded, because a server may never come to the end of its list.

import { elements, memberSpan } from '../json/scan.ts';
import { isObject } from '../json/value.ts';
import type { Connection } from './connection.ts';
import type { Reply, RequestOptions } from './transports/transport.ts';
import type { ListMethod } from './types.ts';

/** A list that never ends is cut here. */
const maxPages = 1_000;

/** All items together: well below the longest string there is, into which a caller's answer has to fit. */
const maxListChars = 128 * 1024 * 1024;

/** Where each list stands in its result. */
export const listMembers: Readonly<Record<ListMethod, string>> = {
  'tools/list': 'tools',
  'prompts/list': 'prompts',
  'resources/list': 'resources',
  'resources/templates/list': 'resourceTemplates',
};

export type Listed = { readonly kind: 'items'; readonly items: readonly string[] } | Exclude<Reply, { kind: 'result' }>;

const methodNotFound = -32_601;

/** The items' own texts, or what came instead of a page. A server that does not know the method has no items. */
export async function listPages(connection: Connection, method: ListMethod, options: RequestOptions): Promise<Listed> {
  const items: string[] = [];
  const seen = new Set<string>();
  let chars = 0;
  let cursor: string | undefined;
  for (let count = 0; count < maxPages; count++) {
    const reply = await connection.ask({ method }, options, cursor);
    if (reply.kind === 'rpc-error' && reply.code === methodNotFound) break;
    if (reply.kind !== 'result') return reply;
    const page = isObject(reply.value) ? reply.value : {};
    if (!Array.isArray(page[listMembers[method]])) return { kind: 'unusable', detail: 'the server sent no list' };
    const text = reply.text();
    chars += text.length;
    if (chars > maxListChars) return { kind: 'unusable', detail: `the list is longer than ${maxListChars} characters` };
    for (const { start, end } of elements(text, memberSpan(text, [listMembers[method]])?.start ?? 0)) {
      items.push(text.slice(start, end));
    }
    const { nextCursor } = page;
    if (typeof nextCursor !== 'string' || nextCursor === '' || seen.has(nextCursor)) break;
    seen.add(nextCursor);
    cursor = nextCursor;
  }
  return { kind: 'items', items };
}
