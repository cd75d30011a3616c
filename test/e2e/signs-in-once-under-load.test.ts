// Many calls at the moment when a token expires, with refresh tokens that rotate and of which a second use would end the
// sign-in: one refresh for all of them, and no call fails.

import { describe, expect, it } from 'vitest';
import { freePort, until } from '../support.ts';
import {
  Browser,
  ownHome,
  startProtected,
  startSigningProxy,
  whenState,
  type Protected,
  type SigningProxy,
} from './oauth.ts';
import { post } from './proxy.ts';

const callers = 200;

async function callAtOnce(proxy: SigningProxy, headers: readonly Record<string, string>[]): Promise<unknown[]> {
  const answers = await Promise.all(headers.map((each) => post(`${proxy.url}/notes/whoami`, {}, each)));
  return answers.map(({ status, body }) => (status === 200 ? body : { status, body }));
}

async function signedInAlone(server: Protected): Promise<SigningProxy> {
  const oauth = { multi_user: false, callback_port: await freePort() };
  const proxy = await startSigningProxy({ notes: { url: server.url, oauth } });
  const { authorizationUrl } = await whenState(proxy.url, 'notes', 'authorization-required');
  await new Browser().signIn(authorizationUrl ?? '', 'alice');
  await whenState(proxy.url, 'notes', 'ready');
  return proxy;
}

describe(`${callers} calls at expiry`, () => {
  it('of a token that the server refuses: one refresh, no failure', async () => {
    const server = await startProtected();
    const proxy = await signedInAlone(server);
    for (let round = 1; round <= 3; round += 1) {
      await server.set({ expire: true });
      const answers = await callAtOnce(
        proxy,
        Array.from({ length: callers }, () => ({})),
      );
      expect(new Set(answers)).toEqual(new Set(['alice']));
      expect(await server.told()).toMatchObject({ refreshes: round, refreshesRefused: 0, reuses: 0, codes: 1 });
    }
  });

  it('of a token whose time is over: one refresh, no failure', async () => {
    const server = await startProtected({ accessTokenSeconds: 4 });
    const proxy = await signedInAlone(server);
    const over = Date.now() + 4_200;
    await until(() => Date.now() > over);
    const { refreshes } = await server.told();
    const answers = await callAtOnce(
      proxy,
      Array.from({ length: callers }, () => ({})),
    );
    expect(new Set(answers)).toEqual(new Set(['alice']));
    const told = await server.told();
    expect(told).toMatchObject({ refreshesRefused: 0, reuses: 0, codes: 1 });
    expect(told.refreshes - refreshes).toBeLessThanOrEqual(1);
  });

  it('of ten users: one refresh each', async () => {
    const server = await startProtected();
    const proxy = await startSigningProxy({ notes: { url: server.url, oauth: {} } });
    const browsers = await Promise.all(
      Array.from({ length: 10 }, async (_, n) => {
        const browser = new Browser();
        const page = await browser.signIn(`${proxy.url}/notes/docs`, `user${n}`);
        expect(page.status).toBe(200);
        return browser;
      }),
    );
    await server.set({ expire: true });
    const headers = Array.from(
      { length: callers },
      (_, n) => browsers[n % 10]?.headersFor(`${proxy.url}/notes/`) ?? {},
    );
    const answers = await callAtOnce(proxy, headers);
    expect(answers).toEqual(headers.map((_, n) => `user${n % 10}`));
    expect(await server.told()).toMatchObject({ refreshes: 10, refreshesRefused: 0, reuses: 0, crossings: [] });
  });

  it('of two processes with one home: one refresh for both', async () => {
    const server = await startProtected();
    const home = ownHome();
    const oauth = { multi_user: false, callback_port: await freePort() };
    const servers = { notes: { url: server.url, oauth } };
    const first = await startSigningProxy(servers, { home });
    const { authorizationUrl } = await whenState(first.url, 'notes', 'authorization-required');
    await new Browser().signIn(authorizationUrl ?? '', 'alice');
    await whenState(first.url, 'notes', 'ready');
    const second = await startSigningProxy(servers, { home });
    await whenState(second.url, 'notes', 'ready');
    for (let round = 1; round <= 3; round += 1) {
      await server.set({ expire: true });
      const half = Array.from({ length: callers / 4 }, () => ({}));
      const answers = await Promise.all([callAtOnce(first, half), callAtOnce(second, half)]);
      expect(new Set(answers.flat())).toEqual(new Set(['alice']));
      expect(await server.told()).toMatchObject({ refreshes: round, refreshesRefused: 0, reuses: 0, codes: 1 });
    }
  });
});
