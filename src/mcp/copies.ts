// Several supervisors of the same server as one: a call goes to the connection with the least in flight, and waits only
// where none of them has one. Which copy a call ran on is of no interest to anybody.

import type { CallSource, Unavailable } from './call.ts';
import type { Connection } from './connection.ts';
import type { Supervisor, SupervisorStatus } from './supervisor.ts';
import type { CancelSignal } from './types.ts';

export class Copies implements CallSource {
  readonly waitMs: number;
  readonly #members: readonly Supervisor[];

  /** At least one member. */
  constructor(members: readonly Supervisor[], waitMs: number) {
    this.#members = members;
    this.waitMs = waitMs;
  }

  get live(): Connection | undefined {
    let least: Connection | undefined;
    for (const { live } of this.#members) {
      if (live !== undefined && (least === undefined || live.inFlight < least.inFlight)) least = live;
    }
    return least;
  }

  async connected(untilMs: number, signal: CancelSignal): Promise<Connection | undefined> {
    const attempts = this.#members.map(async (member) => {
      const connection = await member.connected(untilMs, signal);
      if (connection === undefined) throw new Error('no connection');
      return connection;
    });
    return Promise.any(attempts).catch(() => undefined);
  }

  drop(connection: Connection, reason: string): void {
    for (const member of this.#members) member.drop(connection, reason);
  }

  async examine(connection: Connection): Promise<void> {
    await Promise.all(this.#members.map((member) => member.examine(connection)));
  }

  /** Of the one that is tried first. */
  unavailable(): Unavailable {
    const answers = this.#members.map((member) => member.unavailable());
    return answers.reduce((soonest, each) => (retryAfterMs(each) < retryAfterMs(soonest) ? each : soonest));
  }
}

function retryAfterMs(unavailable: Unavailable): number {
  return unavailable.kind === 'unavailable' ? unavailable.retryAfterMs : Infinity;
}

/** Several copies are one server: as well as the best of them. */
export function statusOfCopies(all: readonly SupervisorStatus[]): SupervisorStatus {
  const best = all.find(({ state }) => state === 'ready') ?? all.find(({ state }) => state === 'starting') ?? all[0];
  if (best === undefined || all.length === 1) return best ?? noStatus;
  const running = all.filter(({ state }) => state === 'ready').length;
  const troubled = all.find(({ state }) => state !== 'ready' && state !== 'starting');
  const missing = troubled === undefined ? '' : `; another copy: ${troubled.detail}`;
  const detail = running === 0 ? best.detail : `${best.detail}, ${running} of ${all.length} copies run${missing}`;
  return {
    ...best,
    detail,
    restarts: all.reduce((sum, { restarts }) => sum + restarts, 0),
    lastError: best.lastError ?? troubled?.lastError,
    attempted: all.every(({ attempted }) => attempted),
  };
}

/** Of what is connected for nobody yet. */
export const noStatus: SupervisorStatus = {
  state: 'starting',
  detail: 'starting',
  since: 0,
  restarts: 0,
  lastError: undefined,
  nextRetryAt: undefined,
  attempted: false,
  pid: undefined,
};
