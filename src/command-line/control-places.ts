// Where running programs leave the sockets by which `mcpo reload` finds them: a folder that only this user can enter, so
// that whoever reaches a socket may use it. In the home folder, or where that cannot be had in the temporary one; on
// Windows named pipes, which need no folder. Makes and checks folders; opens nothing.

import { chmodSync, lstatSync, mkdirSync, readdirSync, statSync, type Stats } from 'node:fs';
import { homedir, tmpdir, userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { messageOf } from '../errors.ts';

/** What of the machine decides. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly home: string;
  readonly temporary: string;
  /** undefined on Windows. */
  readonly uid: number | undefined;
}

/** A socket address is cut off at 104 bytes on macOS, its end mark included, and a little later elsewhere. */
const maxAddressBytes = 103;
/** Enough for the largest process id and `.sock`. */
const longestName = '4294967295.sock';
const socketName = /^\d+\.sock$/;
/** Where Windows lists its named pipes. */
const pipes = '\\\\.\\pipe\\';

export function thisMachine(): Machine {
  return { platform: process.platform, home: homedir(), temporary: tmpdir(), uid: process.getuid?.() };
}

/** Where the socket of this process goes; makes the folder. Throws where none is safe to use, with a sentence. */
export function ownAddress(pid: number, machine: Machine): string {
  if (machine.platform === 'win32') return `${pipePrefix()}${pid}`;
  const reasons: string[] = [];
  for (const place of placesOf(machine)) {
    try {
      makePrivate(place, machine.uid);
      return join(place.folder, `${pid}.sock`);
    } catch (error) {
      reasons.push(messageOf(error));
    }
  }
  throw new Error(
    reasons.length === 0 ? 'the paths of the home and temporary folders are too long' : reasons.join('; '),
  );
}

/** The sockets of this user's programs, those of ended ones among them. Other people's folders are never looked into. */
export function knownAddresses(machine: Machine): string[] {
  if (machine.platform === 'win32') {
    const prefix = pipePrefix();
    return namesIn(pipes).flatMap((name) => (`${pipes}${name}`.startsWith(prefix) ? [`${pipes}${name}`] : []));
  }
  return placesOf(machine).flatMap(({ folder, inHome }) => {
    const stats = inHome ? statSync(folder, { throwIfNoEntry: false }) : lstatSync(folder, { throwIfNoEntry: false });
    if (stats === undefined || !isPrivate(stats, machine.uid)) return [];
    return namesIn(folder).flatMap((name) => (socketName.test(name) ? [join(folder, name)] : []));
  });
}

interface Place {
  readonly folder: string;
  /** Or in the temporary folder, where everybody can put something. */
  readonly inHome: boolean;
  /** The home folder itself. */
  readonly home: string;
}

function placesOf({ home, temporary, uid }: Machine): Place[] {
  const places = [
    { folder: join(home, '.mcpo', 'run'), inHome: true, home },
    { folder: join(temporary, `mcpo-${uid ?? ''}`), inHome: false, home },
  ];
  return places.filter(
    ({ folder }) => isAbsolute(folder) && Buffer.byteLength(join(folder, longestName)) <= maxAddressBytes,
  );
}

function makePrivate({ folder, inHome, home }: Place, uid: number | undefined): void {
  // With sudo the home can be somebody else's, who could not use what root leaves there.
  if (inHome && statSync(home).uid !== uid) throw new Error(`${home} is another user's`);
  if (inHome) mkdirSync(folder, { recursive: true, mode: 0o700 });
  else makeFolder(folder);
  const stats = inHome ? statSync(folder) : lstatSync(folder);
  if (isPrivate(stats, uid)) return;
  // In the temporary folder anybody may have been there before.
  if (!inHome || !stats.isDirectory() || stats.uid !== uid) throw new Error(`${folder} is not private to this user`);
  chmodSync(folder, 0o700);
}

/** Where its parent is; one that is there already is as good, until it is looked at. */
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (lstatSync(folder, { throwIfNoEntry: false }) === undefined) throw error;
  }
}

function isPrivate(stats: Stats, uid: number | undefined): boolean {
  return stats.isDirectory() && stats.uid === uid && (stats.mode & 0o077) === 0;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // It went, or cannot be read: there is nobody to be found there.
    return [];
  }
}

/** By user, though it is the system that lets nobody else write to them. */
function pipePrefix(): string {
  return `${pipes}mcpo-${userInfo().username.replaceAll(/\W/g, '_')}-`;
}
