// GET /{server}/ for people: one server's state and every tool of it with its texts, its route and what it must be given.
// Pure: a model in, a document out.

import { framedPage } from './frame.ts';
import { html, type Html } from './html.ts';
import { rootLink, serverLink } from './links.ts';
import type { Access, PageModel, ServerModel, ToolModel } from './model.ts';
import { pasteSection } from './paste.ts';
import { signInLine } from './sign-in.ts';
import { counted, stateBadge, stateFacts } from './state.ts';

export interface ServerPageModel extends PageModel {
  readonly access: Access;
  readonly server: ServerModel;
  /** Milliseconds since the epoch, when the state was asked for. */
  readonly now: number;
}

export function serverPage(model: ServerPageModel): string {
  const { server, now, access } = model;
  const { name, path, tools } = server;
  const facts = stateFacts(server, now);
  return framedPage({
    page: model,
    tabTitle: `${name} · ${model.title}`,
    navigation: [
      { href: rootLink(model, '/'), text: 'All servers' },
      { href: serverLink(model, path, '/docs'), text: 'Try the tools' },
      { href: serverLink(model, path, '/openapi.json'), text: 'openapi.json' },
      { href: serverLink(model, path, '/openapi.yaml'), text: 'openapi.yaml' },
    ],
    stylesheets: ['frame.css', 'content.css'],
    scripts: [{ file: 'copy.js', kind: 'module' }],
    main: html`
      <div class="intro">
        <h1>${name}</h1>
        <div class="server-head">
          ${stateBadge(server.state)} ${facts.length > 0 && html`<p class="facts">${facts.join(' · ')}</p>`}
        </div>
        <p class="lede">${server.detail}</p>
        ${signInLine(server, now)}
      </div>
      <section aria-labelledby="tools">
        <h2 id="tools">${tools === undefined ? 'Tools' : counted(tools.length, 'tool')}</h2>
        ${toolEntries(model, server)}
      </section>
      ${server.state !== 'disabled' && pasteSection({ page: model, access, servers: [server], server })}
    `,
  });
}

function toolEntries(model: ServerPageModel, { tools, signIn }: ServerModel): Html {
  if (tools === undefined) {
    const what =
      signIn?.authenticated === false
        ? `${signIn.multiUser ? 'you are' : 'somebody is'} signed in`
        : 'it has been reached';
    return html`<p>Its tools appear here once ${what}.</p>`;
  }
  if (tools.length === 0) return html`<p>It offers no tools.</p>`;
  return html`<ul class="servers">
    ${tools.map((tool) => html`<li>${toolEntry(model, tool)}</li>`)}
  </ul>`;
}

function toolEntry(model: ServerPageModel, tool: ToolModel): Html {
  return html`<article class="tool">
    <h3><code>${tool.name}</code></h3>
    <p class="summary">${tool.summary}</p>
    <p class="route"><code>POST ${serverLink(model, model.server.path, tool.path)}</code></p>
    <p class="arguments">${requiredNote(tool.requiredArguments)}${tool.readOnly && ' Says that it changes nothing.'}</p>
    ${tool.description !== tool.summary && html`<p class="description">${tool.description}</p>`}
  </article>`;
}

function requiredNote(names: readonly string[]): Html {
  if (names.length === 0) return html`Needs no arguments.`;
  const items = names.map((name, index) => html`${index > 0 && ', '}<code>${name}</code>`);
  return html`Needs ${items}.`;
}
