// The side of `mcpo reload` that the serving program has: a local socket that says which program this is, reloads when it
// is asked to, and tells what came of it. A socket needs no port, no key and no certificate, holds where the system has no
// SIGHUP, and belongs to the user who runs the program: nobody else gets through its folder (control-places.ts).

import { chmodSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { messageOf } from '../errors.ts';
import type { ReloadReport } from '../events.ts';
import { ownAddress, type Machine } from './control-places.ts';

/** The first line that a program writes to whoever connects. */
export interface Introduction {
  readonly pid: number;
  /** Absolute path of its configuration file; null where it serves one server from the command line. */
  readonly file: string | null;
  readonly url: string;
}

/** The line that answers `reload`. */
export type Reloaded = Pick<ReloadReport, 'outcome' | 'detail'>;

export interface Control {
  /** At once, so that it can be the last thing a process does. Idempotent. */
  close(): void;
}

/** What is written to ask for a reload. */
export const reloadRequest = 'reload\n';

/** Whoever connects has this long to say what he wants. */
const requestMs = 10_000;

/** Rejects with a sentence where no socket can be had; everything else goes on without it. */
export async function openControl(
  introduction: Introduction,
  reload: () => Promise<Reloaded>,
  machine: Machine,
): Promise<Control> {
  const address = ownAddress(introduction.pid, machine);
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    converse(socket, introduction, reload);
  });
  try {
    await listen(server, address);
  } catch (error) {
    if (!isCode(error, 'EADDRINUSE') || (await isAnswered(address))) throw error;
    // Left by a process that was killed and had the same id.
    unlinkSync(address);
    await listen(server, address);
  }
  // One that fails later is not found any more; the program goes on.
  server.on('error', () => {});
  // What keeps the program running is its work.
  server.unref();
  if (machine.platform !== 'win32') chmodSync(address, 0o600);
  return {
    close: () => {
      // Removes the socket from its folder, too.
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

/** Whether a process listens there. Rejects never. */
function isAnswered(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address);
    const settle = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.once('connect', () => settle(true));
    // A full queue is one that somebody has; only a refusal means that nobody has it.
    socket.once('error', (error) => settle(!isCode(error, 'ECONNREFUSED') && !isCode(error, 'ENOENT')));
  });
}

export function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function converse(socket: Socket, introduction: Introduction, reload: () => Promise<Reloaded>): void {
  let asked = '';
  // A reload that has begun goes on without whoever asked for it.
  socket.on('error', () => {});
  socket.setTimeout(requestMs, () => socket.destroy());
  socket.write(lineOf(introduction));
  socket.setEncoding('utf8').on('data', (text: string) => {
    asked += text;
    if (!reloadRequest.startsWith(asked)) socket.destroy();
    if (asked !== reloadRequest) return;
    socket.setTimeout(0);
    reload().then(
      ({ outcome, detail }) => socket.end(lineOf({ outcome, detail })),
      (error: unknown) => socket.end(lineOf({ outcome: 'refused', detail: `internal error: ${messageOf(error)}` })),
    );
  });
}

function listen(server: Server, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(address, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function lineOf(value: Introduction | Reloaded): string {
  return `${JSON.stringify(value)}\n`;
}
