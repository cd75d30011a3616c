// Starts the child of a stdio upstream: pipes on all three streams, a process group of its own, exactly the environment
// of the configuration. Says in a sentence why a command cannot be started.

import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { messageOf } from '../../errors.ts';
import type { Target } from '../../config/types.ts';
import { trackGroup } from './terminate.ts';

export type StdioTarget = Extract<Target, { kind: 'stdio' }>;

/** A command that cannot be started, ever, as things are: a retry is slow and a call does not wait for it. */
export class SpawnError extends Error {
  override readonly name = 'SpawnError';
}

/** Resolves when the process runs; rejects with SpawnError. The process is started, and watched, before this returns. */
export function spawnChild(target: StdioTarget): Promise<ChildProcessWithoutNullStreams> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => reject(new SpawnError(sentenceFor(error, target)));
    try {
      const child = start(target);
      child.on('error', fail);
      child.once('spawn', () => resolve(child));
    } catch (error) {
      // Arguments that are too long, say: not every error comes as an event.
      fail(error);
    }
  });
}

function start({ command, args, cwd, env }: StdioTarget): ChildProcessWithoutNullStreams {
  const onWindows = process.platform === 'win32';
  const run = onWindows ? loadWindowsSpawn() : spawn;
  const child = run(command, args, {
    cwd,
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: !onWindows,
    windowsHide: true,
  });
  trackGroup(child);
  return child;
}

/** On Windows npx and uvx are .cmd files, which only a shell starts; cross-spawn quotes arguments as that shell reads them. */
function loadWindowsSpawn(): typeof spawn {
  return createRequire(import.meta.url)('cross-spawn') as typeof spawn;
}

function sentenceFor(error: unknown, target: StdioTarget): string {
  if (target.cwd !== undefined && !isFolder(target.cwd)) return `working directory not found: ${target.cwd}`;
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
      return `command not found: ${target.command}${hintFor(target.command)}`;
    case 'EACCES':
      return `command is not executable: ${target.command}`;
    default:
      return `cannot start ${target.command}: ${messageOf(error)}`;
  }
}

/** A whole line given as the program is the mistake that is made most. */
function hintFor(command: string): string {
  return /\s/u.test(command) ? ' (arguments are given apart from the command: in a file, as "args")' : '';
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
