// How a server of the stateless revisions says that its tools or prompts changed: on a stream of `subscriptions/listen`
// (MCP 2026-07-28), which the client library opens and reads, but never opens again. When to open it again is
// listening.ts's; this says what is asked for, and which answers are a refusal.

import { ProtocolError, SdkHttpError, type Client } from '@modelcontextprotocol/client';
import { keepListening, saysNotOffered, type ListeningOptions, type StreamEnd } from './transports/listening.ts';

/**
 * Keeps a subscription to what the server says that it announces, for as long as the connection lives. Resolves when it
 * announces nothing.
 */
export async function subscribe(client: Client, options: Omit<ListeningOptions, 'stream'>): Promise<void> {
  const { tools, prompts } = client.getServerCapabilities() ?? {};
  const filter = {
    ...(tools?.listChanged === true && { toolsListChanged: true }),
    ...(prompts?.listChanged === true && { promptsListChanged: true }),
  };
  if (Object.keys(filter).length === 0) return;
  const stream = (opened: (resumed: boolean) => void, everOpen: boolean): Promise<StreamEnd> =>
    listenOnce(client, filter, opened, everOpen);
  await keepListening({ ...options, stream });
}

/** Methods that are not there, and parameters that will be the same next time. */
const refusals: ReadonlySet<number> = new Set([-32_601, -32_602]);

async function listenOnce(
  client: Client,
  filter: Parameters<Client['listen']>[0],
  opened: (resumed: boolean) => void,
  everOpen: boolean,
): Promise<StreamEnd> {
  try {
    const subscription = await client.listen(filter);
    opened(false);
    await subscription.closed;
    return { kind: 'ended' };
  } catch (error) {
    if (error instanceof ProtocolError && refusals.has(error.code)) return { kind: 'not-offered' };
    const refused = error instanceof SdkHttpError && saysNotOffered(error.data.status, everOpen);
    return refused ? { kind: 'not-offered' } : { kind: 'ended' };
  }
}
