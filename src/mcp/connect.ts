// Makes a connection with a target: picks the transport, and for a URL without a type tries Streamable HTTP, then SSE.
// What earlier attempts found out is tried first, and forgotten where the server turns out to be another one by now. What
// remote servers need is loaded where there is one: a proxy for children alone starts without it.

import type { Target } from '../config/types.ts';
import { messageOf } from '../errors.ts';
import { ConnectionError } from './connection-error.ts';
import { Connection, type ConnectionOptions } from './connection.ts';
import { initialise } from './initialise.ts';
import { StdioTransport } from './transports/stdio.ts';

/** Connects and negotiates by `deadlineAt`, or throws ConnectionError; leaves nothing behind in either case. */
export async function connect(options: ConnectionOptions): Promise<Connection> {
  const connection = await connectTo(options);
  options.memory.era = connection.session.requestMeta === undefined ? 'legacy' : 'modern';
  return connection;
}

async function connectTo(options: ConnectionOptions): Promise<Connection> {
  const { target } = options;
  if (target.kind !== 'stdio' && options.authorizer !== undefined) await refusePlainText(target);
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

/** Tokens are not for the network to see. */
async function refusePlainText({ url }: RemoteTarget): Promise<void> {
  const { protocol, host, hostname } = new URL(url);
  if (protocol === 'https:') return;
  const { isLoopbackName } = await import('../net/guarded-fetch.ts');
  if (isLoopbackName(hostname)) return;
  throw new ConnectionError(
    `${host} is not reached by https, which tokens need (this machine excepted); check the url`,
  );
}

/** A password in it is one for this server. */
function withoutUser(text: string): URL {
  const url = new URL(text);
  url.username = '';
  url.password = '';
  return url;
}

type StdioTarget = Extract<Target, { kind: 'stdio' }>;
type RemoteTarget = Exclude<Target, { kind: 'stdio' }>;

/** A request before `initialize` ends many servers: only one that is known not to know it is not sent it. */
async function connectStdio(options: ConnectionOptions, target: StdioTarget): Promise<Connection> {
  const another = (): StdioTransport => new StdioTransport(target, options);
  if (options.memory.era === 'modern') {
    const { connectNewest, timeLeftMs } = await import('./handshake.ts');
    try {
      // The other half is for the case that it does not know this any more.
      return await connectNewest(options, another(), timeLeftMs(options) / 2);
    } catch (error) {
      if (!(error instanceof ConnectionError) || error.hopeless || isOver(options)) throw error;
      options.memory.era = undefined;
    }
  }
  const session = await initialise(options, another());
  if (session !== undefined) return new Connection(session);
  const { connectNewest } = await import('./handshake.ts');
  return connectNewest(options, another());
}

/** fetch refuses an address with a user and a password: they become the header that they stand for. */
function withoutCredentials(target: RemoteTarget): RemoteTarget {
  const { username, password } = new URL(target.url);
  if (username === '' && password === '') return target;
  const url = withoutUser(target.url);
  const credentials = [username, password].map(decodeURIComponent).join(':');
  const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
  return { ...target, url: url.href, headers: { authorization, ...target.headers } };
}

/** The probe costs a request here, which a server that is known to have sessions is spared. */
async function connectHttp(options: ConnectionOptions, target: RemoteTarget): Promise<Connection> {
  const { StreamableHttpTransport } = await import('./transports/streamable-http.ts');
  const { connectInitialised, connectProbing } = await import('./handshake.ts');
  const inOrder = options.memory.era === 'legacy' ? connectInitialised : connectProbing;
  return inOrder(options, () => new StreamableHttpTransport(target.url, { ...options, ...target }));
}

async function connectSse(options: ConnectionOptions, target: RemoteTarget): Promise<Connection> {
  const { SseTransport } = await import('./transports/sse.ts');
  const { connectInitialised, connectProbing } = await import('./handshake.ts');
  const inOrder = options.memory.era === 'modern' ? connectProbing : connectInitialised;
  return inOrder(options, () => new SseTransport(target.url, { ...options, ...target }));
}

const byTransport = {
  'streamable-http': { connect: connectHttp, sentence: 'over Streamable HTTP', other: 'sse' },
  sse: { connect: connectSse, sentence: 'as SSE', other: 'streamable-http' },
} as const;

async function connectEither(options: ConnectionOptions, target: RemoteTarget): Promise<Connection> {
  const { memory } = options;
  const first = memory.transport ?? 'streamable-http';
  const { other } = byTransport[first];
  try {
    const connection = await byTransport[first].connect(options, target);
    memory.transport = first;
    return connection;
  } catch (error) {
    const { mayBeOfOtherTransport } = await import('./handshake.ts');
    if (!(error instanceof ConnectionError) || !mayBeOfOtherTransport(error)) throw error;
    memory.transport = undefined;
    if (isOver(options)) throw error;
    const connection = await byTransport[other].connect(options, target).catch((second: unknown) => {
      const sentence = `${error.message}; and ${byTransport[other].sentence}: ${messageOf(second)}`;
      throw new ConnectionError(sentence, { cause: second });
    });
    memory.transport = other;
    return connection;
  }
}

function isOver({ deadlineAt, signal }: ConnectionOptions): boolean {
  return signal.aborted || Date.now() >= deadlineAt;
}
