import { spawn } from 'node:child_process';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  lookAtProcesses,
  lookAtProcessesNow,
  outsidersOf,
  stillRuns,
  type Process,
} from '../../../../src/mcp/process/processes.ts';
import { until } from '../../../support.ts';

function made(pid: number, parent: number, group: number, startedAt = '1'): Process {
  return { pid, parent, group, startedAt };
}

describe('outsidersOf', () => {
  it('finds descendants of the group that are in other groups, whatever the order of the list', () => {
    const processes = [
      made(30, 20, 30),
      made(40, 30, 30),
      made(20, 10, 10),
      made(10, 1, 10),
      made(50, 1, 50),
      made(60, 50, 50),
    ];
    expect(outsidersOf(10, [], processes).map(({ pid }) => pid)).toEqual([30, 40]);
  });

  it('keeps those it knew after their parents ended, and finds what they started since', () => {
    const known = [made(30, 20, 30)];
    const later = [made(30, 1, 30), made(70, 30, 70), made(80, 1, 80)];
    expect(outsidersOf(10, known, later).map(({ pid }) => pid)).toEqual([30, 70]);
  });

  it('takes nobody for one it knew who only has its id', () => {
    expect(outsidersOf(10, [made(30, 20, 30, '1')], [made(30, 1, 30, '2'), made(31, 30, 30, '2')])).toEqual([]);
  });
});

describe.runIf(process.platform === 'linux')('lookAtProcesses', () => {
  it('shares one walk among all who ask at the same time', async () => {
    const first = lookAtProcesses();
    expect(lookAtProcesses()).toBe(first);
    const found = await first;
    expect(found?.find(({ pid }) => pid === process.pid)).toMatchObject({ parent: process.ppid });
    expect(lookAtProcesses()).not.toBe(first);
  });

  it('sees what was started before it was asked, also while another walk is under way', async () => {
    const walk = lookAtProcesses();
    await Promise.resolve();
    const child = spawn('sleep', ['600']);
    onTestFinished(() => void child.kill('SIGKILL'));
    const found = (await lookAtProcesses())?.find(({ pid }) => pid === child.pid);
    expect(found).toMatchObject({ parent: process.pid });
    await walk;
  });

  it('tells one process from another with its id, and counts zombies as gone', async () => {
    // `sleep` does not look after the child that it inherits.
    const parent = spawn('sh', ['-c', 'sleep 0.1 & echo $!; exec sleep 600']);
    onTestFinished(() => void parent.kill('SIGKILL'));
    const id = Number(await new Promise((resolve) => parent.stdout.once('data', resolve)));
    const child = lookAtProcessesNow()?.find(({ pid }) => pid === id);
    if (child === undefined) throw new Error('not seen');
    expect(stillRuns(child)).toBe(true);
    expect(stillRuns({ ...child, startedAt: '1' })).toBe(false);
    await until(() => !stillRuns(child));
    expect(() => process.kill(id, 0)).not.toThrow();
    expect(lookAtProcessesNow()?.some(({ pid }) => pid === id)).toBe(false);
  });
});
