import { describe, expect, it } from 'vitest';

import { overviewPage } from '../../../../src/server/pages/overview.ts';
import type { SignInModel } from '../../../../src/server/pages/model.ts';
import { serverPage } from '../../../../src/server/pages/server.ts';
import { confirmPage, connectedPage, failedPage, movingOnPage } from '../../../../src/server/pages/sign-in.ts';
import { hostile, now, page, server } from './sample.ts';

const signIn: SignInModel = {
  multiUser: true,
  authenticated: false,
  account: undefined,
  expiresAt: undefined,
  signInUrl: '/oauth/linear/authorize?return=%2Flinear%2F',
  signOutPath: undefined,
};

const signedIn: SignInModel = {
  ...signIn,
  authenticated: true,
  signInUrl: undefined,
  signOutPath: '/oauth/linear/logout',
};

function render(model: SignInModel, name = 'linear'): string {
  const shown = server(name, { signIn: model, tools: undefined });
  const pages = [
    overviewPage({ ...page, access: 'open', servers: [shown], now }),
    serverPage({ ...page, access: 'open', server: shown, now }),
  ];
  return pages.join('\n\n').replace(/\s+/g, ' ');
}

describe('pages about a server to which people sign in', () => {
  it('say how to sign in', () => {
    const markup = render(signIn);
    expect(markup.match(/You are not signed in\./g)).toHaveLength(2);
    expect(markup.match(/href="\/oauth\/linear\/authorize\?return=%2Flinear%2F"/g)).toHaveLength(2);
    expect(markup).toContain('Its tools appear here once you are signed in.');
    expect(markup).not.toContain('<form');
    expect(render({ ...signIn, account: 'alice@example.com' })).toContain('alice@example.com is not signed in.');
    expect(render({ ...signIn, multiUser: false })).toContain('Nobody is signed in; one sign-in serves everybody.');
    expect(render({ ...signIn, multiUser: false })).toContain('once somebody is signed in.');
  });

  it('say who is signed in, for how long, and sign out by a form', () => {
    expect(render(signedIn)).toContain('<p>This browser is signed in.</p>');
    expect(render({ ...signedIn, multiUser: false })).toContain('<p>Signed in, for everybody.</p>');
    const alice = { ...signedIn, account: 'alice@example.com' };
    expect(render({ ...alice, expiresAt: now + 3_600_000 })).toContain(
      'Signed in as alice@example.com; the access token lasts another 1 h.',
    );
    expect(render({ ...alice, expiresAt: now - 1 })).toContain('the access token is due for renewal.');
    expect(render(alice).match(/<form method="post" action="\/oauth\/linear\/logout">/g)).toHaveLength(2);
    expect(render(alice)).not.toContain('Sign in to');
  });

  it('say nothing where nobody signs in, and offer no line that would be refused', () => {
    const markup = overviewPage({ ...page, access: 'open', servers: [server('time')], now });
    expect(markup).not.toMatch(/sign|open-webui\.md/i);
    expect(render(signedIn)).toContain('open-webui.md');
    expect(render(signedIn)).toContain('A line to try appears here');
  });
});

describe('the pages of a sign-in', () => {
  const pages = {
    confirm: (text: string) =>
      confirmPage({ ...page, server: text, account: text, action: '/oauth/x/authorize', ticket: text, confirm: text }),
    movingOn: (text: string) => movingOnPage(page, text, new URL(`https://auth.example/?q=${text}`).href),
    connected: (text: string) => connectedPage({ ...page, server: text, path: '/x', fromChat: true }),
    failed: (text: string) => failedPage({ ...page, server: text, detail: text, again: '/oauth/x/authorize' }),
  };

  it.each(Object.entries(pages))('keep what they are given as text, without script or style (%s)', (_, pageWith) => {
    const markup = pageWith(hostile);
    expect(markup).not.toMatch(/<script|<img|<style|\sstyle=/);
    expect(markup).toContain('&lt;script&gt;');
  });

  it('name the account before the button', () => {
    const markup = pages.confirm('alice@example.com');
    expect(markup.indexOf('alice@example.com</p>')).toBeLessThan(markup.indexOf('<form'));
    expect(markup.indexOf('Is that you?')).toBeLessThan(markup.indexOf('<form'));
    expect(markup).toContain('method="post"');
  });

  it('move on by themselves, and by a link', () => {
    const markup = movingOnPage(page, 'linear', 'https://auth.example/authorize?a=1&b=2');
    expect(markup).toContain(
      '<meta http-equiv="refresh" content="0; url=https://auth.example/authorize?a=1&amp;b=2" />',
    );
    expect(markup).toContain('<a href="https://auth.example/authorize?a=1&amp;b=2">continue at auth.example</a>');
  });

  it('say what to do after a failure', () => {
    expect(pages.failed('x')).toContain('<a href="/oauth/x/authorize">Try again</a>');
    const fromChat = failedPage({ ...page, server: 'linear', detail: 'Too old.', again: undefined });
    expect(fromChat).toContain('Ask the chat again');
    expect(fromChat).not.toContain('Try again');
  });

  it('lead back to where people came from', () => {
    expect(connectedPage({ ...page, server: 'linear', path: '/linear', fromChat: true })).toContain('your chat');
    expect(connectedPage({ ...page, server: 'linear', path: '/linear', fromChat: false })).toContain('href="/linear/"');
  });
});
