// What the tests share that make trouble while calls run: a proxy with a file of servers that can be rewritten, remote
// fixtures that are killed and come back on the same port, callers that never stop calling, and a journal in which a
// fixture notes what it ran.

import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { fixture, freePort, inherited, until } from '../support.ts';
import { post, startProxy, statusOf, whenReady, type Proxy, type Status } from './proxy.ts';

/** A folder of its own until the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mcpo-fire-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The entry of a fixture over stdio; `more` are its other keys. */
export function child(name: string, env: Readonly<Record<string, string>> = {}, more: object = {}): object {
  return { command: process.execPath, args: [fixture(name)], env, ...more };
}

export interface ConfiguredProxy extends Proxy {
  readonly path: string;
  /** Rewrites the file with these servers. */
  readonly write: (servers: object) => void;
  readonly status: (server: string) => Promise<Status['servers'][string]>;
  readonly ready: (...servers: readonly string[]) => Promise<void>;
}

/** A proxy with these servers in its file; does not wait until they are ready. */
export async function startWith(servers: object, ...args: readonly string[]): Promise<ConfiguredProxy> {
  const path = join(temporaryFolder(), 'config.json');
  const write = (mcpServers: object): void => writeFileSync(path, JSON.stringify({ mcpServers }, null, 2));
  write(servers);
  const proxy = await startProxy(['--port', '0', '--config', path, ...args]);
  const status: ConfiguredProxy['status'] = async (server) => {
    const found = (await statusOf(proxy.url)).servers[server];
    if (found === undefined) throw new Error(`no server ${server}`);
    return found;
  };
  return { ...proxy, path, write, status, ready: (...names) => whenReady(proxy.url, ...names) };
}

export async function pidOf(url: string, server: string): Promise<number> {
  const { status, body } = await post(`${url}/${server}/pid`);
  if (status !== 200) throw new Error(`no pid of ${server}: ${JSON.stringify(body)}`);
  return Number(body);
}

export interface Remote {
  readonly url: string;
  readonly port: number;
  /** Resolves when it listens. */
  readonly start: () => Promise<void>;
  /** SIGKILL; resolves when it is gone. */
  readonly kill: () => Promise<void>;
}

/** A fixture over HTTP that always comes back on the same port; not started yet. */
export async function remote(name: string, env: Readonly<Record<string, string>> = {}): Promise<Remote> {
  const port = await freePort();
  const path = name.startsWith('sse-') ? '/sse' : '/mcp';
  let running: { readonly process: ChildProcess; readonly gone: Promise<unknown> } | undefined;
  const kill = async (): Promise<void> => {
    running?.process.kill('SIGKILL');
    await running?.gone;
    running = undefined;
  };
  onTestFinished(kill);
  const start = async (): Promise<void> => {
    const started = spawn(process.execPath, [fixture(name)], {
      env: { ...inherited(), ...env, PORT: String(port) },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const gone = new Promise((resolve) => started.once('exit', resolve));
    running = { process: started, gone };
    const listens = new Promise((resolve) => createInterface(started.stdout).once('line', resolve));
    const ended = gone.then((code) => Promise.reject(new Error(`${name} ended with ${String(code)}`)));
    await Promise.race([listens, ended]);
    ended.catch(() => {});
  };
  return { url: `http://127.0.0.1:${port}${path}`, port, start, kill };
}

/** One call that came to its end. */
export interface Called {
  /** Each once, over all callers. */
  readonly id: string;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly status: number;
  readonly body: unknown;
}

export interface Callers {
  /** What ended so far. */
  readonly calls: readonly Called[];
  /** Every caller ends its call; gives all of them. */
  readonly stop: () => Promise<readonly Called[]>;
}

/** `count` callers, each of which makes one call after the other. A call that breaks off at our side has the status 0. */
export function startCallers(
  count: number,
  call: (id: string, caller: number) => Promise<{ readonly status: number; readonly body: unknown }>,
): Callers {
  const calls: Called[] = [];
  const stopping = new AbortController();
  const loop = async (caller: number): Promise<void> => {
    for (let turn = 0; !stopping.signal.aborted; turn++) {
      const id = `${caller}.${turn}`;
      const startedAt = Date.now();
      const answer = await call(id, caller).catch((error: unknown) => ({ status: 0, body: String(error) }));
      calls.push({ id, startedAt, endedAt: Date.now(), status: answer.status, body: answer.body });
    }
  };
  const loops = Array.from({ length: count }, (_, caller) => loop(caller));
  const stop = async (): Promise<readonly Called[]> => {
    stopping.abort();
    await Promise.all(loops);
    return calls;
  };
  onTestFinished(async () => void (await stop()));
  return { calls, stop };
}

/** The `code` of a problem document. */
export function codeOf(body: unknown): unknown {
  return typeof body === 'object' && body !== null && 'code' in body ? body.code : undefined;
}

export interface Journal {
  /** For the environment of the fixture. */
  readonly env: Readonly<Record<string, string>>;
  /** Ids, in the order of their runs. */
  readonly runs: () => readonly string[];
  /** Ids that ran more than once. */
  readonly twice: () => readonly string[];
}

export function newJournal(): Journal {
  const file = join(temporaryFolder(), 'journal');
  writeFileSync(file, '');
  const runs = (): readonly string[] => readFileSync(file, 'utf8').split('\n').filter(Boolean);
  const twice = (): readonly string[] => {
    const seen = new Set<string>();
    return runs().filter((id) => seen.size === seen.add(id).size);
  };
  return { env: { JOURNAL: file }, runs, twice };
}

/** SIGKILL; resolves when the one who started it was told of its end. Before that even a dead process may have open pipes. */
export async function killed(pid: number): Promise<void> {
  process.kill(pid, 'SIGKILL');
  await until(() => {
    try {
      process.kill(pid, 0);
      return false;
    } catch {
      return true;
    }
  });
}

/** Waits until so much time has passed since a moment: trouble that comes in known distances. */
export async function untilSince(momentMs: number, ms: number): Promise<void> {
  await until(() => Date.now() - momentMs >= ms, ms + 1_000);
}
