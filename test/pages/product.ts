// The product with real MCP servers, for the browser: two that come up and one whose command does not exist.

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { start } from '../../src/index.ts';

const require = createRequire(import.meta.url);

const settleMs = 30_000;

/** Started, and past the first attempt of every server. */
export async function startProduct(
  options: { readonly apiKey?: string } = {},
): Promise<{ url: string; close(): Promise<void> }> {
  const running = await start({
    ...options,
    port: 0,
    logLevel: 'error',
    mcpServers: {
      everything: npmServer('@modelcontextprotocol/server-everything'),
      memory: npmServer('@modelcontextprotocol/server-memory'),
      missing: { command: 'no-such-command-on-any-machine' },
    },
  });
  const url = running.url.replace(/\/$/, '');
  try {
    await settled(url);
  } catch (error) {
    await running.close();
    throw error;
  }
  return { url, close: () => running.close() };
}

export interface ServerState {
  readonly state: string;
  readonly detail: string;
}

/** The states as programs get them. */
export async function statesOf(url: string): Promise<Record<string, ServerState>> {
  const response = await fetch(`${url}/`, { headers: { accept: 'application/json' } });
  const body = (await response.json()) as { servers: Record<string, ServerState> };
  return body.servers;
}

async function settled(url: string): Promise<void> {
  const deadline = Date.now() + settleMs;
  for (;;) {
    const servers = await statesOf(url);
    const states = Object.values(servers).map(({ state }) => state);
    if (!states.includes('starting') && states.filter((state) => state === 'ready').length === 2) return;
    if (Date.now() > deadline) throw new Error(`The servers did not settle: ${JSON.stringify(servers)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function npmServer(name: string): { command: string; args: string[] } {
  const folder = dirname(require.resolve(`${name}/package.json`));
  return { command: process.execPath, args: [join(folder, 'dist', 'index.js')] };
}
