// Takes the documents under test from the running program, dist/cli.js: of fixture servers and of real ones, each alone
// and all together, in every form there is. Writes them as JSON files, one a document; nothing here judges them.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
/** Linters object to localhost and to example.com, so the program says that it is known under another name. */
const publicUrl = 'https://tools.acme.dev/mcp';

const node = (...args) => ({
  command: process.execPath,
  args: args.map((arg, at) => (at === 0 ? join(root, arg) : arg)),
});
const fixture = (name, ...args) => node(`test/fixtures/servers/${name}.mjs`, ...args);
const npm = (name, ...args) => node(`node_modules/@modelcontextprotocol/server-${name}/dist/index.js`, ...args);
const lists = join(root, 'test/fixtures/tool-lists');

/** Name of the group to what the program is started with. The first part of a document's name is its group. */
const groups = {
  own: {
    settings: { apiKey: 'a-key-for-the-document' },
    servers: {
      echo: fixture('echo'),
      'bad-schema': fixture('bad-schema'),
      'many-pages': fixture('many-pages'),
      'no-tools': fixture('no-tools'),
      memory: npm('memory'),
      everything: npm('everything', 'stdio'),
      filesystem: npm('filesystem', root),
    },
  },
  // Spectral reads a property named __proto__ as the prototype of what it stands in.
  hostile: { servers: { hostile: { ...fixture('hostile-schemas'), disabledTools: ['names_of_objects'] } } },
  recorded: {
    servers: Object.fromEntries(
      readdirSync(lists).map((file) => [
        basename(file, '.json').replace(/^modelcontextprotocol_server-/, ''),
        fixture('lists-recorded-tools', join(lists, file)),
      ]),
    ),
  },
};

/** What may stand behind the address of a document, and how its file is named for it. */
export const forms = {
  3.1: '',
  '3.1-components': '?refs=components',
  '3.1-gpt': '?profile=gpt-actions',
  '3.0': '?version=3.0',
  '3.0-components': '?version=3.0&refs=components',
  '3.0-gpt': '?version=3.0&profile=gpt-actions',
};

/** Writes GROUP.SERVER.FORM.json into `folder` (SERVER is `all` for the document of all). */
export async function writeDocuments(folder) {
  mkdirSync(folder, { recursive: true });
  const written = await Promise.allSettled(
    Object.entries(groups).map(([group, { settings, servers }]) => writeGroup(folder, group, settings, servers)),
  );
  // Only now, so that no program is left behind that another group has started.
  for (const { reason } of written) if (reason !== undefined) throw reason;
}

async function writeGroup(folder, group, settings, servers) {
  const temporary = mkdtempSync(join(tmpdir(), 'mcpo-documents-'));
  const config = join(temporary, 'mcpo.json');
  writeFileSync(config, JSON.stringify({ mcpServers: servers, mcpo: { port: 0, publicUrl, ...settings } }));
  const child = spawn(process.execPath, [join(root, 'dist/cli.js'), '--config', config], {
    env: environment(),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  try {
    const url = await whenSettled(child);
    const paths = Object.keys(servers).length > 1 ? { all: '/openapi.json' } : {};
    for (const server of Object.keys(servers)) paths[server] = `/${server}/openapi.json`;
    for (const [server, path] of Object.entries(paths)) {
      for (const [form, query] of Object.entries(forms)) {
        const response = await fetch(`${url}${path}${query}`);
        if (response.status !== 200) throw new Error(`${path}${query} is ${response.status}: ${await response.text()}`);
        writeFileSync(join(folder, `${group}.${server}.${form}.json`), await response.text());
      }
    }
  } finally {
    child.kill('SIGTERM');
    await exited;
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** Variables that mean something to the program do not come from the machine of the test. */
function environment() {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^MCPO_|^LOG_LEVEL$|^CONNECTION_TIMEOUT$/.test(name)),
  );
}

/** The address that the program listens on, once every server had its first attempt. */
async function whenSettled(child) {
  const other = [];
  let url;
  for await (const text of createInterface(child.stderr)) {
    const line = parsed(text);
    if (line === undefined) other.push(text);
    if (line?.type === 'listening') url = line.url;
    if (line?.type === 'upstream-state' && line.state !== 'ready' && line.state !== 'starting') other.push(line.msg);
    if (line?.type === 'settled') {
      child.stderr.resume();
      return url;
    }
  }
  throw new Error(`mcpo did not start:\n${other.join('\n')}`);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
