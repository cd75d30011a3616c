// Results of 1, 10 and 50 MiB over stdio: the time of one, against the floor, and what small calls of others wait
// meanwhile.
import { echo, large, overStdio, start, stop } from '../contestants.mjs';
import { load, residentMib } from '../load.mjs';
import { inTurn, summarise } from '../statistics.mjs';

const sizes = [1, 10, 50];

export const title = 'sizes';

export async function run({ rounds, measureMs, progress }) {
  // The floor is the measure here.
  const field = overStdio(undefined);
  const names = field.map(({ name }) => name);
  const up = [];
  for (const contestant of field) up.push(await start(contestant));
  const samples = Object.fromEntries(
    sizes.flatMap((mib) => [
      [`p50Of${mib}`, {}],
      [`p99Beside${mib}`, {}],
    ]),
  );
  for (let round = 0; round < rounds; round += 1) {
    for (const one of inTurn(up, round)) {
      for (const mib of sizes) {
        progress(`sizes, round ${round + 1} of ${rounds}: ${one.name}, ${mib} MiB`);
        const alone = await load(at(one, 'large'), { callers: 1, measureMs, call: large(mib) });
        (samples[`p50Of${mib}`][one.name] ??= []).push(alone.p50Us / 1000);
        const [, beside] = await Promise.all([
          load(at(one, 'large'), { callers: 1, measureMs, call: large(mib) }),
          load(one, { callers: 1, measureMs, call: echo }),
        ]);
        (samples[`p99Beside${mib}`][one.name] ??= []).push(beside.p99Us / 1000);
      }
    }
  }
  const after = { [names[0]]: [], [names[1]]: [] };
  for (const one of up) {
    after[one.name].push(residentMib(one));
    await stop(one.child);
  }
  const labels = Object.fromEntries(
    sizes.flatMap((mib) => [
      [`p50Of${mib}`, `a result of ${mib} MiB, ms`],
      [`p99Beside${mib}`, '  p99 of small calls beside it, ms'],
    ]),
  );
  return [
    {
      name: 'large results, stdio',
      contestants: names,
      labels: { ...labels, afterMib: 'resident memory after it, MiB' },
      rows: summarise({ ...samples, afterMib: after }, names),
    },
  ];
}

function at(up, tool) {
  return { ...up, url: new URL(tool, up.url).href };
}
