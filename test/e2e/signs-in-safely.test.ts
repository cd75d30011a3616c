// Authorization servers that nobody would choose: whatever they answer, the proxy stands, says in one sentence what is
// wrong, follows nothing to where it must not go, and gives away nothing.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fixture, freePort, until } from '../support.ts';
import {
  Browser,
  leakIn,
  ownHome,
  processList,
  recordingBrowser,
  serverStatus,
  startProtected,
  startSigningProxy,
  whenState,
  type Page,
  type Problem,
  type Protected,
  type ServerStatus,
  type SigningProxy,
} from './oauth.ts';
import { post } from './proxy.ts';

/** Limits of time are to be met in the test; they are at most this. */
const settleMs = 45_000;
/** What a body of hundreds of megabytes would exceed if it were read. */
const mostMemoryBytes = 400 * 1024 * 1024;

interface Suspicious {
  readonly server: Protected;
  readonly proxy: SigningProxy;
  /** The machine's browser would have been sent there. */
  readonly opened: () => string[];
}

async function start(vice: string, oauth: object = {}): Promise<Suspicious> {
  const server = await startProtected({ vice }, 'misbehaves');
  const home = ownHome();
  const machine = recordingBrowser(home);
  const proxy = await startSigningProxy(
    {
      bad: { url: server.url, type: 'http', oauth: { multi_user: false, callback_port: await freePort(), ...oauth } },
      good: { command: process.execPath, args: [fixture('echo')] },
    },
    { home, env: { BROWSER: machine.command } },
  );
  return { server, proxy, opened: machine.opened };
}

/** After the first attempt. */
function settled({ proxy }: Suspicious): Promise<ServerStatus> {
  return until(async () => {
    const found = await serverStatus(proxy.url, 'bad');
    return found.state === 'starting' ? undefined : found;
  }, settleMs);
}

/** To whatever page a walk from the address of the state leads. */
async function walk(suspicious: Suspicious): Promise<Page> {
  const { authorizationUrl } = await whenState(suspicious.proxy.url, 'bad', 'authorization-required', settleMs);
  return new Browser().visit(authorizationUrl ?? '');
}

/** It runs, serves the others, kept its secrets to itself, and nobody else heard of them. */
async function isUnharmed({ server, proxy }: Suspicious): Promise<void> {
  const told = await server.told();
  expect(told.trapped).toEqual([]);
  expect(leakIn(proxy.printed(), told.secrets)).toBeUndefined();
  expect(leakIn(processList(), told.secrets)).toBeUndefined();
  const answers = [
    await post(`${proxy.url}/bad/whoami`),
    await fetch(`${proxy.url}/`).then(async (response) => ({ body: await response.text() })),
    await fetch(`${proxy.url}/bad/openapi.json`).then(async (response) => ({ body: await response.text() })),
  ];
  for (const { body } of answers) expect(leakIn(JSON.stringify(body), told.secrets)).toBeUndefined();
  await whenState(proxy.url, 'good', 'ready');
  expect((await fetch(`${proxy.url}/healthz`)).status).toBe(200);
  expect(mostMemoryOf(proxy)).toBeLessThan(mostMemoryBytes);
}

/** 0 where the system does not tell. */
function mostMemoryOf({ child }: SigningProxy): number {
  if (process.platform !== 'linux') return 0;
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) * 1024;
}

describe('before anybody is asked', () => {
  it.each([
    { vice: 'no-registration', says: /client_id/ },
    { vice: 'registration-refused', says: /client_id|regist/i },
    { vice: 'registration-redirects', says: /redirect/i },
    { vice: 'registration-huge', says: /large|big|size|bytes|MiB/i },
    { vice: 'issuer-of-another', says: /issuer/i },
    { vice: 'plain-pkce', says: /S256|PKCE/ },
    { vice: 'endpoints-without-tls', says: /https/ },
    { vice: 'endpoints-in-metadata-network', says: /169\.254|https|address/ },
    { vice: 'script-endpoint', says: /http|authorization_endpoint|address/i },
    { vice: 'file-endpoint', says: /http|authorization_endpoint|address/i },
    { vice: 'metadata-redirects', says: /redirect|metadata/i },
    { vice: 'metadata-redirects-inwards', says: /redirect|metadata|169\.254/i },
    { vice: 'metadata-redirects-for-ever', says: /redirect|metadata/i },
    { vice: 'metadata-huge', says: /large|big|size|bytes|MiB/i },
    { vice: 'metadata-is-html', says: /JSON|metadata/i },
    { vice: 'metadata-is-nonsense', says: /metadata/i },
    { vice: 'resource-metadata-of-another', says: /resource/i },
    { vice: 'authorization-server-in-metadata-network', says: /169\.254|https|address/ },
    { vice: 'authorization-server-is-no-url', says: /file:/ },
  ])('$vice', ({ vice, says }) => isRefused(vice, says));

  it('metadata that never ends, or never comes', async () => {
    const late = /time|long|late|seconds|within/i;
    await Promise.all([isRefused('metadata-never-ends', late), isRefused('metadata-never-comes', late)]);
  }, 90_000);

  async function isRefused(vice: string, says: RegExp): Promise<void> {
    const suspicious = await start(vice);
    const status = await settled(suspicious);
    expect(status.detail).toMatch(says);
    expect(status.detail.length).toBeLessThan(600);
    const refused = await post(`${suspicious.proxy.url}/bad/whoami`);
    expect([401, 502, 503]).toContain(refused.status);
    expect((refused.body as Problem).detail.length).toBeGreaterThan(20);
    expect(suspicious.opened()).toEqual([]);
    await isUnharmed(suspicious);
  }

  it('an address with a shell in it is one argument', async () => {
    const suspicious = await start('command-endpoint');
    await settled(suspicious);
    for (const url of suspicious.opened()) expect(url).toContain('state=');
    await isUnharmed(suspicious);
  });

  it('the first of several authorization servers is asked, and the second not at all', async () => {
    const suspicious = await start('many-authorization-servers');
    expect((await walk(suspicious)).status).toBe(200);
    await whenState(suspicious.proxy.url, 'bad', 'ready');
    await isUnharmed(suspicious);
  });

  it('nobody is registered again and again', async () => {
    const suspicious = await start('none');
    await whenState(suspicious.proxy.url, 'bad', 'authorization-required');
    for (let n = 0; n < 10; n += 1) await post(`${suspicious.proxy.url}/bad/whoami`);
    expect(await suspicious.server.told()).toMatchObject({ registrations: 1 });
  });
});

describe('when the browser comes back', () => {
  it.each([
    { vice: 'wrong-iss' },
    { vice: 'missing-iss' },
    { vice: 'error-with-markup' },
    { vice: 'token-redirects' },
    { vice: 'token-huge' },
    { vice: 'token-never-ends' },
    { vice: 'token-is-html' },
    { vice: 'token-missing' },
    { vice: 'token-with-newline' },
    { vice: 'token-error-repeats-secrets' },
  ])(
    '$vice',
    async ({ vice }) => {
      const suspicious = await start(vice);
      const page = await walk(suspicious);
      const { secrets } = await suspicious.server.told();
      expect(page.status).toBeGreaterThanOrEqual(400);
      expect(page.headers.get('content-security-policy')).toMatch(/default-src 'none'/);
      expect(page.headers.get('cache-control')).toMatch(/no-store/);
      expect(page.text).not.toMatch(/<script>alert|<img src=x|undefined|\[object/);
      expect(leakIn(page.text, secrets)).toBeUndefined();
      expect((await serverStatus(suspicious.proxy.url, 'bad')).state).not.toBe('ready');
      await isUnharmed(suspicious);
      await suspicious.server.set({ vice: 'none' });
      const again = await walk(suspicious);
      expect(again.status).toBe(200);
      await whenState(suspicious.proxy.url, 'bad', 'ready');
    },
    90_000,
  );
});

describe('afterwards', () => {
  it('a server that refuses every token is asked for no more than three times, and does not loop', async () => {
    const suspicious = await start('always-401');
    for (let n = 0; n < 5; n += 1) {
      const { authorizationUrl } = await serverStatus(suspicious.proxy.url, 'bad');
      if (authorizationUrl !== undefined) await new Browser().visit(authorizationUrl);
      await post(`${suspicious.proxy.url}/bad/whoami`);
    }
    await settled(suspicious);
    const { refreshes } = await suspicious.server.told();
    expect(refreshes).toBeLessThanOrEqual(15);
    const refused = await post(`${suspicious.proxy.url}/bad/whoami`);
    expect([401, 502]).toContain(refused.status);
    await isUnharmed(suspicious);
  });

  it('a server that always wants more rights is asked for no more than three times', async () => {
    const suspicious = await start('none');
    await walk(suspicious);
    await whenState(suspicious.proxy.url, 'bad', 'ready');
    await suspicious.server.set({ vice: 'always-403' });
    let asked = 0;
    for (let n = 0; n < 8; n += 1) {
      const answer = await post(`${suspicious.proxy.url}/bad/whoami`);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      const { authorizationUrl } = answer.body as Problem;
      if (authorizationUrl === undefined) break;
      asked += 1;
      await new Browser().visit(authorizationUrl);
    }
    expect(asked).toBeLessThanOrEqual(3);
    await isUnharmed(suspicious);
  });

  it('the token goes to no other origin, wherever the server redirects', async () => {
    const suspicious = await start('none');
    await walk(suspicious);
    await whenState(suspicious.proxy.url, 'bad', 'ready');
    await suspicious.server.set({ vice: 'resource-redirects' });
    const answer = await post(`${suspicious.proxy.url}/bad/whoami`);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    await isUnharmed(suspicious);
  });

  it('a refresh that hangs holds up nothing but its own calls', async () => {
    const suspicious = await start('none');
    await walk(suspicious);
    await whenState(suspicious.proxy.url, 'bad', 'ready');
    await suspicious.server.set({ vice: 'refresh-hangs', expire: true });
    const call = post(`${suspicious.proxy.url}/bad/whoami`);
    await until(async () => (await suspicious.server.told()).refreshes > 0);
    expect((await post(`${suspicious.proxy.url}/good/echo`, { text: 'hello' })).status).toBe(200);
    expect([401, 502, 503, 504]).toContain((await call).status);
    await suspicious.server.set({ vice: 'none' });
  }, 90_000);
});
