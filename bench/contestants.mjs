// The programs that are measured, and how each is started, found and ended. A contestant is up when it has answered its
// first call with 200; how long that took is part of the result.
import { spawn } from 'node:child_process';
import { createServer, request as httpRequest } from 'node:http';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const echoServer = [process.execPath, join(here, 'echo-server.mjs')];
const startDeadlineMs = 60_000;
const stopDeadlineMs = 5_000;
/** Short against what is measured, long against what a poll costs. */
const pollEveryMs = 5;
const key = 'bench-key';

/** A call, and what its answer holds. */
export const echo = { body: '{"message":"hello","count":1}', expect: '"message"' };

export function large(mib) {
  return { body: JSON.stringify({ mib }), expect: 'A line of' };
}

/** `peer`: path of the Python mcpo's executable, or undefined. */
export function overStdio(peer) {
  return [
    {
      name: 'floor',
      path: '/echo',
      command: () => floor('floor.mjs', ...echoServer),
      url: ({ stdout }) => urlIn(stdout),
    },
    product('--', ...echoServer),
    ...peerOf(peer, '--', ...echoServer),
  ];
}

/** Before the server at `upstreamUrl`. */
export function overHttp(upstreamUrl, peer) {
  const remote = ['--server-type', 'streamable-http', '--', upstreamUrl];
  return [
    {
      name: 'floor',
      path: '/echo',
      command: () => floor('http-floor.mjs', upstreamUrl),
      url: ({ stdout }) => urlIn(stdout),
    },
    product(...remote),
    ...peerOf(peer, ...remote),
  ];
}

/** A configuration file; the last of its servers, s0 and so on, is asked. */
export function manyServers(file, servers) {
  return { ...product('--config', file, '--hot-reload'), path: `/s${servers - 1}/echo` };
}

function floor(program, ...args) {
  return [process.execPath, join(here, program), ...args];
}

/** As it is used: with a key. */
function product(...args) {
  return {
    name: 'mcpo',
    key,
    path: '/echo',
    command: () => [process.execPath, join(here, '..', 'dist', 'cli.js'), '--port', '0', '--api-key', key, ...args],
    url: ({ stderr }) => urlIn(stderr),
  };
}

function peerOf(peer, ...args) {
  if (peer === undefined) return [];
  const command = (port) => [peer, '--host', '127.0.0.1', '--port', String(port), '--api-key', key, ...args];
  return [{ name: 'peer', key, path: '/echo', command, url: ({ port }) => `http://127.0.0.1:${port}` }];
}

const running = new Set();

/** Resolves when the first call was answered. */
export async function start(contestant) {
  const port = await freePort();
  const command = contestant.command(port);
  const from = performance.now();
  const child = spawnGroup(command);
  const output = { stdout: '', stderr: '', port };
  for (const stream of ['stdout', 'stderr']) {
    child[stream].setEncoding('utf8').on('data', (chunk) => {
      output[stream] = (output[stream] + chunk).slice(0, 100_000);
    });
  }
  for (;;) {
    const url = contestant.url(output);
    if (url !== undefined && (await answers(`${url}${contestant.path}`, contestant.key))) {
      return { ...contestant, child, url: `${url}${contestant.path}`, startMs: performance.now() - from };
    }
    if (child.exitCode !== null || performance.now() - from > startDeadlineMs) {
      await stop(child);
      throw new Error(`${contestant.name} did not answer. ${command.join(' ')}\n${output.stderr.slice(-2000)}`);
    }
    await sleep(pollEveryMs);
  }
}

/** A server over Streamable HTTP; `kind`: whether it answers with `json` or as a stream, `sse`. */
export async function startUpstream(kind) {
  const child = spawnGroup([process.execPath, join(here, 'http-echo-server.mjs'), kind]);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => (output += chunk));
  for (;;) {
    const url = urlIn(output);
    if (url !== undefined) return { child, url };
    if (child.exitCode !== null) throw new Error('the upstream over HTTP ended');
    await sleep(pollEveryMs);
  }
}

/** What the upstream itself needs from its start to the answer to its first call: no proxy can be faster. */
export async function upstreamStartMs() {
  const from = performance.now();
  const alone = spawnGroup(echoServer);
  let answered = () => {};
  alone.stdout.on('data', () => answered());
  const ask = (id, method, params) =>
    new Promise((resolve) => {
      answered = resolve;
      alone.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
    });
  await ask(1, 'initialize', {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'bench', version: '1' },
  });
  await ask(2, 'tools/list', {});
  await ask(3, 'tools/call', { name: 'echo', arguments: JSON.parse(echo.body) });
  const took = performance.now() - from;
  await stop(alone);
  return took;
}

export async function stop(child) {
  running.delete(child);
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const forced = setTimeout(() => killGroup(child), stopDeadlineMs);
  await exited;
  clearTimeout(forced);
}

export async function stopAll() {
  await Promise.all([...running].map(stop));
}

function spawnGroup([program, ...args]) {
  const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MCPO_')));
  const child = spawn(program, args, { env: environment, detached: true, stdio: 'pipe' });
  child.on('error', () => running.delete(child));
  child.stdin.on('error', () => {});
  running.add(child);
  return child;
}

function killGroup(child) {
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It ended by itself in the meantime.
  }
}

/** The first line of JSON that has a `url`. */
function urlIn(output) {
  for (const line of output.split('\n').slice(0, -1)) {
    if (!line.startsWith('{')) continue;
    const { url } = JSON.parse(line);
    if (typeof url === 'string') return url;
  }
  return undefined;
}

function answers(url, bearer) {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(echo.body) };
    if (bearer !== undefined) headers.authorization = `Bearer ${bearer}`;
    const request = httpRequest(url, { method: 'POST', headers, agent: false }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode === 200));
    });
    request.on('error', () => resolve(false)).end(echo.body);
  });
}

export function fetchText(url) {
  return fetch(url).then((response) => response.text());
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
