import { expect, it } from 'vitest';
import { alive } from '../support.ts';
import { post } from './proxy.ts';
import { child, pidOf, startWith } from './under-fire.ts';

const servers = 12;

it('a dozen servers are served by one proxy, and end with it', async () => {
  const names = Array.from({ length: servers }, (_, index) => `server${index}`);
  const proxy = await startWith(Object.fromEntries(names.map((name) => [name, child('echo', { NAME: name })])));
  const { url } = proxy;
  expect((await fetch(`${url}/healthz`)).status, 'the listener waits for none of them').toBe(200);
  await proxy.ready(...names);
  expect(await proxy.line(({ type }) => type === 'settled')).toMatchObject({ ready: servers, servers });
  expect((await fetch(`${url}/readyz`)).status).toBe(200);

  const own = await Promise.all(names.map((name) => post(`${url}/${name}/environment`, { name: 'NAME' })));
  expect(own.map(({ body }) => body)).toEqual(names);
  const { paths } = (await (await fetch(`${url}/openapi.json`)).json()) as { paths: object };
  for (const name of names) expect(paths).toHaveProperty([`/${name}/echo`]);

  const pids = await Promise.all(names.map((name) => pidOf(url, name)));
  expect(new Set(pids).size).toBe(servers);
  proxy.child.kill('SIGTERM');
  expect(await proxy.exited).toBe(0);
  expect(await Promise.all(pids.map(alive))).toEqual(pids.map(() => false));
});
