// GET /docs and GET /{server}/docs: Swagger UI from the package's own files, started by assets/docs.js, which reads what
// it needs from data attributes. No inline script, no inline style, nothing from elsewhere.

import { framedPage } from './frame.ts';
import { html } from './html.ts';
import { rootLink, serverLink } from './links.ts';
import type { PageModel } from './model.ts';

export interface DocsPageModel extends PageModel {
  /** What the document describes: the server's name; undefined for the document of all servers. */
  readonly serverName: string | undefined;
  /** '' or '/name', as in ServerModel. */
  readonly path: string;
  /** How many tools the document lists. */
  readonly tools: number;
}

/** Above this many, a list of every operation is no overview any more: tags stay closed. */
const maxListedTools = 50;

export function docsPage(model: DocsPageModel): string {
  const subject = model.serverName ?? model.title;
  const documentLink = serverLink(model, model.path, '/openapi.json');
  return framedPage({
    page: model,
    tabTitle: `${subject} · API documentation`,
    navigation: [
      { href: rootLink(model, '/'), text: 'All servers' },
      { href: documentLink, text: 'openapi.json' },
      { href: serverLink(model, model.path, '/openapi.yaml'), text: 'openapi.yaml' },
    ],
    stylesheets: ['swagger-ui/swagger-ui.css', 'frame.css', 'docs.css'],
    scripts: [
      { file: 'swagger-ui/swagger-ui-bundle.js', kind: 'classic' },
      { file: 'docs.js', kind: 'module' },
    ],
    main: html`<h1 class="hidden">API documentation of ${subject}</h1>
      <noscript>
        <p class="note">
          Trying tools in the browser needs JavaScript. The same facts are in
          <a href="${documentLink}">openapi.json</a>, and <a href="${rootLink(model, '/')}">the overview</a> works
          without.
        </p>
      </noscript>
      <div
        id="swagger-ui"
        data-document="${documentLink}"
        data-base-url="${model.baseUrl}"
        data-base-path="${serverLink(model, '', '')}"
        data-expansion="${model.tools <= maxListedTools ? 'list' : 'none'}"
      ></div>`,
  });
}
