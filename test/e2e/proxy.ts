// Starts the built program as a process of its own, as an operator would, and reads the log lines it prints.

import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { inherited, until } from '../support.ts';

export const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));

/** One line of the log. */
export type LogLine = { readonly type?: string; readonly msg?: string } & { readonly [key: string]: unknown };

export interface Proxy {
  readonly url: string;
  readonly child: ChildProcess;
  readonly log: LogLine[];
  /** The exit code, or the signal. */
  readonly exited: Promise<number | NodeJS.Signals | null>;
  /** The first line that fits, as soon as there is one. */
  readonly line: (fits: (line: LogLine) => boolean) => Promise<LogLine>;
}

/** Resolves when it listens. Ended, if it still runs, when the test ends. */
export async function startProxy(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Proxy> {
  const child = spawn(process.execPath, [cli, ...args], {
    cwd: root,
    env: { ...inherited(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log: LogLine[] = [];
  const other: string[] = [];
  createInterface(child.stderr).on('line', (text) => {
    try {
      log.push(JSON.parse(text) as LogLine);
    } catch {
      other.push(text);
    }
  });
  child.stdout.resume();
  const exited = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? signal));
  });
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await exited;
    const bugs = log.filter((line) => line.type === 'internal-error');
    if (bugs.length > 0) throw new Error(`internal errors: ${JSON.stringify(bugs)}`);
  });
  const line: Proxy['line'] = (fits) => until(() => log.find(fits));
  const listening = await Promise.race([
    line((each) => each.type === 'listening'),
    exited.then((code) => {
      throw new Error(`mcpo ended with ${code}: ${other.join('\n')}`);
    }),
  ]);
  return { url: String(listening['url']), child, log, exited, line };
}

/** `GET /` as a program sees it. */
export interface Status {
  readonly servers: Record<
    string,
    {
      state: string;
      detail: string;
      since: string;
      tools: number;
      restarts: number;
      inFlight: number;
      lastError: string | null;
      nextRetryAt: string | null;
    }
  >;
}

export async function statusOf(url: string): Promise<Status> {
  const response = await fetch(`${url}/`, { headers: { accept: 'application/json' } });
  return (await response.json()) as Status;
}

export async function whenReady(url: string, ...names: readonly string[]): Promise<void> {
  await until(async () => {
    const { servers } = await statusOf(url);
    return names.every((name) => servers[name]?.state === 'ready');
  }, 30_000);
}

/** POSTs arguments; gives status, parsed body (or its text) and headers. */
export async function post(
  url: string,
  args: unknown = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly body: unknown; readonly headers: Headers }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof args === 'string' ? args : JSON.stringify(args),
  });
  const text = await response.text();
  let body: unknown = text;
  try {
    body = JSON.parse(text);
  } catch {
    // A body that is no JSON is given as text.
  }
  return { status: response.status, body, headers: response.headers };
}
