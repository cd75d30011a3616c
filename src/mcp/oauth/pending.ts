// Sign-ins that were begun and wait for the browser to come back. A `state` is 256 random bits, good for one answer and
// ten minutes; whatever comes back uses it up. They live in this process: after a restart one begins again.

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { AuthorizationServer } from './authorization-server.ts';
import type { Client } from './client.ts';

export interface PendingSignIn {
  readonly user: string;
  /** As it was when the sign-in began: the code is its, and goes nowhere else. */
  readonly server: AuthorizationServer;
  readonly client: Client;
  readonly redirectUrl: string;
  readonly verifier: string;
  readonly scope: string | undefined;
  readonly returnTo: string | undefined;
  /** Another user of ours, whose sign-in this one takes the place of. */
  readonly insteadOf: string | undefined;
}

/** For the authorization server, which gives it back. */
export function newState(): string {
  return randomBytes(32).toString('base64url');
}

interface Waiting {
  readonly signIn: PendingSignIn;
  /** Of the browser that began. */
  readonly bindingDigest: Buffer | undefined;
  readonly untilMs: number;
}

export const pendingMs = 10 * 60_000;
/** Of all users: begun by anybody, each is about a kilobyte. */
const maxPending = 10_000;
const maxPendingOfUser = 5;

export class PendingSignIns {
  readonly #now: () => number;
  /** By state, oldest first. */
  readonly #waiting = new Map<string, Waiting>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Where there are too many, the oldest one makes room. */
  add(state: string, signIn: PendingSignIn, binding: string | undefined): void {
    this.#dropExpired();
    const ofUser = [...this.#waiting].filter(
      ([
        ,
        {
          signIn: { user },
        },
      ]) => user === signIn.user,
    );
    if (ofUser.length >= maxPendingOfUser) this.#drop(ofUser[0]?.[0]);
    if (this.#waiting.size >= maxPending) this.#drop(this.#waiting.keys().next().value);
    const bindingDigest = binding === undefined ? undefined : digestOf(binding);
    this.#waiting.set(state, { signIn, bindingDigest, untilMs: this.#now() + pendingMs });
  }

  has(state: string): boolean {
    return this.#alive(state) !== undefined;
  }

  /** undefined: unknown, used up or too late. */
  take(state: string, binding: string | undefined): PendingSignIn | 'other-browser' | undefined {
    const waiting = this.#alive(state);
    this.#drop(state);
    if (waiting === undefined) return undefined;
    const { bindingDigest, signIn } = waiting;
    const bound = bindingDigest === undefined || timingSafeEqual(bindingDigest, digestOf(binding ?? ''));
    return bound ? signIn : 'other-browser';
  }

  forgetUser(user: string): void {
    for (const [state, { signIn }] of this.#waiting) if (signIn.user === user) this.#drop(state);
  }

  #alive(state: string): Waiting | undefined {
    const waiting = this.#waiting.get(state);
    return waiting !== undefined && this.#now() < waiting.untilMs ? waiting : undefined;
  }

  #dropExpired(): void {
    for (const [state, { untilMs }] of this.#waiting) {
      if (this.#now() < untilMs) return;
      this.#drop(state);
    }
  }

  #drop(state: string | undefined): void {
    if (state !== undefined) this.#waiting.delete(state);
  }
}

function digestOf(binding: string): Buffer {
  return createHash('sha256').update(binding).digest();
}
