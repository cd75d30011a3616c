import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { alive, fixture, freePort, startRemote, until } from '../support.ts';
import { post } from './proxy.ts';
import { child, pidOf, remote, startWith, temporaryFolder } from './under-fire.ts';

it('a remote server that was never up is found by the first call after it is', async () => {
  const port = await freePort();
  const proxy = await startWith({ late: { url: `http://127.0.0.1:${port}/mcp` } });
  const { url } = proxy;
  // Long enough for pauses of several seconds.
  await until(async () => (await proxy.status('late')).detail.includes('trying again in 4 s'));
  expect(await post(`${url}/late/add`, { a: 1, b: 2 })).toMatchObject({
    status: 502,
    body: { code: 'upstream_unavailable', server: 'late', tool: 'add' },
  });
  await startRemote('http-echo', { PORT: String(port) });
  expect(await post(`${url}/late/add`, { a: 1, b: 2 })).toMatchObject({ status: 200, body: 3 });
});

it('without a call: killed children, commands and ports that appear later', async () => {
  const later = join(temporaryFolder(), 'later');
  const far = await remote('http-echo');
  const old = await remote('sse-echo');
  await old.start();
  const proxy = await startWith({
    killed: child('echo'),
    command: { command: later, args: [fixture('echo')] },
    port: { url: far.url },
    sse: { url: old.url },
  });
  const { url } = proxy;
  await proxy.ready('killed', 'sse');
  await until(async () => (await proxy.status('command')).state === 'down');
  await until(async () => (await proxy.status('port')).state === 'down');
  const pid = await pidOf(url, 'killed');
  process.kill(pid, 'SIGKILL');
  await old.kill();
  await until(async () => (await proxy.status('sse')).state === 'down');
  symlinkSync(process.execPath, later);
  await far.start();
  await old.start();
  await until(async () => (await proxy.status('killed')).restarts === 1);
  await proxy.ready('killed', 'command', 'port', 'sse');
  expect(await pidOf(url, 'killed')).not.toBe(pid);
  expect(await alive(pid)).toBe(false);
  expect((await proxy.status('killed')).lastError).toMatch(/SIGKILL/);
});

it('one that crashes at every start is called crash-looping, and is tried all the same', async () => {
  const broken = join(temporaryFolder(), 'broken');
  writeFileSync(broken, '');
  const script = `if [ -e ${broken} ]; then echo "the lock is taken" >&2; exit 4; fi; exec ${process.execPath} ${fixture('echo')}`;
  const proxy = await startWith({ it: { command: 'sh', args: ['-c', script] } });
  const looping = await until(async () => {
    const status = await proxy.status('it');
    return status.state === 'crash-looping' ? status : undefined;
  });
  expect(looping.detail).toMatch(
    /^the process exited with code 4: the lock is taken .*5 times in a row.*trying again in/,
  );
  expect(Date.parse(looping.nextRetryAt ?? '')).toBeLessThanOrEqual(Date.now() + 60_000);
  expect(await post(`${proxy.url}/it/anything`)).toMatchObject({ status: 502, body: { code: 'upstream_unavailable' } });
  rmSync(broken);
  await proxy.ready('it');
  expect(await post(`${proxy.url}/it/add`, { a: 1, b: 2 })).toMatchObject({ status: 200, body: 3 });
});
