// The frame around every page: head, masthead, main, footer. Styles and scripts are files of our own only, so that the
// pages work under `default-src 'none'` without a nonce or a hash; everything but the copy buttons and Swagger UI works
// without script.

import { html, type Html } from './html.ts';
import { assetLink, rootLink } from './links.ts';
import type { PageModel } from './model.ts';

export interface Frame {
  readonly page: PageModel;
  /** Of the browser's tab. */
  readonly tabTitle: string;
  readonly navigation: readonly NavigationLink[];
  readonly stylesheets: readonly string[];
  readonly scripts: readonly Script[];
  /** Where the page moves on to by itself; absolute, as URL.href writes it. */
  readonly refreshTo?: string | undefined;
  readonly main: Html;
}

export interface NavigationLink {
  readonly href: string;
  readonly text: string;
}

export interface Script {
  readonly file: string;
  /** `module` for our own; `classic` for bundles that put themselves on `window`. Both run in order, after parsing. */
  readonly kind: 'module' | 'classic';
}

export function framedPage({ page, tabTitle, navigation, stylesheets, scripts, refreshTo, main }: Frame): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        ${refreshTo !== undefined && html`<meta http-equiv="refresh" content="0; url=${refreshTo}" />`}
        <title>${tabTitle}</title>
        <link rel="icon" type="image/svg+xml" href="${assetLink(page, 'favicon.svg')}" />
        ${stylesheets.map((file) => html`<link rel="stylesheet" href="${assetLink(page, file)}" />`)}
        ${scripts.map((script) => scriptElement(page, script))}
      </head>
      <body>
        <header class="masthead">
          <a class="wordmark" href="${rootLink(page, '/')}">${mark}<span>mcpo</span></a>
          <nav aria-label="Pages">
            <ul>
              ${navigation.map(({ href, text }) => html`<li><a href="${href}">${text}</a></li>`)}
            </ul>
          </nav>
        </header>
        <main>${main}</main>
        <footer>
          <p>mcpo ${page.version} · MCP servers as plain HTTP</p>
          <p><a href="${rootLink(page, '/healthz')}">healthz</a> <a href="${rootLink(page, '/readyz')}">readyz</a></p>
        </footer>
      </body>
    </html> `.toString();
}

function scriptElement(page: PageModel, { file, kind }: Script): Html {
  const source = assetLink(page, file);
  return kind === 'module'
    ? html`<script type="module" src="${source}"></script>`
    : html`<script defer src="${source}"></script>`;
}

/** A plug: what the program is, in a square. */
const mark = html`<svg class="mark" viewBox="0 0 32 32" width="26" height="26" aria-hidden="true" focusable="false">
  <path
    d="M10 3v7M22 3v7M6 10h20v4a10 10 0 0 1-20 0zM16 24v5"
    fill="none"
    stroke="currentColor"
    stroke-width="3"
    stroke-linecap="round"
    stroke-linejoin="round"
  />
</svg>`;
