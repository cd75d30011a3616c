// Fails a run that leaves processes behind. Every process of a run inherits a marker in its environment; what carries it
// when all tests are over is a survivor, and so is an orphaned fixture server that was started with a bare environment.
// Reads /proc, so it looks on Linux alone and is silent elsewhere.
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const marker = 'TEST_RUN_ID';
const fixtures = 'test/fixtures/servers/';
/** Processes that were told to end may still be ending; the product's own deadlines are shorter than this. */
const graceMs = 10_000;
const lookEveryMs = 100;

interface Process {
  readonly pid: number;
  readonly commandLine: string;
}

const run = randomUUID();
let before: ReadonlySet<number> = new Set();

export function setup(): void {
  if (!existsSync('/proc/self/environ')) return;
  process.env[marker] = run;
  before = new Set(processes().map(({ pid }) => pid));
}

export async function teardown(): Promise<void> {
  if (process.env[marker] !== run) return;
  const until = Date.now() + graceMs;
  let left = survivors();
  while (left.length > 0 && Date.now() < until) {
    await sleep(lookEveryMs);
    left = survivors();
  }
  if (left.length === 0) return;
  for (const { pid } of left) kill(pid);
  // vitest prints what a teardown throws and exits with 0 all the same.
  process.exitCode = 1;
  const list = left.map(({ pid, commandLine }) => `  ${pid} ${commandLine}`).join('\n');
  throw new Error(`${left.length} processes outlived the tests that started them (ended now):\n${list}`);
}

function survivors(): Process[] {
  return processes().filter(({ pid, commandLine }) => {
    if (before.has(pid) || pid === process.pid || isWorker(commandLine)) return false;
    const owner = markerOf(pid);
    return owner === run || (owner === undefined && commandLine.includes(fixtures) && isOrphan(pid));
  });
}

function processes(): Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), commandLine: read(name, 'cmdline').replaceAll('\0', ' ').trim() }))
    .filter(({ commandLine }) => commandLine !== '');
}

/** vitest ends its own workers after this. */
function isWorker(commandLine: string): boolean {
  return commandLine.includes('node_modules/vitest/');
}

/** /proc/PID/stat: the parent's id is the second field after the name in parentheses. */
function isOrphan(pid: number): boolean {
  return read(String(pid), 'stat').split(') ').at(-1)?.split(' ')[1] === '1';
}

function markerOf(pid: number): string | undefined {
  return read(String(pid), 'environ')
    .split('\0')
    .find((entry) => entry.startsWith(`${marker}=`))
    ?.slice(marker.length + 1);
}

/** Empty where the process is gone, or is not ours to look at. */
function read(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself in the meantime.
  }
}
