import type { Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createAgent, type Agent } from '../../../src/net/agent.ts';
import { neverSent } from '../../../src/net/connect-error.ts';
import type { Answer, EndSignal } from '../../../src/net/exchange.ts';
import { until } from '../../support.ts';
import { startScripted, type Received } from '../mcp/remote.ts';

/** What an agent has under way at once before it opens more. */
const fewSockets = 64;

it('passes over what a server says before its answer', async () => {
  const { ask } = await start(({ response }) => {
    response.writeEarlyHints({ link: '</style.css>; rel=preload' });
    response.writeProcessing();
    response.end('answer');
  });
  const { statusCode, body } = await ask();
  expect([statusCode, await body.text(100)]).toEqual([200, 'answer']);
});

describe('the body of an answer', () => {
  it('is text, or nothing where it is larger than allowed, and then its connection is cut', async () => {
    const { ask, received } = await start(({ response }) => {
      response.write('abc');
      if (received.length === 1) setImmediate(() => response.end('dé'));
    });
    expect(await (await ask()).body.text(6)).toBe('abcdé');
    const { body } = await ask();
    expect(await body.text(2)).toBeUndefined();
    await until(() => received[1]?.request.socket.destroyed === true);
  });

  it('keeps its connection where nobody reads on', async () => {
    const { ask, received } = await start(({ response }) => void response.write('answer'));
    for (let n = 0; n < 20; n++) {
      const { body } = await ask();
      expect(String(await body.next())).toBe('answer');
      body.letPass();
      received[n]?.response.end('rest');
      await until(() => received[n]?.response.writableFinished === true);
    }
    // It may be a moment until one is free for the next request.
    expect(socketsOf(received).size).toBeLessThan(20);
  });

  it('is cut off where nobody reads on and it does not end', async () => {
    const { ask, received } = await start(({ response }) => void response.write('answer'));
    const answers = [await ask(), await ask()];
    for (const { body } of answers) body.letPass();
    received[1]?.response.write(Buffer.alloc(65 * 1024));
    for (const { request } of received) await until(() => request.socket.destroyed);
  });

  it('waits at the server until it is read', async () => {
    const whole = 'x'.repeat(32 * 1024 * 1024);
    const { ask, received } = await start(({ response }) => void response.end(received.length === 1 ? whole : 'short'));
    const large = await ask();
    for (let n = 0; n < 20; n++) expect(await (await ask()).body.text(100)).toBe('short');
    expect(received[0]?.response.writableFinished).toBe(false);
    expect((await large.body.text(whole.length))?.length).toBe(whole.length);
  });

  it('that breaks off is an error, whenever it is read', async () => {
    const { ask, received } = await start(({ response }) => void response.write('begun'));
    const [early, late] = [await ask(), await ask()];
    const reading = early.body.text(100);
    for (const { response } of received) response.destroy();
    await expect(reading).rejects.toThrow(/closed|terminated|aborted/);
    expect(String(await late.body.next())).toBe('begun');
    await expect(late.body.next()).rejects.toThrow(/closed|terminated|aborted/);
  });
});

describe('a burst', () => {
  it('of quick requests shares a few sockets', async () => {
    const { ask, received } = await start(({ response }) => void response.end('quick'));
    const answers = await Promise.all(Array.from({ length: 300 }, async () => (await ask()).body.text(100)));
    expect(new Set(answers)).toEqual(new Set(['quick']));
    expect(socketsOf(received).size).toBeLessThanOrEqual(fewSockets);
  });

  it('of requests that wait for each other is answered', async () => {
    const { ask, received } = await start(() => {
      if (received.length === 300) for (const { response } of received) response.end('at last');
    });
    const answers = await Promise.all(Array.from({ length: 300 }, async () => (await ask()).body.text(100)));
    expect(new Set(answers)).toEqual(new Set(['at last']));
  });
});

describe('a request that is given up', () => {
  it('before it has a connection was never sent', async () => {
    const { agent, ask, received } = await start(({ request, response }) => {
      if (request.url === '/free') response.end('free');
    });
    const held = Array.from({ length: fewSockets }, () => ask().catch(() => undefined));
    const giveUp = new Plain();
    const waiting = ask(giveUp, '/never');
    const refused = ask(undefined, '/never');
    giveUp.abort();
    expect(neverSent(await waiting.catch((error: unknown) => error))).toBe(true);
    agent.refuseWaiting();
    expect(neverSent(await refused.catch((error: unknown) => error))).toBe(true);
    expect(await (await ask(undefined, '/free')).body.text(100)).toBe('free');
    expect(received.map(({ request }) => request.url)).not.toContain('/never');
    await agent.destroy();
    await Promise.all(held);
  });

  it('fails with the reason of its signal, before and after it was sent', async () => {
    const { ask, received } = await start(({ response }) => void response.write('begun'));
    const reason = new Error('no time');
    await expect(ask(AbortSignal.abort(reason))).rejects.toBe(reason);
    const giveUp = new AbortController();
    const { body } = await ask(giveUp.signal);
    giveUp.abort(reason);
    expect(String(await body.next())).toBe('begun');
    await expect(body.next()).rejects.toBe(reason);
    await until(() => received[0]?.request.socket.destroyed === true);
    expect(received).toHaveLength(1);
  });
});

/** A signal without a reason. */
class Plain implements EndSignal {
  aborted = false;
  readonly #told = new Set<() => void>();

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#told.add(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#told.delete(listener);
  }

  abort(): void {
    this.aborted = true;
    for (const tell of this.#told) tell();
  }
}

interface Started {
  readonly agent: Agent;
  readonly received: readonly Received[];
  readonly ask: (signal?: EndSignal, path?: string) => Promise<Answer>;
}

async function start(answer: (received: Received) => void): Promise<Started> {
  const { url, received } = await startScripted(answer);
  const agent = createAgent({ connectTimeoutMs: 5_000, tls: undefined });
  onTestFinished(() => agent.destroy());
  const { origin } = new URL(url);
  const ask: Started['ask'] = (signal, path = '/') =>
    agent.request({ origin, path, method: 'POST', headers: {}, body: '{}', signal });
  return { agent, received, ask };
}

function socketsOf(received: readonly Received[]): Set<Socket> {
  return new Set(received.map(({ request }) => request.socket));
}
