// Several supervisors of the same server as one: a call goes to the connection with the least in flight, and waits only
// where none of them has one. Which copy a call ran on is of no interest to anybody.

import type { CallSource } from './call.ts';
import type { Connection } from './connection.ts';
import type { Supervisor } from './supervisor.ts';
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
  unavailable(): { readonly detail: string; readonly retryAfterMs: number } {
    const answers = this.#members.map((member) => member.unavailable());
    return answers.reduce((soonest, each) => (each.retryAfterMs < soonest.retryAfterMs ? each : soonest));
  }
}
