// From the start of the process to the first 200, over stdio, and the memory of a proxy that has nothing to do.
import { setTimeout as sleep } from 'node:timers/promises';
import { overStdio, start, stop, upstreamStartMs } from '../contestants.mjs';
import { residentMib } from '../load.mjs';
import { inTurn, summarise } from '../statistics.mjs';

/** Long enough for what a program does after its start, and for a garbage collection or two. */
const settleMs = 1000;

export const title = 'start';

export async function run({ rounds, peer, progress }) {
  const field = overStdio(peer);
  const samples = { startMs: {}, beyondMs: {}, idleMib: {} };
  for (let round = 0; round < rounds; round += 1) {
    const own = await upstreamStartMs();
    for (const contestant of inTurn(field, round)) {
      progress(`start, round ${round + 1} of ${rounds}: ${contestant.name}`);
      const up = await start(contestant);
      await sleep(settleMs);
      (samples.startMs[contestant.name] ??= []).push(up.startMs);
      (samples.beyondMs[contestant.name] ??= []).push(up.startMs - own);
      (samples.idleMib[contestant.name] ??= []).push(residentMib(up));
      await stop(up.child);
    }
  }
  const names = field.map(({ name }) => name);
  const labels = {
    startMs: 'start to first answer, ms',
    beyondMs: '  beyond the upstream alone, ms',
    idleMib: 'resident memory, idle, MiB',
  };
  return [{ name: 'start and memory', contestants: names, labels, rows: summarise(samples, names) }];
}
