// The benchmark: floor, product and (where MCPO_PEER names its executable) the Python mcpo, interleaved in one run, so
// that what else the machine does hits all alike. Prints medians, and ratios to the floor of the same round; fails where
// somebody does not answer as he should, never for a time.
// How to read the numbers: docs/performance.md.
// Usage: node bench/run.mjs [--only calls,start,sizes,many] [--rounds N] [--seconds N] [--short] [--json FILE]
import { existsSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { stopAll } from './contestants.mjs';
import { table } from './report.mjs';
import * as calls from './scenarios/calls.mjs';
import * as many from './scenarios/many.mjs';
import * as sizes from './scenarios/sizes.mjs';
import * as starts from './scenarios/start.mjs';

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    short: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
});
const rounds = Number(options.rounds ?? (options.short ? 1 : 5));
const measureMs = Number(options.seconds ?? (options.short ? 1 : 3)) * 1000;
const all = [calls, starts, sizes, many];
const wanted = options.only?.split(',') ?? all.map(({ title }) => title);

const unknown = wanted.find((name) => !all.some(({ title }) => title === name));
if (unknown !== undefined) {
  process.stderr.write(
    `There is no scenario ${JSON.stringify(unknown)}: --only takes ${all.map(({ title }) => title).join(', ')}.\n`,
  );
  process.exit(2);
}
if (!existsSync(join(dirname(fileURLToPath(import.meta.url)), '..', 'dist', 'cli.js'))) {
  process.stderr.write('dist/cli.js is missing: run `npm run build` first, or `npm run bench`, which does.\n');
  process.exit(1);
}
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => void stopAll().finally(() => process.exit(1)));
}

const blocks = [];
try {
  for (const scenario of all.filter(({ title }) => wanted.includes(title))) {
    blocks.push(...(await scenario.run({ rounds, measureMs, peer: process.env.MCPO_PEER, progress })));
  }
} finally {
  await stopAll();
}
const machine = {
  node: process.version,
  platform: `${process.platform} ${process.arch}`,
  cores: availableParallelism(),
  rounds,
  measureMs,
};
process.stdout.write(table(machine, blocks));
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify({ machine, blocks }, null, 2)}\n`);

function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`${text}\n`);
}
