// GET / for people: which servers there are, how they are, what they offer and what to paste where.
// Pure: a model in, a document out. The headline says in one sentence what somebody who opens the page wants to know.

import { framedPage } from './frame.ts';
import { html, type Html } from './html.ts';
import { rootLink, serverLink } from './links.ts';
import type { Access, PageModel, ServerModel, ToolModel } from './model.ts';
import { pasteSection } from './paste.ts';
import { signInLine } from './sign-in.ts';
import { counted, stateBadge, stateFacts, stateWords } from './state.ts';

export interface OverviewModel extends PageModel {
  readonly access: Access;
  /** In the order of the configuration, disabled ones included. */
  readonly servers: readonly ServerModel[];
  /** Milliseconds since the epoch, when the states were asked for. */
  readonly now: number;
  /** The last reload, where it was refused; `at` in milliseconds since the epoch. */
  readonly refusedReload?: { readonly at: number; readonly detail: string } | undefined;
}

/** Of a tool's description in the list; the rest is on the server's page. */
const maxLineLength = 160;

export function overviewPage(model: OverviewModel): string {
  const { servers, now } = model;
  const headline = headlineOf(servers);
  const tools = servers.reduce((sum, server) => sum + (server.tools?.length ?? 0), 0);
  return framedPage({
    page: model,
    tabTitle: `${model.title} · ${headline}`,
    navigation: [
      { href: rootLink(model, '/docs'), text: 'Try the tools' },
      { href: rootLink(model, '/openapi.json'), text: 'openapi.json' },
      { href: rootLink(model, '/openapi.yaml'), text: 'openapi.yaml' },
    ],
    stylesheets: ['frame.css', 'content.css'],
    scripts: [{ file: 'copy.js', kind: 'module' }],
    main: html`
      <div class="intro">
        ${model.title !== 'mcpo' && html`<p class="title">${model.title}</p>`}
        <h1>${headline}</h1>
        <p class="lede">
          ${counted(tools, 'tool')} over plain HTTP at
          <code class="copyable" data-copy>${model.baseUrl}</code>${accessNote(model.access)}
        </p>
      </div>
      ${refusalNotice(model.refusedReload)}
      <section aria-labelledby="servers">
        <h2 id="servers">Servers</h2>
        ${
          servers.length === 0
            ? html`<p>No servers are configured: add one under <code>mcpServers</code> in the configuration file.</p>`
            : html`<ul class="servers">
                ${servers.map((server) => html`<li>${serverEntry(model, server, now)}</li>`)}
              </ul>`
        }
      </section>
      ${pasteSection({ page: model, access: model.access, servers, server: servers.length === 1 ? servers[0] : undefined })}
      <p class="note">
        As of ${clockTime(now)}; reload for the latest. Programs get the same as JSON with
        <code>Accept: application/json</code>.
      </p>
    `,
  });
}

function headlineOf(servers: readonly ServerModel[]): string {
  const enabled = servers.filter(({ state }) => state !== 'disabled');
  const ready = enabled.filter(({ state }) => state === 'ready').length;
  const [only] = enabled;
  if (only === undefined) return servers.length === 0 ? 'Nothing to serve yet' : 'Every server is disabled';
  if (enabled.length === 1) return `${only.name} is ${stateWords[only.state].toLowerCase()}`;
  if (ready === enabled.length) return `All ${ready} servers are ready`;
  return `${ready === 0 ? 'None' : ready} of ${enabled.length} servers ${ready === 1 || ready === 0 ? 'is' : 'are'} ready`;
}

function accessNote(access: Access): string {
  if (access === 'open') return ', open to every program that reaches it.';
  return access === 'key' ? '; calls need the API key.' : '; everything needs the API key.';
}

/** Programs and people work with another configuration than the one that somebody wrote: that has to be seen first. */
function refusalNotice(refused: OverviewModel['refusedReload']): Html | false {
  return (
    refused !== undefined &&
    html`<section class="refusal" aria-labelledby="refusal">
      <h2 id="refusal">The last reload was refused</h2>
      <p>At ${clockTime(refused.at)}: ${refused.detail}. This notice goes when a reload succeeds.</p>
    </section>`
  );
}

function serverEntry(page: PageModel, server: ServerModel, now: number): Html {
  const { name, path, state, tools } = server;
  const about = html`<span class="hidden"> of ${name}</span>`;
  return html`<article class="server">
    <div class="server-head">
      <h3>${path === '' ? name : html`<a href="${serverLink(page, path, '/')}">${name}</a>`}</h3>
      ${stateBadge(state)}
      ${stateFacts(server, now).length > 0 && html`<p class="facts">${stateFacts(server, now).join(' · ')}</p>`}
    </div>
    <p class="detail">${server.detail}</p>
    ${signInLine(server, now)}
    ${
      state !== 'disabled' &&
      html`<ul class="links">
        <li><a href="${serverLink(page, path, '/docs')}">Docs${about}</a></li>
        <li><a href="${serverLink(page, path, '/openapi.json')}">openapi.json${about}</a></li>
        <li><a href="${serverLink(page, path, '/openapi.yaml')}">openapi.yaml${about}</a></li>
      </ul>`
    }
    ${tools !== undefined && toolList(tools, about)}
  </article>`;
}

function toolList(tools: readonly ToolModel[], about: Html): Html {
  if (tools.length === 0) return html`<p class="note">It offers no tools.</p>`;
  return html`<details>
    <summary>${counted(tools.length, 'tool')}${about}</summary>
    <dl class="tools">
      ${tools.map(
        ({ name, summary, description }) =>
          html`<div>
            <dt><code>${name}</code></dt>
            <dd>${firstLine(description) || summary}</dd>
          </div>`,
      )}
    </dl>
  </details>`;
}

function firstLine(text: string): string {
  const line = text.trim().split(/[\r\n]/, 1)[0] ?? '';
  // Characters, not code units; two units at most make one.
  const characters = Array.from(line.slice(0, 2 * (maxLineLength + 1)));
  if (characters.length <= maxLineLength) return line;
  const kept = characters.slice(0, maxLineLength - 1).join('');
  return `${kept.replace(/\s+\S*$/, '')}…`;
}

function clockTime(at: number): Html {
  const iso = new Date(at).toISOString();
  return html`<time datetime="${iso}">${iso.slice(11, 19)} UTC</time>`;
}
