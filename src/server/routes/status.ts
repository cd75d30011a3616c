// GET / and GET /{server}/: JSON for programs, a page for people; GET /healthz and /readyz for probes. Always the state
// of this moment, never from a cache, as whoever asks may know it. The page of a server whose users sign in for themselves
// is for those who did: a browser of anybody else is sent there.

import type { LastReload } from '../../events.ts';
import { wantsHtml } from '../../openapi/negotiate.ts';
import type { ServerView } from '../../snapshot.ts';
import type { Exchange, Surroundings } from '../exchange.ts';
import { findServer, noRoute, rootNames } from '../find.ts';
import { overviewPage } from '../pages/overview.ts';
import { serverPage } from '../pages/server.ts';
import { accessOf, pageModel, sendPage, sendToSignIn, serverModel } from '../page-models.ts';
import type { ServerModel } from '../pages/model.ts';
import { isPersonal, personalHeaders, personalView } from '../personal.ts';
import { withoutAddress } from '../sign-in.ts';
import { seenBy, statusOf, toReloadStatus, toServerStatus, type Seen } from '../status.ts';

export async function overview(exchange: Exchange): Promise<void> {
  const { snapshot, program } = exchange;
  const views = [...snapshot.servers.values()];
  const seen = await Promise.all(views.map(async (view) => ({ view, seen: await seenBy(exchange, view) })));
  const headers = variesBy(views);
  if (wantsHtml(exchange.request.headers.accept)) {
    const servers = seen.map(({ view, seen: how }) => serverModel(exchange, view, how));
    const model = { ...pageModel(exchange), access: accessOf(snapshot), servers, now: Date.now() };
    const forms = servers.some(({ signIn }) => signIn?.signOutPath !== undefined);
    sendPage(exchange, overviewPage({ ...model, refusedReload: refusedReload(program) }), { headers, forms });
    return;
  }
  const servers = seen.map(({ view, seen: how }) => [view.name, toServerStatus(how)] as const);
  const { name = 'mcpo' } = snapshot.config.settings;
  const { version, lastReload } = program;
  sendJson(
    exchange,
    200,
    { name, version, lastReload: toReloadStatus(lastReload()), servers: Object.fromEntries(servers) },
    headers,
  );
}

function variesBy(views: readonly ServerView[]): { readonly Vary: string } {
  const isForOne = views.some(({ upstream }) => upstream?.signIn !== undefined);
  return { Vary: isForOne ? `Accept, X-API-Key, ${personalHeaders.Vary}` : 'Accept' };
}

/** What is in force is not what the file says, until a later reload succeeds. */
function refusedReload({ lastReload }: Surroundings): LastReload | undefined {
  const last = lastReload();
  return last?.outcome === 'refused' ? last : undefined;
}

export async function serverOverview(exchange: Exchange, name: string): Promise<void> {
  const { snapshot } = exchange;
  if (snapshot.root !== undefined) noRoute(snapshot, exchange.path);
  const view = findServer(snapshot, name, rootNames);
  const headers = variesBy([view]);
  const seen = await seenBy(exchange, view);
  if (!wantsHtml(exchange.request.headers.accept)) {
    sendJson(exchange, 200, { name: view.name, ...toServerStatus(seen) }, headers);
    return;
  }
  if (sendToSignIn(exchange, view, seen, '/')) return;
  const server = await personalServerModel(exchange, view, seen);
  const model = { ...pageModel(exchange), access: accessOf(exchange.snapshot), server, now: Date.now() };
  sendPage(exchange, serverPage(model), { headers, forms: server.signIn?.signOutPath !== undefined });
}

/** With the tools that it offers whoever asks; they are learned here if they were not, so that its state is asked again. */
async function personalServerModel(exchange: Exchange, view: ServerView, seen: Seen): Promise<ServerModel> {
  if (!isPersonal(view) || seen.signIn?.authenticated !== true) return serverModel(exchange, view, seen);
  const personal = (await personalView(exchange, [view])).servers.get(view.name) ?? view;
  return serverModel(exchange, personal, await seenBy(exchange, personal));
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
    const { state, detail, attempted } = withoutAddress(statusOf(view, program.startedAt));
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

export function sendJson(
  exchange: Exchange,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  exchange.send(
    status,
    { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...headers },
    JSON.stringify(body),
  );
}
