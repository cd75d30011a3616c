// One proxy before many servers: a call to one of them, against a call to the only one; memory for their tools; the
// document of all; and a reload of a changed file under load.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { echo, fetchText, manyServers, start, stop } from '../contestants.mjs';
import { load, residentMib } from '../load.mjs';
import { inTurn, summarise } from '../statistics.mjs';

const fleets = [
  { servers: 1, toolsEach: 0 },
  { servers: 10, toolsEach: 33 },
  { servers: 60, toolsEach: 33 },
];
const callers = 32;
const settleMs = 1000;

export const title = 'many';

export async function run(options) {
  const folder = await mkdtemp(join(tmpdir(), 'mcpo-bench-'));
  try {
    return await measure(folder, options);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure(folder, { rounds, measureMs, progress }) {
  const names = fleets.map(({ servers }) => (servers === 1 ? '1 server' : `${servers} servers`));
  const up = [];
  const samples = {
    readyMs: {},
    callsPerSecond: {},
    p50Us: {},
    idleMib: {},
    documentMs: {},
    againMs: {},
    reloadMs: {},
  };
  for (const [index, fleet] of fleets.entries()) {
    progress(`many servers: starting ${names[index]}`);
    const file = join(folder, `${fleet.servers}.json`);
    await writeFile(file, configOf(fleet));
    const one = await start({ ...manyServers(file, fleet.servers), name: names[index] });
    await sleep(settleMs);
    samples.readyMs[one.name] = [one.startMs];
    samples.idleMib[one.name] = [residentMib(one)];
    samples.documentMs[one.name] = [await timed(() => fetchText(new URL('/openapi.json', one.url)))];
    samples.againMs[one.name] = [await timed(() => fetchText(new URL('/openapi.json', one.url)))];
    up.push({ ...one, fleet, file });
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const one of inTurn(up, round)) {
      progress(`many servers, round ${round + 1} of ${rounds}: ${one.name}`);
      const many = await load(one, { callers, measureMs, call: echo });
      const single = await load(one, { callers: 1, measureMs: measureMs / 2, call: echo });
      (samples.callsPerSecond[one.name] ??= []).push(many.calls / many.seconds);
      (samples.p50Us[one.name] ??= []).push(single.p50Us);
    }
  }
  for (const one of up) {
    progress(`many servers: reload with ${one.name}`);
    samples.reloadMs[one.name] = [await reloadMs(one)];
    await stop(one.child);
  }
  const labels = {
    readyMs: 'start to the first answer, ms',
    callsPerSecond: 'calls per second to one of them, 32 callers',
    p50Us: 'p50 with one caller, us',
    idleMib: 'resident memory of the proxy, MiB',
    documentMs: 'first /openapi.json of all, ms',
    againMs: '  again, ms',
    reloadMs: "file written to a new server's first answer, ms",
  };
  return [{ name: 'many servers, stdio', contestants: names, labels, rows: summarise(samples, names) }];
}

/** Under load, of which nothing may fail: the generator would end the run. */
async function reloadMs(one) {
  const added = { servers: one.fleet.servers + 1, toolsEach: one.fleet.toolsEach };
  const url = new URL(`/s${one.fleet.servers}/echo`, one.url);
  const loading = load(one, { callers: 4, measureMs: 2_000, call: echo });
  const took = await timed(async () => {
    await writeFile(one.file, configOf(added));
    while (!(await answers(url, one.key))) await sleep(5);
  });
  await loading;
  return took;
}

async function answers(url, key) {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` };
  const response = await fetch(url, { method: 'POST', headers, body: echo.body });
  await response.arrayBuffer();
  return response.status === 200;
}

async function timed(work) {
  const from = performance.now();
  await work();
  return performance.now() - from;
}

function configOf({ servers, toolsEach }) {
  const args = [join(import.meta.dirname, '..', 'echo-server.mjs'), String(toolsEach)];
  const entries = Array.from({ length: servers }, (_, index) => [`s${index}`, { command: process.execPath, args }]);
  return JSON.stringify({ mcpServers: Object.fromEntries(entries) });
}
