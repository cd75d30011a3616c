// Outgoing HTTP connections: one agent per upstream, over an undici dispatcher with that upstream's TLS and the machine's
// proxy variables (HTTPS_PROXY, HTTP_PROXY, NO_PROXY). Quick requests share a few connections. Time limits of single
// requests are their callers' business.

import type { LookupFunction } from 'node:net';
import { Agent as DirectAgent, buildConnector, EnvHttpProxyAgent, type Dispatcher } from 'undici';
import type { AddressGuard } from './address-guard.ts';
import { exchange, type Answer, type RequestOptions } from './exchange.ts';
import { Turns } from './turns.ts';

export interface Agent {
  /** Resolves when the answer begins. */
  request(options: RequestOptions): Promise<Answer>;
  /** What still waits for its turn is not sent any more. */
  refuseWaiting(): void;
  /** Ends all connections, and what is under way on them. */
  destroy(): Promise<void>;
}

export interface AgentOptions {
  /** Judges the addresses that are connected to; of what goes by a proxy, which looks names up itself, literal ones only. */
  readonly guard?: AddressGuard | undefined;
  readonly connectTimeoutMs: number;
  readonly tls:
    | {
        readonly ca: string | undefined;
        readonly cert: string | undefined;
        readonly key: string | undefined;
        readonly insecure: boolean;
      }
    | undefined;
}

/** A little below the five seconds after which many servers close an idle connection, so that we close it first. */
const keepAliveTimeoutMs = 4_000;

export function createAgent(options: AgentOptions): Agent {
  const dispatcher = createDispatcher(options);
  const turns = new Turns();
  return {
    request: (request) => exchange(dispatcher, turns, request),
    refuseWaiting: () => turns.refuseWaiting(),
    destroy: () => dispatcher.destroy(),
  };
}

function createDispatcher(options: AgentOptions): Dispatcher {
  const { tls } = options;
  const connect = {
    timeout: options.connectTimeoutMs,
    ...(tls?.ca !== undefined && { ca: tls.ca }),
    ...(tls?.cert !== undefined && { cert: tls.cert }),
    ...(tls?.key !== undefined && { key: tls.key }),
    ...(tls?.insecure && { rejectUnauthorized: false }),
  };
  const common = {
    // Behind a proxy it is for those that NO_PROXY names.
    connect: options.guard === undefined ? connect : guarded(connect, options.guard),
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: keepAliveTimeoutMs,
  };
  if (!behindProxy()) return new DirectAgent(common);
  if (options.guard === undefined) return new EnvHttpProxyAgent({ ...common, requestTls: connect });
  const proxied = new EnvHttpProxyAgent({ ...common, requestTls: connect, noProxy: withoutThisMachine() });
  return guardLiterals(proxied, options.guard);
}

function guarded(options: buildConnector.BuildOptions, guard: AddressGuard): buildConnector.connector {
  const lookup: LookupFunction = (hostname, wanted, done) => {
    guard.lookup(hostname, wanted, (error, addresses) => {
      const [first] = addresses;
      if (error !== null || first === undefined) done(error ?? new Error('no addresses'), '');
      else if (wanted.all === true) done(null, addresses);
      else done(null, first.address, first.family);
    });
  };
  const connect = buildConnector({ ...options, lookup });
  // Node looks no address up that is one already.
  return (target, done) => {
    guard.judgeLiteral(target.hostname, (error) => {
      if (error === null) connect(target, done);
      else done(error, null);
    });
  };
}

function guardLiterals(agent: Dispatcher, guard: AddressGuard): Dispatcher {
  return agent.compose((dispatch) => (options, handler) => {
    guard.judgeLiteral(new URL(String(options.origin)).hostname, (error) => {
      if (error === null) dispatch(options, handler);
      else handler.onResponseError?.(nothingToControl, error);
    });
    return true;
  });
}

/** Of a request that there is nothing to control of. */
const nothingToControl: Dispatcher.DispatchController = {
  aborted: true,
  paused: false,
  reason: null,
  abort: () => {},
  pause: () => {},
  resume: () => {},
};

function behindProxy(): boolean {
  const { env } = process;
  return ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'].some((name) => (env[name] ?? '') !== '');
}

/** NO_PROXY, and what means this machine: tokens go there without TLS, which is for no network to see. */
function withoutThisMachine(): string {
  const { env } = process;
  const named = env['no_proxy'] ?? env['NO_PROXY'] ?? '';
  return named === '*' ? named : `${named},localhost,127.0.0.1,[::1]`;
}
