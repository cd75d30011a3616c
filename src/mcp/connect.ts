// Makes a connection with a target: picks the transport, and for a URL without a type tries Streamable HTTP, then SSE.
// What remote servers need is loaded where there is one: a proxy for children alone starts without it.

import type { Target } from '../config/types.ts';
import { messageOf } from '../errors.ts';
import { ConnectionError } from './connection-error.ts';
import { Connection, type ConnectionOptions } from './connection.ts';
import { initialise } from './initialise.ts';
import { StdioTransport } from './transports/stdio.ts';

/** Connects and negotiates within the time given, or throws ConnectionError; leaves nothing behind in either case. */
export async function connect(options: ConnectionOptions): Promise<Connection> {
  const { target } = options;
  switch (target.kind) {
    case 'stdio':
      return connectStdio(options, target);
    case 'sse':
      return connectSse(options, withoutCredentials(target));
    case 'streamable-http':
      return connectHttp(options, withoutCredentials(target));
    case 'auto':
      return connectEither(options, withoutCredentials(target));
  }
}

type StdioTarget = Extract<Target, { kind: 'stdio' }>;
type RemoteTarget = Exclude<Target, { kind: 'stdio' }>;

async function connectStdio(options: ConnectionOptions, target: StdioTarget): Promise<Connection> {
  const session = await initialise(options, new StdioTransport(target, options));
  if (session !== undefined) return new Connection(session);
  const { connectNewest } = await import('./handshake.ts');
  return connectNewest(options, new StdioTransport(target, options));
}

/** fetch refuses an address with a user and a password: they become the header that they stand for. */
function withoutCredentials(target: RemoteTarget): RemoteTarget {
  const url = new URL(target.url);
  if (url.username === '' && url.password === '') return target;
  const credentials = [url.username, url.password].map(decodeURIComponent).join(':');
  url.username = '';
  url.password = '';
  const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
  return { ...target, url: url.href, headers: { authorization, ...target.headers } };
}

async function connectHttp(options: ConnectionOptions, target: RemoteTarget): Promise<Connection> {
  const { StreamableHttpTransport } = await import('./transports/streamable-http.ts');
  const { connectNewest } = await import('./handshake.ts');
  return connectNewest(options, new StreamableHttpTransport(target.url, { ...options, ...target }));
}

async function connectSse(options: ConnectionOptions, target: RemoteTarget): Promise<Connection> {
  const { SseTransport } = await import('./transports/sse.ts');
  const { connectInitialised } = await import('./handshake.ts');
  const another = (): InstanceType<typeof SseTransport> => new SseTransport(target.url, { ...options, ...target });
  return connectInitialised(options, another(), another);
}

async function connectEither(options: ConnectionOptions, target: RemoteTarget): Promise<Connection> {
  try {
    return await connectHttp(options, target);
  } catch (error) {
    const { mayBeSse } = await import('./handshake.ts');
    if (!(error instanceof ConnectionError) || !mayBeSse(error.cause)) throw error;
    return connectSse(options, target).catch((second: unknown) => {
      throw new ConnectionError(`${error.message}; and as SSE: ${messageOf(second)}`, { cause: second });
    });
  }
}
