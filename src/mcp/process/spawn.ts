// Starts the child of a stdio upstream: pipes on all three streams, a process group of its own, exactly the environment
// of the configuration. Says in a sentence why a command cannot be started.

import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { statSync } from 'node:fs';
import { messageOf } from '../../errors.ts';
import type { Target } from '../../config/types.ts';
import { trackGroup } from './terminate.ts';

export type StdioTarget = Extract<Target, { kind: 'stdio' }>;

/** A command that cannot be started, ever, as things are: a retry is slow and a call does not wait for it. */
export class SpawnError extends Error {
  override readonly name = 'SpawnError';
}

/** Resolves when the process runs; rejects with SpawnError. */
export function spawnChild(target: StdioTarget): Promise<ChildProcessWithoutNullStreams> {
  return new Promise((resolve, reject) => {
    const child = spawn(target.command, target.args, {
      cwd: target.cwd,
      env: target.env,
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
      windowsHide: true,
      // npx and uvx are .cmd files on Windows, which only a shell starts.
      shell: process.platform === 'win32',
    });
    child.on('error', (error: NodeJS.ErrnoException) => reject(new SpawnError(sentenceFor(error, target))));
    child.once('spawn', () => {
      trackGroup(child);
      resolve(child);
    });
  });
}

function sentenceFor(error: NodeJS.ErrnoException, target: StdioTarget): string {
  if (target.cwd !== undefined && !isFolder(target.cwd)) return `working directory not found: ${target.cwd}`;
  switch (error.code) {
    case 'ENOENT':
      return `command not found: ${target.command}`;
    case 'EACCES':
      return `command is not executable: ${target.command}`;
    default:
      return `cannot start ${target.command}: ${messageOf(error)}`;
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
