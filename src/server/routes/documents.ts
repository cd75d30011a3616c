// GET /openapi.json and .yaml, for all servers and for each: served from memory, whether or not the upstreams are up.
// Where servers offer each user something else, it is the caller's own. A caller that has the current bytes gets
// 304. The query says in which form it is wanted, Accept-Encoding in which coding.

import type { DocumentFormat } from '../../openapi/document.ts';
import { readForm } from '../../openapi/form.ts';
import type { ServerView } from '../../snapshot.ts';
import { documentView, type Documents } from '../documents.ts';
import { chooseCoding } from '../compression.ts';
import type { Exchange } from '../exchange.ts';
import { isPersonal, personalHeaders, personalView } from '../personal.ts';

const contentTypes: Readonly<Record<DocumentFormat, string>> = {
  json: 'application/json',
  yaml: 'application/yaml',
};

export async function sendDocument(
  exchange: Exchange,
  documents: Documents,
  /** undefined: the document of all servers, or of the only one. */
  server: ServerView | undefined,
  format: DocumentFormat,
): Promise<void> {
  const described = server === undefined ? [...exchange.snapshot.servers.values()] : [server];
  const isPersonalised = described.some(isPersonal);
  const snapshot = isPersonalised ? await personalView(exchange, described) : exchange.snapshot;
  const view = server === undefined ? documentView(snapshot) : { server: snapshot.servers.get(server.name), snapshot };
  const { origin, rootPath } = exchange.mount();
  const baseUrl = `${origin}${rootPath}${exchange.snapshot.config.settings.pathPrefix}`;
  const form = readForm(exchange.query);
  const accepted = chooseCoding(exchange.request.headers['accept-encoding']?.toString());
  const { body, etag, coding } = await documents.find({ view, form, format, baseUrl, coding: accepted });
  const { Vary: personal, ...others } = isPersonalised ? personalHeaders : { Vary: undefined };
  const headers = {
    ETag: etag,
    'Cache-Control': 'no-cache',
    ...others,
    Vary: personal === undefined ? 'Accept-Encoding' : `${personal}, Accept-Encoding`,
  };
  if (isCurrent(exchange.request.headers['if-none-match'], etag)) exchange.send(304, headers);
  else {
    const encoding = coding === undefined ? {} : { 'Content-Encoding': coding };
    exchange.send(200, { ...headers, ...encoding, 'Content-Type': contentTypes[format] }, body);
  }
}

/** Weak comparison of a list (RFC 9110, section 13.1.2). */
export function isCurrent(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(',').some((candidate) => {
    const tag = candidate.trim();
    return tag === '*' || tag === etag || tag === `W/${etag}`;
  });
}
