// Signing in in a real browser, with an authorization server on another site that sends everybody straight back: which
// cookies go along, what the policies allow, and what people see.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fakeSignIn, oauthConfig, type FakeSignIn } from '../unit/server/fake-sign-in.ts';
import { fakeProgram, type FakeProgram } from '../unit/server/fakes.ts';
import { chatSecret, chatToken } from '../unit/server/access/tokens.ts';
import { skipWithoutBrowser, useBrowser, type WatchedPage } from './browser.ts';

describe.skipIf(skipWithoutBrowser)('signing in', () => {
  const open = useBrowser();
  let program: FakeProgram;
  let signIn: FakeSignIn;
  let everybody: FakeSignIn;
  let authorizationServer: Server;
  /** Who came to the authorization server, and from where as far as it was told. */
  const visits: { readonly url: string; readonly referer: string | undefined; readonly cookie: string | undefined }[] =
    [];
  let url: string;

  beforeAll(async () => {
    authorizationServer = createServer(({ url: asked = '', headers: { referer, cookie } }, response) => {
      const { pathname, searchParams } = new URL(asked, 'http://localhost');
      if (pathname !== '/authorize') return void response.writeHead(404).end();
      visits.push({ url: asked, referer, cookie });
      const back = `${url}/oauth/${searchParams.get('server')}/callback?code=c&state=${searchParams.get('state')}`;
      response.writeHead(302, { Location: back }).end();
    });
    await new Promise<void>((resolve) => authorizationServer.listen(0, 'localhost', resolve));
    const { port } = authorizationServer.address() as AddressInfo;
    const at = (server: string): ((state: string) => string) => {
      return (state) => `http://localhost:${port}/authorize?server=${server}&state=${state}`;
    };
    signIn = fakeSignIn({ multiUser: true, addressOf: at('linear') });
    everybody = fakeSignIn({ multiUser: false, addressOf: at('calendar') });
    program = fakeProgram({
      linear: { tools: ['list_issues'], signIn, oauth: oauthConfig({ webuiUserJwtSecret: chatSecret }) },
      calendar: {
        signIn: everybody,
        oauth: oauthConfig({ multiUser: false }),
        status: { state: 'authorization-required', detail: 'Calendar asks for a sign-in.', attempted: true },
      },
    });
    await program.http.listen();
    const listening = program.events.find(({ type }) => type === 'listening');
    url = listening?.type === 'listening' ? listening.url : '';
  });
  afterAll(async () => {
    await program?.http.close(0);
    authorizationServer?.close();
  });

  it('leads from the docs to the authorization server and back to the docs, signed in', async () => {
    const { page, offences } = await open(`${url}/linear/docs`);
    await page.locator('[data-path="/list_issues"]').waitFor();
    expect(page.url()).toBe(`${url}/linear/docs`);
    expect(policiesBrokenIn(offences)).toEqual([]);
    expect(visits.at(-1)).toMatchObject({ referer: undefined, cookie: undefined });
    const [cookie, ...more] = (await page.context().cookies()).filter(({ name }) => name.startsWith('mcpo_session_'));
    expect(more).toEqual([]);
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Lax', secure: false, path: '/' });
    expect([...signIn.grants.keys()]).toContain(`session:${cookie?.value}`);
    // Somebody who follows a link from elsewhere is still signed in.
    await page.goto('data:text/html,<a href="' + url + '/linear/">there</a>');
    await page.getByRole('link').click();
    await page.getByText('This browser is signed in').waitFor();
  });

  it('signs out by a button', async () => {
    const { page, offences } = await open(`${url}/linear/`);
    await page.getByRole('button', { name: 'Sign out of linear' }).click();
    await page.waitForURL(`${url}/`);
    expect(await page.getByText('You are not signed in.').isVisible()).toBe(true);
    expect((await page.context().cookies()).filter(({ name }) => name.startsWith('mcpo_session_'))).toEqual([]);
    expect(policiesBrokenIn(offences)).toEqual([]);
  });

  it.each([true, false])(
    'takes somebody from a chat through the page that names the account (script: %s)',
    async (script) => {
      const link = await linkOf('alice');
      const { page, offences } = await open(link, { javaScriptEnabled: script });
      expect(await page.getByText('alice@example.com', { exact: true }).isVisible()).toBe(true);
      await page.getByRole('button', { name: 'Continue as alice@example.com' }).click();
      await page.getByText('Go back to your chat').waitFor();
      expect(policiesBrokenIn(offences)).toEqual([]);
      expect(visits.at(-1)).toMatchObject({ referer: undefined });
      expect(signIn.grants.has('webui:alice')).toBe(true);
      signIn.grants.delete('webui:alice');
      await page.goto(link);
      expect(await page.getByText('used up or too old').isVisible()).toBe(true);
    },
  );

  it('does not let another page press the button, or show it in a frame', async () => {
    const link = await linkOf('bob');
    const { page } = await open(link);
    const before = signIn.begun.length;
    const { action, fields } = await page.evaluate<{ action: string; fields: [string, string][] }>(
      '({ action: document.forms[0].action, fields: [...new FormData(document.forms[0])] })',
    );
    const inputs = fields.map(([name, value]) => `<input name="${name}" value="${value}">`).join('');
    // The same machine, another port: to cookies that is the same site.
    const neighbour = createServer((_, response) => {
      response.setHeader('Content-Type', 'text/html');
      response.end(
        `<iframe src="${link}"></iframe><form method="post" action="${action}">${inputs}<button>x</button></form>`,
      );
    });
    await new Promise<void>((resolve) => neighbour.listen(0, '127.0.0.1', resolve));
    try {
      await page.goto(`http://127.0.0.1:${(neighbour.address() as AddressInfo).port}/`);
      const frame = page.frames().find((each) => each !== page.mainFrame());
      await frame?.waitForLoadState();
      expect(await frame?.getByRole('button').count()).toBe(0);
      await page.getByRole('button').click();
      await page.waitForURL(action);
      // Refused by the check of origins, or by the page's own.
      expect(await page.content()).toMatch(/may not call|not pressed on our own page/);
      expect(signIn.begun.length).toBe(before);
    } finally {
      neighbour.close();
    }
  });

  it('signs in for everybody where one sign-in serves all', async () => {
    const { page, offences } = await open(`${url}/calendar/`);
    expect(await page.getByText('Nobody is signed in').isVisible()).toBe(true);
    await page.getByRole('link', { name: 'Sign in to calendar' }).click();
    await page.getByText('calendar is connected').waitFor();
    expect(everybody.grants.has('')).toBe(true);
    expect(policiesBrokenIn(offences)).toEqual([]);
    everybody.grants.clear();
  });

  async function linkOf(user: string): Promise<string> {
    const headers = { 'x-openwebui-user-jwt': chatToken(user) };
    const response = await fetch(`${url}/linear/list_issues`, { method: 'POST', headers });
    const { authorizationUrl } = (await response.json()) as { authorizationUrl: string };
    return authorizationUrl;
  }
});

/** Requests to another origin are what a sign-in is for. */
function policiesBrokenIn(offences: WatchedPage['offences']): string[] {
  return offences.filter((offence) => !offence.startsWith('request to '));
}
