// GET / and GET /{server}/: JSON for programs, a page for people; GET /healthz and /readyz for probes. Always the state
// of this moment, never from a cache.

import type { LastReload } from '../../events.ts';
import type { Exchange, Surroundings } from '../exchange.ts';
import { findServer, noRoute } from '../find.ts';
import { overviewPage } from '../pages/overview.ts';
import { serverPage } from '../pages/server.ts';
import { accessOf, pageModel, sendPage, serverModel } from '../page-models.ts';
import { statusOf, toReloadStatus, toServerStatus } from '../status.ts';
import { wantsHtml } from '../../openapi/negotiate.ts';

export function overview(exchange: Exchange): void {
  const { snapshot, program } = exchange;
  const views = [...snapshot.servers.values()];
  if (wantsHtml(exchange.request.headers.accept)) {
    const servers = views.map((view) => serverModel(view, snapshot, program.startedAt));
    const model = { ...pageModel(exchange), access: accessOf(snapshot), servers, now: Date.now() };
    sendPage(exchange, overviewPage({ ...model, refusedReload: refusedReload(program) }), { Vary: 'Accept' });
    return;
  }
  const servers = views.map((view) => [view.name, toServerStatus(statusOf(view, program.startedAt))] as const);
  const { name = 'mcpo' } = snapshot.config.settings;
  const { version, lastReload } = program;
  sendJson(
    exchange,
    200,
    { name, version, lastReload: toReloadStatus(lastReload()), servers: Object.fromEntries(servers) },
    { Vary: 'Accept' },
  );
}

/** What is in force is not what the file says, until a later reload succeeds. */
function refusedReload({ lastReload }: Surroundings): LastReload | undefined {
  const last = lastReload();
  return last?.outcome === 'refused' ? last : undefined;
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

/** Programs that were ready once: a server that a reload adds must not take them out of service. */
const wereReady = new WeakSet<Surroundings>();

/** Every required server had its first attempt, good or bad; a dead one must not keep the others from being used. */
export function readiness(exchange: Exchange): void {
  const { snapshot, program } = exchange;
  const enabled = [...snapshot.servers.values()].filter(({ config }) => !config.disabled);
  const servers = enabled.map((view) => {
    const { state, detail, attempted } = statusOf(view, program.startedAt);
    return { name: view.name, state, attempted, required: view.config.required, detail };
  });
  const waiting = servers.filter(({ attempted, required }) => required && !attempted);
  if (waiting.length === 0) wereReady.add(program);
  const byName = Object.fromEntries(servers.map(({ name, ...status }) => [name, status]));
  if (program.isStopping()) {
    sendJson(exchange, 503, { status: 'shutting-down', reason: 'The program is shutting down.', servers: byName });
  } else if (!wereReady.has(program)) {
    const reason = `These servers have yet to end their first attempt: ${waiting.map(({ name }) => name).join(', ')}.`;
    sendJson(exchange, 503, { status: 'starting', reason, servers: byName });
  } else {
    sendJson(exchange, 200, { status: 'ready', servers: byName });
  }
}

function sendJson(exchange: Exchange, status: number, body: unknown, headers: Record<string, string> = {}): void {
  exchange.send(
    status,
    { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...headers },
    JSON.stringify(body),
  );
}
