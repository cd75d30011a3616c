// The listener: binds, says where, and closes without cutting what is under way. Everything between a connection and a
// route meets here: Node's server with its limits, the router, the open sockets, the access rules in force. The
// router is loaded after the address is bound, while the servers already start; a request that is earlier waits for it.

import type { InjectOptions, Response as InjectedResponse } from 'light-my-request';
import { createServer as createHttp, type RequestListener, type Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import { isGuarded } from '../config/guarded.ts';
import type { Settings } from '../config/types.ts';
import { messageOf } from '../errors.ts';
import type { LastReload, Observe } from '../events.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Tracer } from '../trace.ts';
import { urlHost } from './access/host.ts';
import { mountOf, type Mount } from './access/proxies.ts';
import { accessRules, type AccessRules, type Binding } from './access/rules.ts';
import { bindHost, bindSentence, bindWarning, expectedBinding, originsSentence, ownUrl, schemeOf } from './bind.ts';
import type { RenderMetrics } from './exchange.ts';
import { headersTimeoutMs, keepAliveTimeoutMs, parserHeaderBytes, requestTimeoutMs, timeoutCheckMs } from './limits.ts';
import { createPeers } from './peers.ts';
import { answerUnreadable, refuseConnect } from './unreadable.ts';

export interface ServerDeps {
  readonly current: () => Snapshot;
  readonly observe: Observe;
  readonly isStopping: () => boolean;
  /** Requests that are earlier wait: what they are about is not there yet. Never rejects. */
  readonly begun?: Promise<void>;
  /** Of the program. */
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly lastReload: () => LastReload | undefined;
  /** Without it there is no `/metrics`. */
  readonly metrics?: RenderMetrics | undefined;
  /** Without it no span is exported. */
  readonly tracer?: Tracer | undefined;
}

export interface HttpServer {
  /** http(s)://host:port; with the real port once it listens. */
  readonly url: string;
  /** Where our routes lie for people: under the public address, or for somebody on this machine. */
  ownMount(): Mount;
  /** Throws ListenError. */
  listen(): Promise<void>;
  /** Resolves when requests need not wait any more for the code that answers them. Rejects only for a bug of ours. */
  loaded(): Promise<void>;
  /** Takes over what of the settings belongs to the listener and can change while it listens: a renewed certificate. */
  renew(settings: Settings): void;
  /** Stops accepting; resolves when the connections are closed or the deadline passed. Idempotent. */
  close(deadlineMs: number): Promise<void>;
  /** A request without a socket. */
  readonly inject: (request: string | InjectOptions) => Promise<InjectedResponse>;
}

/** The address cannot be had. One sentence that names it, and the option that changes it. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

export function createHttpServer(deps: ServerDeps): HttpServer {
  const { current, observe, version, startedAt, lastReload, metrics, tracer } = deps;
  const { settings } = current().config;
  let binding = expectedBinding(settings);
  let closing: Promise<void> | undefined;
  const rules = rulesInForce(
    () => current().config.settings,
    () => binding,
  );
  const peers = createPeers();
  let route: RequestListener | undefined;
  let hasBegun = deps.begun === undefined;
  void deps.begun?.then(() => (hasBegun = true));
  let routing: Promise<RequestListener> | undefined;
  const server = createNodeServer(settings, (request, response) => {
    if (route !== undefined && hasBegun) return route(request, response);
    Promise.all([loadRouter(), deps.begun]).then(
      () => route?.(request, response),
      () => response.destroy(),
    );
  });
  peers.watch(server);
  server.on('connect', (request, socket) => refuseConnect(request, socket, rules().origins));
  server.on('clientError', (error, socket) => {
    if (socket instanceof Socket) answerUnreadable(socket, peers.of(socket).lastExchange, rules().origins, error);
  });

  function loadRouter(): Promise<RequestListener> {
    routing ??= import('./router.ts').then(({ createRouter }) => {
      route = createRouter({
        current,
        rules,
        peerOf: (socket) => peers.of(socket),
        program: {
          current,
          observe,
          version,
          startedAt,
          lastReload,
          metrics,
          tracer,
          isStopping: () => closing !== undefined || deps.isStopping(),
        },
      });
      return route;
    });
    return routing;
  }

  return {
    get url() {
      return ownUrl(settings, binding);
    },
    ownMount() {
      const { settings: wanted } = current().config;
      return mountOf(wanted, rules(), { headers: {}, peer: undefined, encrypted: wanted.tls !== undefined });
    },
    async listen() {
      binding = await bind(server, settings);
      const { config } = current();
      const warning = bindWarning(config, binding);
      observe({
        type: 'listening',
        url: ownUrl(settings, binding),
        bind: bindSentence(config, binding),
        origins: originsSentence(config),
        guarded: isGuarded(config.settings),
        servers: config.servers.map(({ name }) => name),
      });
      if (warning !== undefined) observe({ type: 'warning', message: warning });
      this.loaded().catch((error: unknown) => observe({ type: 'internal-error', requestId: '', error }));
    },
    loaded: async () => void (await loadRouter()),
    renew({ tls }) {
      if (tls !== undefined && server instanceof TlsServer) server.setSecureContext({ cert: tls.cert, key: tls.key });
    },
    close(deadlineMs) {
      closing ??= peers.close(server, deadlineMs);
      return closing;
    },
    async inject(request) {
      const { inject } = await import('light-my-request');
      const answer = await inject(await loadRouter(), request);
      // Sockets drop the body of an answer to HEAD, and so do newer versions of the library, which Node 20 cannot have.
      return answer.raw.req.method === 'HEAD'
        ? Object.assign(answer, { body: '', payload: '', rawPayload: Buffer.alloc(0) })
        : answer;
    },
  };
}

/** Rules are made once for each Settings object and binding; almost every request finds them made. */
function rulesInForce(settings: () => Settings, binding: () => Binding): () => AccessRules {
  let made: { readonly settings: Settings; readonly binding: Binding; readonly rules: AccessRules } | undefined;
  return () => {
    const wanted = settings();
    if (made === undefined || made.settings !== wanted || made.binding !== binding()) {
      made = { settings: wanted, binding: binding(), rules: accessRules(wanted, binding(), made?.rules) };
    }
    return made.rules;
  };
}

function createNodeServer({ tls }: Settings, listener: RequestListener): Server {
  const options = {
    maxHeaderSize: parserHeaderBytes,
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    connectionsCheckingInterval: timeoutCheckMs,
    // Answered by us, like every other fault of a request.
    requireHostHeader: false,
    noDelay: true,
  };
  const server =
    tls === undefined
      ? createHttp(options, listener)
      : createHttps({ ...options, handshakeTimeout: headersTimeoutMs, cert: tls.cert, key: tls.key }, listener);
  // Node would drop what is above its count and say nothing; the limit on bytes holds instead.
  server.maxHeadersCount = 0;
  // Nobody is told to send a body before the rest of the request is found good; other expectations are none of ours.
  server.on('checkContinue', listener);
  server.on('checkExpectation', listener);
  return server;
}

function bind(server: Server, settings: Settings): Promise<Binding> {
  const host = bindHost(settings);
  const { port } = settings;
  return new Promise((resolve, reject) => {
    const onError = (error: Error): void => reject(listenError(error, host, port));
    server.once('error', onError);
    server.listen({ port, ...(host !== undefined && { host }) }, () => {
      server.off('error', onError);
      const bound = server.address();
      if (bound === null || typeof bound === 'string') return;
      resolve({ address: bound.address, port: bound.port, scheme: schemeOf(settings) });
    });
  });
}

function listenError(error: Error, host: string | undefined, port: number): ListenError {
  const where = host === undefined ? `Port ${port}` : `Port ${port} on ${urlHost(host)}`;
  const code = 'code' in error ? error.code : undefined;
  const options = { cause: error };
  switch (code) {
    case 'EADDRINUSE':
      return new ListenError(`${where} is already in use: stop what uses it, or choose another with --port.`, options);
    case 'EACCES':
      return new ListenError(`${where} may not be opened by this user: choose one above 1023 with --port.`, options);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new ListenError(`${host} is no address of this machine: choose another with --host.`, options);
    default:
      return new ListenError(`${where} cannot be opened: ${messageOf(error)}.`, options);
  }
}
