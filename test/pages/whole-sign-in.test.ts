// The built program, a real authorization server and a real browser together: somebody signs in to the documentation of a
// server, out again, and from the link that a chat shows. What each page says and allows is in sign-in.test.ts.

import { SignJWT } from 'jose';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { startProtected, startSigningProxy, type Problem, type Protected, type SigningProxy } from '../e2e/oauth.ts';
import { post } from '../e2e/proxy.ts';
import { skipWithoutBrowser, useBrowser, type WatchedPage } from './browser.ts';

const secret = 'the-secret-of-open-webui-in-this-test';

async function start(): Promise<{ server: Protected; proxy: SigningProxy }> {
  const server = await startProtected({ sameOrigin: true });
  const oauth = { server_url: server.origin, webui_secret_key: secret };
  const proxy = await startSigningProxy({ notes: { type: 'streamable-http', url: server.url, oauth } });
  return { server, proxy };
}

/** On the pages of the authorization server. */
async function signInAs(page: Page, user: string): Promise<void> {
  await page.getByLabel('Name').fill(user);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'Allow' }).click();
}

/** The way over the authorization server is no offence. */
function offencesOf({ offences }: WatchedPage, server: Protected): string[] {
  return offences.filter((each) => !each.startsWith(`request to ${server.origin}/`));
}

describe.skipIf(skipWithoutBrowser)('a browser signs in', () => {
  const openPage = useBrowser();

  it('to the documentation, and sees his own tools; somebody else sees others', async () => {
    const { server, proxy } = await start();
    for (const user of ['alice', 'bob']) {
      const watched = await openPage(`${proxy.url}/notes/docs`);
      const { page } = watched;
      expect(page.url()).toMatch(new RegExp(`^${server.origin}/interaction/`));
      await signInAs(page, user);
      await page.waitForURL(`${proxy.url}/notes/docs`);
      await page.getByText(`/of_${user}`).first().waitFor();
      expect(await page.content()).not.toContain(user === 'alice' ? 'of_bob' : 'of_alice');
      const called = await page.evaluate(async () => (await fetch('/notes/whoami', { method: 'POST' })).json());
      expect(called).toBe(user);
      expect(await page.evaluate('document.cookie')).toBe('');
      expect(offencesOf(watched, server)).toEqual([]);
    }
    expect((await server.told()).crossings).toEqual([]);
  });

  it('and out again', async () => {
    const { server, proxy } = await start();
    const watched = await openPage(`${proxy.url}/notes/docs`);
    const { page } = watched;
    await signInAs(page, 'alice');
    await page.waitForURL(`${proxy.url}/notes/docs`);
    await page.goto(`${proxy.url}/notes/`);
    await page.getByRole('button', { name: /sign out/i }).click();
    await page.waitForURL(`${proxy.url}/`);
    const status = await page.evaluate(async () => {
      const response = await fetch('/oauth/notes/status');
      return response.json() as Promise<{ authenticated: boolean }>;
    });
    expect(status.authenticated).toBe(false);
    expect((await server.told()).revocations).toBeGreaterThan(0);
    expect(offencesOf(watched, server)).toEqual([]);
  });

  it('from the link of a chat, after a page that names the account', async () => {
    const { server, proxy } = await start();
    const token = await new SignJWT({ sub: 'u-1', email: 'u-1@example.com' })
      .setProtectedHeader({ alg: 'HS256' })
      .setExpirationTime('5m')
      .sign(new TextEncoder().encode(secret));
    const headers = { 'x-openwebui-user-jwt': token };
    const refused = await post(`${proxy.url}/notes/whoami`, {}, headers);
    const watched = await openPage((refused.body as Problem).authorizationUrl ?? '');
    const { page } = watched;
    await page.getByText('u-1@example.com').first().waitFor();
    await page.locator('form[method=post] button').first().click();
    await page.waitForURL(new RegExp(`^${server.origin}/interaction/`));
    await signInAs(page, 'alice');
    await page.waitForURL((url) => url.origin === proxy.url);
    expect(await post(`${proxy.url}/notes/whoami`, {}, headers)).toMatchObject({ status: 200, body: 'alice' });
    const cookies = await page.context().cookies(proxy.url);
    expect(cookies.filter(({ name }) => name.includes('mcpo_session_'))).toEqual([]);
    expect(offencesOf(watched, server)).toEqual([]);
  });
});
