// GET /docs and GET /{server}/docs: Swagger UI on the document of the same place, where users sign in for themselves to
// those who did; /redoc, which people know from FastAPI, leads there. GET /assets/...: the files of the pages, from a
// fixed list, read once.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { AppError } from '../../errors.ts';
import { wantsHtml } from '../../openapi/negotiate.ts';
import type { ServerView } from '../../snapshot.ts';
import type { Exchange } from '../exchange.ts';
import { pageModel, sendPage, sendToSignIn, serverPath } from '../page-models.ts';
import { assets, type Asset } from '../pages/assets.ts';
import { docsPage } from '../pages/docs.ts';
import { isPersonal, personalHeaders, personalView } from '../personal.ts';
import { seenBy } from '../status.ts';
import { isCurrent } from './documents.ts';

/** `view` is undefined for the document of all servers. */
export async function docs(exchange: Exchange, view: ServerView | undefined): Promise<void> {
  const headers: Record<string, string> = {};
  let described = view === undefined ? [...exchange.snapshot.servers.values()] : [view];
  if (view !== undefined && isPersonal(view)) {
    const isBrowser = wantsHtml(exchange.request.headers.accept);
    if (isBrowser && sendToSignIn(exchange, view, await seenBy(exchange, view), '/docs')) return;
    described = [(await personalView(exchange, [view])).servers.get(view.name) ?? view];
    headers['Vary'] = `Accept, ${personalHeaders.Vary}`;
  }
  const page = docsPage({
    ...pageModel(exchange),
    serverName: view?.name,
    path: view === undefined ? '' : serverPath(view, exchange.snapshot),
    tools: described.reduce((sum, { operations }) => sum + (operations?.list.length ?? 0), 0),
  });
  sendPage(exchange, page, { headers });
}

/** 307: the method stays what it was. */
export function redoc(exchange: Exchange, view: ServerView | undefined): void {
  const { rootPath, pathPrefix } = pageModel(exchange);
  const path = view === undefined ? '' : serverPath(view, exchange.snapshot);
  exchange.send(307, { Location: `${rootPath}${pathPrefix}${path}/docs` }, '');
}

interface LoadedAsset {
  readonly bytes: Buffer;
  readonly etag: string;
}

const loaded = new Map<string, Promise<LoadedAsset>>();

/** Pages ask with their version in the query: the bytes behind such an address never change. */
export async function asset(exchange: Exchange, name: string): Promise<void> {
  const known = assets.get(name);
  if (known === undefined) throw new AppError('not_found', 'The pages have no such file.');
  let pending = loaded.get(name);
  if (pending === undefined) {
    pending = load(known);
    loaded.set(name, pending);
    pending.catch(() => loaded.delete(name));
  }
  const { bytes, etag } = await pending;
  const versioned = exchange.query['v'] === exchange.program.version;
  const headers = {
    ETag: etag,
    'Cache-Control': versioned ? 'public, max-age=31536000, immutable' : 'no-cache',
  };
  if (isCurrent(exchange.request.headers['if-none-match'], etag)) exchange.send(304, headers);
  else exchange.send(200, { ...headers, 'Content-Type': known.contentType }, [bytes]);
}

async function load({ file }: Asset): Promise<LoadedAsset> {
  const bytes = await readFile(file);
  return { bytes, etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"` };
}
