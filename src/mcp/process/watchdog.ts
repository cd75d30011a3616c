// Ends the children of a proxy that had no time to do it itself: killed by SIGKILL, out of memory, crashed. One /bin/sh
// (a second Node would cost twenty times the memory) reads which groups there are from a pipe that only the proxy holds;
// at its end it signals those that are left. The shell is a session of its own, ignores what a terminal or a supervisor
// sends to all, knows nothing of the proxy's environment, and keeps no program running.
// Where there is no /bin/sh, children still see the end of their input. On Windows there is no watchdog: the system ends
// the children together with the proxy (libuv puts them into a job), and what those started sees the end of its input.

import { spawn, type ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';

/** A shell that dies at once, for whatever reason, is not started in a tight loop. */
const restartAfterMs = 1_000;

/**
 * Plain POSIX: dash, bash, BusyBox and ksh read it alike. `kill -TERM -5` is the one spelling for groups that all of them
 * know. The walk through /proc finds, on Linux, what left its group, such as a browser that was started detached; of the
 * line in `stat`, "pid (name) state parent group ...", only the name may hold a parenthesis. A `sleep` that knows no
 * fractions waits in whole seconds; with none at all there is no grace.
 */
const script = `
trap '' HUP INT QUIT TERM
groups=
while read -r sign group; do
  kept=
  for each in $groups; do [ "$each" = "$group" ] || kept="$kept $each"; done
  groups=$kept
  [ "$sign" = + ] && groups="$groups $group"
done
[ "$groups" ] || exit 0

family=$groups
known=
while [ "$family" != "$known" ]; do
  known=$family
  for stat in /proc/[0-9]*/stat; do
    read -r pid line <"$stat" || continue
    set -- \${line##*)}
    case " $family " in
      *" $pid "*) ;;
      *" $2 "* | *" $3 "*) family="$family $pid" ;;
    esac
  done
done

left=
for pid in $family; do
  case " $groups " in
    *" $pid "*) left="$left -$pid" ;;
    *) left="$left $pid" ;;
  esac
done
for target in $left; do kill -TERM $target; done
tenths=20
while [ $tenths -gt 0 ]; do
  targets=$left
  left=
  for target in $targets; do kill -0 $target && left="$left $target"; done
  [ "$left" ] || exit 0
  if sleep 0.1; then tenths=$((tenths - 1)); else sleep 1; tenths=$((tenths - 10)); fi
done
for target in $left; do kill -KILL $target; done
`;

/** Groups that the watchdog has to end if the proxy cannot. */
const groups = new Set<number>();

let shell: ChildProcess | undefined;

/** To be called in the turn that started the group's leader. Idempotent, as is `unwatchGroup`. */
export function watchGroup(group: number): void {
  if (process.platform === 'win32' || groups.has(group)) return;
  groups.add(group);
  if (shell === undefined) startShell();
  else tell(`+ ${group}\n`);
}

/** To be called when the group is gone: its number may soon be another's. */
export function unwatchGroup(group: number): void {
  if (groups.delete(group)) tell(`- ${group}\n`);
}

/** Starts the shell and tells it all groups. */
function startShell(): void {
  const startedAt = Date.now();
  const started = spawnShell();
  if (started === undefined) return;
  shell = started;
  // A shell that cannot be started is tried again with the next child.
  started.once('error', () => forget(started));
  started.once('exit', () => {
    forget(started);
    if (groups.size === 0) return;
    const delayMs = Math.max(0, startedAt + restartAfterMs - Date.now());
    setTimeout(() => {
      if (shell === undefined) startShell();
    }, delayMs).unref();
  });
  // A pipe that breaks belongs to a shell that ends; its exit is what counts.
  started.stdin?.on('error', () => {});
  started.unref();
  (started.stdin as Socket | null)?.unref();
  tell([...groups].map((group) => `+ ${group}\n`).join(''));
}

function spawnShell(): ChildProcess | undefined {
  try {
    // The last word names it in the process list.
    return spawn('/bin/sh', ['-c', script, 'mcpo-watchdog'], {
      cwd: '/',
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
  } catch {
    // Out of memory, say. Children still see the end of their input.
    return undefined;
  }
}

/** A line this short is in the pipe when `write` returns. */
function tell(lines: string): void {
  if (shell?.stdin?.writable === true) shell.stdin.write(lines);
}

function forget(ended: ChildProcess): void {
  if (shell === ended) shell = undefined;
}
