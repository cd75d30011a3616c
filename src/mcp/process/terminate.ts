// Ends a child and everything it started. Each child leads a process group of its own, so that wrappers such as npx,
// uvx or `sh -c` cannot leave their servers behind: end of input first, as MCP asks for (Lifecycle, "Shutdown"), then
// SIGTERM and SIGKILL to the whole group. Bounded in time, whatever the child does.

import { execFile } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** Time to end by itself after its input ended. */
const endOfInputGraceMs = 1_500;
/** Time to end after SIGTERM. */
const terminateGraceMs = 1_500;
/** After SIGKILL only the kernel is waited for. */
const killGraceMs = 1_000;
/** How often a group is looked at: there is no event for the end of a grandchild. */
const pollMs = 20;

const groups = new Set<number>();

/** Notes a child that leads its own group, until `terminate` has ended the group. */
export function trackGroup(child: ChildProcess): void {
  if (child.pid !== undefined) groups.add(child.pid);
}

/** Ends every group at once, without waiting: for a program that exits now. */
export function killAllGroups(): void {
  for (const pid of groups) signalGroup(pid, 'SIGKILL');
  groups.clear();
}

/** Resolves when no process of the child's group is left, or after the last deadline. */
export async function terminate(child: ChildProcess): Promise<void> {
  const { pid } = child;
  if (pid === undefined || !groups.has(pid)) return;
  child.stdin?.end();
  const ended =
    (await groupEnds(child, pid, hasExited(child) ? 0 : endOfInputGraceMs)) ||
    (signalGroup(pid, 'SIGTERM') && (await groupEnds(child, pid, terminateGraceMs))) ||
    (signalGroup(pid, 'SIGKILL') && (await groupEnds(child, pid, killGraceMs)));
  if (ended || !(await groupRuns(pid))) groups.delete(pid);
}

async function groupEnds(child: ChildProcess, pid: number, withinMs: number): Promise<boolean> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    if (hasExited(child) && !(await groupRuns(pid))) return true;
    if (Date.now() >= deadline) return false;
    await delay(pollMs);
  }
}

function hasExited(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** Always true, so that steps can be chained. */
function signalGroup(pid: number, signal: NodeJS.Signals): true {
  if (process.platform === 'win32') {
    // Windows has no groups of this kind: taskkill ends the tree.
    execFile('taskkill', ['/pid', String(pid), '/T', '/F'], () => {});
    return true;
  }
  try {
    process.kill(-pid, signal);
  } catch {
    // ESRCH: nobody left to signal.
  }
  return true;
}

/** Whether a process of the group still runs. */
async function groupRuns(pid: number): Promise<boolean> {
  if (process.platform === 'win32') return false;
  try {
    process.kill(-pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return process.platform === 'linux' ? hasLivingMember(pid) : true;
}

/** A signal also finds zombies, which stay for ever where nobody reaps them, as in a container without an init. */
async function hasLivingMember(group: number): Promise<boolean> {
  // Out of descriptors, say: rather a signal too many than a process left.
  const entries = await readdir('/proc').catch(() => undefined);
  if (entries === undefined) return true;
  const stats = await Promise.all(
    entries.filter((name) => /^\d+$/.test(name)).map((name) => readFile(`/proc/${name}/stat`, 'utf8').catch(() => '')),
  );
  return stats.some((stat) => {
    // proc(5): "pid (comm) state ppid pgrp ...", where comm may hold anything.
    const [state, , pgrp] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(pgrp) === group && state !== 'Z' && state !== 'X';
  });
}
