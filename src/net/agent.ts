// Outgoing HTTP connections: one undici dispatcher per upstream, with that upstream's TLS and the machine's proxy
// variables (HTTPS_PROXY, HTTP_PROXY, NO_PROXY). Time limits of single requests are their callers' business.

import { Agent, EnvHttpProxyAgent, type Dispatcher } from 'undici';

export interface AgentOptions {
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

export function createAgent(options: AgentOptions): Dispatcher {
  const { tls } = options;
  const connect = {
    timeout: options.connectTimeoutMs,
    ...(tls?.ca !== undefined && { ca: tls.ca }),
    ...(tls?.cert !== undefined && { cert: tls.cert }),
    ...(tls?.key !== undefined && { key: tls.key }),
    ...(tls?.insecure && { rejectUnauthorized: false }),
  };
  const common = { connect, headersTimeout: 0, bodyTimeout: 0, keepAliveTimeout: keepAliveTimeoutMs };
  return behindProxy() ? new EnvHttpProxyAgent({ ...common, requestTls: connect }) : new Agent(common);
}

function behindProxy(): boolean {
  const { env } = process;
  return ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'].some((name) => (env[name] ?? '') !== '');
}
