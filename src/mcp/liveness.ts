// Notices that a remote server is gone although nothing says so: a stream that went silent, a machine that slept, a server
// that was restarted. Whoever was not heard for a while is pinged; what comes of it ends the connection, or nothing does.
// Children need none of this: their pipes say when they end.

import type { Connection } from './connection.ts';
import type { Reply } from './transports/transport.ts';

export interface Liveness {
  /** Looks at once, whenever anything was last heard; resolves when it is known. */
  look(): Promise<void>;
  stop(): void;
}

/** A server that was heard within this time lives. */
const silentMs = 20_000;
/** How often the clock is read. On the clock of the wall: a machine that slept looks soon after it wakes. */
const lookEveryMs = 5_000;
const pingMs = 5_000;
/** While calls are in flight, a server may say nothing for so long. */
const busyMs = 60_000;
/** A busy server may miss one, and one that knows no pings the other kind of question. */
const maxMisses = 2;
const noPong = `the server did not answer a ping within ${pingMs / 1000} s`;

/** `onDead` is told once, with a sentence. */
export function watchLiveness(
  connection: Pick<Connection, 'ping' | 'ask' | 'session' | 'inFlight'>,
  onDead: (reason: string) => void,
): Liveness {
  let everAnswered = false;
  /** Until one is missed by a server that never answered any: that may not know them. All know `tools/list`. */
  let pings = true;
  let lookedAt = Date.now();
  let looking: Promise<void> | undefined;
  let stopped = false;
  const madeAt = Date.now();
  const heardAt = (): number => connection.session.transport.lastHeardAt ?? madeAt;
  const timer = setInterval(() => {
    if (Date.now() - Math.max(lookedAt, heardAt()) >= silentMs) void look();
  }, lookEveryMs).unref();
  const stop = (): void => {
    stopped = true;
    clearInterval(timer);
  };

  const ask = (deadlineAt: number): Promise<Reply> =>
    pings ? connection.ping(deadlineAt) : connection.ask({ method: 'tools/list' }, { deadlineAt });
  const examine = async (): Promise<void> => {
    for (let misses = 1; ; misses++) {
      const reply = await ask(Date.now() + pingMs);
      lookedAt = Date.now();
      if (stopped) return;
      if (reply.kind !== 'undelivered' && reply.kind !== 'lost' && reply.kind !== 'timeout') {
        // An error is an answer too.
        everAnswered = true;
        return;
      }
      const gone = reply.kind !== 'timeout' && reply.gone;
      // It may be busy with just that call, and a new session would have to wait for it too.
      if (reply.kind === 'timeout' && connection.inFlight > 0 && Date.now() - heardAt() < busyMs) return;
      if (misses < maxMisses && !(gone && everAnswered)) {
        // Some take a ping that they do not know for the request of a session that they do not know.
        pings = everAnswered && pings;
        continue;
      }
      stop();
      onDead(reply.kind === 'timeout' ? noPong : reply.detail);
      return;
    }
  };
  const look = async (): Promise<void> => {
    if (stopped) return;
    looking ??= examine().finally(() => {
      looking = undefined;
    });
    await looking;
  };
  return { look, stop };
}
