// What the suite takes for a client: a proxy in front of the server whose address is the last argument, and a caller that
// knows nothing but the proxy's HTTP surface. It reads the document, calls every tool, signs in where it is told to, and
// answers what a tool asks. It judges nothing: the suite's server saw what arrived.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const name = 'judged';
const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
/** What the suite's authorization server takes for a client's metadata document, where it takes any. */
const clientMetadataUrl = 'https://conformance-test.local/client-metadata.json';
/** How often one who is asked to sign in does; the suite counts the askings too. */
const maxSignIns = 3;
const maxQuestions = 5;
/** Less than the suite waits for all of it. */
const settleMs = 20_000;

const upstreamUrl = process.argv.at(-1);
const context = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? '{}');
const home = mkdtempSync(join(tmpdir(), 'mcpo-conformance-'));
let signIns = 0;

const proxy = await startProxy();
try {
  await until(async () => (await fetch(`${proxy.url}/readyz`)).status === 200);
  await signInWhereAsked();
  await callAll();
} finally {
  await proxy.close();
  rmSync(home, { recursive: true, force: true });
}

async function startProxy() {
  const path = join(home, 'config.json');
  const oauth = process.env.MCP_CONFORMANCE_SCENARIO?.startsWith('auth/') ? await oauthBlock() : undefined;
  const config = { mcpServers: { [name]: { type: 'streamable-http', url: upstreamUrl, oauth } } };
  writeFileSync(path, JSON.stringify(config));
  const env = { ...process.env, HOME: home, BROWSER: '', DISPLAY: '', WAYLAND_DISPLAY: '' };
  const child = spawn(process.execPath, [cli, '--port', '0', '--config', path, '--log-level', 'debug'], {
    env,
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const close = async () => {
    child.kill('SIGTERM');
    await exited;
  };
  let url;
  const lines = createInterface(child.stderr).on('line', (line) => {
    process.stderr.write(`${line}\n`);
    if (url === undefined && line.includes('"type":"listening"')) url = JSON.parse(line).url;
  });
  await Promise.race([until(() => url), exited.then(() => Promise.reject(new Error('the proxy ended')))]);
  lines.on('close', () => {});
  return { url, close };
}

/** One sign-in for everybody, so that no browser's cookies are needed. */
async function oauthBlock() {
  const machine =
    context.client_id !== undefined && process.env.MCP_CONFORMANCE_SCENARIO?.includes('client-credentials');
  return {
    multi_user: false,
    storage_type: 'memory',
    callback_port: await freePort(),
    ...(machine ? { grant: 'client_credentials' } : {}),
    ...(context.client_id === undefined
      ? { client_metadata_url: clientMetadataUrl }
      : { client_id: context.client_id }),
    ...(context.client_secret === undefined ? {} : { client_secret: context.client_secret }),
    ...(context.private_key_pem === undefined ? {} : { private_key: context.private_key_pem }),
    ...(context.signing_algorithm === undefined ? {} : { signing_algorithm: context.signing_algorithm }),
  };
}

async function callAll() {
  const document = await documentNow();
  const operations = Object.entries(document.paths ?? {}).map(([path, { post }]) => ({
    path,
    post,
    tool: path.split('/').at(-1),
  }));
  if (operations.length === 0) return;
  const planned =
    context.toolCalls ?? operations.map(({ tool, post }) => ({ name: tool, arguments: sampleOf(post, document) }));
  for (const { name: tool, arguments: args } of planned) {
    await call(operations.find((each) => each.tool === tool)?.path ?? `/${name}/${tool}`, args);
  }
}

async function call(path, args, type = 'application/json', body = args, questions = 0) {
  const response = await fetch(`${proxy.url}${path.startsWith(`/${name}/`) ? '' : `/${name}`}${path}`, {
    method: 'POST',
    headers: { 'content-type': type },
    body: JSON.stringify(body),
  });
  const answer = await response.json().catch(() => undefined);
  process.stderr.write(`${path}: ${response.status} ${JSON.stringify(answer)?.slice(0, 500)}\n`);
  if (response.status === 401 && (await signIn(answer?.authorizationUrl))) return call(path, args);
  if (response.status === 409 && questions < maxQuestions) {
    const { inputRequests, requestState } = answer.data;
    const next = { arguments: args, inputResponses: answersTo(inputRequests), requestState };
    return call(path, args, 'application/vnd.mcp.call+json', next, questions + 1);
  }
}

/** Says yes to everything, with what the question itself proposes. */
function answersTo(inputRequests = {}) {
  return Object.fromEntries(
    Object.entries(inputRequests).map(([key, { params }]) => {
      const content = sampleOfSchema(params?.requestedSchema ?? {});
      return [key, { action: 'accept', content }];
    }),
  );
}

async function signInWhereAsked() {
  for (;;) {
    const { state, authorizationUrl } = await statusNow();
    if (state !== 'authorization-required' || !(await signIn(authorizationUrl))) return;
  }
}

/** As a browser would, to the end of all redirects, of which one leads back to the proxy. False: no more. */
async function signIn(authorizationUrl) {
  if (authorizationUrl === undefined || signIns >= maxSignIns) return false;
  signIns += 1;
  const { since } = await statusNow();
  const response = await fetch(authorizationUrl, { redirect: 'follow' });
  process.stderr.write(`signed in: ${response.status} ${(await response.text()).slice(0, 300)}\n`);
  if (!response.ok) return true;
  await until(async () => {
    const now = await statusNow();
    return now.state === 'ready' || (now.state !== 'starting' && now.since !== since);
  });
  return true;
}

async function statusNow() {
  const response = await fetch(`${proxy.url}/`, { headers: { accept: 'application/json' } });
  return (await response.json()).servers[name];
}

async function documentNow() {
  const response = await fetch(`${proxy.url}/${name}/openapi.json?refs=components`);
  return response.json();
}

function sampleOf(operation, document) {
  const schema = operation.requestBody?.content['application/json']?.schema;
  if (schema === undefined) return {};
  return sampleOfSchema(resolved(schema, document), document);
}

/** Something that fits the plain schemas of the suite. */
function sampleOfSchema(schema, document) {
  if (schema.default !== undefined) return schema.default;
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  switch (schema.type) {
    case 'string':
      return 'text';
    case 'integer':
    case 'number':
      return schema.minimum ?? 1;
    case 'boolean':
      return true;
    case 'array':
      return [];
    default: {
      const entries = Object.entries(schema.properties ?? {});
      return Object.fromEntries(
        entries.map(([key, value]) => [key, sampleOfSchema(resolved(value, document), document)]),
      );
    }
  }
}

function resolved(schema, document) {
  if (schema.$ref === undefined || document === undefined) return schema;
  let found = document;
  for (const part of schema.$ref.slice(2).split('/')) found = found?.[part];
  return found ?? {};
}

async function until(condition) {
  const deadline = Date.now() + settleMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`not within ${settleMs} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
