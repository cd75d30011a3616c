// What a call costs: throughput and CPU with 32 callers, time with one; before an upstream over stdio, and before one over
// Streamable HTTP that answers with JSON or with a stream.
import { echo, overHttp, overStdio, start, startUpstream, stop } from '../contestants.mjs';
import { load, residentMib } from '../load.mjs';
import { inTurn, summarise } from '../statistics.mjs';

const callers = 32;

export const title = 'calls';

export async function run(options) {
  const blocks = [await measure('calls, stdio', overStdio(options.peer), options)];
  for (const kind of ['json', 'sse']) {
    const upstream = await startUpstream(kind);
    const name = `calls, Streamable HTTP, ${kind === 'sse' ? 'answers as a stream' : 'JSON answers'}`;
    blocks.push(await measure(name, overHttp(upstream.url, options.peer), options));
    await stop(upstream.child);
  }
  return blocks;
}

async function measure(name, field, { rounds, measureMs, progress }) {
  const up = [];
  for (const contestant of field) up.push(await start(contestant));
  const samples = { callsPerSecond: {}, cpuUs: {}, p50Us: {}, p99Us: {}, loadedMib: {} };
  for (const one of up) await load(one, { callers, measureMs: measureMs / 2, call: echo });
  for (let round = 0; round < rounds; round += 1) {
    for (const one of inTurn(up, round)) {
      progress(`${name}, round ${round + 1} of ${rounds}: ${one.name}`);
      const many = await load(one, { callers, measureMs, call: echo });
      const single = await load(one, { callers: 1, measureMs, call: echo });
      (samples.callsPerSecond[one.name] ??= []).push(many.calls / many.seconds);
      (samples.cpuUs[one.name] ??= []).push(many.cpuUs);
      (samples.p50Us[one.name] ??= []).push(single.p50Us);
      (samples.p99Us[one.name] ??= []).push(single.p99Us);
      (samples.loadedMib[one.name] ??= []).push(residentMib(one));
    }
  }
  for (const one of up) await stop(one.child);
  const names = field.map((contestant) => contestant.name);
  return {
    name,
    contestants: names,
    labels: {
      callsPerSecond: 'calls per second, 32 callers',
      cpuUs: 'CPU of the proxy for a call, us',
      p50Us: 'p50 with one caller, us',
      p99Us: 'p99 with one caller, us',
      loadedMib: 'resident memory after it, MiB',
    },
    rows: summarise(samples, names),
  };
}
