// The table of routes. They are fixed: which servers and tools exist is looked up in the Snapshot, so a reload touches
// nothing here. Fastify matches paths and lends `inject` to the tests; it reads no body and writes no answer.

import {
  fastify,
  type FastifyHttpOptions,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import type { RequestListener, Server } from 'node:http';
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
import type { ParseError } from './unreadable.ts';
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
  readonly onUnreadable: (error: ParseError, socket: Socket) => void;
  readonly createServer: (listener: RequestListener) => Server;
}

type Params = Readonly<Record<string, string>>;
type Route = (exchange: Exchange, params: Params) => void | Promise<void>;

export function createRouter(options: RouterOptions): FastifyInstance {
  const documents = createDocuments(options.program.observe);
  const fastifyOptions: FastifyHttpOptions<Server> = {
    logger: false,
    serverFactory: options.createServer,
    genReqId: requestIdOf,
    rewriteUrl(request) {
      const { rootPath, pathPrefix } = options.current().config.settings;
      return normaliseUrl(request.url ?? '/', rootPath, pathPrefix);
    },
    clientErrorHandler: options.onUnreadable,
    frameworkErrors: (_error, request, reply) =>
      run(request, reply, 'open', request.method === 'OPTIONS' ? preflight : unreadablePath),
    exposeHeadRoutes: false,
    return503OnClosing: false,
    // Longer names than a URL may hold do not exist.
    routerOptions: { maxParamLength: parserHeaderBytes },
    // No route has a schema for Fastify: without these it would load Ajv and two generators of code.
    schemaController: { compilersFactory: { buildValidator: noSchema, buildSerializer: noSchema } },
  };
  const app = fastify(fastifyOptions);
  // Bodies are read by the one route that takes them, whatever their content type says: to Fastify nothing has one.
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY']) {
    if (app.supportedMethods.includes(method)) app.addHttpMethod(method, { hasBody: false, overrideExisting: true });
  }

  function run(request: FastifyRequest, reply: FastifyReply, guard: Guard, route: Route): void {
    reply.hijack();
    const peer = options.peerOf(request.raw.socket);
    const exchange = new Exchange({
      request: request.raw,
      response: reply.raw,
      id: request.id,
      url: request.originalUrl,
      query: request.query as Record<string, unknown>,
      snapshot: options.current(),
      rules: options.rules(),
      program: options.program,
      gone: peer.gone,
    });
    peer.lastExchange = exchange;
    try {
      const params = request.params as Params;
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

  function get(url: string, guard: Guard, route: Route): void {
    app.route({ method: ['GET', 'HEAD'], url, handler: (request, reply) => run(request, reply, guard, route) });
  }

  function post(url: string, route: Route): void {
    app.post(url, (request, reply) => run(request, reply, 'call', route));
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
  app.get('/oauth/:server/authorize', (request, reply) => run(request, reply, 'open', oauth(authorize)));
  app.post('/oauth/:server/authorize', (request, reply) => run(request, reply, 'open', oauth(confirmAuthorize)));
  app.get('/oauth/:server/callback', (request, reply) => run(request, reply, 'open', oauth(callback)));
  get('/oauth/:server/status', 'document', oauth(signInStatus));
  app.post('/oauth/:server/logout', (request, reply) => run(request, reply, 'open', oauth(logout)));

  // What the pages are made of is in the package for everybody to read; a browser asks for it without a key.
  get('/assets/*', 'open', (exchange, params) => asset(exchange, params['*'] ?? ''));

  // Preflights carry no key.
  app.options('*', (request, reply) => run(request, reply, 'open', preflight));
  app.setNotFoundHandler((request, reply) => run(request, reply, 'document', unmatched));
  app.setErrorHandler((error, request, reply) =>
    run(request, reply, 'open', () => {
      throw error;
    }),
  );
  return app;
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

function noSchema(): never {
  throw new TypeError('A route was given a schema, which nothing here reads.');
}

function unreadablePath(): never {
  throw new AppError('malformed_request', 'The path is not validly percent-encoded: write a literal % as %25.');
}
