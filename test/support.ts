// What tests share: fixture servers as targets, waiting for a condition with a deadline, looking at processes. Nothing
// here stands in for a part of the product.

import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { defaultCapacity } from '../src/config/capacity.ts';
import type { ServerConfig, Settings, Target } from '../src/config/types.ts';
import type { AppEvent } from '../src/events.ts';
import type { CallRequest, Outcome, UpstreamHandle } from '../src/mcp/types.ts';
import { Upstream, type UpstreamDeps } from '../src/mcp/upstream.ts';
import type { Principal } from '../src/principal.ts';

/** Absolute path of a fixture server. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`./fixtures/servers/${name}.mjs`, import.meta.url));
}

export function inherited(): Record<string, string> {
  return Object.fromEntries(Object.entries(process.env).flatMap(([key, value]) => (value ? [[key, value]] : [])));
}

export function stdioTarget(name: string, env: Readonly<Record<string, string>> = {}): Target {
  return {
    kind: 'stdio',
    command: process.execPath,
    args: [fixture(name)],
    env: { ...inherited(), ...env },
    cwd: undefined,
  };
}

/** The defaults of the command line, on a free port, with small limits. */
export const defaultSettings: Settings = {
  host: undefined,
  port: 0,
  apiKey: undefined,
  keys: [],
  jwt: undefined,
  secretKey: undefined,
  strictAuth: false,
  corsAllowOrigins: undefined,
  name: undefined,
  description: undefined,
  version: undefined,
  tls: undefined,
  rootPath: '',
  pathPrefix: '',
  publicUrl: undefined,
  trustedProxies: [],
  maxBodyBytes: 1024 * 1024,
  maxResultBytes: 1024 * 1024,
  logLevel: 'info',
  connectionTimeoutMs: 30_000,
  callTimeoutMs: 290_000,
  operationIds: undefined,
};

/** Whoever calls where nobody is told apart. */
export const nobody: Principal = { user: '', sessionId: undefined };

export function serverConfig(target: Target, changes: Partial<ServerConfig> = {}): ServerConfig {
  const fingerprint = JSON.stringify([target, changes]);
  return {
    name: 'fixture',
    target,
    disabled: false,
    disabledTools: [],
    enabledTools: undefined,
    tools: new Map(),
    timeoutMs: undefined,
    required: true,
    toolErrorStatus: undefined,
    expose: [],
    validate: true,
    ...defaultCapacity,
    oauth: undefined,
    forwarding: undefined,
    connectionFingerprint: JSON.stringify(target),
    fingerprint,
    ...changes,
  };
}

export interface RunningUpstream {
  readonly upstream: Upstream;
  readonly events: AppEvent[];
}

/** An upstream of a fixture, retired when the test ends. */
export function startUpstream(
  target: Target,
  changes: Partial<UpstreamDeps> = {},
  config: Partial<ServerConfig> = {},
): RunningUpstream {
  const events: AppEvent[] = [];
  const upstream = new Upstream(serverConfig(target, config), {
    observe: (event) => events.push(event),
    onChange: () => {},
    version: '0.0.0',
    connectionTimeoutMs: 10_000,
    maxResultBytes: 64 * 1024 * 1024,
    ...changes,
  });
  onTestFinished(() => upstream.retire(0));
  return { upstream, events };
}

/** Calls a tool of an upstream that has learned its tools. */
export async function callTool(
  upstream: UpstreamHandle,
  tool: string,
  args: unknown = {},
  changes: Partial<CallRequest> = {},
): Promise<Outcome> {
  const found = upstream.catalogue?.tools.find((each) => each.name === tool);
  if (found === undefined) throw new Error(`no tool ${tool}`);
  const lease = upstream.lease();
  try {
    return await lease.call({
      tool: found,
      argumentsText: typeof args === 'string' ? args : JSON.stringify(args),
      deadlineAt: Date.now() + 20_000,
      signal: new AbortController().signal,
      principal: nobody,
      ...changes,
    });
  } finally {
    lease.release();
  }
}

/** The text of the first content item. */
export function textOf(outcome: Outcome): string {
  if (outcome.kind !== 'result') throw new Error(`no result: ${JSON.stringify(outcome)}`);
  return (outcome.value as { content: { text: string }[] }).content[0]?.text ?? '';
}

/** Waits until `condition` gives something true, for at most `withinMs`. */
export async function until<T>(condition: () => T | Promise<T>, withinMs = 15_000): Promise<NonNullable<T>> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Whether a process runs; a zombie does not. */
export async function alive(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (process.platform !== 'linux') return true;
  const { readFile } = await import('node:fs/promises');
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') Z');
  return !/\) [ZX]/.test(stat);
}

/** A fixture server over HTTP: its url; ended when the test ends. */
export async function startRemote(
  name: string,
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly url: string; readonly stop: () => Promise<void> }> {
  const child = spawn(process.execPath, [fixture(name)], {
    env: { ...inherited(), ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = (): Promise<void> => {
    child.kill('SIGKILL');
    return exited;
  };
  onTestFinished(stop);
  for await (const line of createInterface(child.stdout)) {
    return { url: (JSON.parse(line) as { url: string }).url, stop };
  }
  throw new Error(`${name} printed no url`);
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
