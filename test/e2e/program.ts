// Runs the built program to its end, as a shell would, and gives what it said and how it ended.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { inherited } from '../support.ts';
import { cli } from './proxy.ts';

export interface Ended {
  readonly code: number | NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Variables that mean something to the program, or to Node about colours, do not come from the machine of the test. */
export function cleanEnvironment(env: Readonly<Record<string, string>> = {}): Record<string, string> {
  const foreign = Object.entries(inherited()).filter(
    ([name]) => !/^MCPO_|^LOG_LEVEL$|^CONNECTION_TIMEOUT$|^NO_COLOR$|^FORCE_COLOR$|^CI$/.test(name),
  );
  return { ...Object.fromEntries(foreign), ...env };
}

export async function runProgram(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const child = spawn(process.execPath, [cli, ...args], {
    env: cleanEnvironment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [stdout, stderr, code] = await Promise.all([
    textOf(child.stdout),
    textOf(child.stderr),
    new Promise<Ended['code']>((resolve) => child.once('exit', (status, signal) => resolve(status ?? signal))),
  ]);
  return { code, stdout, stderr };
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  stream.setEncoding('utf8');
  for await (const chunk of stream) text += String(chunk);
  return text;
}

/** A folder of its own, with these files in it, until the test ends. Gives a function from name to path. */
export function folderWith(files: Readonly<Record<string, string>>): (name: string) => string {
  const folder = mkdtempSync(join(tmpdir(), 'mcpo-cli-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return (name) => join(folder, name);
}
