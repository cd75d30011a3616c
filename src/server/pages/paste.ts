// "What to paste where": the address for Open WebUI, a curl line that works, a line for a code generator.
// A key is never shown, only the variable MCPO_API_KEY where it belongs. Every value in a shell line is quoted, for tool
// names are not ours.

import { html, type Html } from './html.ts';
import { serverUrl } from './links.ts';
import type { Access, PageModel, ServerModel, ToolModel } from './model.ts';

/** In double quotes, for the shell puts the value in. */
const bearerOption = '-H "Authorization: Bearer $MCPO_API_KEY"';

export interface Paste {
  readonly page: PageModel;
  readonly access: Access;
  readonly servers: readonly ServerModel[];
  /** The server that the lines are about; undefined: all. */
  readonly server: ServerModel | undefined;
}

export function pasteSection(paste: Paste): Html {
  return html`<section aria-labelledby="paste">
    <h2 id="paste">What to paste where</h2>
    <div class="recipes">${openWebUi(paste)} ${curl(paste)} ${generators(paste)}</div>
  </section>`;
}

function openWebUi({ page, access, servers, server }: Paste): Html {
  const path = server?.path ?? '';
  const several = server === undefined && servers.filter(({ state }) => state !== 'disabled').length > 1;
  return html`<article class="recipe">
    <h3>Open WebUI</h3>
    <p>Admin Panel → Settings → Integrations (older: Tools) → add a connection of the type <b>OpenAPI</b>:</p>
    <dl class="form">
      <div>
        <dt>URL</dt>
        <dd>${copyable(serverUrl(page, path, ''))}</dd>
      </div>
      <div>
        <dt>Auth</dt>
        <dd>${access === 'open' ? 'None' : 'Bearer, with the API key of this proxy'}</dd>
      </div>
    </dl>
    ${
      (server === undefined ? servers : [server]).some(({ signIn }) => signIn?.multiUser === true) &&
      html`<p class="note">
        Where users sign in for themselves, mcpo has to know who chats: <code>docs/open-webui.md</code> has the secrets
        to set up.
      </p>`
    }
    ${several && perServer(page, servers)}
    ${
      isLoopback(page.baseUrl) &&
      html`<p class="note">
        Is Open WebUI in a container? There this machine is called
        <code>host.docker.internal</code
        >${access === 'open' && html`, and mcpo listens for it once it has an <code>--api-key</code>`}.
      </p>`
    }
  </article>`;
}

function perServer(page: PageModel, servers: readonly ServerModel[]): Html {
  const enabled = servers.filter(({ state }) => state !== 'disabled');
  return html`<details>
    <summary>One connection per server instead</summary>
    <ul class="addresses">
      ${enabled.map(({ path }) => html`<li>${copyable(serverUrl(page, path, ''))}</li>`)}
    </ul>
  </details>`;
}

function curl({ page, access, servers, server }: Paste): Html {
  const chosen = chooseTool(server === undefined ? servers : [server]);
  return html`<article class="recipe">
    <h3>curl</h3>
    ${
      chosen === undefined
        ? html`<p>A line to try appears here once a server with a harmless tool is ready.</p>`
        : html`${copyableBlock(curlLine(page, access, chosen))}
            <p class="note">
              ${access !== 'open' && html`The key comes from the variable <code>MCPO_API_KEY</code>. `}
              ${chosen.tool.example.placeholders && 'Put your own values in place of the sample arguments.'}
            </p>`
    }
  </article>`;
}

function generators({ page, access, server }: Paste): Html {
  const url = serverUrl(page, server?.path ?? '', '/openapi.json?refs=components');
  const lines =
    access === 'key-everywhere'
      ? [`curl -sSf ${bearerOption} ${quoted(url)} -o openapi.json`, 'npx openapi-typescript openapi.json -o mcpo.d.ts']
      : [`npx openapi-typescript ${quoted(url)} -o mcpo.d.ts`];
  return html`<article class="recipe">
    <h3>Code generators</h3>
    ${copyableBlock(lines.join('\n'))}
    <p class="note">
      Any generator for OpenAPI 3.1 will do. Without a running proxy: <code>mcpo openapi --refs components</code>.
    </p>
  </article>`;
}

interface ChosenTool {
  readonly server: ServerModel;
  readonly tool: ToolModel;
}

/** The fittest by rank; among equals one that needs no guessing, then the shortest. */
function chooseTool(servers: readonly ServerModel[]): ChosenTool | undefined {
  let best: { readonly chosen: ChosenTool; readonly cost: number } | undefined;
  for (const server of servers) {
    // What a user of it may do takes more than a line: a browser that signed in, or a token.
    if (server.state !== 'ready' || server.signIn?.multiUser === true) continue;
    for (const tool of server.tools ?? []) {
      const cost = costOfTrying(tool);
      if (cost !== undefined && (best === undefined || cost < best.cost)) best = { chosen: { server, tool }, cost };
    }
  }
  return best?.chosen;
}

function costOfTrying({ rank, requiredArguments, example }: ToolModel): number | undefined {
  if (rank === undefined) return undefined;
  return rank * 1000 + (example.placeholders ? 100 : 0) + Math.min(requiredArguments.length, 99);
}

function curlLine(page: PageModel, access: Access, { server, tool }: ChosenTool): string {
  const parts = [`curl -sS ${quoted(serverUrl(page, server.path, tool.path))}`];
  if (access !== 'open') parts.push(bearerOption);
  parts.push("-H 'Content-Type: application/json'", `-d ${quoted(tool.example.text)}`);
  return parts.join(' \\\n  ');
}

/** One word for a POSIX shell, whatever is in it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function isLoopback(url: string): boolean {
  return /^https?:\/\/(?:localhost|127(?:\.\d+){3}|\[::1\])(?::\d+)?(?:\/|$)/.test(url);
}

/** copy.js puts a button after elements marked so, where the browser lets it. */
function copyable(text: string): Html {
  return html`<code class="copyable" data-copy>${text}</code>`;
}

function copyableBlock(text: string): Html {
  return html`<pre><code data-copy>${text}</code></pre>`;
}
