import { describe, expect, it } from 'vitest';
import { spawnChild, SpawnError } from '../../../../src/mcp/process/spawn.ts';
import { killAllGroups, terminate } from '../../../../src/mcp/process/terminate.ts';
import { alive, fixture, inherited, until } from '../../../support.ts';

async function start(name: string): Promise<Awaited<ReturnType<typeof spawnChild>>> {
  const target = { kind: 'stdio', command: process.execPath, args: [fixture(name)], env: inherited(), cwd: undefined };
  const child = await spawnChild(target as Parameters<typeof spawnChild>[0]);
  child.stderr.resume();
  return child;
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
    const answer = new Promise<string>((resolve) => child.stdout.once('data', (data: Buffer) => resolve(String(data))));
    child.stdin.write('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"grandchild"}}\n');
    const grandchild = Number(/"text":"(\d+)"/.exec(await answer)?.[1]);
    expect(await alive(grandchild)).toBe(true);
    await terminate(child);
    expect(await alive(grandchild)).toBe(false);
  });

  it('can end everything without waiting', async () => {
    const child = await start('ignores-eof-and-sigterm');
    killAllGroups();
    await until(async () => !(await alive(child.pid ?? 0)));
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
