// Signing in, in a browser: what a good one goes through, and what others try.

import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { OAuthConfig, Settings } from '../../../../src/config/types.ts';
import { chatSecret, chatToken } from '../access/tokens.ts';
import { authorizationServer, fakeSignIn, oauthConfig, type FakeSignInOptions } from '../fake-sign-in.ts';
import { fakeProgram, type FakeProgram } from '../fakes.ts';

const host = '127.0.0.1:8000';
const origin = `http://${host}`;
const htmlTypes = 'text/html,application/xhtml+xml,*/*;q=0.8';

interface Options {
  readonly signIn?: Partial<FakeSignInOptions>;
  readonly oauth?: Partial<OAuthConfig>;
  readonly settings?: Partial<Settings>;
}

function setUp({ signIn: given, oauth, settings }: Options = {}) {
  const multiUser = given?.multiUser ?? true;
  const signIn = fakeSignIn({ multiUser, ...given });
  const program = fakeProgram(
    {
      linear: { tools: ['list'], signIn, oauth: oauthConfig({ multiUser, webuiUserJwtSecret: chatSecret, ...oauth }) },
      time: { tools: ['get'] },
      machine: { tools: ['run'], oauth: oauthConfig({ multiUser: false, grant: 'client_credentials' }) },
      off: { disabled: true, oauth: oauthConfig() },
    },
    settings === undefined ? {} : { settings },
  );
  return { program, signIn };
}

/** One browser: it keeps cookies, and says where a request comes from. */
function browser(program: FakeProgram, cookies = new Map<string, string>()) {
  return {
    cookies,
    async send(
      url: string,
      more: { method?: 'GET' | 'POST'; payload?: string; headers?: Record<string, string> } = {},
    ) {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const response = await program.inject({
        method: more.method ?? 'GET',
        url,
        ...(more.payload !== undefined && { payload: more.payload }),
        headers: {
          host,
          accept: htmlTypes,
          ...(cookie !== '' && { cookie }),
          ...(more.method === 'POST' && {
            origin,
            'sec-fetch-site': 'same-origin',
            'content-type': 'application/x-www-form-urlencoded',
          }),
          ...more.headers,
        },
      });
      for (const text of [response.headers['set-cookie'] ?? []].flat()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(text) ?? [];
        if (text.includes('Max-Age=0')) cookies.delete(name);
        else cookies.set(name, value);
      }
      return response;
    },
  };
}

/** What the authorization server sends back. */
function answerTo(location: unknown): string {
  return `/oauth/linear/callback?code=c&state=${new URL(String(location)).searchParams.get('state')}`;
}

async function signedInBrowser(program: FakeProgram) {
  const alice = browser(program);
  const begun = await alice.send('/oauth/linear/authorize');
  await alice.send(answerTo(begun.headers['location']));
  return alice;
}

const chat = { 'x-openwebui-user-jwt': chatToken('alice') };

/** A ticket, as a chat of that user shows it. */
async function ticketOf(program: FakeProgram, name = 'alice'): Promise<string> {
  const response = await program.inject({
    url: '/oauth/linear/status',
    headers: { host, 'x-openwebui-user-jwt': chatToken(name) },
  });
  return new URL(response.json<{ authorizationUrl: string }>().authorizationUrl).searchParams.get('ticket') ?? '';
}

function formIn(page: string): string {
  const fields = [...page.matchAll(/name="(\w+)" value="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]);
  return new URLSearchParams(fields as [string, string][]).toString();
}

test('a browser goes to the authorization server and comes back with a session', async () => {
  const { program, signIn } = setUp();
  const alice = browser(program);
  const begun = await alice.send('/oauth/linear/authorize?return=/linear/docs');
  expect(begun.statusCode).toBe(302);
  expect(String(begun.headers['location'])).toMatch(`${authorizationServer}/authorize?state=state-1`);
  expect(begun.headers['cache-control']).toBe('no-store');
  expect(begun.headers['referrer-policy']).toBe('no-referrer');
  expect(signIn.begun).toEqual([
    {
      user: expect.stringMatching(/^session:[0-9a-f-]{36}$/),
      redirectUrl: `${origin}/oauth/linear/callback`,
      binding: expect.stringMatching(/^[\w-]{43}\.[\w-]{43}$/),
      returnTo: '/linear/docs',
    },
  ]);
  const back = await alice.send(answerTo(begun.headers['location']), { headers: { 'sec-fetch-site': 'cross-site' } });
  expect(back.statusCode).toBe(303);
  expect(back.headers['location']).toBe('/linear/docs');
  expect(back.headers['cache-control']).toBe('no-store');
  const status = await alice.send('/oauth/linear/status');
  expect(status.json()).toEqual({ server: 'linear', multiUser: true, authenticated: true });
  expect(status.headers['cache-control']).toBe('no-store');
  expect(status.headers['vary']).toContain('Cookie');
  expect(status.body).not.toContain('session:');
});

test('without a way back it ends on the page of the server', async () => {
  const { program } = setUp({ settings: { rootPath: '/mcp', pathPrefix: '/api' } });
  const alice = browser(program);
  const begun = await alice.send('/mcp/oauth/linear/authorize');
  const back = await alice.send(answerTo(begun.headers['location']));
  expect(back.headers['location']).toBe('/mcp/api/linear/');
  expect(back.headers['set-cookie']).toContain('Path=/mcp');
});

test('pages of the server lead a browser to the sign-in and back, programs see them as they are', async () => {
  const { program } = setUp();
  for (const [page, returnTo] of [
    ['/linear/', '%2Flinear%2F'],
    ['/linear', '%2Flinear%2F'],
    ['/linear/docs', '%2Flinear%2Fdocs'],
  ] as const) {
    const sent = await browser(program).send(page);
    expect(sent.statusCode).toBe(302);
    expect(sent.headers['location']).toBe(`/oauth/linear/authorize?return=${returnTo}`);
    expect(sent.headers['cache-control']).toBe('no-store');
    expect(sent.headers['vary']).toContain('Cookie');
    const seen = await program.inject({ url: page, headers: { host, accept: 'application/json' } });
    expect(seen.statusCode).toBe(200);
  }
  for (const url of ['/linear/openapi.json', '/time/', '/time/docs', '/', '/docs']) {
    expect([url, (await browser(program).send(url)).statusCode]).toEqual([url, 200]);
  }
  const call = await browser(program).send('/linear/list', { method: 'POST', payload: '{}' });
  expect([call.statusCode, call.headers['www-authenticate']]).toEqual([401, 'Bearer realm="mcpo"']);
  expect(call.json()).toMatchObject({
    code: 'authorization_required',
    authorizationUrl: `${origin}/oauth/linear/authorize`,
  });

  const alice = await signedInBrowser(program);
  const page = await alice.send('/linear/');
  expect(page.statusCode).toBe(200);
  expect(page.headers['cache-control']).toBe('no-store');
  expect(page.headers['vary']).toContain('Cookie');
  expect(page.headers['content-security-policy']).toContain("form-action 'self'");
  expect(page.body).toContain('This browser is signed in');
  expect(page.body).toContain('<form method="post" action="/oauth/linear/logout">');
  expect(page.body).toContain('POST /linear/list');
  expect((await alice.send('/linear/docs')).statusCode).toBe(200);
});

test('the overview says who is signed in, and where to sign in', async () => {
  const { program } = setUp();
  const stranger = await program.inject({ url: '/', headers: { host, accept: 'application/json' } });
  expect(stranger.json<{ servers: unknown }>().servers).toMatchObject({
    linear: { authorizationUrl: `${origin}/oauth/linear/authorize` },
    time: expect.not.objectContaining({ authorizationUrl: expect.anything() }),
  });
  expect((await browser(program).send('/')).body).toContain('href="/oauth/linear/authorize?return=%2Flinear%2F"');
  const alice = await signedInBrowser(program);
  const page = await alice.send('/');
  expect(page.body).toContain('Sign out of linear');
  expect(page.headers['vary']).toContain('Cookie');
  const known = await alice.send('/', { headers: { accept: 'application/json' } });
  expect(known.body).not.toContain('authorizationUrl');
  expect(known.body).not.toContain('session:');
});

test.each([
  'https://evil.example',
  '//evil.example',
  '/\\evil.example',
  '/.//evil.example',
  '/%5cevil.example/..//evil.example',
  'javascript:alert(1)',
  '/x\r\nSet-Cookie: mcpo_session_0=1',
])('a way back that leads elsewhere is forgotten: %j', async (returnTo) => {
  const { program, signIn } = setUp();
  const alice = browser(program);
  const begun = await alice.send(`/oauth/linear/authorize?return=${encodeURIComponent(returnTo)}`);
  expect(signIn.begun[0]?.returnTo).toBeUndefined();
  const back = await alice.send(answerTo(begun.headers['location']));
  expect(back.headers['location']).toBe('/linear/');
});

test('a callback in another browser signs nobody in', async () => {
  const { program, signIn } = setUp();
  const mallory = browser(program);
  const begun = await mallory.send('/oauth/linear/authorize');
  const victim = browser(program);
  const back = await victim.send(answerTo(begun.headers['location']), { headers: { 'sec-fetch-site': 'cross-site' } });
  expect(back.statusCode).toBe(403);
  expect(back.headers['set-cookie']).toBeUndefined();
  expect(back.body).toContain('another browser');
  expect(signIn.grants.size).toBe(0);
});

test('a callback with the binding of another sign-in signs nobody in', async () => {
  const { program, signIn } = setUp();
  const mallory = browser(program);
  const begun = await mallory.send('/oauth/linear/authorize');
  const victim = browser(program);
  await victim.send('/oauth/linear/authorize');
  const back = await victim.send(answerTo(begun.headers['location']));
  expect(back.statusCode).toBeGreaterThanOrEqual(400);
  expect(back.headers['set-cookie']).toBeUndefined();
  expect(signIn.grants.size).toBe(0);
});

test('a callback works once', async () => {
  const { program } = setUp();
  const alice = browser(program);
  const begun = await alice.send('/oauth/linear/authorize');
  const answer = answerTo(begun.headers['location']);
  expect((await alice.send(answer)).statusCode).toBe(303);
  const again = await alice.send(answer);
  expect(again.statusCode).toBe(400);
  expect(again.headers['set-cookie']).toBeUndefined();
  expect(again.body).toContain('href="/oauth/linear/authorize"');
});

test('a session that somebody else put into the browser is never taken over', async () => {
  const { program, signIn } = setUp();
  const planted = '11111111-1111-4111-8111-111111111111';
  const alice = await signedInBrowser(program);
  const [name = ''] = [...alice.cookies.keys()].filter((key) => key.startsWith('mcpo_session_'));
  const victim = browser(program, new Map([[name, planted]]));
  expect((await victim.send('/linear/')).statusCode).toBe(302);
  const begun = await victim.send('/oauth/linear/authorize');
  expect(signIn.begun.at(-1)).not.toHaveProperty('insteadOf');
  await victim.send(answerTo(begun.headers['location']));
  expect(victim.cookies.get(name)).not.toBe(planted);
  expect(signIn.grants.has(`session:${planted}`)).toBe(false);
});

test('each sign-in makes a new session, in place of the one that the browser had', async () => {
  const { program, signIn } = setUp();
  const alice = await signedInBrowser(program);
  const [[first] = []] = [...signIn.grants];
  const begun = await alice.send('/oauth/linear/authorize');
  expect(signIn.begun.at(-1)).toMatchObject({ insteadOf: first });
  await alice.send(answerTo(begun.headers['location']));
  expect([...signIn.grants.keys()]).toEqual([signIn.begun.at(-1)?.user]);
  expect(signIn.grants.has(first ?? '')).toBe(false);
});

test('a binding from elsewhere is not used, the own one is', async () => {
  const { program, signIn } = setUp();
  const alice = browser(program);
  await alice.send('/oauth/linear/authorize');
  await alice.send('/oauth/linear/authorize');
  expect(signIn.begun[1]?.binding).toBe(signIn.begun[0]?.binding);
  const [name = ''] = alice.cookies.keys();
  const victim = browser(program, new Map([[name, `${'A'.repeat(43)}.${'B'.repeat(43)}`]]));
  await victim.send('/oauth/linear/authorize');
  expect(signIn.begun[2]?.binding).not.toMatch(/^AAA/);
});

test('a user of a chat is asked whose account it is, and signed in as that one', async () => {
  const { program, signIn } = setUp();
  const ticket = await ticketOf(program);
  const alice = browser(program);
  const url = `/oauth/linear/authorize?ticket=${ticket}`;
  const page = await alice.send(url);
  expect(page.statusCode).toBe(200);
  expect(page.body).toContain('alice@example.com');
  expect(page.body).toContain('Sign in to linear?');
  expect(page.headers).toMatchObject({
    'cache-control': 'no-store',
    'content-security-policy': expect.stringMatching(/default-src 'none'.*form-action 'self'.*frame-ancestors 'none'/),
    'x-content-type-options': 'nosniff',
    // With no referrer at all, browsers would say that the form comes from nowhere.
    'referrer-policy': 'same-origin',
  });
  expect(signIn.begun).toEqual([]);
  // Whoever looks at the link before uses nothing up.
  await browser(program).send(url);

  const posted = await alice.send('/oauth/linear/authorize', { method: 'POST', payload: formIn(page.body) });
  expect(posted.statusCode).toBe(200);
  const next = `${authorizationServer}/authorize?state=state-1&amp;prompt=%22%27%3E`;
  expect(posted.body).toContain(`<meta http-equiv="refresh" content="0; url=${next}" />`);
  expect(posted.headers['content-security-policy']).toContain("form-action 'none'");
  expect(posted.headers['referrer-policy']).toBe('no-referrer');
  expect(signIn.begun).toMatchObject([{ user: 'webui:alice', redirectUrl: `${origin}/oauth/linear/callback` }]);

  const back = await alice.send('/oauth/linear/callback?code=c&state=state-1');
  expect(back.statusCode).toBe(200);
  expect(back.body).toContain('Go back to your chat');
  expect(back.headers['set-cookie']).toBeUndefined();
  expect([...signIn.grants.keys()]).toEqual(['webui:alice']);
  const status = await program.inject({ url: '/oauth/linear/status', headers: { host, ...chat } });
  expect(status.json()).toEqual({ server: 'linear', multiUser: true, authenticated: true, user: 'alice@example.com' });
});

test('a call of a chat is refused with the link, the same as long as it is good', async () => {
  const { program } = setUp();
  const call = () => program.inject({ method: 'POST', url: '/linear/list', headers: { host, ...chat } });
  const [first, second] = [
    (await call()).json<Record<string, string>>(),
    (await call()).json<Record<string, string>>(),
  ];
  expect(first).toMatchObject({ code: 'authorization_required', status: 401 });
  expect(first['authorizationUrl']).toMatch(new RegExp(`^${origin}/oauth/linear/authorize\\?ticket=[\\w-]{43}$`));
  expect(first['detail']).toContain(first['authorizationUrl']);
  expect(second['authorizationUrl']).toBe(first['authorizationUrl']);
});

test.each(['x', '', 'A'.repeat(43), "<script>alert(1)</script>'"])(
  'a ticket that nobody has is refused: %j',
  async (ticket) => {
    const { program, signIn } = setUp();
    const page = await browser(program).send(`/oauth/linear/authorize?ticket=${encodeURIComponent(ticket)}`);
    expect(page.statusCode).toBe(400);
    expect(page.body).toContain('Ask the chat again');
    expect(page.body).not.toContain('<script>alert');
    expect(signIn.begun).toEqual([]);
  },
);

test('a ticket works once', async () => {
  const { program, signIn } = setUp();
  const alice = browser(program);
  const page = await alice.send(`/oauth/linear/authorize?ticket=${await ticketOf(program)}`);
  const form = { method: 'POST', payload: formIn(page.body) } as const;
  expect((await alice.send('/oauth/linear/authorize', form)).statusCode).toBe(200);
  const again = await alice.send('/oauth/linear/authorize', form);
  expect(again.statusCode).toBe(400);
  expect(again.body).toContain('used up');
  expect(signIn.begun).toHaveLength(1);
});

test('the link of one who was sent it connects nothing in another browser', async () => {
  const { program, signIn } = setUp();
  const alice = browser(program);
  const page = await alice.send(`/oauth/linear/authorize?ticket=${await ticketOf(program)}`);
  await alice.send('/oauth/linear/authorize', { method: 'POST', payload: formIn(page.body) });
  // The address of the authorization server, sent on.
  const victim = browser(program);
  const back = await victim.send('/oauth/linear/callback?code=c&state=state-1');
  expect(back.statusCode).toBe(403);
  expect(signIn.grants.size).toBe(0);
});

test.each([
  ['another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
  ['another port', { origin: 'http://127.0.0.1:3000', 'sec-fetch-site': 'same-site' }],
  ['another port, in an older browser', { origin: 'http://127.0.0.1:3000', 'sec-fetch-site': '' }],
  ['a page without origin', { origin: 'null', 'sec-fetch-site': 'cross-site' }],
  ['an address that was typed', { 'sec-fetch-site': 'none' }],
] as const)('the button counts on our own page only: not from %s', async (_, headers) => {
  // With a key, the check of foreign origins leaves it to us.
  const { program, signIn } = setUp({ settings: { apiKey: 'k' } });
  const alice = browser(program);
  const page = await alice.send(`/oauth/linear/authorize?ticket=${await ticketOf(program)}`);
  const form = { method: 'POST', payload: formIn(page.body) } as const;
  const foreign = await alice.send('/oauth/linear/authorize', { ...form, headers });
  expect(foreign.statusCode).toBe(403);
  expect(signIn.begun).toEqual([]);
  // Nothing was used up.
  expect((await alice.send('/oauth/linear/authorize', form)).statusCode).toBe(200);
});

test('a form counts in the browser that was given it, for its ticket', async () => {
  const { program, signIn } = setUp();
  const mallory = browser(program);
  const own = formIn((await mallory.send(`/oauth/linear/authorize?ticket=${await ticketOf(program, 'mallory')}`)).body);
  const victim = browser(program);
  const form = formIn((await victim.send(`/oauth/linear/authorize?ticket=${await ticketOf(program)}`)).body);
  const mixed = new URLSearchParams(own);
  mixed.set('confirm', new URLSearchParams(form).get('confirm') ?? '');
  const without = new URLSearchParams(form);
  without.delete('confirm');
  for (const payload of [own, mixed.toString(), without.toString(), 'ticket=&confirm=', '']) {
    expect((await victim.send('/oauth/linear/authorize', { method: 'POST', payload })).statusCode).toBe(403);
  }
  const nobody = await browser(program).send('/oauth/linear/authorize', { method: 'POST', payload: form });
  expect(nobody.statusCode).toBe(403);
  expect(signIn.begun).toEqual([]);
});

test('the form is a form, and short', async () => {
  const { program } = setUp();
  const alice = browser(program);
  const json = await alice.send('/oauth/linear/authorize', {
    method: 'POST',
    payload: '{}',
    headers: { 'content-type': 'text/plain' },
  });
  expect(json.statusCode).toBe(415);
  const long = await alice.send('/oauth/linear/authorize', { method: 'POST', payload: `ticket=${'x'.repeat(5000)}` });
  expect(long.statusCode).toBe(413);
});

test('names and what came back stay text', async () => {
  const evil = '"><script>alert(1)</script>';
  const signIn = fakeSignIn({ multiUser: true, cannotFinish: `it says ${evil}` });
  const oauth = oauthConfig({ webuiUserJwtSecret: chatSecret });
  const program = fakeProgram({ [evil]: { tools: [], signIn, oauth } });
  const path = `/oauth/${encodeURIComponent(evil)}`;
  const token = chatToken('x', chatSecret, { email: evil });
  const asked = await program.inject({ url: `${path}/status`, headers: { host, 'x-openwebui-user-jwt': token } });
  const ticket = new URL(asked.json<{ authorizationUrl: string }>().authorizationUrl).search;
  const alice = browser(program);
  const pages = [
    await alice.send(`${path}/authorize${ticket}`),
    await alice.send(
      `${path}/callback?state=${encodeURIComponent(evil)}&error_description=${encodeURIComponent(evil)}`,
    ),
    await alice.send(`${path}/authorize?ticket=${encodeURIComponent(evil)}`),
  ];
  await alice.send(`${path}/authorize`);
  pages.push(await alice.send(`${path}/callback?state=state-1&code=c`));
  expect(pages.map(({ statusCode }) => statusCode)).toEqual([200, 400, 400, 502]);
  for (const { body } of pages) expect(body).not.toContain('<script>alert');
});

test('what cannot begin or end says so on a page', async () => {
  const begins = setUp({ signIn: { cannotBegin: 'the server offers no registration: give it a "client_id"' } });
  const page = await browser(begins.program).send('/oauth/linear/authorize');
  expect(page.statusCode).toBe(502);
  expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
  expect(page.body).toContain('The server offers no registration: give it a &quot;client_id&quot;.');
  expect(page.body).toContain('Try again');

  const ends = setUp({ signIn: { cannotFinish: 'the code was not taken' } });
  const alice = browser(ends.program);
  const begun = await alice.send('/oauth/linear/authorize');
  expect((await alice.send(answerTo(begun.headers['location']))).statusCode).toBe(502);
  const other = await alice.send('/oauth/linear/authorize');
  const refused = await alice.send(`${answerTo(other.headers['location'])}&error=access_denied`);
  expect(refused.statusCode).toBe(403);
});

test.each(['javascript:alert(1)', 'file:///etc/passwd', 'data:text/html,x'])(
  'no browser is sent to %s',
  async (address) => {
    const { program } = setUp({ signIn: { addressOf: () => address } });
    const page = await browser(program).send('/oauth/linear/authorize');
    expect(page.statusCode).toBe(502);
    expect(page.headers['location']).toBeUndefined();
  },
);

test('nobody signs in under an address that only the request vouches for', async () => {
  const evil = { host: 'evil.example' };
  const guarded = setUp({ settings: { apiKey: 'k' } });
  const response = await browser(guarded.program).send('/oauth/linear/authorize', { headers: evil });
  expect(response.statusCode).toBe(403);
  expect(response.json()).toMatchObject({ detail: expect.stringContaining('--public-url') });
  expect(guarded.signIn.begun).toEqual([]);

  const named = setUp({ settings: { apiKey: 'k', publicUrl: 'https://tools.example' } });
  const begun = await browser(named.program).send('/oauth/linear/authorize', { headers: evil });
  expect(begun.statusCode).toBe(302);
  expect(named.signIn.begun[0]?.redirectUrl).toBe('https://tools.example/oauth/linear/callback');
  expect(begun.headers['set-cookie']).toMatch(/^__Host-mcpo_signin_.*; Secure/);

  const behind = setUp({ settings: { apiKey: 'k', trustedProxies: ['127.0.0.1'] } });
  await browser(behind.program).send('/oauth/linear/authorize', {
    headers: { host: 'inner', 'x-forwarded-host': 'outer.example', 'x-forwarded-proto': 'https' },
  });
  expect(behind.signIn.begun[0]?.redirectUrl).toBe('https://outer.example/oauth/linear/callback');
});

test('where one sign-in serves everybody, the key says who may do it', async () => {
  const { program, signIn } = setUp({
    signIn: { multiUser: false },
    settings: {
      apiKey: 'k',
      keys: [
        {
          name: 'reader',
          digest: createHash('sha256').update('reading').digest('hex'),
          servers: undefined,
          tools: undefined,
          readOnly: true,
          expiresAt: undefined,
        },
      ],
    },
  });
  const alice = browser(program);
  const asked = await alice.send('/oauth/linear/authorize');
  expect(asked.statusCode).toBe(401);
  expect(asked.headers['www-authenticate']).toMatch(/^Basic /);
  expect(signIn.begun).toEqual([]);
  const reading = await alice.send('/oauth/linear/authorize', { headers: { 'x-api-key': 'reading' } });
  expect(reading.statusCode).toBe(403);
  expect(reading.json()).toMatchObject({ detail: expect.stringContaining('"reader"') });
  expect(signIn.begun).toEqual([]);
  const key = { authorization: `Basic ${Buffer.from('any:k').toString('base64')}` };
  const begun = await alice.send('/oauth/linear/authorize', { headers: key });
  expect(begun.statusCode).toBe(302);
  expect(signIn.begun).toMatchObject([{ user: '', binding: expect.any(String) }]);
  expect((await browser(program).send(answerTo(begun.headers['location']))).statusCode).toBe(403);

  const again = await alice.send('/oauth/linear/authorize', { headers: key });
  const back = await alice.send(answerTo(again.headers['location']));
  expect(back.statusCode).toBe(200);
  expect(back.body).toContain('linear is connected');
  expect(back.headers['set-cookie']).toBeUndefined();
  expect([...signIn.grants.keys()]).toEqual(['']);

  expect((await alice.send('/oauth/linear/logout', { method: 'POST', payload: '' })).statusCode).toBe(401);
  const out = await alice.send('/oauth/linear/logout', { method: 'POST', payload: '', headers: key });
  expect(out.statusCode).toBe(303);
  expect(signIn.signedOut).toEqual(['']);
});

test('the address of the authorization server is for those who have the key', async () => {
  const url = `${authorizationServer}/authorize?state=secret`;
  const signIn = fakeSignIn({ multiUser: false });
  const status = {
    state: 'authorization-required',
    detail: `linear asks for a sign-in: open ${url}`,
    lastError: `open ${url}`,
    authorizationUrl: url,
  } as const;
  const servers = { linear: { status, signIn, oauth: oauthConfig({ multiUser: false }) } };
  const program = fakeProgram(servers, { settings: { apiKey: 'k' } });
  for (const path of ['/', '/linear/', '/oauth/linear/status', '/readyz']) {
    for (const accept of ['application/json', htmlTypes]) {
      const stranger = await program.inject({ url: path, headers: { host, accept } });
      expect([path, accept, stranger.body.includes('state=secret')]).toEqual([path, accept, false]);
      if (path === '/readyz') continue;
      const known = await program.inject({ url: path, headers: { host, accept, 'x-api-key': 'k' } });
      expect([path, accept, known.body.includes('state=secret')]).toEqual([path, accept, true]);
    }
  }
  const page = await program.inject({ url: '/linear/', headers: { host, accept: htmlTypes } });
  expect(page.statusCode).toBe(200);
  expect(page.body).toContain('href="/oauth/linear/authorize?return=%2Flinear%2F"');
  const open = fakeProgram(servers);
  expect((await open.inject({ url: '/linear/', headers: { host } })).json()).toMatchObject({ authorizationUrl: url });
});

test('with --strict-auth a browser needs the key to begin, and a chat its ticket', async () => {
  const { program, signIn } = setUp({ settings: { apiKey: 'k', strictAuth: true } });
  const asked = await browser(program).send('/oauth/linear/authorize');
  expect(asked.statusCode).toBe(401);
  expect(asked.headers['www-authenticate']).toMatch(/^Basic /);
  const status = await program.inject({ url: '/oauth/linear/status', headers: { host, ...chat } });
  expect(status.statusCode).toBe(401);
  const refused = await program.inject({
    method: 'POST',
    url: '/linear/list',
    headers: { host, ...chat, 'x-api-key': 'k' },
  });
  const alice = browser(program);
  const { authorizationUrl } = refused.json<{ authorizationUrl: string }>();
  const page = await alice.send(authorizationUrl.slice(origin.length));
  const posted = await alice.send('/oauth/linear/authorize', { method: 'POST', payload: formIn(page.body) });
  expect(posted.statusCode).toBe(200);
  expect((await alice.send('/oauth/linear/callback?code=c&state=state-1')).statusCode).toBe(200);
  expect(signIn.grants.has('webui:alice')).toBe(true);
});

test('signing out ends the session and takes the cookie', async () => {
  const { program, signIn } = setUp();
  const alice = await signedInBrowser(program);
  const [user] = signIn.grants.keys();
  const out = await alice.send('/oauth/linear/logout', { method: 'POST', payload: '' });
  expect(out.statusCode).toBe(303);
  expect(out.headers['location']).toBe('/');
  expect(signIn.signedOut).toEqual([user]);
  expect([...alice.cookies.keys()].filter((name) => name.includes('session'))).toEqual([]);
});

test('a program signs out too, with its own token and nobody else', async () => {
  const { program, signIn } = setUp();
  await signedInBrowser(program);
  signIn.grants.set('webui:alice', { authenticated: true, expiresAt: 1_800_000_000_000, scope: 'read' });
  const asked = await program.inject({ url: '/oauth/linear/status', headers: { host, ...chat } });
  expect(asked.json()).toMatchObject({ authenticated: true, expiresAt: '2027-01-15T08:00:00.000Z', scope: 'read' });
  const out = await program.inject({ method: 'POST', url: '/oauth/linear/logout', headers: { host, ...chat } });
  expect(out.statusCode).toBe(200);
  expect(out.json()).toEqual({ server: 'linear', authenticated: false });
  expect(signIn.signedOut).toEqual(['webui:alice']);
  expect(signIn.grants.size).toBe(1);
});

test.each([
  ['another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
  ['another port', { origin: 'http://127.0.0.1:3000', 'sec-fetch-site': 'same-site' }],
  ['a page without origin', { origin: 'null', 'sec-fetch-site': 'cross-site' }],
])('nobody is signed out by %s', async (_, headers) => {
  const { program, signIn } = setUp({ settings: { apiKey: 'k' } });
  const alice = await signedInBrowser(program);
  const before = new Map(alice.cookies);
  const out = await alice.send('/oauth/linear/logout', { method: 'POST', payload: '', headers });
  expect(out.statusCode).toBe(403);
  expect(signIn.signedOut).toEqual([]);
  expect(alice.cookies).toEqual(before);
});

test('the token of one user shows nothing of another, and a bad one is no cookie', async () => {
  const { program } = setUp();
  const alice = await signedInBrowser(program);
  const bob = await alice.send('/oauth/linear/status', { headers: { 'x-openwebui-user-jwt': chatToken('bob') } });
  expect(bob.json()).toMatchObject({ authenticated: false, user: 'bob@example.com' });
  const forged = await alice.send('/oauth/linear/status', {
    headers: { 'x-openwebui-user-jwt': chatToken('alice', 'wrong secret') },
  });
  expect(forged.statusCode).toBe(401);
});

test('there is nothing to sign in to where nothing asks for it', async () => {
  const { program } = setUp();
  for (const [server, code] of [
    ['time', 'not_found'],
    ['off', 'unknown_server'],
    ['nope', 'unknown_server'],
  ] as const) {
    for (const [method, step] of [
      ['GET', 'authorize'],
      ['GET', 'callback'],
      ['GET', 'status'],
      ['POST', 'logout'],
    ] as const) {
      const response = await program.inject({ method, url: `/oauth/${server}/${step}`, headers: { host } });
      expect([server, step, response.statusCode, response.json()['code']]).toEqual([server, step, 404, code]);
    }
  }
  const status = await program.inject({ url: '/oauth/machine/status', headers: { host } });
  expect(status.json()).toEqual({ server: 'machine', multiUser: false, authenticated: true });
  const authorize = await program.inject({ url: '/oauth/machine/authorize', headers: { host } });
  expect(authorize.statusCode).toBe(404);
  expect(authorize.json()).toMatchObject({ detail: expect.stringContaining('client_credentials') });
});

test.each([
  ['PUT', '/oauth/linear/authorize', 'GET, POST'],
  ['HEAD', '/oauth/linear/authorize', 'GET, POST'],
  ['POST', '/oauth/linear/callback', 'GET'],
  ['HEAD', '/oauth/linear/callback', 'GET'],
  ['POST', '/oauth/linear/status', 'GET, HEAD'],
  ['GET', '/oauth/linear/logout', 'POST'],
  ['DELETE', '/oauth/linear/logout', 'POST'],
] as const)('%s %s is 405', async (method, url, allow) => {
  const { program, signIn } = setUp();
  const response = await program.inject({ method, url, headers: { host } });
  expect(response.statusCode).toBe(405);
  expect(response.headers['allow']).toBe(allow);
  expect(signIn.begun).toEqual([]);
});

test('paths below /oauth stay at the root', async () => {
  const { program } = setUp({ settings: { rootPath: '/mcp', pathPrefix: '/api' } });
  for (const url of ['/oauth/linear/status', '/mcp/oauth/linear/status', '//oauth/linear//status/']) {
    expect([url, (await program.inject({ url, headers: { host } })).statusCode]).toEqual([url, 200]);
  }
  for (const url of ['/api/oauth/linear/status', '/oauth/linear/nothing', '/oauth/linear', '/oauth']) {
    expect([url, (await program.inject({ url, headers: { host } })).statusCode]).toEqual([url, 404]);
  }
});
