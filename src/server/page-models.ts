// From a Snapshot and the upstreams' status to what the pages show, and the headers that every page goes out with.
// The HTML itself is made in pages/.

import { encodeSegment } from '../openapi/names.ts';
import type { Snapshot, ServerView } from '../snapshot.ts';
import type { Exchange } from './exchange.ts';
import type { Access, PageModel, ServerModel } from './pages/model.ts';
import { toToolModel } from './pages/tool.ts';
import { statusOf } from './status.ts';

/** Nothing from elsewhere, nothing inline: whatever text an upstream smuggles in, no script of it runs. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export function pageModel(exchange: Exchange): PageModel {
  const { settings } = exchange.snapshot.config;
  const { origin, rootPath } = exchange.mount();
  const { pathPrefix } = settings;
  return {
    title: settings.name ?? 'mcpo',
    version: exchange.program.version,
    rootPath,
    pathPrefix,
    baseUrl: `${origin}${rootPath}${pathPrefix}`,
  };
}

export function serverModel(view: ServerView, snapshot: Snapshot, startedAt: number): ServerModel {
  const { state, detail, since, restarts, inFlight, queued, sessions, nextRetryAt } = statusOf(view, startedAt);
  return {
    name: view.name,
    path: serverPath(view, snapshot),
    state,
    detail,
    since,
    restarts,
    inFlight,
    queued,
    sessions,
    nextRetryAt,
    tools: view.operations?.list.map(toToolModel),
  };
}

/** '' for the server at the root, else '/name'. */
export function serverPath(view: ServerView, snapshot: Snapshot): string {
  return view === snapshot.root ? '' : `/${encodeSegment(view.name)}`;
}

export function accessOf({ config }: Snapshot): Access {
  if (config.settings.apiKey === undefined) return 'open';
  return config.settings.strictAuth ? 'key-everywhere' : 'key';
}

export function sendPage(exchange: Exchange, html: string, headers: Readonly<Record<string, string>> = {}): void {
  exchange.send(
    200,
    {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': contentSecurityPolicy,
      'Referrer-Policy': 'no-referrer',
      'Cache-Control': 'no-store',
      ...headers,
    },
    html,
  );
}
