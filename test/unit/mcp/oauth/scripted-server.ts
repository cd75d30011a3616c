// An MCP endpoint and its authorization server in one, on 127.0.0.1, for the tests of mcp/oauth: follows the standards
// until a test tells it otherwise, checks PKCE, redirect URI, resource and client of every request, rotates refresh tokens
// and ends a grant whose old one comes back. `approve` is the browser and the user in it.

import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Script {
  /** Members of the authorization server's metadata; undefined: it has none. */
  metadata: (Record<string, unknown> & { issuer?: string }) | undefined;
  /** Members of the protected resource metadata; undefined: it has none. */
  resource: Record<string, unknown> | undefined;
  /** Where the protected resource metadata is. */
  resourcePath: string;
  openId: boolean;
  accessTokenSeconds: number | undefined;
  refreshTokens: boolean;
  rotates: boolean;
  /** What registration answers instead of registering; undefined: it registers. */
  registration: { status: number; body: unknown } | undefined;
  registersSecret: boolean;
  /** What the token endpoint answers instead. */
  token: { status: number; body: unknown } | undefined;
  /** Answers every path with it. */
  down: number | undefined;
  /** Scopes that are granted; undefined: those that were asked for. */
  grants: string | undefined;
  /** Refuses what it gave. */
  refusesTokens: boolean;
  /** Waits at the token endpoint until it is resolved. */
  gate: Promise<void> | undefined;
}

export interface Seen {
  readonly path: string;
  readonly params: URLSearchParams;
  readonly authorization: string | undefined;
  readonly body: string;
}

export interface ScriptedServer {
  readonly origin: string;
  /** Of the MCP endpoint. */
  readonly url: string;
  readonly script: Script;
  readonly seen: Seen[];
  /** Everything that it gave out and nobody should read. */
  readonly secrets: Set<string>;
  count(path: string, grantType?: string): number;
  /** Signs in at this address: the parameters that the browser brings back. */
  approve(url: string, changes?: Readonly<Record<string, string | undefined>>): URLSearchParams;
  /** Whether the MCP endpoint takes this token. */
  takes(token: string | undefined): boolean;
  /** A client that an operator made by hand. */
  know(id: string, secret: string | undefined): void;
  /** Forgets all clients, as a server in memory does when it restarts. */
  forgetClients(): void;
  revoked: string[];
}

interface Code {
  readonly client: string;
  readonly redirectUri: string;
  readonly challenge: string;
  readonly scope: string | undefined;
  readonly resource: string | undefined;
}

interface Family {
  current: string | undefined;
  readonly client: string;
  readonly scope: string | undefined;
  readonly resource: string | undefined;
  ended: boolean;
}

export async function startScripted(changes: Partial<Script> = {}): Promise<ScriptedServer> {
  const seen: Seen[] = [];
  const secrets = new Set<string>();
  const revoked: string[] = [];
  const clients = new Map<string, { secret: string | undefined; redirectUris: readonly string[] }>();
  const codes = new Map<string, Code>();
  const families = new Map<string, Family>();
  const accessTokens = new Set<string>();

  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const url = `${origin}/mcp`;
  const script: Script = {
    metadata: {
      issuer: origin,
      authorization_endpoint: `${origin}/authorize`,
      token_endpoint: `${origin}/token`,
      registration_endpoint: `${origin}/register`,
      revocation_endpoint: `${origin}/revoke`,
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: ['none', 'client_secret_basic', 'client_secret_post'],
      authorization_response_iss_parameter_supported: true,
    },
    resource: { resource: url, authorization_servers: [origin] },
    resourcePath: '/.well-known/oauth-protected-resource/mcp',
    openId: false,
    accessTokenSeconds: 3600,
    refreshTokens: true,
    rotates: true,
    registration: undefined,
    registersSecret: false,
    token: undefined,
    down: undefined,
    grants: undefined,
    refusesTokens: false,
    gate: undefined,
    ...changes,
  };

  function secret(prefix: string): string {
    const made = `${prefix}-${randomBytes(12).toString('hex')}`;
    secrets.add(made);
    return made;
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '', origin);
    const body = await textOf(request);
    const params = new URLSearchParams(body);
    seen.push({ path: pathname, params, authorization: request.headers.authorization, body });
    if (script.down !== undefined) return send(response, script.down, {});
    if (pathname === script.resourcePath && script.resource !== undefined) return send(response, 200, script.resource);
    if (pathname === metadataPath() && script.metadata !== undefined) return send(response, 200, script.metadata);
    if (pathname === '/register') return register(response, body);
    if (pathname === '/token') return token(response, params, request.headers.authorization);
    if (pathname === '/revoke') {
      revoked.push(params.get('token') ?? '');
      return send(response, 200, {});
    }
    if (pathname === '/mcp') return send(response, 401, {}, { 'www-authenticate': 'Bearer' });
    return send(response, 404, {});
  }

  function metadataPath(): string {
    return script.openId ? '/.well-known/openid-configuration' : '/.well-known/oauth-authorization-server';
  }

  function register(response: ServerResponse, body: string): void {
    if (script.registration !== undefined) return send(response, script.registration.status, script.registration.body);
    const said = JSON.parse(body) as { redirect_uris: string[] };
    const id = `client-${randomBytes(6).toString('hex')}`;
    const clientSecret = script.registersSecret ? secret('client-secret') : undefined;
    clients.set(id, { secret: clientSecret, redirectUris: said.redirect_uris });
    send(response, 201, { ...said, client_id: id, ...(clientSecret !== undefined && { client_secret: clientSecret }) });
  }

  async function token(
    response: ServerResponse,
    params: URLSearchParams,
    authorization: string | undefined,
  ): Promise<void> {
    await script.gate;
    if (script.token !== undefined) return send(response, script.token.status, script.token.body);
    const client = clientOf(params, authorization);
    if (client === undefined) return send(response, 401, { error: 'invalid_client' });
    const type = params.get('grant_type');
    if (type === 'client_credentials') return send(response, 200, tokens(params.get('scope') ?? undefined, undefined));
    if (type === 'refresh_token') {
      const spent = params.get('refresh_token') ?? '';
      const family = families.get(spent);
      if (family?.client !== client || family.ended || params.get('resource') !== (family.resource ?? null)) {
        return send(response, 400, { error: 'invalid_grant' });
      }
      if (family.current !== spent) {
        family.ended = true;
        return send(response, 400, { error: 'invalid_grant', error_description: `${spent} was used before` });
      }
      return send(response, 200, tokens(family.scope, script.rotates ? family : undefined));
    }
    const code = codes.get(params.get('code') ?? '');
    codes.delete(params.get('code') ?? '');
    const challenge = createHash('sha256')
      .update(params.get('code_verifier') ?? '')
      .digest('base64url');
    const fits =
      code?.client === client &&
      code.challenge === challenge &&
      code.redirectUri === params.get('redirect_uri') &&
      (code.resource ?? null) === params.get('resource');
    if (!fits) return send(response, 400, { error: 'invalid_grant' });
    const { scope, resource } = code;
    send(response, 200, tokens(scope, { current: undefined, client, scope, resource, ended: false }));
  }

  function clientOf(params: URLSearchParams, authorization: string | undefined): string | undefined {
    const basic = authorization?.startsWith('Basic ') ? atob(authorization.slice(6)).split(':') : undefined;
    const [id = '', given = ''] = basic?.map((part) => decodeURIComponent(part.replaceAll('+', ' '))) ?? [
      params.get('client_id') ?? '',
      params.get('client_secret') ?? '',
    ];
    const known = clients.get(id);
    return known !== undefined && (known.secret ?? '') === given ? id : undefined;
  }

  function tokens(scope: string | undefined, family: Family | undefined): Record<string, unknown> {
    const access = secret('access');
    accessTokens.add(access);
    const answered: Record<string, unknown> = { access_token: access, token_type: 'Bearer' };
    if (script.accessTokenSeconds !== undefined) answered['expires_in'] = script.accessTokenSeconds;
    const granted = script.grants ?? scope;
    if (granted !== undefined) answered['scope'] = granted;
    if (family !== undefined && script.refreshTokens) {
      family.current = secret('refresh');
      families.set(family.current, family);
      answered['refresh_token'] = family.current;
    }
    return answered;
  }

  return {
    origin,
    url,
    script,
    seen,
    secrets,
    revoked,
    count: (path, grantType) =>
      seen.filter((each) => each.path === path && (grantType ?? null) === each.params.get('grant_type')).length,
    takes: (given) => !script.refusesTokens && given !== undefined && accessTokens.has(given),
    know: (id, given) => void clients.set(id, { secret: given, redirectUris: [] }),
    forgetClients: () => clients.clear(),
    approve(address, answers = {}) {
      const { searchParams: asked } = new URL(address);
      const client = asked.get('client_id') ?? '';
      const redirectUri = asked.get('redirect_uri') ?? '';
      const known = clients.get(client);
      if (client.startsWith('client-') && known?.redirectUris.includes(redirectUri) !== true) {
        throw new Error('the authorization server shows: unknown client');
      }
      if (known === undefined) clients.set(client, { secret: undefined, redirectUris: [redirectUri] });
      if (asked.get('code_challenge_method') !== 'S256') throw new Error('no PKCE');
      const code = secret('code');
      codes.set(code, {
        client,
        redirectUri,
        challenge: asked.get('code_challenge') ?? '',
        scope: asked.get('scope') ?? undefined,
        resource: asked.get('resource') ?? undefined,
      });
      const back = new URLSearchParams();
      for (const [name, value] of Object.entries({
        code,
        state: asked.get('state') ?? '',
        iss: script.metadata?.issuer ?? origin,
        ...answers,
      })) {
        if (value !== undefined) back.set(name, value);
      }
      return back;
    },
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function send(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}
