// How one signs in to the servers that ask for it: for each server with an `oauth` block what its connections and routes
// need, put together of storage, guarded network and mcp/oauth/. It lives as long as the server's address and block stay the
// same, whatever else a reload changes. Loaded with the first such server.

import { homedir } from 'node:os';
import { join } from 'node:path';
import { fingerprint } from './config/fingerprint.ts';
import type { OAuthConfig, ServerConfig, Target } from './config/types.ts';
import type { Observe } from './events.ts';
import { openBrowser } from './mcp/oauth/browser.ts';
import type { CallbackPlace } from './mcp/oauth/callback-place.ts';
import { createMachineGrant } from './mcp/oauth/machine.ts';
import { createSignIn } from './mcp/oauth/sign-in.ts';
import type { UpstreamAccess } from './mcp/upstream.ts';
import { createAddressGuard } from './net/address-guard.ts';
import { guardedFetch } from './net/guarded-fetch.ts';
import { createFileStore } from './storage/file.ts';
import { lazyStore } from './storage/lazy.ts';
import { createMemoryStore } from './storage/memory.ts';
import { createSeal } from './storage/seal.ts';

export interface SignInsOptions {
  readonly observe: Observe;
  /** What files are sealed with; undefined: a key file. */
  readonly secretKey: string | undefined;
  readonly callbacks: CallbackPlace & { close(): void };
  /** For the browser of this machine. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly onSignedIn: (server: string, user: string) => void;
  /** Resolves when what was connected for this user has ended. */
  readonly onSignedOut: (server: string, user: string) => Promise<void>;
}

type RemoteTarget = Exclude<Target, { kind: 'stdio' }>;

interface Known {
  readonly fingerprint: string;
  readonly access: UpstreamAccess;
  readonly close: () => void;
}

export class SignIns {
  readonly #options: SignInsOptions;
  readonly #known = new Map<string, Known>();
  /** Of this process, and of this user's folder: shared by all servers. */
  readonly #stores: Readonly<Record<OAuthConfig['storage'], ReturnType<typeof createMemoryStore>>>;

  constructor(options: SignInsOptions) {
    this.#options = options;
    const { observe, secretKey } = options;
    this.#stores = {
      memory: createMemoryStore(),
      file: lazyStore(async () => {
        const folder = join(homedir(), '.mcpo', 'tokens');
        const seal = await createSeal({ secret: secretKey, keyFile: join(folder, 'key') });
        return createFileStore({ folder, seal, onSetAside: (message) => observe({ type: 'warning', message }) });
      }),
    };
  }

  /** undefined for a server that nobody signs in to. */
  accessOf({ name, target, oauth }: ServerConfig): UpstreamAccess | undefined {
    if (oauth === undefined || target.kind === 'stdio') return undefined;
    const print = fingerprint([target.url, target.tls, oauth]);
    const known = this.#known.get(name);
    if (known?.fingerprint === print) return known.access;
    known?.close();
    const made = { fingerprint: print, ...this.#make(name, target, oauth) };
    this.#known.set(name, made);
    return made.access;
  }

  /** Ends what belongs to servers that are configured no more. */
  keep(servers: readonly ServerConfig[]): void {
    const names = new Set(servers.filter(({ disabled }) => !disabled).map(({ name }) => name));
    for (const [name, { close }] of this.#known) {
      if (names.has(name)) continue;
      close();
      this.#known.delete(name);
    }
  }

  close(): void {
    this.keep([]);
    this.#options.callbacks.close();
  }

  #make(server: string, { url, tls }: RemoteTarget, config: OAuthConfig): Omit<Known, 'fingerprint'> {
    const { observe, callbacks, environment, onSignedIn, onSignedOut } = this.#options;
    const guard = createAddressGuard(url);
    const network = guardedFetch({ guard, tls });
    const { fetch } = network;
    const closeNetwork = (): void => void network.close().catch(() => {});
    if (config.grant === 'client_credentials') {
      const grant = createMachineGrant({ server, url, config, store: this.#stores[config.storage], fetch });
      return { access: { signIn: undefined, authorizerOf: () => grant, guard }, close: closeNetwork };
    }
    const signIn = createSignIn({
      server,
      url,
      config,
      store: this.#stores[config.storage],
      fetch,
      observe,
      openBrowser: config.useLoopback ? (address) => openBrowser(address, environment) : undefined,
      callbacks,
      onSignedIn: (user) => onSignedIn(server, user),
      onSignedOut: (user) => onSignedOut(server, user),
    });
    return {
      access: { signIn, authorizerOf: (user) => signIn.grantOf(user), guard },
      close: () => {
        signIn.close();
        closeNetwork();
      },
    };
  }
}
