// The benchmark: floor, product and (where MCPO_PEER names its executable) the Python mcpo, interleaved in one run, so
// that what else the machine does hits all alike. Prints medians, and ratios to the floor of the same round.
// How to read the numbers: docs/performance.md.
// Usage: node bench/run.mjs [--rounds N] [--seconds N] [--short] [--json FILE]
import { execFile } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { call, contestants, residentMib, start, stop, stopAll, upstreamStartMs } from './contestants.mjs';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    short: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
});
const rounds = Number(options.rounds ?? (options.short ? 2 : 5));
const measureMs = Number(options.seconds ?? (options.short ? 1 : 3)) * 1000;
const warmupMs = measureMs / 4;
const callers = 32;
/** Long enough for what a program does after its start, and for a garbage collection or two. */
const settleMs = 1000;

const here = dirname(fileURLToPath(import.meta.url));
const field = contestants(process.env.MCPO_PEER);

if (!existsSync(join(here, '..', 'dist', 'cli.js'))) {
  process.stderr.write('dist/cli.js is missing: run `npm run build` first, or `npm run bench`, which does.\n');
  process.exit(1);
}
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => void stopAll().finally(() => process.exit(1)));
}

const samples = Object.fromEntries(
  field.map(({ name }) => [
    name,
    { startMs: [], beyondUpstreamMs: [], idleMib: [], callsPerSecond: [], p50Us: [], p99Us: [], loadedMib: [] },
  ]),
);
const upstreamMs = [];

try {
  await measureStarts();
  await measureCalls();
} finally {
  await stopAll();
}
const report = summary();
process.stdout.write(table(report));
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);

async function measureStarts() {
  for (let round = 0; round < rounds; round += 1) {
    const own = await upstreamStartMs();
    upstreamMs.push(own);
    for (const contestant of inTurn(field, round)) {
      progress(`start, round ${round + 1} of ${rounds}: ${contestant.name}`);
      const up = await start(contestant);
      await sleep(settleMs);
      const sample = samples[contestant.name];
      sample.startMs.push(up.startMs);
      sample.beyondUpstreamMs.push(up.startMs - own);
      sample.idleMib.push(residentMib(up));
      await stop(up.child);
    }
  }
}

async function measureCalls() {
  const up = [];
  for (const contestant of field) up.push(await start(contestant));
  for (let round = 0; round < rounds; round += 1) {
    for (const one of inTurn(up, round)) {
      progress(`calls, round ${round + 1} of ${rounds}: ${one.name}`);
      const many = await generate(one, callers);
      const single = await generate(one, 1);
      const sample = samples[one.name];
      sample.callsPerSecond.push(many.calls / many.seconds);
      sample.p50Us.push(single.p50Us);
      sample.p99Us.push(single.p99Us);
      sample.loadedMib.push(residentMib(one));
    }
  }
}

async function generate({ url, key }, count) {
  const given = JSON.stringify({ ...call, url, key, callers: count, warmupMs, measureMs });
  const { stdout } = await promisify(execFile)(process.execPath, [join(here, 'generator.mjs'), given]);
  return JSON.parse(stdout);
}

/** Nobody is always first. */
function inTurn(list, round) {
  const first = round % list.length;
  return [...list.slice(first), ...list.slice(0, first)];
}

function summary() {
  const results = Object.fromEntries(
    field.map(({ name }) => [
      name,
      Object.fromEntries(
        Object.entries(samples[name]).map(([measure, values]) => [
          measure,
          {
            median: median(values),
            ratioToFloor: median(values.map((value, i) => value / samples.floor[measure][i])),
            values,
          },
        ]),
      ),
    ]),
  );
  const machine = {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cores: availableParallelism(),
  };
  return { machine, rounds, measureMs, callers, upstreamStartMs: median(upstreamMs), results };
}

function median(values) {
  const sorted = values.filter((value) => Number.isFinite(value)).toSorted((a, b) => a - b);
  if (sorted.length === 0) return null;
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function table({ machine, results }) {
  const rows = [
    ['calls per second, 32 callers', 'callsPerSecond', true],
    ['p50 with one caller, us', 'p50Us', true],
    ['p99 with one caller, us', 'p99Us', true],
    ['start to first answer, ms', 'startMs', false],
    ['  beyond the upstream alone, ms', 'beyondUpstreamMs', false],
    ['resident memory, idle, MiB', 'idleMib', false],
    ['resident memory, after load, MiB', 'loadedMib', false],
  ];
  const names = Object.keys(results);
  const cells = [
    ['', ...names.flatMap((name) => (name === 'floor' ? [name] : [name, 'ratio']))],
    ...rows.map(([label, measure, compared]) => [
      label,
      ...names.flatMap((name) => {
        const { median: value, ratioToFloor } = results[name][measure];
        const shown = value === null ? '-' : Math.round(value).toLocaleString('en');
        if (name === 'floor') return [shown];
        return [shown, compared && ratioToFloor !== null ? ratioToFloor.toFixed(2) : ''];
      }),
    ]),
  ];
  const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  const lines = cells.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])))
      .join('  ')
      .trimEnd(),
  );
  const where = `Node ${machine.node}, ${machine.platform}, ${machine.cores} cores; medians of ${rounds} rounds of ${measureMs / 1000} s`;
  return `\n${where}\n\n${lines.join('\n')}\n`;
}

function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`${text}\n`);
}
