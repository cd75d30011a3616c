import { copyFile, mkdir, mkdtemp, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { alive, fixture, until } from '../support.ts';
import { post, startProxy, statusOf, whenReady, type LogLine, type Proxy } from './proxy.ts';

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

  it('may stand in the file', async () => {
    const file = await configFile({ a: echo }, { hotReload: true });
    const { url, line } = await startProxy(['--port', '0', '--config', file.path]);
    await whenReady(url, 'a');
    await file.write(fileText({ a: echo, b: echo }));
    await line((each) => each.type === 'reload' && each['outcome'] === 'applied');
    await whenReady(url, 'b');
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

interface Following extends Proxy {
  /** That `a` is still the process from the start. */
  readonly sameProcess: () => Promise<void>;
  readonly outcomes: () => unknown[];
}

describe('the file is followed', () => {
  /** A proxy with one server, `a`. */
  async function following(path: string): Promise<Following> {
    const proxy = await startProxy(['--port', '0', '--config', path, '--hot-reload']);
    await whenReady(proxy.url, 'a');
    const before = await pidOf(proxy.url, 'a');
    return {
      ...proxy,
      sameProcess: async () => expect(await pidOf(proxy.url, 'a')).toBe(before),
      outcomes: () => reloadsOf(proxy.log).map((line) => line['outcome']),
    };
  }

  it('through its absence', async () => {
    const file = await configFile({ a: echo });
    const { url, sameProcess, outcomes } = await following(file.path);
    await unlink(file.path);
    // Longer than it takes to notice that the file is gone.
    await pause(1_500);
    expect(outcomes()).toEqual([]);
    await sameProcess();
    await file.write(fileText({ a: echo, b: echo }));
    await whenReady(url, 'a', 'b');
    expect(outcomes()).toEqual(['applied']);
  });

  it('with patience for half a file, and once where it stays half', async () => {
    const file = await configFile({ a: echo });
    const { url, line, sameProcess, outcomes } = await following(file.path);
    const next = fileText({ a: echo, b: echo });
    await file.write(next.slice(0, 40));
    await pause(300);
    await file.write(next);
    await whenReady(url, 'a', 'b');
    expect(outcomes()).toEqual(['applied']);

    await file.write(next.slice(0, 40));
    await line((each) => each['outcome'] === 'refused');
    // More than two looks at the file.
    await pause(2_500);
    expect(outcomes()).toEqual(['applied', 'refused']);
    await sameProcess();
    await file.write(next);
    await line((each) => each['outcome'] === 'unchanged');
  });

  it('through 50 versions in 5 seconds, of which the last stays', async () => {
    const file = await configFile({ a: echo });
    const { url, sameProcess, outcomes } = await following(file.path);
    for (let version = 1; version <= 50; version++) {
      await file.write(fileText({ a: echo, [`v${version}`]: { ...echo, disabled: true } }));
      await pause(100);
    }
    await until(async () => Object.keys((await statusOf(url)).servers).join(' ') === 'a v50');
    await sameProcess();
    expect(new Set(outcomes())).toEqual(new Set(['applied']));
  });

  it('through the swap of a ConfigMap', async () => {
    const { path } = await configFile({});
    const folder = dirname(path);
    await unlink(path);
    const mount = async (version: string, servers: object): Promise<void> => {
      await mkdir(join(folder, version));
      await writeFile(join(folder, version, 'config.json'), fileText(servers));
      await symlink(version, join(folder, '..data_tmp'));
      await rename(join(folder, '..data_tmp'), join(folder, '..data'));
    };
    await mount('..1', { a: echo });
    await symlink(join('..data', 'config.json'), path);
    const { url, sameProcess, outcomes } = await following(path);
    await mount('..2', { a: echo, b: echo });
    await whenReady(url, 'b');
    await rm(join(folder, '..1'), { recursive: true });
    await mount('..3', { a: echo, c: echo });
    await whenReady(url, 'c');
    expect(Object.keys((await statusOf(url)).servers)).toEqual(['a', 'c']);
    expect(outcomes()).toEqual(['applied', 'applied']);
    await sameProcess();
  });

  it('where it is a link into another folder, and where its folder is replaced', async () => {
    const target = await configFile({ a: echo });
    const { path: link } = await configFile({});
    await unlink(link);
    await symlink(target.path, link);
    const { url, sameProcess, outcomes } = await following(link);
    await target.write(fileText({ a: echo, b: echo }));
    await whenReady(url, 'b');
    const folder = dirname(target.path);
    await rename(folder, `${folder}.old`);
    onTestFinished(() => rm(`${folder}.old`, { recursive: true, force: true }));
    await mkdir(folder);
    await target.write(fileText({ a: echo, c: echo }));
    await whenReady(url, 'c');
    expect(outcomes()).toEqual(['applied', 'applied']);
    await sameProcess();
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

  it('takes over what the files say that the configuration refers to', async () => {
    const file = await configFile({
      changed: { ...echo, env: { TOKEN: '${file:token}' } },
      kept: { ...echo, env: { OTHER: '${file:other}' } },
    });
    const beside = (name: string): string => join(dirname(file.path), name);
    await writeFile(beside('token'), 'old');
    await writeFile(beside('other'), 'same');
    const { url, child, log } = await startProxy(['--port', '0', '--config', file.path]);
    await whenReady(url, 'changed', 'kept');
    const [changed, kept] = [await pidOf(url, 'changed'), await pidOf(url, 'kept')];
    await writeFile(beside('token'), 'new');
    child.kill('SIGHUP');
    await until(() => reloadsOf(log)[0]);
    expect(reloadsOf(log)).toMatchObject([{ outcome: 'applied', changed: ['changed'] }]);
    await until(async () => (await pidOf(url, 'changed')) !== changed);
    expect((await post(`${url}/changed/environment`, { name: 'TOKEN' })).body).toBe('new');
    expect(await pidOf(url, 'kept')).toBe(kept);
    await unlink(beside('token'));
    child.kill('SIGHUP');
    const refusal = await until(() => reloadsOf(log)[1]);
    expect(refusal).toMatchObject({ outcome: 'refused' });
    expect(String(refusal['detail'])).toContain('TOKEN');
  });

  it('takes over certificates towards a server that were renewed', async () => {
    const file = await configFile({ far: { type: 'http', url: 'https://127.0.0.1:1/mcp', tls: { ca: 'ca.pem' } } });
    const certificates = join(import.meta.dirname, '../fixtures/configs/tls');
    const ca = join(dirname(file.path), 'ca.pem');
    await copyFile(join(certificates, 'cert.pem'), ca);
    const { child, log } = await startProxy(['--port', '0', '--config', file.path]);
    child.kill('SIGHUP');
    await until(() => reloadsOf(log)[0]);
    await copyFile(join(certificates, 'other-cert.pem'), ca);
    child.kill('SIGHUP');
    await until(() => reloadsOf(log)[1]);
    expect(reloadsOf(log)).toMatchObject([{ outcome: 'unchanged' }, { outcome: 'applied', changed: ['far'] }]);
  });
});

function reloadsOf(log: readonly LogLine[]): LogLine[] {
  return log.filter(({ type }) => type === 'reload');
}
