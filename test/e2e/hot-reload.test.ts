import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { alive, fixture, until } from '../support.ts';
import { post, startProxy, statusOf, whenReady } from './proxy.ts';

const echo = { command: process.execPath, args: [fixture('echo')] };

async function configFile(
  servers: object,
  settings: object = {},
): Promise<{ path: string; write(text: string): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'mcpo-reload-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'config.json');
  await writeFile(path, fileText(servers, settings));
  return { path, write: (text) => writeFile(path, text) };
}

function fileText(servers: object, settings: object = {}): string {
  return JSON.stringify({ mcpServers: servers, mcpo: settings }, null, 2);
}

async function pidOf(url: string, server: string): Promise<number> {
  return Number((await post(`${url}/${server}/pid`)).body);
}

describe('--hot-reload', () => {
  it('adds, removes and changes servers; what did not change keeps its process', async () => {
    const file = await configFile({ kept: echo, removed: echo, changed: echo });
    const { url, line } = await startProxy(['--port', '0', '--config', file.path, '--hot-reload']);
    await whenReady(url, 'kept', 'removed', 'changed');
    const kept = await pidOf(url, 'kept');
    const removed = await pidOf(url, 'removed');
    const changed = await pidOf(url, 'changed');

    await file.write(fileText({ kept: echo, changed: { ...echo, env: { NEW: 'yes' } }, added: echo }));
    expect(await line((each) => each.type === 'reload')).toMatchObject({
      outcome: 'applied',
      added: ['added'],
      removed: ['removed'],
      changed: ['changed'],
    });
    await whenReady(url, 'kept', 'changed', 'added');
    await until(async () => (await pidOf(url, 'changed')) !== changed);
    expect(await pidOf(url, 'kept')).toBe(kept);
    expect((await post(`${url}/changed/environment`, { name: 'NEW' })).body).toBe('yes');
    expect((await post(`${url}/added/add`, { a: 1, b: 1 })).body).toBe(2);
    expect(await post(`${url}/removed/pid`)).toMatchObject({ status: 404, body: { code: 'unknown_server' } });
    await until(async () => !(await alive(removed)) && !(await alive(changed)));
    const paths = Object.keys(((await (await fetch(`${url}/openapi.json`)).json()) as { paths: object }).paths);
    expect(paths.some((path) => path.startsWith('/removed/'))).toBe(false);
    expect(paths).toContain('/added/add');
  });

  it('takes a new list of tools without a new process', async () => {
    const file = await configFile({ a: echo });
    const { url } = await startProxy(['--port', '0', '--config', file.path, '--hot-reload']);
    await whenReady(url, 'a');
    const before = await pidOf(url, 'a');
    await file.write(fileText({ a: { ...echo, disabledTools: ['ad*'] } }));
    await until(async () => (await post(`${url}/a/add`, { a: 1, b: 1 })).status === 404);
    expect(await pidOf(url, 'a')).toBe(before);
  });

  it('changes nothing for a broken file, and reports its place', async () => {
    const file = await configFile({ a: echo });
    const { url, line } = await startProxy(['--port', '0', '--config', file.path, '--hot-reload']);
    await whenReady(url, 'a');
    const before = await pidOf(url, 'a');
    await file.write('{\n  "mcpServers": {\n    "a": { "comand": "x" }\n  }\n}');
    const refusal = await line((each) => each.type === 'reload' && each['outcome'] === 'refused');
    expect(String(refusal['detail'])).toContain('config.json:3:');
    expect(String(refusal['detail'])).toContain('Did you mean "command"');
    expect(await pidOf(url, 'a')).toBe(before);
    await file.write('{ "mcpServers": ');
    await line((each) => each.type === 'reload' && each['outcome'] === 'refused' && each !== refusal);
    await file.write(fileText({ a: echo, b: echo }));
    await whenReady(url, 'a', 'b');
    expect(await pidOf(url, 'a')).toBe(before);
  });

  it('refuses a new address whole', async () => {
    const file = await configFile({ a: echo }, { host: '127.0.0.1', port: 0 });
    const { url, line } = await startProxy(['--config', file.path, '--hot-reload']);
    await whenReady(url, 'a');
    await file.write(fileText({ a: echo, b: echo }, { host: 'localhost', port: 0 }));
    const refusal = await line((each) => each.type === 'reload');
    expect(refusal).toMatchObject({ outcome: 'refused', added: [] });
    expect(String(refusal['detail'])).toContain('host needs a restart');
    expect(Object.keys((await statusOf(url)).servers)).toEqual(['a']);
  });

  it('takes the rest of a file whose address a flag overrules', async () => {
    const file = await configFile({ a: echo });
    const { url, line } = await startProxy(['--port', '0', '--config', file.path, '--hot-reload']);
    await whenReady(url, 'a');
    await file.write(fileText({ a: echo, b: echo }, { port: 1 }));
    expect(await line((each) => each.type === 'reload')).toMatchObject({ outcome: 'applied', added: ['b'] });
  });

  it('follows a file that is replaced by renaming', async () => {
    const file = await configFile({ a: echo });
    const { url } = await startProxy(['--port', '0', '--config', file.path, '--hot-reload']);
    await whenReady(url, 'a');
    await writeFile(`${file.path}.new`, fileText({ a: echo, b: echo }));
    await rename(`${file.path}.new`, file.path);
    await whenReady(url, 'a', 'b');
  });
});

describe('SIGHUP', () => {
  it('reloads without --hot-reload, and does nothing where nothing changed', async () => {
    const file = await configFile({ a: echo });
    const { url, child, line, log } = await startProxy(['--port', '0', '--config', file.path]);
    await whenReady(url, 'a');
    child.kill('SIGHUP');
    expect(await line((each) => each.type === 'reload')).toMatchObject({ outcome: 'unchanged' });
    await file.write(fileText({ a: echo, b: echo }));
    child.kill('SIGHUP');
    await line((each) => each.type === 'reload' && each['outcome'] === 'applied');
    expect(
      log.filter((each) => each.type === 'reload'),
      'the file alone is not followed',
    ).toHaveLength(2);
    await whenReady(url, 'a', 'b');
    expect(Object.keys((await statusOf(url)).servers)).toEqual(['a', 'b']);
  });
});
