// The soak: the built proxy lives for ten minutes with servers of every kind while children are killed, remote servers
// restart, the file is rewritten, callers hang up and others call all the time. After that memory, open descriptors and
// processes must be back where they were when it had warmed up.
//
//   npm run --silent build && node test/soak/run.mjs [--minutes 10] [--seed 1]
//
// Not part of `npm test`. Reads /proc, so it runs on Linux alone. Prints one table, and a line a minute on the way; exits
// with 1 if something leaked, a process outlived the proxy, something ran twice that must not, or an answer came that
// no trouble explains. The same seed makes the same trouble, as far as the machine keeps time.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

// Node 20 has no WebSocket of its own.
const { WebSocket } = createRequire(import.meta.url)('undici');

const { values: options } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string', default: '1' } },
});
const minutes = Number(options.minutes);
const random = seeded(Number(options.seed));

const callers = 8;
/** The first so many of the time are not compared: code is compiled, buffers find their size. */
const warmUpPart = 0.25;
/** Trouble comes at random, on average in this distance. */
const troubleEveryMs = 700;
/** Sessions end when they were idle for so long, so that none is open when it is measured. */
const sessionIdleS = 5;
const settleMs = 20_000;
const samples = 10;
/** What may be more at the end: the garbage collector is in no hurry, a socket or two may be kept alive. */
const allowed = { heapMib: 4, heapPart: 0.1, rssMib: 64, rssPart: 0.5, descriptors: 4, processes: 0 };
/** Problems that are told one by one. */
const maxTold = 20;
/** What trouble explains. Everything else is a finding. */
const explained = new Set([
  'ok',
  'outcome_unknown',
  'upstream_unavailable',
  'unknown_server',
  'starting',
  'overloaded',
  'hung up',
]);

const fixtures = fileURLToPath(new URL('../fixtures/servers/', import.meta.url));
const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'mcpo-soak-'));
const journal = join(folder, 'journal');
const configFile = join(folder, 'config.json');
/** Inherited by everything that this run starts, so that what is left behind is found. */
const marker = `SOAK_RUN=${randomUUID()}`;
const environment = { ...process.env, [marker.split('=')[0]]: marker.split('=')[1] };

const problems = [];
const outcomes = new Map();
const troubles = new Map();
writeFileSync(journal, '');

const remotes = {
  json: await remote('http-echo', '/mcp', { MODE: 'json', JOURNAL: journal }),
  stream: await remote('http-echo', '/mcp', { MODE: 'sse', JOURNAL: journal }),
  forgetful: await remote('http-drops-session', '/mcp', { CALLS: '20', JOURNAL: journal }),
  old: await remote('sse-echo', '/sse', { JOURNAL: journal }),
};
await Promise.all(Object.values(remotes).map((each) => each.start()));

const child = (name, env = {}, more = {}) => ({
  command: process.execPath,
  args: [join(fixtures, `${name}.mjs`)],
  env: { JOURNAL: journal, ...env },
  ...more,
});
const far = ({ url }, more = {}) => ({ url, ...more });
const lasting = {
  near: child('echo'),
  stubborn: child('ignores-eof-and-sigterm'),
  family: child('forks-a-grandchild'),
  fragile: child('crashes-on-call', { CALLS: '40' }),
  copied: child('counts', {}, { instances: 2 }),
  personal: child('counts', {}, { session: 'caller', sessionIdleTimeout: sessionIdleS, maxSessions: 6 }),
  changing: child('changes-its-tools'),
  json: far(remotes.json),
  stream: far(remotes.stream, { type: 'http' }),
  forgetful: far(remotes.forgetful),
  old: far(remotes.old, { type: 'sse' }),
};
write(lasting);

// Its debugger collects garbage and tells what is left: memory as the system sees it comes and goes.
const proxy = spawn(
  process.execPath,
  ['--inspect=127.0.0.1:0', cli, '--port', '0', '--config', configFile, '--hot-reload'],
  {
    env: environment,
    stdio: ['ignore', 'ignore', 'pipe'],
  },
);
// However this script comes to its end.
process.on('exit', () => proxy.kill('SIGKILL'));
const exited = new Promise((resolve) => proxy.once('exit', (code, signal) => resolve(code ?? signal)));
const { url, inspector } = await new Promise((resolve, reject) => {
  let address;
  void exited.then((code) => reject(new Error(`the proxy ended with ${code}`)));
  createInterface(proxy.stderr).on('line', (text) => {
    address ??= /^Debugger listening on (ws:\S+)/.exec(text)?.[1];
    if (!text.startsWith('{')) return;
    const line = JSON.parse(text);
    if (line.type === 'listening') resolve({ url: line.url, inspector: address });
    if (line.type === 'internal-error') problems.push(`internal error: ${text}`);
  });
});
const debug = await debuggerOf(inspector);

/** Calls that must not run twice have an id; the others do no harm. */
const calls = [
  ['near', 'append'],
  ['near', 'look_up'],
  ['stubborn', 'say', () => ({ text: 'x'.repeat(Math.floor(random() * 100_000)) })],
  ['family', 'add', () => ({ a: 1, b: 2 })],
  ['fragile', 'add', () => ({ a: 1, b: 2 })],
  ['copied', 'count', () => ({ ms: 20 })],
  ['personal', 'count', () => ({}), () => ({ 'x-session-id': `caller-${Math.floor(random() * 10)}` })],
  ['changing', 'listings', () => ({})],
  ['json', 'append'],
  ['json', 'look_up'],
  ['stream', 'append'],
  ['forgetful', 'append'],
  ['old', 'append'],
  ['old', 'look_up'],
  ['passing', 'add', () => ({ a: 1, b: 2 })],
];

const trouble = {
  'kill a child': async () => {
    const server = pick(['near', 'stubborn', 'family', 'copied', 'changing']);
    const pid = Number((await post(server, 'pid', {})).body);
    if (pid > 0) kill(pid, 'SIGKILL');
  },
  'restart a remote server': async () => {
    const chosen = pick(Object.values(remotes));
    await chosen.kill();
    await sleep(random() * 1_500);
    await chosen.start();
  },
  'drop all sessions': () => post('forgetful', 'drop', {}),
  'add or change a server': () => write({ ...lasting, passing: child('echo', { TURN: String(random()) }) }),
  'remove it': () => write(lasting),
  'break the file': () => writeFileSync(configFile, '{ "mcpServers": '),
  'hang up': async () => {
    const server = pick(['near', 'copied', 'json', 'stream', 'old']);
    const tool = server === 'copied' ? 'count' : 'sleep';
    await post(server, tool, { ms: 5_000 }, {}, AbortSignal.timeout(200));
  },
  'change tools': async () => {
    const name = `extra_${Math.floor(random() * 5)}`;
    await post('changing', random() < 0.5 ? 'add_tool' : 'remove_tool', { name });
    await fetch(`${url}/openapi.json`).then((response) => response.text());
  },
  'storm of tools': () => post('changing', 'storm', { times: 50 }),
};

const endsAt = Date.now() + minutes * 60_000;
let stopCalling = startCalling('warming up');
await makeTrouble(Date.now() + minutes * 60_000 * warmUpPart);
const before = await settled();
stopCalling = startCalling('under fire');
await makeTrouble(endsAt);
const after = await settled();

// A process does not end while its debugger is there.
debug.close();
proxy.kill('SIGTERM');
const exitCode = await exited;
if (exitCode !== 0) problems.push(`the proxy ended with ${exitCode}`);
await Promise.all(Object.values(remotes).map((each) => each.kill()));
const left = marked();
if (left.length > 0) problems.push(`${left.length} processes outlived the proxy: ${left.map(commandOf).join('; ')}`);
for (const pid of left) kill(pid, 'SIGKILL');
judge();
rmSync(folder, { recursive: true, force: true });

function judge() {
  const memory = (title, name, moreMib, morePart) => {
    const limit = before[name] + Math.max(moreMib * 1024 * 1024, before[name] * morePart);
    return [title, mib(before[name]), mib(after[name]), mib(limit), after[name] <= limit];
  };
  const rows = [
    ['', 'warm', 'end', 'limit', ''],
    memory('heap', 'heap', allowed.heapMib, allowed.heapPart),
    memory('memory (RSS)', 'rss', allowed.rssMib, allowed.rssPart),
    row('descriptors', allowed.descriptors),
    row('processes', allowed.processes),
  ];
  const ran = readFileSync(journal, 'utf8')
    .split('\n')
    .filter((id) => id !== '' && !id.startsWith('look_up'));
  const twice = ran.length - new Set(ran).size;
  rows.push(['ran twice', '0', String(twice), '0', twice === 0]);
  for (const [name, ...cells] of rows) {
    const verdict = cells.pop();
    const told = verdict === '' ? '' : verdict ? 'ok' : 'LEAK';
    print([name.padEnd(16), ...cells.map((cell) => cell.padStart(10)), ` ${told}`].join(''));
  }
  print(`trouble: ${listed(troubles)}`);
  print(`answers: ${listed(outcomes)}`);
  for (const problem of problems.slice(0, maxTold)) print(`problem: ${problem}`);
  if (problems.length > maxTold) print(`... and ${problems.length - maxTold} more problems`);
  if (problems.length > 0 || rows.some((cells) => cells.at(-1) === false)) process.exitCode = 1;
}

function row(name, more) {
  const limit = before[name] + more;
  return [name, String(before[name]), String(after[name]), String(limit), after[name] <= limit];
}

/** Each caller makes one call after the other, of any tool; gives what stops them all. */
function startCalling(phase) {
  const stopping = new AbortController();
  const loop = async (caller) => {
    for (let turn = 0; !stopping.signal.aborted; turn += 1) {
      const [server, tool, args, headers] = pick(calls);
      const id = `${tool} ${phase} ${caller}.${turn}`;
      const { status, body } = await post(server, tool, args?.() ?? { id, ms: 10 }, headers?.());
      const code = status === 200 ? 'ok' : (body?.code ?? `HTTP ${status}`);
      note(outcomes, code);
      if (!explained.has(code)) problems.push(`${server}/${tool}: ${JSON.stringify(body)}`);
      await sleep(random() * 20);
    }
  };
  const loops = Array.from({ length: callers }, (_, caller) => loop(caller));
  return async () => {
    stopping.abort();
    await Promise.all(loops);
  };
}

async function makeTrouble(untilMs) {
  let toldAt = Date.now();
  while (Date.now() < untilMs) {
    const name = pick(Object.keys(trouble));
    note(troubles, name);
    await trouble[name]();
    await sleep(Math.min(random() * 2 * troubleEveryMs, Math.max(0, untilMs - Date.now())));
    if (Date.now() - toldAt < 60_000) continue;
    toldAt = Date.now();
    const { heap, rss, descriptors, processes } = await measure();
    const told = [`heap ${mib(heap)}`, `RSS ${mib(rss)}`, `${descriptors} descriptors`, `${processes} processes`];
    print(`${new Date().toISOString()} ${told.join(', ')}`);
  }
}

/** The proxy with its lasting servers, all of them ready, nothing open that belongs to one caller, and no call. */
async function settled() {
  await stopCalling();
  write(lasting);
  const deadline = Date.now() + 120_000;
  for (;;) {
    const { servers } = await (await fetch(`${url}/`, { headers: { accept: 'application/json' } })).json();
    const waiting = Object.entries(servers).filter(([, { state }]) => state !== 'ready');
    if (Object.keys(servers).length === Object.keys(lasting).length && waiting.length === 0) break;
    if (Date.now() > deadline) {
      problems.push(`not ready again: ${JSON.stringify(waiting)}`);
      break;
    }
    await sleep(200);
  }
  await sleep(settleMs);
  return measure();
}

/** The least of some samples: what is garbage comes and goes, what leaked stays. */
async function measure() {
  await debug.ask('HeapProfiler.collectGarbage');
  const { usedSize: heap } = await debug.ask('Runtime.getHeapUsage');
  const all = [];
  for (let sample = 0; sample < samples; sample += 1) {
    const rss = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${proxy.pid}/status`, 'utf8'))[1]) * 1024;
    const descriptors = readdirSync(`/proc/${proxy.pid}/fd`).length;
    all.push({ rss, descriptors, processes: marked().length });
    await sleep(200);
  }
  const least = (name) => Math.min(...all.map((each) => each[name]));
  return { heap, rss: least('rss'), descriptors: least('descriptors'), processes: least('processes') };
}

/** What asks the debugger of a process. */
async function debuggerOf(address) {
  const socket = new WebSocket(address);
  const waiting = new Map();
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve);
    socket.addEventListener('error', reject);
  });
  socket.addEventListener('message', ({ data }) => {
    const { id, result } = JSON.parse(data);
    waiting.get(id)?.(result);
    waiting.delete(id);
  });
  let lastId = 0;
  const ask = (method) =>
    new Promise((resolve) => {
      lastId += 1;
      waiting.set(lastId, resolve);
      socket.send(JSON.stringify({ id: lastId, method }));
    });
  return { ask, close: () => socket.close() };
}

/** Every process that this run started, and what those started, wherever they hang now. */
function marked() {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(marker);
      } catch {
        return false;
      }
    });
}

function commandOf(pid) {
  try {
    return `${pid} ${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')}`;
  } catch {
    return String(pid);
  }
}

async function post(server, tool, args, headers = {}, signal) {
  try {
    const response = await fetch(`${url}/${server}/${tool}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(args),
      signal,
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  } catch (error) {
    return { status: 0, body: { code: signal?.aborted ? 'hung up' : String(error.cause ?? error) } };
  }
}

/** A fixture that always comes back on the same port. */
async function remote(name, path, env) {
  const port = await freePort();
  let running;
  const start = async () => {
    running = spawn(process.execPath, [join(fixtures, `${name}.mjs`)], {
      env: { ...environment, ...env, PORT: String(port) },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => createInterface(running.stdout).once('line', resolve));
  };
  const end = async () => {
    const gone = new Promise((resolve) => running.once('exit', resolve));
    running.kill('SIGKILL');
    await gone;
  };
  return { url: `http://127.0.0.1:${port}${path}`, start, kill: end };
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function write(mcpServers) {
  writeFileSync(configFile, JSON.stringify({ mcpServers }));
}

function kill(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended by itself in the meantime.
  }
}

function note(counts, key) {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function mib(bytes) {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

function listed(counts) {
  return [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .map(([key, count]) => `${count} x ${key}`)
    .join(', ');
}

function pick(choices) {
  return choices[Math.floor(random() * choices.length)];
}

/** mulberry32. */
function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function print(line) {
  process.stdout.write(`${line}\n`);
}
