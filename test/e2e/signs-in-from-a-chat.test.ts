// People whom a verified token names, as Open WebUI sends them: where the token and the key may stand, what is never
// believed, and how somebody in a chat signs in with a browser that has no such token, for himself and for nobody else.

import { SignJWT, UnsecuredJWT, type JWTPayload } from 'jose';
import { describe, expect, it } from 'vitest';
import {
  Browser,
  cookiesNamed,
  formOf,
  leakIn,
  startProtected,
  startSigningProxy,
  type Page,
  type Problem,
  type Protected,
  type SigningOptions,
  type SigningProxy,
} from './oauth.ts';
import { post } from './proxy.ts';

const secret = 'the-secret-of-open-webui-in-this-test';
const key = 'the-key-of-this-test';
const session = /mcpo_session_/;

interface Chat {
  readonly server: Protected;
  readonly proxy: SigningProxy;
}

async function start(oauth: object = { webui_secret_key: secret }, options: SigningOptions = {}): Promise<Chat> {
  const server = await startProtected();
  return { server, proxy: await startSigningProxy({ notes: { url: server.url, oauth } }, options) };
}

interface Made {
  readonly secret?: string;
  readonly alg?: string;
  readonly expires?: string | number;
}

function token(claims: JWTPayload, made: Made = {}): Promise<string> {
  const jwt = new SignJWT(claims).setProtectedHeader({ alg: made.alg ?? 'HS256', typ: 'JWT' }).setIssuedAt();
  if (made.expires !== undefined) jwt.setExpirationTime(made.expires);
  return jwt.sign(new TextEncoder().encode(made.secret ?? secret));
}

/** The login token of Open WebUI. */
async function login(user: string, made: Made = { expires: '1h' }): Promise<Record<string, string>> {
  return { authorization: `Bearer ${await token({ id: user }, made)}` };
}

/** What Open WebUI sends beside a key. */
async function forwarded(user: string, made: Made = { expires: '5m' }): Promise<Record<string, string>> {
  const claims = { sub: user, email: `${user}@example.com`, name: `Name of ${user}`, role: 'user' };
  return { 'x-openwebui-user-jwt': await token(claims, made) };
}

function call({ proxy }: Chat, headers: Record<string, string>, tool = 'whoami') {
  return post(`${proxy.url}/notes/${tool}`, {}, headers);
}

async function linkFor(chat: Chat, headers: Record<string, string>): Promise<string> {
  const refused = await call(chat, headers);
  expect(refused).toMatchObject({ status: 401, body: { code: 'authorization_required' } });
  const { authorizationUrl = '' } = refused.body as Problem;
  expect(authorizationUrl).toMatch(new RegExp(`^${chat.proxy.url}/oauth/notes/authorize\\?ticket=`));
  return authorizationUrl;
}

/** Opens the link, goes on, and signs in at the authorization server. */
async function signIn(link: string, user: string, browser = new Browser()): Promise<Page> {
  const page = await browser.visit(link);
  expect({ status: page.status, form: formOf(page) !== undefined }).toEqual({ status: 200, form: true });
  const sent = await browser.submit(page);
  return browser.signIn(sent.url, user);
}

describe('somebody in a chat', () => {
  it('opens a link, sees whose account it is, goes on, and is signed in', async () => {
    const chat = await start();
    const link = await linkFor(chat, await forwarded('u-1'));
    const browser = new Browser();
    const page = await browser.visit(link);
    expect(page.text).toContain('u-1@example.com');
    expect(page.text).toContain('notes');
    expect(page.headers.get('cache-control')).toMatch(/no-store/);
    expect(page.headers.get('content-security-policy')).toMatch(/frame-ancestors 'none'/);
    expect(page.headers.get('referrer-policy')).toMatch(/^(?:no-referrer|same-origin)$/);
    const done = await signIn(link, 'alice', browser);
    expect(done.status).toBe(200);
    expect(await call(chat, await forwarded('u-1'))).toMatchObject({ status: 200, body: 'alice' });
    expect(cookiesNamed(browser, session)).toEqual([]);
    const own = await post(`${chat.proxy.url}/notes/whoami`, {}, browser.headersFor(`${chat.proxy.url}/notes/whoami`));
    expect(own.status).toBe(401);
  });

  it('is the same user by either header, and nobody else is', async () => {
    const chat = await start();
    await signIn(await linkFor(chat, await login('u-1')), 'alice');
    expect(await call(chat, await login('u-1'))).toMatchObject({ status: 200, body: 'alice' });
    expect(await call(chat, await forwarded('u-1'))).toMatchObject({ status: 200, body: 'alice' });
    expect(await call(chat, await forwarded('u-2'))).toMatchObject({ status: 401 });
    await signIn(await linkFor(chat, await login('u-2')), 'bob');
    expect(await call(chat, await login('u-2'))).toMatchObject({ status: 200, body: 'bob' });
    expect(await call(chat, await login('u-1'))).toMatchObject({ status: 200, body: 'alice' });
    expect((await chat.server.told()).crossings).toEqual([]);
  });

  it('gets a document of his own', async () => {
    const chat = await start();
    await signIn(await linkFor(chat, await login('u-1')), 'alice');
    const read = async (headers: Record<string, string>): Promise<string> =>
      (await fetch(`${chat.proxy.url}/notes/openapi.json`, { headers })).text();
    expect(await read(await login('u-1'))).toContain('of_alice');
    expect(await read(await login('u-2'))).not.toContain('whoami');
    expect(await read({})).not.toContain('whoami');
  });

  it('two tokens that both count must name the same one', async () => {
    const chat = await start();
    await signIn(await linkFor(chat, await login('u-1')), 'alice');
    const both = { ...(await login('u-1')), ...(await forwarded('u-1')) };
    expect(await call(chat, both)).toMatchObject({ status: 200, body: 'alice' });
    const mixed = await call(chat, { ...(await login('u-2')), ...(await forwarded('u-1')) });
    expect(mixed.status).toBe(401);
  });
});

describe('the link', () => {
  it('is not used up by looking at it, and only once by going on', async () => {
    const chat = await start();
    const link = await linkFor(chat, await forwarded('u-1'));
    for (let n = 0; n < 3; n += 1) expect((await new Browser().visit(link)).status).toBe(200);
    const [first, second] = [new Browser(), new Browser()];
    const pages = [await first.visit(link), await second.visit(link)] as const;
    const began = await first.submit(pages[0]);
    expect(began.url).toContain(chat.server.issuer);
    const late = await second.submit(pages[1]);
    expect(late.status).toBeGreaterThanOrEqual(400);
    expect(late.url).toContain(chat.proxy.url);
    expect((await new Browser().visit(link)).status).toBeGreaterThanOrEqual(400);
  });

  it('goes on only from the page that this browser was shown', async () => {
    const chat = await start();
    const link = await linkFor(chat, await forwarded('u-1'));
    const shown = new Browser();
    const page = await shown.visit(link);
    const elsewhere = [
      new Browser().submit(page),
      shown.submit(page, {}, { from: 'https://evil.example/' }),
      shown.submit({ ...page, text: `<form method="post" action="${link}"></form>` }),
    ];
    for (const sent of elsewhere) {
      const answer = await sent;
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.url).toContain(chat.proxy.url);
    }
    const began = await shown.submit(page);
    expect(began.url).toContain(chat.server.issuer);
  });

  it('ends in the browser that went on, and in no other', async () => {
    const chat = await start();
    const browser = new Browser();
    const page = await browser.visit(await linkFor(chat, await forwarded('mallory')));
    const sent = await browser.submit(page);
    const back = await browser.signIn(sent.url, 'alice', { stopBefore: (url) => url.pathname.endsWith('/callback') });
    expect((await new Browser().visit(back.url)).status).toBeGreaterThanOrEqual(400);
    expect(await call(chat, await forwarded('mallory'))).toMatchObject({ status: 401 });
  });

  it('is worth nothing when it is forged, or another server is meant', async () => {
    const server = await startProtected();
    const oauth = { webui_secret_key: secret };
    const proxy = await startSigningProxy({ notes: { url: server.url, oauth }, other: { url: server.url, oauth } });
    const link = await linkFor({ server, proxy }, await forwarded('u-1'));
    const forged = [`${link}x`, link.replace(/ticket=.*/, 'ticket='), link.replace('/notes/', '/other/')];
    for (const url of forged) {
      const page = await new Browser().visit(url, { stopBefore: (next) => next.origin !== proxy.url });
      expect({ url, refused: page.status >= 400 || formOf(page) === undefined }).toEqual({ url, refused: true });
    }
    expect((await new Browser().visit(link)).status).toBe(200);
  });

  it('shows what a name says as text', async () => {
    const chat = await start();
    const claims = {
      sub: 'u-1',
      email: '<img src=x onerror=alert(1)>"@example.com',
      name: '<script>alert(1)</script>',
    };
    const link = await linkFor(chat, { 'x-openwebui-user-jwt': await token(claims, { expires: '5m' }) });
    const page = await new Browser().visit(link);
    expect(page.status).toBe(200);
    expect(page.text).not.toMatch(/<img src=x|<script>alert/);
  });
});

describe('a key and a token, in every arrangement', () => {
  const keyed = { args: ['--api-key', key] };

  it.each([
    {
      where: 'key in Authorization, token in X-OpenWebUI-User-Jwt',
      headers: async () => ({ authorization: `Bearer ${key}`, ...(await forwarded('u-1')) }),
    },
    {
      where: 'key in X-API-Key, token in Authorization',
      headers: async () => ({ 'x-api-key': key, ...(await login('u-1')) }),
    },
    {
      where: 'key in X-API-Key, token in X-OpenWebUI-User-Jwt',
      headers: async () => ({ 'x-api-key': key, ...(await forwarded('u-1')) }),
    },
  ])('$where', async ({ headers }) => {
    const chat = await start({ webui_secret_key: secret }, keyed);
    await signIn(await linkFor(chat, await headers()), 'alice');
    expect(await call(chat, await headers())).toMatchObject({ status: 200, body: 'alice' });
  });

  it('the token never stands for the key, and the key never for a user', async () => {
    const chat = await start({ webui_secret_key: secret }, keyed);
    const good = { 'x-api-key': key, ...(await login('u-1')) };
    await signIn(await linkFor(chat, good), 'alice');
    for (const headers of [await forwarded('u-1'), {}]) {
      expect(await call(chat, headers)).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
    }
    expect(await call(chat, await login('u-1'))).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    expect(await call(chat, { authorization: `Bearer ${key}` })).toMatchObject({
      status: 401,
      body: { code: 'authorization_required' },
    });
    expect(await call(chat, good)).toMatchObject({ status: 200, body: 'alice' });
  });

  it('a secret of its own for X-OpenWebUI-User-Jwt', async () => {
    const own = 'another-secret-for-the-forwarded-token';
    const chat = await start({ webui_secret_key: secret, webui_user_jwt_secret: own });
    const headers = await forwarded('u-1', { secret: own, expires: '5m' });
    await signIn(await linkFor(chat, headers), 'alice');
    expect(await call(chat, headers)).toMatchObject({ status: 200, body: 'alice' });
    expect(await call(chat, await login('u-1'))).toMatchObject({ status: 200, body: 'alice' });
    expect(await call(chat, await forwarded('u-1'))).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
    expect(await call(chat, await login('u-1', { secret: own, expires: '1h' }))).toMatchObject({
      status: 401,
      body: { code: 'unauthenticated' },
    });
  });
});

describe('what is never believed', () => {
  const hour = '1h';
  const forgeries: { readonly what: string; readonly token: () => Promise<string> }[] = [
    {
      what: 'signed with another secret',
      token: () => token({ id: 'u-1', sub: 'u-1' }, { secret: 'x'.repeat(40), expires: hour }),
    },
    {
      what: 'expired',
      token: () => token({ id: 'u-1', sub: 'u-1' }, { expires: Math.floor(Date.now() / 1000) - 120 }),
    },
    {
      what: 'HS512 where HS256 is fixed',
      token: () => token({ id: 'u-1', sub: 'u-1' }, { alg: 'HS512', secret: secret.repeat(2), expires: hour }),
    },
    {
      what: 'unsigned',
      token: async () => new UnsecuredJWT({ id: 'u-1', sub: 'u-1' }).setExpirationTime(hour).encode(),
    },
    { what: 'without a user', token: () => token({ email: 'u-1' }, { expires: hour }) },
    {
      what: 'with a user that is no text',
      token: () => token({ id: ['u-1'], sub: 5 as unknown as string }, { expires: hour }),
    },
    { what: 'cut', token: async () => (await token({ id: 'u-1', sub: 'u-1' }, { expires: hour })).slice(0, -3) },
  ];

  it('a token that somebody made up', async () => {
    const chat = await start();
    await signIn(await linkFor(chat, await login('u-1')), 'alice');
    for (const { what, token: make } of forgeries) {
      const forged = await make();
      for (const headers of [{ authorization: `Bearer ${forged}` }, { 'x-openwebui-user-jwt': forged }]) {
        const { status, body } = await call(chat, headers);
        expect({ what, status, code: (body as Problem).code }).toEqual({ what, status: 401, code: 'unauthenticated' });
        expect(JSON.stringify(body)).not.toContain(forged);
      }
      expect(chat.proxy.printed()).not.toContain(forged);
    }
  });

  it('nothing weaker is taken instead: a bad token beats a good cookie', async () => {
    const chat = await start();
    const alice = new Browser();
    await alice.signIn(`${chat.proxy.url}/notes/docs`, 'alice');
    const cookie = alice.headersFor(`${chat.proxy.url}/notes/whoami`);
    expect(await call(chat, cookie)).toMatchObject({ status: 200, body: 'alice' });
    const bad = await forwarded('u-1', { secret: 'x'.repeat(40), expires: hour });
    expect(await call(chat, { ...cookie, ...bad })).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
    const good = await forwarded('u-1');
    expect(await call(chat, { ...cookie, ...good })).toMatchObject({
      status: 401,
      body: { code: 'authorization_required' },
    });
  });

  it('a token without an end is believed: Open WebUI can be set so', async () => {
    const chat = await start();
    await signIn(await linkFor(chat, await login('u-1', {})), 'alice');
    expect(await call(chat, await login('u-1', {}))).toMatchObject({ status: 200, body: 'alice' });
  });

  it('without the secret a token is nobody, and the cookie decides', async () => {
    const chat = await start({});
    const refused = await call(chat, await forwarded('u-1'));
    expect(refused).toMatchObject({ status: 401, body: { code: 'authorization_required' } });
    expect((refused.body as Problem).authorizationUrl).toBe(`${chat.proxy.url}/oauth/notes/authorize`);
    const alice = new Browser();
    await alice.signIn(`${chat.proxy.url}/notes/docs`, 'alice');
    const cookie = alice.headersFor(`${chat.proxy.url}/notes/whoami`);
    for (const headers of [await forwarded('u-1'), await login('u-1')]) {
      expect(await call(chat, { ...cookie, ...headers })).toMatchObject({ status: 200, body: 'alice' });
      expect(await call(chat, headers)).toMatchObject({ status: 401 });
    }
  });

  it('and nothing of all this is printed', async () => {
    const chat = await start();
    const headers = await login('u-1');
    const link = await linkFor(chat, headers);
    await signIn(link, 'alice');
    expect(await call(chat, headers)).toMatchObject({ status: 200 });
    const { secrets } = await chat.server.told();
    const ticket = new URL(link).searchParams.get('ticket') ?? '';
    const all = [...secrets, secret, ticket, headers['authorization']?.slice('Bearer '.length) ?? ''];
    expect(leakIn(chat.proxy.printed(), all)).toBeUndefined();
  });
});
