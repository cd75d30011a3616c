// Grants in the store: what an authorization server gave us for each user, with all that it takes to refresh it after a
// restart. Grants of a server with many users are gone some time after their last use; what cannot be read counts as gone.

import * as z from 'zod';
import type { Store } from '../../storage/store.ts';
import type { Client } from './client.ts';
import type { Tokens } from './token-endpoint.ts';

export interface KeptGrant extends Tokens {
  readonly issuer: string;
  readonly resource: string | undefined;
  /** Without the secret, where the configuration has it. */
  readonly client: Client;
  /** The scope that was asked for. */
  readonly asked: string | undefined;
  /** When the user did something, milliseconds since the epoch; not noted every time. */
  readonly usedAt: number;
}

export interface KeptGrantsOptions {
  readonly store: Store;
  readonly serverId: string;
  /** undefined: grants are kept until they are forgotten. */
  readonly idleMs: number | undefined;
  readonly now: () => number;
}

/** Longer than a refresh may take: one after another, its requests time out. */
const leaseMs = 120_000;
/** Use is noted once in such a part of the idle time: what is kept lasts that much longer. */
const notedShare = 10;

const optionalText = z.string().optional();

const keptGrant = z.object({
  issuer: z.string(),
  resource: optionalText,
  client: z.object({
    id: z.string(),
    secret: optionalText,
    method: optionalText,
    kind: z.enum(['configured', 'document', 'registered']),
    redirectUrl: optionalText,
  }),
  accessToken: z.string(),
  refreshToken: optionalText,
  issuedAt: z.number(),
  expiresAt: z.number().optional(),
  scope: optionalText,
  asked: optionalText,
  usedAt: z.number(),
});

export class KeptGrants {
  readonly #options: KeptGrantsOptions;

  constructor(options: KeptGrantsOptions) {
    this.#options = options;
  }

  /** Use is noted again after so long. */
  get notedEveryMs(): number {
    return (this.#options.idleMs ?? Infinity) / notedShare;
  }

  async load(user: string): Promise<KeptGrant | undefined> {
    const text = await this.#options.store.get(this.#key(user));
    const kept = text === undefined ? undefined : keptGrant.safeParse(parsed(text)).data;
    return kept && withMembers(kept);
  }

  async save(user: string, grant: KeptGrant): Promise<void> {
    const { store, idleMs, now } = this.#options;
    // Whoever looks for idle users ends them, before that.
    const ttlMs = idleMs === undefined ? undefined : grant.usedAt + 2 * idleMs - now();
    const { client } = grant;
    const secret = client.kind === 'configured' ? undefined : client.secret;
    const text = JSON.stringify({ ...grant, client: { ...client, secret } });
    await store.set(this.#key(user), text, ttlMs === undefined ? undefined : Math.max(1, Math.ceil(ttlMs)));
  }

  async remove(user: string): Promise<void> {
    await this.#options.store.delete(this.#key(user));
  }

  /** Nobody else changes this user's grant meanwhile, in this process or another. */
  locked<T>(user: string, work: () => Promise<T>): Promise<T> {
    return this.#options.store.withLock(this.#key(user), leaseMs, work);
  }

  #key(user: string): string {
    return `grant/${this.#options.serverId}/${user}`;
  }
}

/** What is optional in JSON is undefined here. */
function withMembers({ client, ...kept }: z.infer<typeof keptGrant>): KeptGrant {
  const { secret, method, redirectUrl } = client;
  const { resource, refreshToken, expiresAt, scope, asked } = kept;
  return {
    ...kept,
    resource,
    refreshToken,
    expiresAt,
    scope,
    asked,
    client: { ...client, secret, method, redirectUrl },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
