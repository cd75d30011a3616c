// GET / and GET /{server}/: JSON for programs, a page for people; GET /healthz and /readyz for probes. Always the state
// of this moment, never from a cache.

import type { Exchange } from '../exchange.ts';
import { findServer, noRoute } from '../find.ts';
import { overviewPage } from '../pages/overview.ts';
import { serverPage } from '../pages/server.ts';
import { accessOf, pageModel, sendPage, serverModel } from '../page-models.ts';
import { statusOf, toServerStatus } from '../status.ts';
import { wantsHtml } from '../../openapi/negotiate.ts';

export function overview(exchange: Exchange): void {
  const { snapshot, program } = exchange;
  const views = [...snapshot.servers.values()];
  if (wantsHtml(exchange.request.headers.accept)) {
    const servers = views.map((view) => serverModel(view, snapshot, program.startedAt));
    const model = { ...pageModel(exchange), access: accessOf(snapshot), servers, now: Date.now() };
    sendPage(exchange, overviewPage(model), { Vary: 'Accept' });
    return;
  }
  const servers = views.map((view) => [view.name, toServerStatus(statusOf(view, program.startedAt))] as const);
  const { name = 'mcpo' } = snapshot.config.settings;
  sendJson(exchange, 200, { name, version: program.version, servers: Object.fromEntries(servers) }, { Vary: 'Accept' });
}

export function serverOverview(exchange: Exchange, name: string): void {
  const { snapshot, program } = exchange;
  if (snapshot.root !== undefined) noRoute(snapshot, exchange.path);
  const view = findServer(snapshot, name);
  if (wantsHtml(exchange.request.headers.accept)) {
    const server = serverModel(view, snapshot, program.startedAt);
    const model = { ...pageModel(exchange), access: accessOf(snapshot), server, now: Date.now() };
    sendPage(exchange, serverPage(model), { Vary: 'Accept' });
    return;
  }
  const status = toServerStatus(statusOf(view, program.startedAt));
  sendJson(exchange, 200, { name: view.name, ...status }, { Vary: 'Accept' });
}

/** The process lives and answers. */
export function health(exchange: Exchange): void {
  sendJson(exchange, 200, { status: 'ok' });
}

/** Every required server had its first attempt, good or bad; a dead one must not keep the others from being used. */
export function readiness(exchange: Exchange): void {
  const { snapshot, program } = exchange;
  const enabled = [...snapshot.servers.values()].filter(({ config }) => !config.disabled);
  const servers = enabled.map((view) => {
    const { state, detail, attempted } = statusOf(view, program.startedAt);
    return [view.name, { state, attempted, required: view.config.required, detail }] as const;
  });
  const waiting = servers.some(([, { attempted, required }]) => required && !attempted);
  const status = program.isStopping() ? 'shutting-down' : waiting ? 'starting' : 'ready';
  sendJson(exchange, status === 'ready' ? 200 : 503, { status, servers: Object.fromEntries(servers) });
}

function sendJson(exchange: Exchange, status: number, body: unknown, headers: Record<string, string> = {}): void {
  exchange.send(
    status,
    { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...headers },
    JSON.stringify(body),
  );
}
