// Many people, each with a browser and a sign-in of his own: what one of them has is seen by nobody else, whatever is
// swapped, replayed, stolen or forged between them. The configuration is the Python program's example as it stands.

import { describe, expect, it } from 'vitest';
import { until } from '../support.ts';
import {
  Browser,
  cookiesNamed,
  leakIn,
  ownHome,
  processList,
  startProtected,
  startSigningProxy,
  type Page,
  type Problem,
  type Protected,
  type SigningOptions,
  type SigningProxy,
} from './oauth.ts';
import { post } from './proxy.ts';

const name = 'oauth-protected-server';
const session = /mcpo_session_/;

interface Many {
  readonly server: Protected;
  readonly proxy: SigningProxy;
}

/** The README's example of the Python program; only the address is that of the test. */
function exampleOf(server: Protected, oauth: object = {}): object {
  return { [name]: { type: 'streamable-http', url: server.url, oauth: { server_url: server.origin, ...oauth } } };
}

async function start(oauth: object = {}, options: SigningOptions = {}): Promise<Many> {
  const server = await startProtected({ sameOrigin: true });
  return { server, proxy: await startSigningProxy(exampleOf(server, oauth), options) };
}

async function signedIn({ proxy }: Many, user: string, browser = new Browser()): Promise<Browser> {
  const page = await browser.signIn(`${proxy.url}/${name}/docs`, user);
  expect({ status: page.status, url: page.url }).toEqual({ status: 200, url: `${proxy.url}/${name}/docs` });
  return browser;
}

function callAs({ proxy }: Many, browser: Browser, tool = 'whoami', headers: Record<string, string> = {}) {
  const url = `${proxy.url}/${name}/${tool}`;
  return post(url, {}, { ...browser.headersFor(url), ...headers });
}

async function whoami(many: Many, browser: Browser): Promise<unknown> {
  const { status, body } = await callAs(many, browser);
  return status === 200 ? body : status;
}

async function documentFor({ proxy }: Many, browser: Browser, headers: Record<string, string> = {}) {
  const url = `${proxy.url}/${name}/openapi.json`;
  const response = await fetch(url, { headers: { ...browser.headersFor(url), ...headers } });
  const text = await response.text();
  const paths = response.status === 200 ? Object.keys((JSON.parse(text) as { paths?: object }).paths ?? {}) : [];
  return { status: response.status, headers: response.headers, text, paths };
}

/** As far as the way back from the authorization server, which is not gone. */
async function upToCallback({ proxy }: Many, browser: Browser, user: string): Promise<Page> {
  const page = await browser.signIn(`${proxy.url}/${name}/docs`, user, {
    stopBefore: (url) => url.pathname.endsWith('/callback'),
  });
  expect(new URL(page.url).pathname).toBe(`/oauth/${name}/callback`);
  return page;
}

function sessionOf(browser: Browser): { name: string; value: string; attributes: string } {
  const [found] = cookiesNamed(browser, session);
  if (found === undefined) throw new Error('no session cookie');
  return found;
}

function withSession(cookie: string, value: string): Record<string, string> {
  return { cookie: `${cookie}=${value}` };
}

describe('a browser', () => {
  it.each(['/docs', '/', ''])('is led from /{server}%s to sign in, and back', async (path) => {
    const many = await start();
    const browser = new Browser();
    const page = await browser.signIn(`${many.proxy.url}/${name}${path}`, 'alice');
    expect(page.status).toBe(200);
    expect(page.hops.some((hop) => hop.startsWith(`${many.server.issuer}/auth?`))).toBe(true);
    expect(new URL(page.url).pathname.replace(/\/$/, '')).toBe(`/${name}${path}`.replace(/\/$/, ''));
    expect(await whoami(many, browser)).toBe('alice');
    expect((await many.server.told()).authorizationRequests).toMatchObject([
      { resource: many.server.url, codeChallengeMethod: 'S256' },
    ]);
    expect((await many.server.told()).clients).toMatchObject([
      { applicationType: 'web', redirectUris: [`${many.proxy.url}/oauth/${name}/callback`] },
    ]);
  });

  it('gets a session that no script reads and no other site sends', async () => {
    const browser = await signedIn(await start(), 'alice');
    const { value, attributes } = sessionOf(browser);
    expect(value).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(attributes).toMatch(/HttpOnly/i);
    expect(attributes).toMatch(/SameSite=Lax/i);
    expect(attributes).not.toMatch(/Secure|Domain/i);
  });

  it('programs are told, not redirected', async () => {
    const { proxy } = await start();
    for (const path of ['', '/', '/docs', '/openapi.json']) {
      const response = await fetch(`${proxy.url}/${name}${path}`, {
        headers: { accept: 'application/json' },
        redirect: 'manual',
      });
      expect({ path, status: response.status }).toEqual({ path, status: 200 });
      expect(response.headers.get('set-cookie')).toBeNull();
    }
    const refused = await post(`${proxy.url}/${name}/whoami`);
    expect(refused).toMatchObject({
      status: 401,
      body: {
        code: 'authorization_required',
        server: name,
        authorizationUrl: `${proxy.url}/oauth/${name}/authorize`,
      },
    });
    expect(await post(`${proxy.url}/${name}/no-such-tool`)).toMatchObject({
      status: 401,
      body: { code: 'authorization_required' },
    });
  });

  it('the document of somebody who has not signed in says how to, and lists no tools', async () => {
    const many = await start();
    await signedIn(many, 'alice');
    const { paths, text } = await documentFor(many, new Browser());
    expect(paths).toEqual([]);
    expect(text).toContain(`/oauth/${name}/authorize`);
    expect(text).not.toMatch(/whoami|of_alice/);
    const all = await (await fetch(`${many.proxy.url}/openapi.json`)).text();
    expect(all).not.toMatch(/whoami|of_alice/);
  });

  it('a program that signs in by the address of the refusal gets a page, and its jar calls', async () => {
    const many = await start();
    const refused = await post(`${many.proxy.url}/${name}/whoami`);
    const browser = new Browser();
    const page = await browser.signIn((refused.body as Problem).authorizationUrl ?? '', 'alice');
    expect(page.status).toBe(200);
    expect(await whoami(many, browser)).toBe('alice');
  });
});

describe('two users', () => {
  it('each see themselves', async () => {
    const many = await start();
    const [alice, bob] = [await signedIn(many, 'alice'), await signedIn(many, 'bob')];
    expect([await whoami(many, alice), await whoami(many, bob), await whoami(many, alice)]).toEqual([
      'alice',
      'bob',
      'alice',
    ]);
    const told = await many.server.told();
    expect(told.crossings).toEqual([]);
    expect(new Set(told.sessions)).toEqual(new Set(['alice', 'bob']));
    expect(told.registrations).toBe(1);
  });

  it('have documents of their own, which no cache mixes up', async () => {
    const many = await start();
    const [alice, bob] = [await signedIn(many, 'alice'), await signedIn(many, 'bob')];
    const [ofAlice, ofBob] = [await documentFor(many, alice), await documentFor(many, bob)];
    expect(ofAlice.paths).toEqual(expect.arrayContaining(['/whoami', '/of_alice']));
    expect(ofBob.paths).toEqual(expect.arrayContaining(['/whoami', '/of_bob']));
    expect(ofAlice.text).not.toContain('of_bob');
    expect(ofBob.text).not.toContain('of_alice');
    for (const { headers } of [ofAlice, ofBob]) {
      expect(headers.get('cache-control')).toMatch(/private|no-store/);
      expect(headers.get('vary')).toMatch(/cookie/i);
      expect(headers.get('vary')).toMatch(/authorization/i);
    }
    const etag = ofAlice.headers.get('etag') ?? '';
    expect(etag).not.toBe('');
    expect(ofBob.headers.get('etag')).not.toBe(etag);
    expect((await documentFor(many, alice, { 'if-none-match': etag })).status).toBe(304);
    expect((await documentFor(many, bob, { 'if-none-match': etag })).status).toBe(200);
    expect((await documentFor(many, new Browser(), { 'if-none-match': etag })).status).toBe(200);
  });

  it("cannot call each other's tools", async () => {
    const many = await start();
    const [alice, bob] = [await signedIn(many, 'alice'), await signedIn(many, 'bob')];
    expect(await callAs(many, alice, 'of_alice')).toMatchObject({ status: 200, body: 'of alice' });
    expect(await callAs(many, bob, 'of_alice')).toMatchObject({ status: 404 });
  });

  it('pages and status are personal too', async () => {
    const many = await start();
    const alice = await signedIn(many, 'alice');
    const docs = await alice.visit(`${many.proxy.url}/${name}/docs`);
    expect(docs.headers.get('cache-control')).toMatch(/private|no-store/);
    const url = `${many.proxy.url}/oauth/${name}/status`;
    const told = await fetch(url, { headers: alice.headersFor(url) });
    expect(told.headers.get('cache-control')).toMatch(/no-store/);
    expect(await told.json()).toMatchObject({ server: name, authenticated: true });
    const other = await fetch(url);
    expect(await other.json()).toMatchObject({ server: name, authenticated: false });
    const overview = await (await fetch(`${many.proxy.url}/`, { headers: { accept: 'application/json' } })).text();
    expect(overview).not.toMatch(/alice/);
  });

  it('fifty of them, interleaved, never meet', async () => {
    const many = await start();
    const users = Array.from({ length: 50 }, (_, n) => `user${n}`);
    const browsers: Browser[] = [];
    for (let n = 0; n < users.length; n += 10) {
      browsers.push(...(await Promise.all(users.slice(n, n + 10).map((user) => signedIn(many, user)))));
    }
    for (let round = 0; round < 4; round += 1) {
      const answers = await Promise.all(browsers.map((browser) => whoami(many, browser)));
      expect(answers).toEqual(users);
    }
    const documents = await Promise.all(browsers.map((browser) => documentFor(many, browser)));
    expect(documents.map(({ paths }) => paths.find((path) => path.startsWith('/of_')))).toEqual(
      users.map((user) => `/of_${user}`),
    );
    const told = await many.server.told();
    expect(told).toMatchObject({ crossings: [], codes: users.length, registrations: 1, serverErrors: [] });
  }, 60_000);
});

describe('what is forged, swapped or stolen', () => {
  it('an id that was never given is nobody, and is not adopted', async () => {
    const many = await start();
    const alice = await signedIn(many, 'alice');
    const { name: cookie, value } = sessionOf(alice);
    const forgeries = ['0f0e0d0c-0b0a-4908-8706-050403020100', `${value}x`, value.slice(0, -1), '', '*', '../alice'];
    for (const forged of forgeries) {
      const answer = await post(`${many.proxy.url}/${name}/whoami`, {}, withSession(cookie, forged));
      expect({ forged, status: answer.status }).toEqual({ forged, status: 401 });
      expect(answer.headers.getSetCookie().join()).not.toContain(forged === '' ? 'never' : forged);
    }
  });

  it('an id that somebody put into the browser before the sign-in is not the one after it', async () => {
    const many = await start();
    const mallory = await signedIn(many, 'mallory');
    const fixed = sessionOf(mallory);
    const victim = new Browser();
    for (const [key, cookie] of mallory.cookies) if (session.test(key)) victim.cookies.set(key, cookie);
    const page = await victim.signIn(`${many.proxy.url}/oauth/${name}/authorize?return=/${name}/docs`, 'alice');
    expect(page.status).toBe(200);
    expect(sessionOf(victim).value).not.toBe(fixed.value);
    expect(await whoami(many, victim)).toBe('alice');
    expect([401, 'mallory']).toContain(await whoami(many, mallory));
  });

  it('the session of one server is none of another, whatever their names', async () => {
    const [one, two] = [await startProtected(), await startProtected()];
    const proxy = await startSigningProxy({ one: { url: one.url, oauth: {} }, two: { url: two.url, oauth: {} } });
    const alice = new Browser();
    await alice.signIn(`${proxy.url}/one/docs`, 'alice');
    const first = sessionOf(alice);
    expect((await post(`${proxy.url}/two/whoami`, {}, alice.headersFor(`${proxy.url}/two/whoami`))).status).toBe(401);
    await alice.signIn(`${proxy.url}/two/docs`, 'alice-at-two');
    const second = cookiesNamed(alice, session).find((cookie) => cookie.name !== first.name);
    expect(second).toBeDefined();
    for (const value of [first.value, second?.value ?? '']) {
      const crossed = { cookie: `${first.name}=${second?.value}; ${second?.name}=${value}` };
      const answer = await post(`${proxy.url}/one/whoami`, {}, crossed);
      expect(answer.status).toBe(401);
    }
    expect((await post(`${proxy.url}/two/whoami`, {}, alice.headersFor(proxy.url))).body).toBe('alice-at-two');
  });

  it("another browser cannot end a sign-in that it did not begin, and does not become the other's user", async () => {
    const many = await start();
    const mallory = new Browser();
    const { url: callback } = await upToCallback(many, mallory, 'mallory');
    const victim = new Browser();
    const refused = await victim.visit(callback);
    expect(refused.status).toBeGreaterThanOrEqual(400);
    expect(cookiesNamed(victim, session)).toEqual([]);
    expect(await whoami(many, victim)).toBe(401);

    const begun = new Browser();
    await upToCallback(many, begun, 'alice');
    const crossed = await begun.visit((await upToCallback(many, mallory, 'mallory')).url);
    expect(crossed.status).toBeGreaterThanOrEqual(400);
    expect(await whoami(many, begun)).toBe(401);
  });

  it('an answer is taken once, and only with its own state, code and server', async () => {
    const server = await startProtected();
    const proxy = await startSigningProxy({
      [name]: { url: server.url, oauth: {} },
      other: { url: server.url, oauth: {} },
    });
    const many = { server, proxy };
    const alice = new Browser();
    const { url: callback } = await upToCallback(many, alice, 'alice');
    const changed = (change: (url: URL) => void): string => {
      const url = new URL(callback);
      change(url);
      return url.href;
    };
    const wrong = [
      changed((url) => url.searchParams.set('state', 'forged')),
      changed((url) => url.searchParams.delete('state')),
      changed((url) => (url.pathname = '/oauth/other/callback')),
    ];
    for (const url of wrong) {
      expect({ url, status: (await alice.visit(url)).status }).toEqual({ url, status: 400 });
    }
    const done = await alice.visit(callback);
    expect(done.status).toBe(200);
    const before = sessionOf(alice).value;
    expect((await alice.visit(callback)).status).toBeGreaterThanOrEqual(400);
    expect((await new Browser().visit(callback)).status).toBeGreaterThanOrEqual(400);
    expect(sessionOf(alice).value).toBe(before);
    expect(await whoami(many, alice)).toBe('alice');
    expect(await server.told()).toMatchObject({ codes: 1 });
  });

  it('a forged code, or an issuer that is not the one, signs nobody in', async () => {
    const many = await start();
    for (const [parameter, value] of [
      ['code', 'forged'],
      ['iss', 'https://accounts.example.com'],
    ] as const) {
      const browser = new Browser();
      const url = new URL((await upToCallback(many, browser, 'alice')).url);
      url.searchParams.set(parameter, value);
      const page = await browser.visit(url.href);
      expect({ parameter, status: page.status }).not.toEqual({ parameter, status: 200 });
      expect(await whoami(many, browser)).toBe(401);
      const again = await signedIn(many, 'alice', browser);
      expect(await whoami(many, again)).toBe('alice');
    }
  });

  it('a sign-in comes back to an own path, whatever it is told', async () => {
    const { proxy } = await start();
    const targets = [
      'https://evil.example/',
      '//evil.example/',
      '/\\evil.example/',
      '\\\\evil.example',
      '/%09/evil.example',
      '/\t/evil.example',
      'javascript:alert(1)',
      '/x@evil.example',
      '/..//evil.example',
      '/oauth/x/../..//evil.example',
    ];
    for (const target of targets) {
      const url = `${proxy.url}/oauth/${name}/authorize?return=${encodeURIComponent(target)}`;
      const browser = new Browser();
      const page = await browser.signIn(url, 'alice', { stopBefore: ({ hostname }) => hostname.includes('evil') });
      expect({ target, host: new URL(page.url).host }).toEqual({ target, host: new URL(proxy.url).host });
      expect(page.hops.join(' ')).not.toMatch(/\/\/evil\.example/);
      expect(cookiesNamed(browser, session)).toHaveLength(1);
    }
  });

  it('a page of another site can neither call with the cookie nor sign anybody out', async () => {
    const many = await start();
    const alice = await signedIn(many, 'alice');
    const foreign = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' };
    expect((await callAs(many, alice, 'whoami', foreign)).status).toBeGreaterThanOrEqual(400);
    const logout = `${many.proxy.url}/oauth/${name}/logout`;
    const response = await fetch(logout, { method: 'POST', headers: { ...alice.headersFor(logout), ...foreign } });
    expect(response.status).toBe(403);
    expect((await fetch(logout, { headers: alice.headersFor(logout) })).status).toBe(405);
    expect(await whoami(many, alice)).toBe('alice');
  });

  it('nothing secret is printed, shown or in the list of processes', async () => {
    const many = await start();
    const alice = await signedIn(many, 'alice');
    await many.server.set({ expire: true });
    expect(await whoami(many, alice)).toBe('alice');
    const document = await documentFor(many, alice);
    const pages = await Promise.all(
      ['/', `/${name}/`, `/${name}/docs`, `/oauth/${name}/status`, '/metrics'].map(
        async (path) => (await alice.visit(`${many.proxy.url}${path}`)).text,
      ),
    );
    const { secrets } = await many.server.told();
    const all = [...secrets, sessionOf(alice).value];
    expect(secrets.length).toBeGreaterThan(4);
    expect(leakIn(many.proxy.printed(), all)).toBeUndefined();
    expect(leakIn(processList(), all)).toBeUndefined();
    for (const text of [document.text, ...pages]) expect(leakIn(text, all)).toBeUndefined();
  });
});

describe('the end of a session', () => {
  it('comes by itself when nobody uses it: the connection is closed and the tokens are gone', async () => {
    const many = await start({ session_timeout_minutes: 0.03 });
    const alice = await signedIn(many, 'alice');
    expect(await whoami(many, alice)).toBe('alice');
    await until(async () => (await many.server.told()).ended.includes('alice'));
    await until(async () => (await whoami(many, alice)) === 401);
    const url = `${many.proxy.url}/oauth/${name}/status`;
    const status = await fetch(url, { headers: alice.headersFor(url) });
    expect(await status.json()).toMatchObject({ authenticated: false });
    expect((await many.server.told()).sessions).toEqual([]);
    await signedIn(many, 'alice', alice);
    expect(await whoami(many, alice)).toBe('alice');
  });

  it('does not come while it is used', async () => {
    const many = await start({ session_timeout_minutes: 0.03 });
    const [alice, bob] = [await signedIn(many, 'alice'), await signedIn(many, 'bob')];
    expect(await whoami(many, bob)).toBe('bob');
    await until(async () => {
      expect(await whoami(many, alice)).toBe('alice');
      return (await many.server.told()).ended.includes('bob');
    });
    expect(await whoami(many, alice)).toBe('alice');
  });

  it('logging out revokes, closes and forgets, for this user alone', async () => {
    const many = await start();
    const [alice, bob] = [await signedIn(many, 'alice'), await signedIn(many, 'bob')];
    expect([await whoami(many, alice), await whoami(many, bob)]).toEqual(['alice', 'bob']);
    const url = `${many.proxy.url}/oauth/${name}/logout`;
    const stolen = alice.headersFor(url);
    const page = await alice.visit(url, { method: 'POST', body: new URLSearchParams(), from: many.proxy.url });
    expect(page.status).toBe(200);
    await until(async () => (await many.server.told()).ended.includes('alice'));
    expect((await many.server.told()).revocations).toBeGreaterThan(0);
    expect(cookiesNamed(alice, session)).toEqual([]);
    expect((await post(`${many.proxy.url}/${name}/whoami`, {}, stolen)).status).toBe(401);
    expect(await whoami(many, bob)).toBe('bob');
  });

  it('is not a restart of the proxy', async () => {
    const home = ownHome();
    const server = await startProtected({ sameOrigin: true });
    const first = { server, proxy: await startSigningProxy(exampleOf(server), { home }) };
    const alice = await signedIn(first, 'alice');
    first.proxy.child.kill('SIGTERM');
    await first.proxy.exited;
    const second = { server, proxy: await startSigningProxy(exampleOf(server), { home }) };
    expect(await whoami(second, alice)).toBe('alice');
    expect((await documentFor(second, alice)).paths).toContain('/of_alice');
    expect(await server.told()).toMatchObject({ codes: 1 });
  });
});

describe('a key beside the session', () => {
  it('is needed for calls, as ever, and alone is nobody', async () => {
    const many = await start({}, { args: ['--api-key', 'the-key-of-this-test'] });
    const alice = await signedIn(many, 'alice');
    expect(await whoami(many, alice)).toBe(401);
    const key = { authorization: 'Bearer the-key-of-this-test' };
    expect(await callAs(many, alice, 'whoami', key)).toMatchObject({ status: 200, body: 'alice' });
    expect(await callAs(many, new Browser(), 'whoami', key)).toMatchObject({
      status: 401,
      body: { code: 'authorization_required' },
    });
    expect(await callAs(many, alice)).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
  });
});
