import { describe, expect, it } from 'vitest';
import { until } from '../../support.ts';
import {
  connectTo,
  errorOf,
  openEvents,
  resultOf,
  sendJson,
  startScripted,
  type Received,
  type ScriptedServer,
} from './remote.ts';

const subscriptionIdKey = 'io.modelcontextprotocol/subscriptionId';

/** Of the stateless revisions; `subscriptions/listen` goes to `listen`. */
function startModern(listen: (received: Received) => void, capabilities: object): Promise<ScriptedServer> {
  return startScripted((received) => {
    const { response, message } = received;
    if (message.method === 'subscriptions/listen') return listen(received);
    if (message.method !== 'server/discover') return response.writeHead(202).end();
    const result = {
      resultType: 'complete',
      ttlMs: 0,
      cacheScope: 'private',
      supportedVersions: ['2026-07-28'],
      capabilities,
      serverInfo: { name: 'scripted', version: '1' },
    };
    return sendJson(response, JSON.parse(resultOf(received, result)));
  });
}

function notify({ response, message }: Received, method: string): void {
  const params = { _meta: { [subscriptionIdKey]: message.id }, notifications: message.params?.['notifications'] };
  response.write(`data: ${JSON.stringify({ jsonrpc: '2.0', method, params })}\n\n`);
}

const acknowledged = 'notifications/subscriptions/acknowledged';

describe('the subscription of the stateless revisions', () => {
  it('is made again when it ends, and what may have been missed counts as a change', async () => {
    const told: string[] = [];
    const server = await startModern(
      (received) => {
        openEvents(received.response);
        notify(received, acknowledged);
        const count = server.asked('subscriptions/listen').length;
        if (count === 1) received.response.end();
        if (count === 2) received.response.end(`data: ${resultOf(received, { resultType: 'complete' })}\n\n`);
        if (count === 3) notify(received, 'notifications/tools/list_changed');
      },
      { tools: { listChanged: true }, prompts: {} },
    );
    const { session } = await connectTo(server.url, 'streamable-http', {
      onToolsChanged: () => void told.push('changed'),
      onDoubt: () => void told.push('doubt'),
    });
    expect(session).toMatchObject({ protocolVersion: '2026-07-28', pingMethod: 'server/discover', runsTasks: false });
    // A machine that is busy opens the first stream late, which counts as a change too.
    const since = (): string[] => told.slice(told.indexOf('doubt'));
    await until(() => told.includes('doubt') && since().length >= 5);
    expect(since()).toEqual(['doubt', 'changed', 'doubt', 'changed', 'changed']);
    expect(server.asked('subscriptions/listen')[0]?.message.params).toMatchObject({
      notifications: { toolsListChanged: true },
    });
  });

  it('does not hold up the connection, and ends with it', async () => {
    const server = await startModern(({ response }) => openEvents(response), { tools: { listChanged: true } });
    const connection = await connectTo(server.url);
    const stream = await until(() => server.asked('subscriptions/listen')[0]);
    await connection.close();
    await until(() => stream.response.destroyed);
    expect(server.asked('subscriptions/listen')).toHaveLength(1);
  });

  it('is not asked for again where the server refuses it, and not at all where it announces nothing', async () => {
    const refusing = await startModern(
      (received) => sendJson(received.response, JSON.parse(errorOf(received, -32_601))),
      { tools: { listChanged: true } },
    );
    const { transport } = (await connectTo(refusing.url)).session;
    await until(() => refusing.asked('subscriptions/listen').length > 0);
    const silent = await startModern(() => {}, { tools: {} });
    await connectTo(silent.url);
    // Longer than any first pause.
    await until(() => Date.now() - (transport.lastHeardAt ?? 0) > 700);
    expect(refusing.asked('subscriptions/listen')).toHaveLength(1);
    expect(silent.asked('subscriptions/listen')).toHaveLength(0);
  });
});
