// Which client we are to an authorization server: the configured one, the one of a client ID metadata document, or one
// that the server registered for us (RFC 7591), which is kept for each issuer and redirect URI. A client is bound to its
// issuer: credentials never go to another server that an upstream happens to name.

import { createHash } from 'node:crypto';
import {
  isStrictScopeSuperset,
  OAuthErrorCode,
  registerClient,
  RegistrationRejectedError,
} from '@modelcontextprotocol/client';
import type { OAuthClientInformationFull, OAuthClientMetadata } from '@modelcontextprotocol/client';
import * as z from 'zod';
import type { OAuthConfig } from '../../config/types.ts';
import type { Fetch } from '../../net/fetch.ts';
import { isLoopbackName } from '../../net/guarded-fetch.ts';
import type { Store } from '../../storage/store.ts';
import {
  AuthorizationServerDown,
  insistent,
  quoted,
  sameIssuer,
  type AuthorizationServer,
} from './authorization-server.ts';
import { SignInError } from './authorizer.ts';
import type { Client } from './client.ts';

/** Where the browser comes back to; `native`: a loopback port of its own (RFC 8252), `web`: the proxy's own address. */
export interface Redirect {
  readonly url: string;
  readonly kind: 'native' | 'web';
}

export interface RegistrationOptions {
  readonly server: string;
  /** Of the keys in the store. */
  readonly serverId: string;
  readonly config: OAuthConfig;
  readonly store: Store;
  readonly fetch: Fetch;
  readonly now: () => number;
}

/** A registration is two requests at most. */
const leaseMs = 60_000;

const keptClient = z.object({
  id: z.string(),
  secret: z.string().optional(),
  method: z.string().optional(),
  /** Of the secret, milliseconds since the epoch. */
  expiresAt: z.number().optional(),
  /** That it was registered for: servers may refuse it more. */
  scope: z.string().optional(),
});

export class Registrations {
  readonly #options: RegistrationOptions;
  /** Registered clients that somebody was sent to the server with, in this run. */
  readonly #tried = new Set<string>();
  /** Those of which the server showed that it knows them. */
  readonly #certain = new Set<string>();

  constructor(options: RegistrationOptions) {
    this.#options = options;
  }

  /**
   * A kept registration that a browser was sent away with, and that nothing came back of, is made anew, once: servers
   * that lost theirs tell the browser, and not us. Rejects with SignInError, or with AuthorizationServerDown.
   */
  async clientFor(server: AuthorizationServer, redirect: Redirect, scope: string | undefined): Promise<Client> {
    const { config, store } = this.#options;
    const own = this.#configured;
    if (own !== undefined) {
      await bindToIssuer(this.#options, server.issuer);
      return own;
    }
    if (config.clientMetadataUrl !== undefined && server.metadata?.client_id_metadata_document_supported === true) {
      const { clientMetadataUrl: id } = config;
      return { id, secret: undefined, method: undefined, kind: 'document', redirectUrl: undefined };
    }
    const key = this.#key(server.issuer, redirect.url);
    return store.withLock(key, leaseMs, async () => {
      const kept = await this.#known(key);
      const known = kept !== undefined && isStrictScopeSuperset(scope, kept.scope) ? undefined : kept;
      if (known !== undefined && (this.#certain.has(known.id) || !this.#tried.has(known.id))) {
        this.#tried.add(known.id);
        return { ...credentialsOf(known), kind: 'registered', redirectUrl: redirect.url };
      }
      const made = {
        ...toClient(await this.#register(server, redirect, scope)),
        ...(scope !== undefined && { scope }),
      };
      await store.set(key, JSON.stringify(made));
      this.#certain.add(made.id);
      return { ...credentialsOf(made), kind: 'registered', redirectUrl: redirect.url };
    });
  }

  get #configured(): Client | undefined {
    const { clientId: id, clientSecret: secret, tokenEndpointAuthMethod: method } = this.#options.config;
    return id === undefined ? undefined : { id, secret, method, kind: 'configured', redirectUrl: undefined };
  }

  /** The client of a grant, as it is today; undefined: it is not ours any more. */
  current(client: Client): Client | undefined {
    if (client.kind !== 'configured') return client;
    return this.#configured?.id === client.id ? this.#configured : undefined;
  }

  /** The server knows it. */
  answered({ id }: Client): void {
    this.#certain.add(id);
  }

  /** The server does not know this client any more: the next sign-in registers another one. */
  async forget(issuer: string, { id, kind, redirectUrl }: Client): Promise<void> {
    if (kind !== 'registered' || redirectUrl === undefined) return;
    const { store } = this.#options;
    const key = this.#key(issuer, redirectUrl);
    await store.withLock(key, leaseMs, async () => {
      if ((await this.#known(key))?.id === id) await store.delete(key);
    });
  }

  async #known(key: string): Promise<z.infer<typeof keptClient> | undefined> {
    const kept = keptClient.safeParse(parsed(await this.#options.store.get(key)));
    if (!kept.success || (kept.data.expiresAt ?? Infinity) <= this.#options.now()) return undefined;
    return kept.data;
  }

  async #register(
    server: AuthorizationServer,
    redirect: Redirect,
    scope: string | undefined,
  ): Promise<OAuthClientInformationFull> {
    if (server.metadata !== undefined && server.metadata.registration_endpoint === undefined) {
      throw this.#notOffered(server, redirect);
    }
    const { protocol, hostname } = new URL(redirect.url);
    const other = redirect.kind === 'web' ? 'native' : 'web';
    const eitherWay = protocol === 'http:' && isLoopbackName(hostname);
    let refused: unknown;
    for (const type of eitherWay ? [redirect.kind, other] : [redirect.kind]) {
      try {
        return await registerClient(server.url, {
          ...(server.metadata && { metadata: server.metadata }),
          clientMetadata: this.#describe(server, redirect, type),
          ...(scope !== undefined && { scope }),
          fetchFn: insistent(this.#options.fetch),
        });
      } catch (error) {
        if (error instanceof AuthorizationServerDown) throw error;
        refused = error;
        if (!(error instanceof RegistrationRejectedError && isAboutMetadata(error))) break;
      }
    }
    throw this.#refused(server, redirect, refused);
  }

  #describe(server: AuthorizationServer, redirect: Redirect, type: string): OAuthClientMetadata {
    const { config } = this.#options;
    const method = config.tokenEndpointAuthMethod ?? preferredMethod(server, redirect);
    return {
      client_name: 'mcpo',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      application_type: type,
      ...(method !== undefined && { token_endpoint_auth_method: method }),
      ...config.clientMetadata,
      redirect_uris: [redirect.url],
    };
  }

  #refused(server: AuthorizationServer, redirect: Redirect, error: unknown): SignInError {
    if (!(error instanceof RegistrationRejectedError)) {
      const sentence = `${this.#options.server}: what ${server.issuer} answers to a registration is no client information`;
      return new SignInError(`${sentence}; create a client there and configure its client_id`);
    }
    if (!isAboutMetadata(error)) return this.#notOffered(server, redirect, error.status);
    const { error: code, error_description: description } = registrationError(error);
    const why = [quoted(code), quoted(description)].filter((part) => part !== '').join(': ');
    const sentence = `${this.#options.server}: ${server.issuer} refuses to register a client (${why})`;
    return new SignInError(`${sentence}; check client_metadata, or create a client there and configure its client_id`);
  }

  #notOffered(server: AuthorizationServer, redirect: Redirect, status?: number): SignInError {
    const answer = status === undefined ? '' : ` (HTTP ${status})`;
    return new SignInError(
      `${this.#options.server}: ${server.issuer} registers no clients by itself${answer}; create one there with the redirect URI ${redirect.url} and configure its client_id`,
    );
  }

  #key(issuer: string, redirectUrl: string): string {
    return `client/${this.#options.serverId}/${issuer}/${redirectUrl}`;
  }
}

/**
 * A configured secret goes to the authorization server that it was first used with, and to no other: whoever takes over
 * an upstream could name a server of his own. Rejects with SignInError.
 */
export async function bindToIssuer(
  { server, serverId, config, store }: Pick<RegistrationOptions, 'server' | 'serverId' | 'config' | 'store'>,
  issuer: string,
): Promise<void> {
  const { clientId, clientSecret } = config;
  if (clientSecret === undefined) return;
  const credentials = createHash('sha256')
    .update(JSON.stringify([clientId, clientSecret]))
    .digest('hex');
  const key = `issuer/${serverId}`;
  const bound = boundIssuer.safeParse(parsed(await store.get(key))).data;
  if (bound?.credentials !== credentials) return store.set(key, JSON.stringify({ issuer, credentials }));
  if (sameIssuer(bound.issuer, issuer)) return;
  throw new SignInError(
    `${server} now names the authorization server ${issuer}, but client_secret belongs to ${bound.issuer} and is not sent elsewhere; if that is right, configure a client of the new one`,
  );
}

const boundIssuer = z.object({ issuer: z.string(), credentials: z.string() });

/** Of the keys in the store: a changed address must not get the tokens of the old one. */
export function serverIdOf(server: string, url: string): string {
  return `${server}-${createHash('sha256').update(url).digest('hex').slice(0, 16)}`;
}

/** A web application keeps a secret where it is given one, a program on somebody's machine cannot (RFC 8252, section 8.4). */
function preferredMethod(server: AuthorizationServer, { kind }: Redirect): string | undefined {
  const offered = server.metadata?.token_endpoint_auth_methods_supported;
  const secrets = ['client_secret_basic', 'client_secret_post'];
  const wishes = kind === 'native' ? ['none', ...secrets] : [...secrets, 'none'];
  return wishes.find((method) => offered?.includes(method));
}

/** What another description could change. */
function isAboutMetadata(error: RegistrationRejectedError): boolean {
  const { error: code } = registrationError(error);
  return code === OAuthErrorCode.InvalidRedirectUri || code === OAuthErrorCode.InvalidClientMetadata;
}

const errorResponse = z.object({ error: z.string(), error_description: z.string().optional() });

function registrationError({ body }: RegistrationRejectedError): Partial<z.infer<typeof errorResponse>> {
  return errorResponse.safeParse(parsed(body)).data ?? {};
}

function toClient(made: OAuthClientInformationFull): z.infer<typeof keptClient> {
  const expiresAt = made.client_secret_expires_at;
  return {
    id: made.client_id,
    ...(made.client_secret !== undefined && { secret: made.client_secret }),
    ...(made.token_endpoint_auth_method !== undefined && { method: made.token_endpoint_auth_method }),
    // 0: never (RFC 7591, section 3.2.1).
    ...(expiresAt !== undefined && expiresAt > 0 && { expiresAt: expiresAt * 1000 }),
  };
}

function credentialsOf({ id, secret, method }: z.infer<typeof keptClient>): Pick<Client, 'id' | 'secret' | 'method'> {
  return { id, secret, method };
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}
