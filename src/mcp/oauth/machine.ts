// Signing in as the program itself (client credentials, RFC 6749, section 4.4): no user and no browser. Nothing is kept
// beyond this process, because another token costs one request.

import { computeScopeUnion, isStrictScopeSuperset } from '@modelcontextprotocol/client';
import type { OAuthConfig } from '../../config/types.ts';
import { messageOf } from '../../errors.ts';
import type { Fetch } from '../../net/fetch.ts';
import type { Store } from '../../storage/store.ts';
import type { Authorizer, Challenge } from './authorizer.ts';
import type { Client } from './client.ts';
import { Discovery } from './discovery.ts';
import { Refusals } from './refusals.ts';
import { bindToIssuer, serverIdOf } from './registration.ts';
import { isDue, isExpired, machineTokens, type Tokens } from './token-endpoint.ts';

export interface MachineGrantOptions {
  readonly server: string;
  /** Of the MCP endpoint. */
  readonly url: string;
  readonly config: OAuthConfig;
  /** Remembers which authorization server the secret belongs to. */
  readonly store: Store;
  /** Guarded, and limited in size and time. */
  readonly fetch: Fetch;
  readonly now?: () => number;
}

export function createMachineGrant({ now = Date.now, ...options }: MachineGrantOptions): Authorizer {
  return new MachineGrant({ ...options, now });
}

/** After a failure the authorization server is left alone for a moment. */
const pauseMs = 5_000;
class MachineGrant implements Authorizer {
  readonly #options: MachineGrantOptions & { readonly now: () => number };
  readonly #discovery: Discovery;
  #tokens: Tokens | undefined;
  #asked: string | undefined;
  #asking: Promise<Tokens> | undefined;
  #pause: { readonly untilMs: number; readonly error: Error } | undefined;
  readonly #refusals = new Refusals();

  constructor(options: MachineGrantOptions & { readonly now: () => number }) {
    const { server, url, config, fetch, now } = options;
    this.#options = options;
    this.#discovery = new Discovery({ server, url, hint: config.serverUrl, fetch, now });
  }

  /** None before the upstream asked for one, and said where it comes from. */
  async token(): Promise<string | undefined> {
    const tokens = this.#tokens;
    const { now } = this.#options;
    if (tokens === undefined || !isDue(tokens, now())) return tokens?.accessToken;
    try {
      return (await this.#fresh()).accessToken;
    } catch (error) {
      if (isExpired(tokens, now())) throw error;
      return tokens.accessToken;
    }
  }

  async refused(sent: string | undefined, challenge: Challenge): Promise<boolean> {
    const { config, now, server } = this.#options;
    const tokens = this.#tokens;
    if (tokens !== undefined && tokens.accessToken !== sent) return true;
    if (this.#asking !== undefined) {
      await this.#asking;
      return true;
    }
    if (challenge.status === 403) {
      const had = computeScopeUnion(this.#asked, tokens?.scope);
      if (!isStrictScopeSuperset(challenge.scope, had)) return false;
      this.#asked = computeScopeUnion(had, challenge.scope);
    } else {
      this.#discovery.heard(challenge);
      this.#asked ??= challenge.scope ?? config.scopes?.join(' ');
    }
    if (tokens !== undefined) {
      this.#refusals.add(tokens, now());
      if (this.#refusals.hopeless) {
        throw new Error(
          `${server} refuses every token that client_id gets for it: check scopes, and the client's rights`,
        );
      }
      this.#discovery.drop();
    }
    await this.#fresh();
    return true;
  }

  accepted(sent: string | undefined): void {
    if (sent !== undefined) this.#refusals.clear();
  }

  #fresh(): Promise<Tokens> {
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #ask(): Promise<Tokens> {
    const { server: name, url, config, store, fetch, now } = this.#options;
    if (this.#pause !== undefined && now() < this.#pause.untilMs) throw this.#pause.error;
    try {
      const client = clientOf(name, config);
      const server = await this.#discovery.find();
      await bindToIssuer({ server: name, serverId: serverIdOf(name, url), config, store }, server.issuer);
      const scope = this.#asked ?? server.resourceScope;
      this.#tokens = await machineTokens({ server, client, config, fetch, now }, scope);
      this.#asked = scope;
      return this.#tokens;
    } catch (cause) {
      const error = new Error(`no token for ${name} was had: ${messageOf(cause)}`, { cause });
      this.#pause = { untilMs: now() + pauseMs, error };
      throw error;
    }
  }
}

function clientOf(server: string, { clientId, clientSecret, tokenEndpointAuthMethod }: OAuthConfig): Client {
  if (clientId === undefined) throw new Error(`${server} has no client_id, which the grant client_credentials needs`);
  return {
    id: clientId,
    secret: clientSecret,
    method: tokenEndpointAuthMethod,
    kind: 'configured',
    redirectUrl: undefined,
  };
}
