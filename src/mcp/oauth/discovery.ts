// Which authorization server an upstream trusts, and for which resource: protected resource metadata (RFC 9728), then
// metadata of the authorization server (RFC 8414, OpenID Connect Discovery), then the endpoints of revision 2025-03-26,
// which had no metadata. What was found is kept for a while, and looked for again when the upstream no longer agrees.

import {
  discoverAuthorizationServerMetadata,
  discoverOAuthProtectedResourceMetadata,
  extractWWWAuthenticateParams,
  IssuerMismatchError,
  resourceUrlFromServerUrl,
  checkResourceAllowed,
  type AuthorizationServerMetadata,
  type OAuthProtectedResourceMetadata,
} from '@modelcontextprotocol/client';
import type { Fetch } from '../../net/fetch.ts';
import {
  AuthorizationServerDown,
  isSecure,
  laterSentence,
  saysLater,
  reaching,
  type AuthorizationServer,
} from './authorization-server.ts';
import { SignInError, type Challenge } from './authorizer.ts';

export interface DiscoveryOptions {
  readonly server: string;
  /** Of the MCP endpoint. */
  readonly url: string;
  /** Where to look if the upstream does not say (`server_url`). */
  readonly hint: string | undefined;
  readonly fetch: Fetch;
  readonly now: () => number;
}

/** So long a server is believed to be where it was. */
const keptMs = 10 * 60_000;

export class Discovery {
  readonly #options: DiscoveryOptions;
  /** What the upstream's last 401 said. */
  #heard: Pick<Challenge, 'resourceMetadataUrl' | 'scope'> | undefined;
  #found: { readonly server: AuthorizationServer; readonly untilMs: number } | undefined;
  #finding: Promise<AuthorizationServer> | undefined;

  constructor(options: DiscoveryOptions) {
    this.#options = options;
  }

  /** The scope that the upstream's last 401 asked for. */
  get scope(): string | undefined {
    return this.#heard?.scope;
  }

  /** A 401 of the upstream. */
  heard({ resourceMetadataUrl, scope }: Pick<Challenge, 'resourceMetadataUrl' | 'scope'>): void {
    if (resourceMetadataUrl !== this.#heard?.resourceMetadataUrl) this.drop();
    this.#heard = { resourceMetadataUrl, scope };
  }

  /** Rejects with SignInError, or with AuthorizationServerDown. */
  async find(): Promise<AuthorizationServer> {
    if (this.#found !== undefined && this.#options.now() < this.#found.untilMs) return this.#found.server;
    const finding = (this.#finding ??= this.#find());
    try {
      const server = await finding;
      if (this.#finding === finding) this.#found = { server, untilMs: this.#options.now() + keptMs };
      return server;
    } finally {
      if (this.#finding === finding) this.#finding = undefined;
    }
  }

  /** The next one who asks looks again. */
  drop(): void {
    this.#found = undefined;
    this.#finding = undefined;
  }

  async #find(): Promise<AuthorizationServer> {
    if (this.#heard === undefined) await this.#askForChallenge();
    const resource = await this.#resourceMetadata();
    const named = this.#serverOf(resource);
    const found = named === undefined ? await this.#guessed() : await this.#published(named);
    const server: AuthorizationServer = {
      ...found,
      issuer: found.metadata?.issuer ?? found.url,
      resource: resource?.resource ?? resourceUrlFromServerUrl(this.#options.url).href,
      resourceScope: resource?.scopes_supported?.join(' ') || undefined,
    };
    this.#checkAddresses(server);
    return server;
  }

  /** What a client without a token is told. The question changes nothing where it is answered. */
  async #askForChallenge(): Promise<void> {
    try {
      const response = await this.#options.fetch(this.#options.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
        body: '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}',
      });
      await response.text();
      const { resourceMetadataUrl, scope } = response.status === 401 ? extractWWWAuthenticateParams(response) : {};
      this.#heard ??= { resourceMetadataUrl: resourceMetadataUrl?.href, scope };
    } catch {
      // Its metadata may be had all the same; if not, that says why.
    }
  }

  async #resourceMetadata(): Promise<OAuthProtectedResourceMetadata | undefined> {
    const { url } = this.#options;
    const said = this.#heard?.resourceMetadataUrl;
    const { fetch, trouble } = watched(this.#options.fetch);
    for (const resourceMetadataUrl of said !== undefined && URL.canParse(said) ? [said, undefined] : [undefined]) {
      try {
        const where = resourceMetadataUrl === undefined ? {} : { resourceMetadataUrl };
        const metadata = await discoverOAuthProtectedResourceMetadata(url, where, fetch);
        this.#checkResource(metadata.resource);
        return metadata;
      } catch (error) {
        if (error instanceof AuthorizationServerDown || error instanceof SignInError) throw error;
        // It has none, or none that can be read: servers of revision 2025-03-26 answer anything here.
      }
    }
    const sentence = trouble();
    if (sentence !== undefined) throw new AuthorizationServerDown(sentence);
    return undefined;
  }

  /** A token for another resource would be worth nothing here, and something there. */
  #checkResource(resource: string): void {
    const { url } = this.#options;
    const requestedResource = resourceUrlFromServerUrl(url);
    if (checkResourceAllowed({ requestedResource, configuredResource: resource })) return;
    throw this.#error(`its metadata speaks of the resource ${resource}, which is not ${url}: check the url`);
  }

  #serverOf(resource: OAuthProtectedResourceMetadata | undefined): string | undefined {
    const named = resource?.authorization_servers ?? [];
    return named.find((each) => each === this.#options.hint) ?? named[0];
  }

  /** Where the upstream names no authorization server: at the address that was configured, or with the upstream. */
  async #guessed(): Promise<Found> {
    const { url, hint } = this.#options;
    const places = hint === undefined ? [rootOf(url)] : [hint, rootOf(hint), rootOf(url)];
    let first: Found | undefined;
    let mismatch: unknown;
    for (const place of new Set(places)) {
      try {
        const found = await this.#published(place);
        if (found.metadata !== undefined) return found;
        first ??= found;
      } catch (error) {
        if (!(error instanceof SignInError)) throw error;
        mismatch ??= error;
      }
    }
    if (first === undefined || mismatch !== undefined) throw mismatch;
    return first;
  }

  async #published(address: string): Promise<Found> {
    // With the slash at its end, both spellings of an issuer without a path are accepted.
    const url = new URL(address).href === rootOf(address) ? rootOf(address) : address;
    const { fetch, trouble, received } = watched(this.#options.fetch);
    try {
      const metadata = await discoverAuthorizationServerMetadata(url, { fetchFn: fetch });
      const sentence = metadata === undefined ? trouble() : undefined;
      if (sentence !== undefined) throw new AuthorizationServerDown(sentence);
      return { url, metadata, revocationEndpoint: metadata && revocationEndpointIn(received()) };
    } catch (error) {
      const sentence = trouble();
      if (error instanceof AuthorizationServerDown) throw error;
      if (sentence !== undefined) throw new AuthorizationServerDown(sentence, { cause: error });
      throw this.#error(
        error instanceof IssuerMismatchError
          ? `the metadata of its authorization server ${url} names another issuer and is not believed: its operator has to mend that`
          : `the metadata of its authorization server ${url} is not what RFC 8414 asks for: its operator has to mend that`,
      );
    }
  }

  #checkAddresses({ url, metadata }: AuthorizationServer): void {
    const endpoints = [metadata?.authorization_endpoint, metadata?.token_endpoint, metadata?.registration_endpoint];
    for (const address of [url, ...endpoints]) {
      if (address === undefined || isSecure(address)) continue;
      throw this.#error(`its authorization server has an address without https, ${address}: tokens are not sent there`);
    }
  }

  #error(what: string): SignInError {
    return new SignInError(`${this.#options.server}: ${what}`);
  }
}

type Found = Pick<AuthorizationServer, 'url' | 'metadata' | 'revocationEndpoint'> & {
  readonly metadata: AuthorizationServerMetadata | undefined;
};

/** Remembers what the client library drops: that a server was in trouble, and members it does not know. */
function watched(fetch: Fetch): {
  readonly fetch: Fetch;
  readonly trouble: () => string | undefined;
  readonly received: () => string;
} {
  const reached = reaching(fetch);
  let trouble: string | undefined;
  let received = '';
  return {
    fetch: async (url, init) => {
      const response = await reached(url, init);
      if (saysLater(response.status)) trouble = laterSentence(url, response.status);
      if (!response.ok) return response;
      try {
        received = await response.text();
      } catch (error) {
        throw new AuthorizationServerDown(`the answer of ${new URL(url).host} was cut`, { cause: error });
      }
      return new Response(received, { status: response.status, headers: response.headers });
    },
    trouble: () => trouble,
    received: () => received,
  };
}

/** The library keeps it from RFC 8414 metadata only. One that is of no use is none. */
function revocationEndpointIn(text: string): string | undefined {
  const { revocation_endpoint: endpoint } = JSON.parse(text) as { revocation_endpoint?: unknown };
  return typeof endpoint === 'string' && isSecure(endpoint) ? endpoint : undefined;
}

function rootOf(url: string): string {
  return new URL('/', url).href;
}
