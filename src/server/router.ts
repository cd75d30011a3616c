// The table of routes. They are fixed: which servers and tools exist is looked up in the Snapshot, so a reload touches
// nothing here.

import findMyWay, { type HTTPMethod } from 'find-my-way';
import type { IncomingMessage, RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import { AppError } from '../errors.ts';
import type { DocumentFormat } from '../openapi/document.ts';
import type { Snapshot } from '../snapshot.ts';
import type { AccessRules } from './access/rules.ts';
import { createDocuments } from './documents.ts';
import { Exchange, type Guard, type Surroundings } from './exchange.ts';
import { findEnabledServer, noRoute } from './find.ts';
import { preflightHeaders, requestIdOf } from './head.ts';
import { parserHeaderBytes } from './limits.ts';
import { normaliseUrl } from './normalise.ts';
import { noOAuthRoute } from './oauth-place.ts';
import type { Peer } from './peers.ts';
import { callTool } from './routes/call.ts';
import { sendDocument } from './routes/documents.ts';
import {
  asset,
  authorize,
  callback,
  confirmAuthorize,
  docs,
  getPrompt,
  health,
  listPrompts,
  listResources,
  logout,
  overview,
  readiness,
  readResource,
  redoc,
  sendMetrics,
  serverOverview,
  signInStatus,
} from './routes/on-demand.ts';

export interface RouterOptions {
  readonly current: () => Snapshot;
  readonly rules: () => AccessRules;
  readonly program: Surroundings;
  readonly peerOf: (socket: Socket) => Peer;
}

type Params = Readonly<Record<string, string>>;
type Route = (exchange: Exchange, params: Params) => void | Promise<void>;

/** What the table holds for a path. */
interface Entry {
  readonly guard: Guard;
  readonly route: Route;
}

export function createRouter(options: RouterOptions): RequestListener {
  const documents = createDocuments(options.program.observe);
  const table = findMyWay({
    // Longer names than a URL may hold do not exist.
    maxParamLength: parserHeaderBytes,
    // Found without an entry: whoever asks for such a path is told what is wrong with it.
    onBadUrl: () => {},
  });

  function add(methods: HTTPMethod[], path: string, guard: Guard, route: Route): void {
    const entry: Entry = { guard, route };
    table.on(methods, path, () => {}, entry);
  }

  function get(url: string, guard: Guard, route: Route): void {
    add(['GET', 'HEAD'], url, guard, route);
  }

  function post(url: string, route: Route): void {
    add(['POST'], url, 'call', route);
  }

  post('/:server/:tool', (exchange, { server, tool = '' }) => callTool(exchange, server, tool));
  post('/:tool', (exchange, { tool = '' }) => callTool(exchange, undefined, tool));

  get('/:server/resources', 'call', (exchange, { server = '' }) => listResources(exchange, server, 'resources/list'));
  get('/:server/resources/templates', 'call', (exchange, { server = '' }) => {
    return listResources(exchange, server, 'resources/templates/list');
  });
  get('/:server/resources/read', 'call', (exchange, { server = '' }) => readResource(exchange, server));
  get('/:server/prompts', 'call', (exchange, { server = '' }) => listPrompts(exchange, server));
  post('/:server/prompts/:prompt', (exchange, { server = '', prompt = '' }) => getPrompt(exchange, server, prompt));

  get('/', 'document', overview);
  get('/:server', 'document', (exchange, { server = '' }) => serverOverview(exchange, server));
  get('/healthz', 'open', health);
  get('/readyz', 'open', readiness);
  const { metrics } = options.program;
  if (metrics !== undefined) {
    get('/metrics', 'document', (exchange) => sendMetrics(exchange, metrics));
    // Not the call of a tool, as other paths of one segment are.
    post('/metrics', unmatched);
  }

  for (const format of ['json', 'yaml'] satisfies DocumentFormat[]) {
    get(`/openapi.${format}`, 'document', (exchange) => sendDocument(exchange, documents, undefined, format));
    get(`/:server/openapi.${format}`, 'document', (exchange, { server }) =>
      sendDocument(exchange, documents, serverOf(exchange, server), format),
    );
  }
  get('/docs', 'document', (exchange) => docs(exchange, exchange.snapshot.root));
  get('/:server/docs', 'document', (exchange, { server }) => docs(exchange, serverOf(exchange, server)));
  get('/redoc', 'document', (exchange) => redoc(exchange, exchange.snapshot.root));
  get('/:server/redoc', 'document', (exchange, { server }) => redoc(exchange, serverOf(exchange, server)));
  // Where the guard is open, the route has one of its own: a browser that comes back, or has a ticket, has no key.
  add(['GET'], '/oauth/:server/authorize', 'open', oauth(authorize));
  add(['POST'], '/oauth/:server/authorize', 'open', oauth(confirmAuthorize));
  add(['GET'], '/oauth/:server/callback', 'open', oauth(callback));
  get('/oauth/:server/status', 'document', oauth(signInStatus));
  add(['POST'], '/oauth/:server/logout', 'open', oauth(logout));

  // What the pages are made of is in the package for everybody to read; a browser asks for it without a key.
  get('/assets/*', 'open', (exchange, params) => asset(exchange, params['*'] ?? ''));

  // Preflights carry no key.
  add(['OPTIONS'], '*', 'open', preflight);

  return (request, response) => {
    const url = request.url ?? '/';
    const { rootPath, pathPrefix } = options.current().config.settings;
    const path = normaliseUrl(url, rootPath, pathPrefix);
    request.url = path;
    // Nothing is added to the table while it runs, and methods that it does not know lead nowhere.
    const found = table.find(request.method as HTTPMethod, path);
    const { guard, route } = found === null ? unknown : ((found.store as Entry | null) ?? badPath(request));
    const peer = options.peerOf(request.socket);
    const exchange = new Exchange({
      request,
      response,
      id: requestIdOf(request),
      url,
      query: found?.searchParams ?? {},
      snapshot: options.current(),
      rules: options.rules(),
      program: options.program,
      gone: peer.gone,
    });
    peer.lastExchange = exchange;
    run(exchange, guard, route, (found?.params ?? {}) as Params);
  };
}

function run(exchange: Exchange, guard: Guard, route: Route, params: Params): void {
  try {
    const admitted = exchange.admit(guard);
    const pending =
      admitted === undefined
        ? route(exchange, params)
        : admitted.then(() => {
            exchange.renew();
            return route(exchange, params);
          });
    pending?.catch((error: unknown) => exchange.fail(error));
  } catch (error) {
    exchange.fail(error);
  }
}

const unknown: Entry = { guard: 'document', route: unmatched };

/** A path that cannot be decoded. */
function badPath({ method }: IncomingMessage): Entry {
  return { guard: 'open', route: method === 'OPTIONS' ? preflight : unreadablePath };
}

function oauth(route: (exchange: Exchange, server: string) => Promise<void>): Route {
  return (exchange, { server = '' }) => route(exchange, server);
}

function serverOf({ snapshot, path }: Exchange, name = '') {
  return snapshot.root === undefined ? findEnabledServer(snapshot, name) : noRoute(snapshot, path);
}

function preflight(exchange: Exchange): void {
  exchange.send(204, preflightHeaders(exchange.request));
}

function unmatched(exchange: Exchange): never {
  const { snapshot, path, program } = exchange;
  noOAuthRoute(exchange);
  noRoute(snapshot, path, program.metrics !== undefined);
}

function unreadablePath(): never {
  throw new AppError('malformed_request', 'The path is not validly percent-encoded: write a literal % as %25.');
}
