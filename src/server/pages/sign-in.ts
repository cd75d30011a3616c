// The pages of a sign-in: whose account is to be connected, on to the authorization server, connected, and what went
// wrong; and the line with which other pages say how a server stands with their reader. Pure: a model in, markup out.
// No page repeats what an address brought along, but for tickets that are known.

import { framedPage } from './frame.ts';
import { html, type Html } from './html.ts';
import { rootLink, serverLink } from './links.ts';
import type { PageModel, ServerModel, SignInModel } from './model.ts';
import { duration } from './state.ts';

export interface ConfirmPageModel extends PageModel {
  readonly server: string;
  /** Of the chat, as its token says. */
  readonly account: string;
  /** Where the form goes to. */
  readonly action: string;
  readonly ticket: string;
  readonly confirm: string;
}

/** Somebody who was sent another's link has to see it before anything of his is connected. */
export function confirmPage(model: ConfirmPageModel): string {
  const { server, account } = model;
  return signInPage(
    model,
    `Sign in to ${server}?`,
    html`<p class="lede">A chat asks for it, for this account:</p>
      <p class="account">${account}</p>
      <p class="note">
        Is that you? What you sign in to next is used by the chats of this account. If somebody else sent you here,
        close this page.
      </p>
      <form method="post" action="${model.action}">
        <input type="hidden" name="ticket" value="${model.ticket}" />
        <input type="hidden" name="confirm" value="${model.confirm}" />
        <button class="action">Continue as ${account}</button>
      </form>`,
  );
}

/** A browser holds what a form leads to against the page with the form, redirects included: so this page moves on by itself. */
export function movingOnPage(model: PageModel, server: string, url: string): string {
  return signInPage(
    model,
    `On to the sign-in of ${server}`,
    html`<p class="lede">If nothing happens: <a href="${url}">continue at ${new URL(url).host}</a>.</p>`,
    url,
  );
}

export interface ConnectedPageModel extends PageModel {
  readonly server: string;
  /** '' or '/name', as in ServerModel. */
  readonly path: string;
  /** It was begun in a chat. */
  readonly fromChat: boolean;
}

export function connectedPage(model: ConnectedPageModel): string {
  const { server, path, fromChat } = model;
  return signInPage(
    model,
    `${server} is connected`,
    fromChat
      ? html`<p class="lede">Go back to your chat and ask again. You can close this page.</p>`
      : html`<p class="lede">Its tools come in a moment. You can close this page.</p>
          <ul class="links">
            <li><a href="${serverLink(model, path, '/')}">See ${server}</a></li>
          </ul>`,
  );
}

export interface FailedPageModel extends PageModel {
  readonly server: string;
  /** The sentence for people. */
  readonly detail: string;
  /** Where to begin again; undefined: where the link came from. */
  readonly again: string | undefined;
}

export function failedPage(model: FailedPageModel): string {
  const { server, detail, again } = model;
  return signInPage(
    model,
    `Not signed in to ${server}`,
    html`<p class="lede">${detail}</p>
      ${
        again === undefined
          ? html`<p class="note">Ask the chat again: it shows a new link.</p>`
          : html`<ul class="links">
                <li><a href="${again}">Try again</a></li>
              </ul>
              <p class="note">Did a chat send you here? Ask it again: it shows a new link.</p>`
      }`,
  );
}

function signInPage(page: PageModel, title: string, content: Html, refreshTo?: string): string {
  return framedPage({
    page,
    tabTitle: `${title} · ${page.title}`,
    navigation: [{ href: rootLink(page, '/'), text: 'All servers' }],
    stylesheets: ['frame.css', 'content.css'],
    scripts: [],
    refreshTo,
    main: html`<div class="intro">
      <h1>${title}</h1>
      ${content}
    </div>`,
  });
}

/** On pages about the server. */
export function signInLine({ name, signIn }: ServerModel, now: number): Html | false {
  if (signIn === undefined) return false;
  const { authenticated, signInUrl, signOutPath } = signIn;
  return html`<div class="sign-in">
    <p>${authenticated ? signedInSentence(signIn, now) : notSignedInSentence(signIn)}</p>
    ${signInUrl !== undefined && html`<p><a class="action" href="${signInUrl}">Sign in to ${name}</a></p>`}
    ${
      signOutPath !== undefined &&
      html`<form method="post" action="${signOutPath}"><button class="quiet">Sign out of ${name}</button></form>`
    }
  </div>`;
}

function signedInSentence({ multiUser, account, expiresAt }: SignInModel, now: number): string {
  const who = signedInWho(multiUser, account);
  if (expiresAt === undefined) return `${who}.`;
  const left = expiresAt - now;
  return `${who}; ${left > 0 ? `the access token lasts another ${duration(left)}` : 'the access token is due for renewal'}.`;
}

function signedInWho(multiUser: boolean, account: string | undefined): string {
  if (!multiUser) return 'Signed in, for everybody';
  return account === undefined ? 'This browser is signed in' : `Signed in as ${account}`;
}

function notSignedInSentence({ multiUser, account }: SignInModel): string {
  if (!multiUser) return 'Nobody is signed in; one sign-in serves everybody.';
  return account === undefined ? 'You are not signed in.' : `${account} is not signed in.`;
}
