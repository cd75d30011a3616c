// What the tests of mcp/oauth set up: a sign-in over a scripted server, with a clock that they move and events that they read.

import { onTestFinished } from 'vitest';
import type { OAuthConfig } from '../../../../src/config/types.ts';
import type { AppEvent } from '../../../../src/events.ts';
import type { Challenge } from '../../../../src/mcp/oauth/authorizer.ts';
import type { CallbackPlace, TakeCallback } from '../../../../src/mcp/oauth/callback-place.ts';
import { createSignIn, type UpstreamSignIn } from '../../../../src/mcp/oauth/sign-in.ts';
import { createAddressGuard } from '../../../../src/net/address-guard.ts';
import type { Fetch } from '../../../../src/net/fetch.ts';
import { guardedFetch } from '../../../../src/net/guarded-fetch.ts';
import { createMemoryStore } from '../../../../src/storage/memory.ts';
import type { Store } from '../../../../src/storage/store.ts';
import type { ScriptedServer } from './scripted-server.ts';

export const oauthDefaults: OAuthConfig = {
  grant: 'authorization_code',
  multiUser: true,
  serverUrl: undefined,
  webuiSecretKey: undefined,
  webuiUserJwtSecret: undefined,
  storage: 'memory',
  // Longer than tests wait, unless that is what they are about.
  sessionTimeoutMs: 10 * 365 * 24 * 3600_000,
  callbackPort: 3030,
  useLoopback: true,
  clientId: undefined,
  clientSecret: undefined,
  clientMetadataUrl: undefined,
  tokenEndpointAuthMethod: undefined,
  privateKey: undefined,
  signingAlgorithm: undefined,
  scopes: undefined,
  clientMetadata: {},
};

export const ownCallback = 'https://proxy.example/oauth/notes/callback';

export const refusal: Challenge = { status: 401, resourceMetadataUrl: undefined, scope: undefined };

export interface Made {
  readonly signIn: UpstreamSignIn;
  readonly events: AppEvent[];
  readonly signedIn: string[];
  readonly signedOut: string[];
  /** Addresses that a browser was opened with. */
  readonly opened: string[];
  /** Who waits at a loopback port, by port. */
  readonly waiting: Map<number, Set<TakeCallback>>;
  readonly store: Store;
  readonly clock: { now: number };
}

export interface MadeOptions {
  readonly config?: Partial<OAuthConfig>;
  readonly store?: Store;
  readonly clock?: { now: number };
  readonly takenPorts?: readonly number[];
  readonly name?: string;
}

/** As it is in the program. */
export function fetchFor({ url }: Pick<ScriptedServer, 'url'>): Fetch {
  const network = guardedFetch({ guard: createAddressGuard(url) });
  onTestFinished(() => network.close());
  return network.fetch;
}

export function makeSignIn(server: ScriptedServer, options: MadeOptions = {}): Made {
  const { store = createMemoryStore(), clock = { now: Date.now() }, takenPorts = [], name = 'notes' } = options;
  const events: AppEvent[] = [];
  const signedIn: string[] = [];
  const signedOut: string[] = [];
  const opened: string[] = [];
  const waiting = new Map<number, Set<TakeCallback>>();
  const callbacks: CallbackPlace = {
    async expect(port, take, path = '/callback') {
      if (takenPorts.includes(port)) return undefined;
      const takers = waiting.get(port) ?? new Set();
      waiting.set(port, takers.add(take));
      const done = (): void => {
        takers.delete(take);
        if (takers.size === 0) waiting.delete(port);
      };
      return { redirectUrl: `http://localhost:${port}${path}`, done };
    },
    own: (of) => `https://proxy.example/oauth/${of}/callback`,
  };
  const signIn = createSignIn({
    server: name,
    url: server.url,
    config: { ...oauthDefaults, ...options.config },
    store,
    fetch: fetchFor(server),
    observe: (event) => events.push(event),
    openBrowser: (url) => opened.push(url) > 0,
    callbacks,
    onSignedIn: (user) => void signedIn.push(user),
    onSignedOut: async (user) => void signedOut.push(user),
    now: () => clock.now,
  });
  onTestFinished(() => signIn.close());
  return { signIn, events, signedIn, signedOut, opened, waiting, store, clock };
}

/** From its beginning to its end, as the user's browser does it. */
export async function signInAs({ signIn }: Pick<Made, 'signIn'>, server: ScriptedServer, user: string): Promise<void> {
  const url = await beginAs({ signIn }, user);
  await signIn.finish(server.approve(url), `browser of ${user}`);
}

export function beginAs({ signIn }: Pick<Made, 'signIn'>, user: string): Promise<string> {
  return signIn.begin({ user, redirectUrl: ownCallback, binding: `browser of ${user}`, returnTo: '/notes/docs' });
}

export function changes(events: readonly AppEvent[]): string[] {
  return events.flatMap((event) => (event.type === 'sign-in' ? [event.change] : []));
}
