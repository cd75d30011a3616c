// What runs on this machine, as /proc tells it on Linux: parents, groups and start times. Zombies count as gone. Looking
// is shared, so that any number of groups that end at the same time cost one walk through /proc after another, not one
// each. Elsewhere, and where /proc cannot be read, nothing is known, which callers must not take for "nothing runs".

import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';

export interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  /** In ticks since boot: with `pid` it names one process for ever. */
  readonly startedAt: string;
}

/** Read between two turns of the event loop; about a millisecond. */
const readAtOnce = 64;

/** Longer than any line of /proc/PID/stat up to the start time. */
const stat = Buffer.alloc(1_024);

let next: Promise<readonly Process[] | undefined> | undefined;
let last: Promise<unknown> = Promise.resolve();

/** As of a moment after the call. All who ask while one walk is under way share the one that follows. */
export function lookAtProcesses(): Promise<readonly Process[] | undefined> {
  if (next === undefined) {
    next = last.then(() => {
      next = undefined;
      return walk();
    });
    last = next;
  }
  return next;
}

/** The same at once, for a program that exits now. */
export function lookAtProcessesNow(): readonly Process[] | undefined {
  const steps = readAll();
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** Whether this very process still runs; a later one with the same id is not it. */
export function stillRuns({ pid, startedAt }: Process): boolean {
  try {
    return readProcess(pid)?.startedAt === startedAt;
  } catch {
    // Out of descriptors: rather a signal too many than a process left.
    return true;
  }
}

/** Members of the group and their descendants, and those of the `known` ones, that are in other groups. */
export function outsidersOf(group: number, known: readonly Process[], processes: readonly Process[]): Process[] {
  const starts = new Map(known.map(({ pid, startedAt }) => [pid, startedAt]));
  const family = new Set<number>();
  let before: number;
  do {
    before = family.size;
    for (const each of processes) {
      if (each.group === group || family.has(each.parent) || starts.get(each.pid) === each.startedAt) {
        family.add(each.pid);
      }
    }
  } while (family.size > before);
  return processes.filter((each) => family.has(each.pid) && each.group !== group);
}

async function walk(): Promise<readonly Process[] | undefined> {
  const steps = readAll();
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await nextTurn();
  }
}

/** Pauses now and then, so that whoever has time can let others go first. */
function* readAll(): Generator<void, readonly Process[] | undefined> {
  if (process.platform !== 'linux') return undefined;
  const processes: Process[] = [];
  try {
    for (const [index, name] of readdirSync('/proc').entries()) {
      if (index % readAtOnce === readAtOnce - 1) yield;
      const found = /^\d+$/.test(name) ? readProcess(Number(name)) : undefined;
      if (found !== undefined) processes.push(found);
    }
  } catch {
    // No /proc, or out of descriptors: half a list would be worse than none.
    return undefined;
  }
  return processes;
}

/** Undefined for what is gone, a zombie, or hidden from us. Throws where no file can be opened. */
function readProcess(pid: number): Process | undefined {
  let file: number | undefined;
  try {
    file = openSync(`/proc/${pid}/stat`, 'r');
    const text = stat.toString('latin1', 0, readSync(file, stat));
    // proc(5): "pid (comm) state ppid pgrp ...", where comm may hold anything; the start time is the 22nd.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const [state, parent, group] = fields;
    const startedAt = fields[19];
    if (startedAt === undefined || state === 'Z' || state === 'X') return undefined;
    return { pid, parent: Number(parent), group: Number(group), startedAt };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EMFILE' || code === 'ENFILE') throw error;
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
