// `mcpo reload`: finds the running programs of this user by their sockets, asks those with the wanted configuration file to
// read it again, and says in one sentence for each what came of it. Every wait is bounded. What processes that were killed
// left behind is removed on the way.

import { realpathSync, unlinkSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { basename } from 'node:path';
import { ConfigError } from '../config/config-error.ts';
import { isCode, reloadRequest, type Introduction, type Reloaded } from './control.ts';
import { knownAddresses, type Machine } from './control-places.ts';

export interface ReloadResult {
  /** One sentence for each program that has the file in force now. */
  readonly done: readonly string[];
  /** Sentences for what failed; then the exit code is 1. */
  readonly failed: readonly string[];
}

export interface ReloadWaits {
  /** For a program to say who it is: it does so at once, unless it is stopped. */
  readonly introductionMs: number;
  /** For a reload, and those before it in the queue: all of them read files and start what they need behind it. */
  readonly reloadMs: number;
}

const usualWaits: ReloadWaits = { introductionMs: 5_000, reloadMs: 60_000 };

/** `file` is absolute; undefined: whichever one is served. Throws ConfigError where that says too little. */
export async function askForReload(
  file: string | undefined,
  machine: Machine,
  waits: ReloadWaits = usualWaits,
): Promise<ReloadResult> {
  const met = await Promise.all(knownAddresses(machine).map((address) => meet(address, waits.introductionMs)));
  const programs = met.filter((one) => one.kind === 'program');
  try {
    const chosen = choose(programs, file);
    if (chosen.length > 0) return await askAll(chosen, waits.reloadMs);
    const silent = met.flatMap((one) => (one.kind === 'silent' ? [one.name] : []));
    return { done: [], failed: [nobodySentence(file, programs, silent)] };
  } finally {
    for (const { socket } of programs) socket.destroy();
  }
}

interface Program extends Introduction {
  readonly kind: 'program';
  readonly socket: Socket;
}

/** `silent` has a socket that takes connections, and says nothing. */
type Met = Program | { readonly kind: 'silent'; readonly name: string } | { readonly kind: 'gone' };

async function meet(address: string, withinMs: number): Promise<Met> {
  const socket = connect(address);
  let failure: unknown;
  socket.on('error', (error) => (failure = error));
  const { pid, file = null, url } = parse(await lineFrom(socket, withinMs));
  if (pid !== undefined && url !== undefined) return { kind: 'program', pid, file, url, socket };
  socket.destroy();
  if (isCode(failure, 'ECONNREFUSED')) removeStale(address);
  else if (!isCode(failure, 'ENOENT')) return { kind: 'silent', name: basename(address, '.sock') };
  return { kind: 'gone' };
}

function removeStale(address: string): void {
  try {
    unlinkSync(address);
  } catch {
    // Somebody else was faster.
  }
}

function choose(programs: readonly Program[], file: string | undefined): Program[] {
  if (file !== undefined) return programs.filter((program) => program.file !== null && isSameFile(program.file, file));
  const withFile = programs.filter((program) => program.file !== null);
  const files = [...new Set(withFile.map((program) => program.file))];
  if (files.length > 1)
    throw new ConfigError(`Several configuration files are served; choose one with --config: ${files.join(', ')}.`);
  return withFile;
}

/** By name, or by what links lead to. */
function isSameFile(a: string, b: string): boolean {
  return a === b || realPath(a) === realPath(b);
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

async function askAll(programs: readonly Program[], withinMs: number): Promise<ReloadResult> {
  const done: string[] = [];
  const failed: string[] = [];
  await Promise.all(
    programs.map(async (program) => {
      const { socket, url, pid, file } = program;
      socket.write(reloadRequest);
      const { outcome, detail } = parse(await lineFrom(socket, withinMs));
      const who = `mcpo at ${url} (process ${pid})`;
      if (outcome === undefined) failed.push(`${who} ${socket.destroyed ? endedSentence : lateSentence(withinMs)}`);
      else if (outcome === 'refused') failed.push(`${who} refused ${file}: ${detail}.`);
      else if (outcome === 'applied') done.push(`${who} reloaded ${file}: ${detail}.`);
      else done.push(`${who} read ${file} again: ${detail}.`);
    }),
  );
  return { done, failed };
}

const endedSentence = 'ended before it answered.';

function lateSentence(ms: number): string {
  return `did not answer within ${ms / 1000} s: its log tells what becomes of the reload.`;
}

function nobodySentence(file: string | undefined, programs: readonly Program[], silent: readonly string[]): string {
  const [single] = programs;
  if (file === undefined && single !== undefined) {
    return `mcpo at ${single.url} (process ${single.pid}) has no configuration file: its server was given on the command line, so there is nothing to reload.`;
  }
  const what = file === undefined ? 'a configuration file' : `the configuration file ${file}`;
  const start = `start one with "mcpo --config ${file ?? 'FILE'}", or run this as the user that runs it, on the same machine`;
  const stuck = silent.length === 0 ? '' : ` (process ${silent.join(', ')} does not answer)`;
  return `No running mcpo of this user with ${what} was found${stuck}: ${start}.`;
}

/** undefined where the other side ends, fails or stays silent instead. */
function lineFrom(socket: Socket, withinMs: number): Promise<string | undefined> {
  if (socket.destroyed) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    let text = '';
    const settle = (line: string | undefined): void => {
      clearTimeout(timer);
      socket.off('data', onData).off('close', onClose);
      resolve(line);
    };
    const onData = (part: string): void => {
      text += part;
      const end = text.indexOf('\n');
      if (end >= 0) settle(text.slice(0, end));
    };
    const onClose = (): void => settle(undefined);
    const timer = setTimeout(onClose, withinMs);
    socket.setEncoding('utf8').on('data', onData).once('close', onClose);
  });
}

/** What another version of this program says may lack something. */
function parse(line = ''): Partial<Introduction & Reloaded> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
