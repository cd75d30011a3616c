// GET /openapi.json and .yaml, for all servers and for each: served from memory, whether or not the upstreams are up.
// A caller that has the current bytes gets 304. The query says in which form it is wanted.

import type { DocumentFormat, DocumentView } from '../../openapi/document.ts';
import { readForm } from '../../openapi/form.ts';
import type { Documents } from '../documents.ts';
import type { Exchange } from '../exchange.ts';

const contentTypes: Readonly<Record<DocumentFormat, string>> = {
  json: 'application/json',
  yaml: 'application/yaml',
};

export async function sendDocument(
  exchange: Exchange,
  documents: Documents,
  view: DocumentView,
  format: DocumentFormat,
): Promise<void> {
  const { origin, rootPath } = exchange.mount();
  const baseUrl = `${origin}${rootPath}${exchange.snapshot.config.settings.pathPrefix}`;
  const form = readForm(exchange.query);
  const { body, etag } = await documents.find(view, form, format, baseUrl);
  const headers = { ETag: etag, 'Cache-Control': 'no-cache' };
  if (isCurrent(exchange.request.headers['if-none-match'], etag)) exchange.send(304, headers);
  else exchange.send(200, { ...headers, 'Content-Type': contentTypes[format] }, body);
}

/** Weak comparison of a list (RFC 9110, section 13.1.2). */
export function isCurrent(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(',').some((candidate) => {
    const tag = candidate.trim();
    return tag === '*' || tag === etag || tag === `W/${etag}`;
  });
}
