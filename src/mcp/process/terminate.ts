// Ends a child and everything it started. Each child leads a process group of its own, so that wrappers such as npx,
// uvx or `sh -c` cannot leave their servers behind: end of input first, as MCP asks for (Lifecycle, "Shutdown"), then
// SIGTERM and SIGKILL to the whole group, and on Linux to descendants that left it, such as a browser that was started
// detached. Bounded in time, whatever the child does. On Windows `taskkill` ends the tree of a child that still runs.

import { execFile, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { lookAtProcesses, lookAtProcessesNow, outsidersOf, stillRuns, type Process } from './processes.ts';
import { unwatchGroup, watchGroup } from './watchdog.ts';

/** Time to end by itself after its input ended. */
const endOfInputGraceMs = 1_500;
/** Time to end after SIGTERM. */
const terminateGraceMs = 1_500;
/** After SIGKILL only the kernel is waited for. */
const killGraceMs = 1_000;
/** How often a group is looked at: there is no event for the end of a grandchild. */
const pollMs = 20;
/** How often it is noted who left their group, since nobody can tell after the death of their parents. */
const noteEveryMs = 5_000;
/** What a program that exits now waits for `taskkill`. */
const taskkillTimeoutMs = 1_000;

/** A child, its group, and what is known to have left that. */
interface Family {
  readonly child: ChildProcess;
  readonly group: number;
  outsiders: readonly Process[];
  /** A member of the group that ran when last looked at: while it does, nobody else has to be found. */
  witness: Process | undefined;
}

const families = new Map<number, Family>();
let notes: NodeJS.Timeout | undefined;

/** Notes a child that leads its own group, until `terminate` has ended the group. In the turn that started it. */
export function trackGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  families.set(child.pid, { child, group: child.pid, outsiders: [], witness: undefined });
  watchGroup(child.pid);
  if (process.platform === 'linux') notes ??= setInterval(() => void noteDescendants(), noteEveryMs).unref();
}

/** Notes what left the groups so far. Done now and then by itself. */
export async function noteDescendants(): Promise<void> {
  const processes = await lookAtProcesses();
  for (const family of families.values()) noteOutsiders(family, processes);
}

/** Ends every group at once, without waiting: for a program that exits now. */
export function killAllGroups(): void {
  if (families.size === 0) return;
  if (process.platform === 'win32') {
    const trees = [...families.keys()].flatMap((pid) => ['/pid', String(pid)]);
    spawnSync('taskkill', [...trees, '/T', '/F'], { stdio: 'ignore', timeout: taskkillTimeoutMs, windowsHide: true });
    return;
  }
  const processes = lookAtProcessesNow();
  for (const family of families.values()) {
    noteOutsiders(family, processes);
    signalFamily(family, 'SIGKILL');
  }
}

/** Resolves when no process of the child's group or descent is left, or after the last deadline. */
export async function terminate(child: ChildProcess): Promise<void> {
  const family = families.get(child.pid ?? 0);
  if (family === undefined) return;
  noteOutsiders(family, await lookAtProcesses());
  child.stdin?.end();
  // What left the group is not waited for here: nobody told it to end.
  await within(hasExited(child) ? 0 : endOfInputGraceMs, async () => !(await groupRuns(family)));
  const ended =
    (await isGone(family)) ||
    (await endsOf(family, 'SIGTERM', terminateGraceMs)) ||
    (await endsOf(family, 'SIGKILL', killGraceMs));
  if (ended) forget(family);
}

async function endsOf(family: Family, signal: NodeJS.Signals, graceMs: number): Promise<boolean> {
  noteOutsiders(family, await lookAtProcesses());
  signalFamily(family, signal);
  return within(graceMs, () => isGone(family));
}

/** Whether the condition comes true in this time. */
async function within(graceMs: number, condition: () => Promise<boolean>): Promise<boolean> {
  const deadline = Date.now() + graceMs;
  for (;;) {
    if (await condition()) return true;
    if (Date.now() >= deadline) return false;
    await delay(pollMs);
  }
}

/** Their groups are watched like the child's. Nothing is forgotten where nothing can be seen. */
function noteOutsiders(family: Family, processes: readonly Process[] | undefined): void {
  if (processes === undefined) return;
  const before = family.outsiders;
  family.outsiders = outsidersOf(family.group, before, processes);
  const now = groupsOf(family.outsiders);
  for (const group of now) watchGroup(group);
  for (const group of groupsOf(before)) if (!now.has(group)) unwatchGroup(group);
}

function groupsOf(processes: readonly Process[]): Set<number> {
  return new Set(processes.map(({ group }) => group));
}

function forget({ group, outsiders }: Family): void {
  families.delete(group);
  for (const each of [group, ...groupsOf(outsiders)]) unwatchGroup(each);
  if (families.size > 0) return;
  clearInterval(notes);
  notes = undefined;
}

async function isGone(family: Family): Promise<boolean> {
  return !(await groupRuns(family)) && !family.outsiders.some(stillRuns);
}

/** Whether a process of the group still runs. */
async function groupRuns(family: Family): Promise<boolean> {
  if (!hasExited(family.child)) return true;
  if (process.platform === 'win32') return false;
  try {
    process.kill(-family.group, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  if (process.platform !== 'linux') return true;
  // A signal also finds zombies, which stay for ever where nobody reaps them, as in a container without an init.
  if (family.witness !== undefined && stillRuns(family.witness)) return true;
  const processes = await lookAtProcesses();
  family.witness = processes?.find(({ group }) => group === family.group);
  // Out of descriptors, say: rather a signal too many than a process left.
  return processes === undefined || family.witness !== undefined;
}

function hasExited(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function signalFamily({ group, outsiders }: Family, signal: NodeJS.Signals): void {
  if (process.platform === 'win32') {
    // Windows has no groups of this kind: taskkill ends the tree.
    execFile('taskkill', ['/pid', String(group), '/T', '/F'], () => {});
    return;
  }
  send(-group, signal);
  // Who left the group made a new one, where nobody else can be, since the child is the head of its session.
  for (const each of groupsOf(outsiders.filter(stillRuns))) send(-each, signal);
}

function send(target: number, signal: NodeJS.Signals): void {
  try {
    process.kill(target, signal);
  } catch {
    // ESRCH: nobody left to signal.
  }
}
