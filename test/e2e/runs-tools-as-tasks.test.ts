// A tool that must run as a task is called like any other: run as one, awaited as one, cancelled as one.

import { describe, expect, it } from 'vitest';
import { fixture, startRemote, until } from '../support.ts';
import { post, startProxy, statusOf, type Proxy } from './proxy.ts';

type Env = Readonly<Record<string, string>>;

const headers = { 'content-type': 'application/json' };

const overStdio = (env: Env = {}, args: readonly string[] = []): Promise<Proxy> =>
  startProxy(['--port', '0', ...args, '--', process.execPath, fixture('runs-as-tasks')], env);

const overHttp = async (env: Env = {}): Promise<Proxy> => {
  const { url } = await startRemote('runs-as-tasks', { HTTP: '1', ...env });
  return startProxy(['--port', '0', '--server-type', 'streamable-http', '--', url]);
};

/** What the server was asked for, in order, as "method taskId". */
async function asked({ url }: Proxy): Promise<readonly string[]> {
  return (await post(`${url}/asked`)).body as string[];
}

/** Begins a call; the function given back disconnects. */
function leave(url: string, args: unknown): () => Promise<void> {
  const gone = new AbortController();
  const { signal } = gone;
  const answered = fetch(url, { method: 'POST', headers, body: JSON.stringify(args), signal }).then(
    () => Promise.reject(new Error('it was answered')),
    () => {},
  );
  return () => {
    gone.abort();
    return answered;
  };
}

describe.each([
  ['stdio', overStdio],
  ['Streamable HTTP', overHttp],
])('over %s', (_transport, start) => {
  it('a task comes to what a call comes to: its text, its failure, its end without input', async () => {
    const proxy = await start();
    await proxy.line((line) => line.type === 'settled');
    const done = await fetch(`${proxy.url}/work`, { method: 'POST', headers, body: '{"ms":300}' });
    expect(done.status).toBe(200);
    expect(await done.text()).toBe('{"id":9007199254740993,"n":1.0}');
    expect((await asked(proxy)).filter((line) => line === 'tasks/get task-1').length).toBeGreaterThan(1);

    expect(await post(`${proxy.url}/fail`)).toMatchObject({
      status: 422,
      body: { code: 'tool_error', detail: 'it broke' },
    });
    expect(await post(`${proxy.url}/ask`)).toMatchObject({ status: 200, body: 'without input' });
    expect(await post(`${proxy.url}/either`)).toMatchObject({ status: 200, body: 'plain' });
    expect((await asked(proxy)).filter((line) => line.startsWith('tasks/cancel'))).toEqual([]);
  });

  it('a client that disconnects has its task cancelled', async () => {
    const proxy = await start();
    await proxy.line((line) => line.type === 'settled');
    const disconnect = leave(`${proxy.url}/work`, { ms: 600_000 });
    await until(async () => (await asked(proxy)).includes('tasks/get task-1'));
    await disconnect();
    await until(async () => (await asked(proxy)).includes('tasks/cancel task-1'));
    await until(async () => Object.values((await statusOf(proxy.url)).servers).every(({ inFlight }) => inFlight === 0));
  });

  it('a client that disconnects before the task has an id has it cancelled all the same', async () => {
    const proxy = await start({ CREATE_MS: '1000' });
    await proxy.line((line) => line.type === 'settled');
    const disconnect = leave(`${proxy.url}/work`, { ms: 600_000 });
    await until(async () => (await asked(proxy)).includes('tools/call task-1'));
    await disconnect();
    await until(async () => (await asked(proxy)).includes('tasks/cancel task-1'));
    expect(await asked(proxy)).toEqual(['tools/call task-1', 'tasks/cancel task-1']);
  });
});

it('a call whose time runs out has its task cancelled', async () => {
  const proxy = await overStdio({}, ['--call-timeout', '1']);
  await proxy.line((line) => line.type === 'settled');
  expect(await post(`${proxy.url}/work`, { ms: 600_000 })).toMatchObject({ status: 504, body: { code: 'timeout' } });
  await until(async () => (await asked(proxy)).includes('tasks/cancel task-1'));
  const { body } = await post(`${proxy.url}/ttl`);
  expect(body).toBeGreaterThan(1_000);
});

it('the everything server simulates its research', async () => {
  const server = ['node_modules/.bin/mcp-server-everything', 'stdio'];
  const proxy = await startProxy(['--port', '0', '--', process.execPath, ...server]);
  await proxy.line((line) => line.type === 'settled');
  const { status, body } = await post(`${proxy.url}/simulate-research-query`, { topic: 'otters' });
  expect({ status, body }).toEqual({
    status: 200,
    body: expect.stringContaining('# Research Report: otters') as string,
  });
});
