import { describe, expect, it } from 'vitest';
import { spawnChild, SpawnError } from '../../../../src/mcp/process/spawn.ts';
import { killAllGroups, noteDescendants, terminate } from '../../../../src/mcp/process/terminate.ts';
import { alive, fixture, inherited, until } from '../../../support.ts';

async function start(name: string): Promise<Awaited<ReturnType<typeof spawnChild>>> {
  const target = { kind: 'stdio', command: process.execPath, args: [fixture(name)], env: inherited(), cwd: undefined };
  const child = await spawnChild(target as Parameters<typeof spawnChild>[0]);
  child.stderr.resume();
  return child;
}

/** What a tool of the child says: one id, or a list of them. */
async function idsFrom(child: Awaited<ReturnType<typeof spawnChild>>, tool: string): Promise<number[]> {
  const answer = new Promise<string>((resolve) => child.stdout.once('data', (data: Buffer) => resolve(String(data))));
  const params = JSON.stringify({ name: tool });
  child.stdin.write(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}\n`);
  return (/"text":"([^"]*)"/.exec(await answer)?.[1]?.match(/\d+/g) ?? []).map(Number);
}

describe('terminate', () => {
  it.each(['echo', 'ignores-eof', 'ignores-eof-and-sigterm', 'never-initialises'])('ends %s', async (name) => {
    const child = await start(name);
    child.stdout.resume();
    await terminate(child);
    expect(await alive(child.pid ?? 0)).toBe(false);
  });

  it('ends what the child left behind in its group', async () => {
    const child = await start('forks-a-grandchild');
    const [grandchild = 0] = await idsFrom(child, 'grandchild');
    expect(await alive(grandchild)).toBe(true);
    await terminate(child);
    expect(await alive(grandchild)).toBe(false);
  });

  it.runIf(process.platform === 'linux')('ends descendants that left the group', async () => {
    const child = await start('detaches-a-descendant');
    const [descendant] = await idsFrom(child, 'detached');
    await terminate(child);
    expect(await alive(descendant ?? 0)).toBe(false);
  });

  it.runIf(process.platform === 'linux')('ends a whole family that ignores everything', async () => {
    const child = await start('immortal-family');
    const family = await idsFrom(child, 'family');
    expect(family).toHaveLength(3);
    await terminate(child);
    for (const pid of family) expect(await alive(pid)).toBe(false);
  });

  it.runIf(process.platform === 'linux')('ends what is left of one that died alone', async () => {
    const child = await start('immortal-family');
    const [server = 0, ...others] = await idsFrom(child, 'family');
    await noteDescendants();
    const exited = new Promise((resolve) => child.once('exit', resolve));
    process.kill(server, 'SIGKILL');
    await exited;
    await terminate(child);
    for (const pid of others) expect(await alive(pid)).toBe(false);
  });

  it('ends many at the same time', async () => {
    const children = await Promise.all(Array.from({ length: 8 }, () => start('forks-a-grandchild')));
    const grandchildren = await Promise.all(children.map((child) => idsFrom(child, 'grandchild')));
    await Promise.all(children.map(terminate));
    for (const pid of grandchildren.flat()) expect(await alive(pid)).toBe(false);
  });

  it.runIf(process.platform === 'linux')('can end everything without waiting, also what left its group', async () => {
    const child = await start('immortal-family');
    const family = await idsFrom(child, 'family');
    killAllGroups();
    for (const pid of family) await until(async () => !(await alive(pid)));
    await terminate(child);
  });

  it('can end everything without waiting', async () => {
    const child = await start('ignores-eof-and-sigterm');
    killAllGroups();
    await until(async () => !(await alive(child.pid ?? 0)));
    await terminate(child);
  });
});

describe('spawnChild', () => {
  it('says in a sentence why a command cannot be started', async () => {
    const target = {
      kind: 'stdio',
      command: 'no-such-command',
      args: [],
      env: inherited(),
      cwd: undefined,
    };
    const startWith = (changes: object): Promise<unknown> =>
      spawnChild({ ...target, ...changes } as Parameters<typeof spawnChild>[0]);
    await expect(startWith({})).rejects.toThrow(new SpawnError('command not found: no-such-command'));
    await expect(startWith({ command: fixture('echo') })).rejects.toThrow(/^command is not executable: /);
    await expect(startWith({ command: 'node', cwd: '/no/such/folder' })).rejects.toThrow(
      'working directory not found: /no/such/folder',
    );
  });
});
