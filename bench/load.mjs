// Puts load on a contestant that is up, by generator.mjs in a process of its own, and reads what it cost: from the answers,
// and from /proc where there is one. CPU time is far steadier than the clock on a machine that does other things too.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const generator = join(dirname(fileURLToPath(import.meta.url)), 'generator.mjs');
/** Of `utime` and `stime` in /proc/PID/stat. */
const clockTickMs = 10;

/** {calls, seconds, p50Us, p99Us, cpuUs}: the last for each call, undefined where there is no /proc. */
export async function load(up, { callers, measureMs, call }) {
  const before = cpuMs(up);
  const given = JSON.stringify({ ...call, url: up.url, key: up.key, callers, measureMs });
  const { stdout } = await promisify(execFile)(process.execPath, [generator, given]);
  const report = JSON.parse(stdout);
  return { ...report, cpuUs: ((cpuMs(up) - before) * 1000) / report.calls };
}

function cpuMs({ child }) {
  try {
    const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) * clockTickMs;
  } catch {
    return Number.NaN;
  }
}

/** Resident memory of the process itself, without its children, in MiB. */
export function residentMib({ child }) {
  try {
    return Number(/VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1]) / 1024;
  } catch {
    return Number.NaN;
  }
}
