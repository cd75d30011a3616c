// One person, one sign-in for everybody who calls: from the first refusal to a restart that asks nobody, against a real
// authorization server.

import { createServer } from 'node:net';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
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
  type Problem,
  type Protected,
  type SigningOptions,
  type SigningProxy,
} from './oauth.ts';
import { post } from './proxy.ts';

/** An entry with one sign-in for everybody, on a callback port that nobody else has. */
async function alone(server: Protected, oauth: object = {}, more: object = {}): Promise<object> {
  return {
    type: 'streamable-http',
    url: server.url,
    oauth: { multi_user: false, callback_port: await freePort(), ...oauth },
    ...more,
  };
}

async function start(server: Protected, oauth: object = {}, options: SigningOptions = {}): Promise<SigningProxy> {
  return startSigningProxy({ notes: await alone(server, oauth) }, options);
}

async function addressToSignIn(proxy: SigningProxy, name = 'notes'): Promise<string> {
  await whenState(proxy.url, name, 'authorization-required');
  return until(async () => (await serverStatus(proxy.url, name)).authorizationUrl);
}

async function signIn(proxy: SigningProxy, user = 'alice', name = 'notes'): Promise<Browser> {
  const browser = new Browser();
  const page = await browser.signIn(await addressToSignIn(proxy, name), user);
  expect({ status: page.status, url: page.url }).toMatchObject({ status: 200 });
  await whenState(proxy.url, name, 'ready');
  return browser;
}

async function whoami(proxy: SigningProxy, name = 'notes'): Promise<unknown> {
  const { status, body } = await post(`${proxy.url}/${name}/whoami`);
  return status === 200 ? body : { status, body };
}

function stop(proxy: SigningProxy, signal: NodeJS.Signals = 'SIGTERM'): Promise<unknown> {
  proxy.child.kill(signal);
  return proxy.exited;
}

describe('one sign-in for everybody', () => {
  it('a call before it is 401 and says where to go; the others are served meanwhile', async () => {
    const server = await startProtected();
    const proxy = await startSigningProxy({
      notes: await alone(server),
      plain: { command: process.execPath, args: [fixture('echo')] },
    });
    const status = await whenState(proxy.url, 'notes', 'authorization-required');
    expect(status.authorizationUrl).toMatch(new RegExp(`^${server.issuer}/auth\\?`));
    expect(status.detail).toContain(status.authorizationUrl);
    const refused = await post(`${proxy.url}/notes/whoami`);
    expect(refused).toMatchObject({
      status: 401,
      body: { status: 401, code: 'authorization_required', server: 'notes' },
    });
    expect((refused.body as Problem).authorizationUrl).toMatch(new RegExp(`^${server.issuer}/auth\\?`));
    await whenState(proxy.url, 'plain', 'ready');
    const ready = await fetch(`${proxy.url}/readyz`);
    expect(ready.status).toBe(200);
  });

  it('the browser comes back to the loopback address, and calls work', async () => {
    const server = await startProtected();
    const callbackPort = await freePort();
    const proxy = await start(server, { callback_port: callbackPort });
    const browser = new Browser();
    const page = await browser.signIn(await addressToSignIn(proxy), 'alice');
    expect(page.status).toBe(200);
    expect(page.hops.some((hop) => hop.startsWith(`http://localhost:${callbackPort}/callback?`))).toBe(true);
    await whenState(proxy.url, 'notes', 'ready');
    expect(await whoami(proxy)).toBe('alice');
    const told = await server.told();
    expect(told.clients).toMatchObject([
      { applicationType: 'native', redirectUris: [`http://localhost:${callbackPort}/callback`] },
    ]);
    expect(told.authorizationRequests).toMatchObject([{ resource: server.url, codeChallengeMethod: 'S256' }]);
    expect(told).toMatchObject({ registrations: 1, codes: 1, refreshes: 0, serverErrors: [] });
    await until(async () => !(await listens(callbackPort)));
  });

  it('a restart asks nobody', async () => {
    const server = await startProtected();
    const home = ownHome();
    const first = await start(server, {}, { home });
    await signIn(first);
    await stop(first);
    const second = await start(server, {}, { home });
    await whenState(second.url, 'notes', 'ready');
    expect(await whoami(second)).toBe('alice');
    expect(await server.told()).toMatchObject({ codes: 1 });
  });

  it('what is kept on disk is sealed, and for this user alone', async () => {
    const server = await startProtected();
    const proxy = await start(server);
    await signIn(proxy);
    const { secrets } = await server.told();
    const files = filesBelow(join(proxy.home, '.mcpo'));
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) {
      expect({ file, mode: statSync(file).mode & 0o077 }).toEqual({ file, mode: 0 });
      expect(leakIn(readFileSync(file, 'latin1'), secrets)).toBeUndefined();
    }
    expect(statSync(join(proxy.home, '.mcpo', 'tokens')).mode & 0o077).toBe(0);
  });

  it('with "storage_type": "memory" nothing of it is on disk, and a restart asks again', async () => {
    const server = await startProtected();
    const home = ownHome();
    const first = await start(server, { storage_type: 'memory' }, { home });
    await signIn(first);
    await stop(first);
    expect(filesBelow(join(home, '.mcpo'))).toEqual([]);
    const second = await start(server, { storage_type: 'memory' }, { home });
    await whenState(second.url, 'notes', 'authorization-required');
  });

  it('damaged files are set aside and reported, and somebody is asked again', async () => {
    const server = await startProtected();
    const home = ownHome();
    const first = await start(server, {}, { home });
    await signIn(first);
    await stop(first);
    for (const file of filesBelow(join(home, '.mcpo', 'tokens'))) {
      if (statSync(file).size > 0 && !/key/.test(file)) writeFileSync(file, 'damaged');
    }
    const second = await start(server, {}, { home });
    await signIn(second, 'bob');
    expect(await whoami(second)).toBe('bob');
    expect(second.printed()).toMatch(/set aside/);
  });

  it('a token that expired is refreshed, and nobody notices', async () => {
    const server = await startProtected();
    const proxy = await start(server);
    await signIn(proxy);
    await server.set({ expire: true });
    expect(await whoami(proxy)).toBe('alice');
    await server.set({ expire: true });
    expect(await whoami(proxy)).toBe('alice');
    expect(await server.told()).toMatchObject({ refreshes: 2, reuses: 0, codes: 1 });
  });

  it('a token is refreshed ahead of its expiry', async () => {
    const server = await startProtected({ accessTokenSeconds: 2 }, 'misbehaves');
    const proxy = await start(server);
    await signIn(proxy);
    const { unauthorized } = (await server.told()) as unknown as { unauthorized: number };
    await until(async () => {
      expect(await whoami(proxy)).toBe('somebody');
      return (await server.told()).refreshes >= 2;
    });
    expect(await server.told()).toMatchObject({ unauthorized });
  });

  it('a refresh token that is no longer taken asks for a sign-in, once, and does not loop', async () => {
    const server = await startProtected({}, 'misbehaves');
    const proxy = await start(server);
    await signIn(proxy);
    await server.set({ vice: 'refresh-invalid-grant', expire: true });
    expect(await post(`${proxy.url}/notes/whoami`)).toMatchObject({
      status: 401,
      body: { code: 'authorization_required' },
    });
    await whenState(proxy.url, 'notes', 'authorization-required');
    for (let n = 0; n < 5; n += 1) await post(`${proxy.url}/notes/whoami`);
    expect((await server.told()).refreshes).toBe(1);
    await server.set({ vice: 'none' });
    await signIn(proxy);
    expect(await whoami(proxy)).toBe('somebody');
  });

  it('a refresh that the authorization server is too busy for does not lose the sign-in', async () => {
    const server = await startProtected({}, 'misbehaves');
    const proxy = await start(server);
    await signIn(proxy);
    const { authorizations } = await server.told();
    await server.set({ vice: 'refresh-503', expire: true });
    const busy = await post(`${proxy.url}/notes/whoami`);
    expect([401, 502, 503]).toContain(busy.status);
    await server.set({ vice: 'none' });
    await until(async () => (await whoami(proxy)) === 'somebody');
    expect(await server.told()).toMatchObject({ authorizations });
  });

  it('more rights are asked for when a tool needs them, and those that there were stay', async () => {
    const server = await startProtected();
    const proxy = await start(server);
    const browser = await signIn(proxy);
    const refused = await post(`${proxy.url}/notes/admin`);
    expect(refused).toMatchObject({ status: 401, body: { code: 'authorization_required' } });
    const { authorizationUrl = '' } = refused.body as Problem;
    const scope = new URL(authorizationUrl).searchParams.get('scope')?.split(' ');
    expect(scope).toEqual(expect.arrayContaining(['tools', 'admin']));
    expect(await whoami(proxy)).toBe('alice');
    const page = await browser.signIn(authorizationUrl, 'alice');
    expect(page.status).toBe(200);
    await until(async () => (await post(`${proxy.url}/notes/admin`)).status === 200);
    expect(await whoami(proxy)).toBe('alice');
  });

  it('who says no is told so, and may say yes later', async () => {
    const server = await startProtected();
    const proxy = await start(server);
    const no = await new Browser().signIn(await addressToSignIn(proxy), 'alice', { deny: true });
    expect(no.status).toBeGreaterThanOrEqual(400);
    expect(no.text).not.toContain('undefined');
    expect((await serverStatus(proxy.url, 'notes')).state).toBe('authorization-required');
    await signIn(proxy);
    expect(await whoami(proxy)).toBe('alice');
  });

  it('logging out revokes, forgets and asks again', async () => {
    const server = await startProtected();
    const proxy = await start(server);
    await signIn(proxy);
    const response = await fetch(`${proxy.url}/oauth/notes/logout`, { method: 'POST' });
    expect(response.status).toBeLessThan(400);
    await whenState(proxy.url, 'notes', 'authorization-required');
    expect(await post(`${proxy.url}/notes/whoami`)).toMatchObject({ status: 401 });
    await until(async () => (await server.told()).revocations > 0);
    await until(async () => (await server.told()).ended.includes('alice'));
  });
});

describe('where the browser comes back to', () => {
  it('the proxy itself, with "use_loopback": false', async () => {
    const server = await startProtected();
    const port = await freePort();
    const proxy = await start(server, { use_loopback: false, callback_port: port });
    const address = await addressToSignIn(proxy);
    expect(await listens(port)).toBe(false);
    const page = await new Browser().signIn(address, 'alice');
    expect(page.status).toBe(200);
    expect(page.hops.some((hop) => new URL(hop).pathname === '/oauth/notes/callback')).toBe(true);
    await whenState(proxy.url, 'notes', 'ready');
    expect(await whoami(proxy)).toBe('alice');
    expect((await server.told()).clients).toMatchObject([{ applicationType: 'web' }]);
  });

  it('the proxy itself, where the callback port is taken', async () => {
    const server = await startProtected();
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void taken.close());
    const port = (taken.address() as { port: number }).port;
    const proxy = await start(server, { callback_port: port });
    const page = await new Browser().signIn(await addressToSignIn(proxy), 'alice');
    expect(page.hops.some((hop) => new URL(hop).pathname === '/oauth/notes/callback')).toBe(true);
    await whenState(proxy.url, 'notes', 'ready');
    expect(await whoami(proxy)).toBe('alice');
  });

  it('two servers share a callback port, and neither gets the answer of the other', async () => {
    const [one, two] = [await startProtected(), await startProtected()];
    const port = await freePort();
    const proxy = await startSigningProxy({
      one: await alone(one, { callback_port: port }),
      two: await alone(two, { callback_port: port }),
    });
    const addresses = [await addressToSignIn(proxy, 'one'), await addressToSignIn(proxy, 'two')] as const;
    await new Browser().signIn(addresses[1], 'bob');
    await new Browser().signIn(addresses[0], 'alice');
    await whenState(proxy.url, 'one', 'ready');
    await whenState(proxy.url, 'two', 'ready');
    expect([await whoami(proxy, 'one'), await whoami(proxy, 'two')]).toEqual(['alice', 'bob']);
  });

  it('an answer that nobody waits for, that comes twice or is forged, changes nothing', async () => {
    const server = await startProtected();
    const proxy = await start(server, { use_loopback: false });
    const page = await new Browser().signIn(await addressToSignIn(proxy), 'alice');
    const callback = page.hops.find((hop) => new URL(hop).pathname === '/oauth/notes/callback') ?? '';
    await whenState(proxy.url, 'notes', 'ready');
    const forged = new URL(callback);
    forged.searchParams.set('state', 'forged');
    for (const url of [callback, forged.href, `${proxy.url}/oauth/notes/callback`]) {
      const again = await new Browser().visit(url);
      expect({ url, status: again.status }).toEqual({ url, status: 400 });
    }
    expect(await whoami(proxy)).toBe('alice');
    expect(await server.told()).toMatchObject({ codes: 1 });
  });

  it("the machine's browser is given the address, as one argument, only where there is one", async () => {
    const server = await startProtected();
    const home = ownHome();
    const machine = recordingBrowser(home);
    const proxy = await start(server, {}, { home, env: { BROWSER: machine.command } });
    const [address] = await until(() => (machine.opened().length > 0 ? machine.opened() : undefined));
    expect(address).toMatch(new RegExp(`^${server.issuer}/auth\\?`));
    await new Browser().signIn(address ?? '', 'alice');
    await whenState(proxy.url, 'notes', 'ready');
    expect(machine.opened()).toHaveLength(1);

    const quietHome = ownHome();
    const quiet = recordingBrowser(quietHome);
    const other = await start(server, { use_loopback: false }, { home: quietHome, env: { BROWSER: quiet.command } });
    const printed = await addressToSignIn(other);
    expect(other.printed()).toContain(new URL(printed).origin);
    expect(quiet.opened()).toEqual([]);
  });
});

describe('servers as they are found', () => {
  it.each([
    { kind: 'that sign in by themselves, with server_url', options: { sameOrigin: true }, hint: 'origin' },
    { kind: 'that sign in by themselves, without', options: { sameOrigin: true }, hint: undefined },
    { kind: 'that say nothing but 401', options: { resourceMetadata: false }, hint: 'issuer', scopes: ['tools'] },
    { kind: 'that give refresh tokens to offline_access alone', options: { offlineAccessOnly: true }, hint: undefined },
    { kind: 'over SSE', options: { transport: 'sse' }, hint: undefined, type: 'sse' },
  ] as const)('$kind', async ({ options, hint, ...rest }) => {
    const server = await startProtected(options);
    const oauth = {
      ...(hint === undefined ? {} : { server_url: server[hint] }),
      ...('scopes' in rest ? { scopes: rest.scopes } : {}),
    };
    const type = 'type' in rest ? rest.type : 'streamable-http';
    const proxy = await startSigningProxy({ notes: await alone(server, oauth, { type }) });
    await signIn(proxy);
    expect(await whoami(proxy)).toBe('alice');
    await server.set({ expire: true });
    await until(async () => (await whoami(proxy)) === 'alice');
    expect(await server.told()).toMatchObject({ codes: 1, refreshes: 1, serverErrors: [] });
  });

  it("the Python program's example for servers without registration registers what it says", async () => {
    const server = await startProtected({ sameOrigin: true });
    const port = await freePort();
    const proxy = await startSigningProxy({
      'legacy-oauth-server': {
        type: 'streamable-http',
        url: server.url,
        oauth: {
          server_url: server.origin,
          multi_user: false,
          callback_port: port,
          client_metadata: { client_name: 'My MCPO Client', redirect_uris: [`http://localhost:${port}/callback`] },
        },
      },
    });
    await signIn(proxy, 'alice', 'legacy-oauth-server');
    expect(await whoami(proxy, 'legacy-oauth-server')).toBe('alice');
    expect((await server.told()).clients).toMatchObject([{ clientName: 'My MCPO Client' }]);
  });

  it('a client that is known beforehand needs no registration', async () => {
    const port = await freePort();
    const client = {
      client_id: 'known',
      client_secret: 'a-secret-that-both-know',
      redirect_uris: [`http://localhost:${port}/callback`],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      application_type: 'native',
      token_endpoint_auth_method: 'client_secret_basic',
    };
    const server = await startProtected({ registration: false, clients: [client] });
    const proxy = await start(server, {
      callback_port: port,
      client_id: client.client_id,
      client_secret: client.client_secret,
    });
    await signIn(proxy);
    expect(await whoami(proxy)).toBe('alice');
    expect(proxy.printed()).not.toContain(client.client_secret);
    expect(processList()).not.toContain(client.client_secret);
  });

  it('without registration and client_id the sentence says what to configure', async () => {
    const server = await startProtected({ registration: false });
    const proxy = await start(server);
    const status = await until(async () => {
      const found = await serverStatus(proxy.url, 'notes');
      return found.state === 'starting' ? undefined : found;
    });
    expect(status.detail).toContain('client_id');
    const refused = await post(`${proxy.url}/notes/whoami`);
    expect(refused.status).toBeGreaterThanOrEqual(400);
    expect((refused.body as Problem).detail).toContain('client_id');
  });

  it('a machine needs nobody: client_credentials', async () => {
    const client = {
      client_id: 'machine',
      client_secret: 'a-secret-that-both-know',
      redirect_uris: [],
      response_types: [],
      grant_types: ['client_credentials'],
      token_endpoint_auth_method: 'client_secret_basic',
    };
    const server = await startProtected({ registration: false, clients: [client] });
    const proxy = await startSigningProxy({
      notes: {
        type: 'streamable-http',
        url: server.url,
        oauth: { grant: 'client_credentials', client_id: client.client_id, client_secret: client.client_secret },
      },
    });
    await whenState(proxy.url, 'notes', 'ready');
    expect(await whoami(proxy)).toBe('machine');
    await server.set({ expire: true });
    expect(await whoami(proxy)).toBe('machine');
  });
});

describe('killed in the middle of a refresh', () => {
  it('before the authorization server carried it out: the sign-in is kept', async () => {
    const { server, home, proxy } = await signedIn();
    await server.set({ hold: 'before', expire: true });
    void post(`${proxy.url}/notes/whoami`).catch(() => {});
    await until(async () => (await server.told()).refreshesInFlight > 0);
    await stop(proxy, 'SIGKILL');
    await server.set({ hold: null });
    const again = await start(server, {}, { home });
    await whenState(again.url, 'notes', 'ready');
    expect(await whoami(again)).toBe('alice');
    expect(await server.told()).toMatchObject({ codes: 1, reuses: 0 });
  });

  it('after it, with the answer on its way: nothing is torn, and somebody is asked again', async () => {
    const { server, home, proxy } = await signedIn();
    await server.set({ hold: 'after', expire: true });
    void post(`${proxy.url}/notes/whoami`).catch(() => {});
    await until(async () => (await server.told()).refreshes > 0);
    await stop(proxy, 'SIGKILL');
    await server.set({ hold: null });
    const again = await start(server, {}, { home });
    await signIn(again);
    expect(await whoami(again)).toBe('alice');
    expect(again.printed()).not.toMatch(/set aside/);
  });

  async function signedIn(): Promise<{ server: Protected; home: string; proxy: SigningProxy }> {
    const server = await startProtected();
    const home = ownHome();
    const proxy = await start(server, {}, { home });
    await signIn(proxy);
    return { server, home, proxy };
  }
});

function filesBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  } catch {
    return [];
  }
}

async function listens(port: number): Promise<boolean> {
  try {
    await fetch(`http://localhost:${port}/`);
    return true;
  } catch {
    return false;
  }
}
