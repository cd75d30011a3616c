// What may be shown of a configuration. `mcpo check` prints describeConfig.
// Every value of `env` and `headers`, keys, secrets of `jwt` and `oauth`, and users' secrets and queries of URLs are masked;
// of arguments, what follows a telling name. Inherited variables are not listed at all.

import { type Capacity, defaultCapacity } from './capacity.ts';
import { toSnakeCase } from './spellings.ts';
import type { AccessKey, Config, JwtConfig, OAuthConfig, ServerConfig, Settings, Target, ToolConfig } from './types.ts';

const mask = '***';

/** In the form of a file, so that it reads like what was written; times in seconds. JSON-able. */
export function describeConfig(config: Config): Record<string, unknown> {
  return {
    mode: config.mode,
    ...(config.file === undefined ? {} : { file: config.file }),
    mcpo: { ...describeSettings(config.settings), ...(config.hotReload && { hotReload: true }) },
    mcpServers: Object.fromEntries(config.servers.map((server) => [server.name, describeServer(server)])),
  };
}

/** The URL without password, query and fragment, and without a user that stands alone, since that is a token. */
export function maskUrl(text: string): string {
  if (!URL.canParse(text)) return text.replace(/\/\/[^/@\s]*@/, `//${mask}@`).replace(/[?#].*$/s, `?${mask}`);
  const url = new URL(text);
  const user = url.password === '' ? mask : `${url.username}:${mask}`;
  const shownUser = url.username === '' && url.password === '' ? '' : `${user}@`;
  const query = url.search === '' ? '' : `?${mask}`;
  const fragment = url.hash === '' ? '' : `#${mask}`;
  return `${url.protocol}//${shownUser}${url.host}${url.pathname}${query}${fragment}`;
}

/** Arguments with their URLs masked, and with what belongs to a name such as `--token` or `Authorization:`. */
export function maskArguments(args: readonly string[]): string[] {
  const telling = String.raw`[\w-]*(?:key|token|secret|passw|auth|credential|bearer)[\w-]*`;
  const assignment = new RegExp(String.raw`(${telling}\s*[=:]\s*).+`, 'is');
  const flag = new RegExp(`^-{1,2}${telling}$`, 'i');
  return args.map((arg, index) => {
    if (flag.test(args[index - 1] ?? '') && !arg.startsWith('-')) return mask;
    return arg.replaceAll(/[a-z][a-z0-9+.-]*:\/\/[^\s"']+/gi, maskUrl).replace(assignment, `$1${mask}`);
  });
}

function describeSettings(settings: Settings): Record<string, unknown> {
  const {
    apiKey,
    keys,
    jwt,
    secretKey: _,
    tls,
    maxBodyBytes,
    maxResultBytes,
    connectionTimeoutMs,
    callTimeoutMs,
    ...plain
  } = settings;
  return withoutUndefined({
    ...plain,
    apiKey: apiKey === undefined ? undefined : mask,
    keys: keys.length === 0 ? undefined : keys.map(describeKey),
    jwt: jwt && describeJwt(jwt),
    sslCertfile: tls?.certFile,
    sslKeyfile: tls?.keyFile,
    maxBody: describeSize(maxBodyBytes),
    maxResult: describeSize(maxResultBytes),
    connectionTimeout: toSeconds(connectionTimeoutMs),
    callTimeout: toSeconds(callTimeoutMs),
  });
}

function describeKey({ name, servers, tools, readOnly, expiresAt }: AccessKey): Record<string, unknown> {
  const expires = expiresAt === undefined ? undefined : new Date(expiresAt).toISOString();
  return withoutUndefined({ name, key: mask, servers, tools, readOnly: readOnly || undefined, expires });
}

function describeJwt(jwt: JwtConfig): Record<string, unknown> {
  const { secret, jwks, issuer } = jwt;
  return withoutUndefined({
    ...jwt,
    secret: secret === undefined ? undefined : mask,
    jwks: jwks && maskUrl(jwks),
    // Compared letter by letter, and so shown, unless something in it may be secret.
    issuer: issuer && (/[@?#]/.test(issuer) ? maskUrl(issuer) : issuer),
  });
}

function describeSize(bytes: number): string | number {
  const mebibytes = bytes / 1024 ** 2;
  return Number.isInteger(mebibytes) ? `${mebibytes}MiB` : bytes;
}

function describeServer(server: ServerConfig): Record<string, unknown> {
  return withoutUndefined({
    ...describeTarget(server.target),
    disabled: server.disabled || undefined,
    disabledTools: server.disabledTools.length === 0 ? undefined : server.disabledTools,
    enabledTools: server.enabledTools,
    tools: server.tools.size === 0 ? undefined : describeTools(server.tools),
    timeout: toSeconds(server.timeoutMs),
    required: server.required ? undefined : false,
    toolErrorStatus: server.toolErrorStatus,
    expose: server.expose.length === 0 ? undefined : server.expose,
    validate: server.validate ? undefined : 'off',
    oauth: server.oauth && describeOAuth(server.oauth),
    client_header_forwarding: server.forwarding && { enabled: true, ...server.forwarding },
    ...describeCapacity(server),
  });
}

const secretsOfOAuth: ReadonlySet<string> = new Set([
  'clientSecret',
  'webuiSecretKey',
  'webuiUserJwtSecret',
  'privateKey',
]);

/** Of what is said at registration only the names: a server may have asked for a secret there. */
function describeOAuth({
  sessionTimeoutMs,
  clientMetadata,
  clientMetadataUrl,
  serverUrl,
  storage,
  ...oauth
}: OAuthConfig): Record<string, unknown> {
  const members = Object.entries(withoutUndefined(oauth)).map(([key, value]) => [
    toSnakeCase(key),
    secretsOfOAuth.has(key) ? mask : value,
  ]);
  return withoutUndefined({
    ...Object.fromEntries(members),
    server_url: serverUrl && maskUrl(serverUrl),
    client_metadata_url: clientMetadataUrl && maskUrl(clientMetadataUrl),
    storage_type: storage,
    session_timeout_minutes: sessionTimeoutMs / 60_000,
    client_metadata: maskNames(Object.keys(clientMetadata)),
  });
}

/** What is not as usual. */
function describeCapacity(server: ServerConfig): Record<string, unknown> {
  const own = (key: keyof Capacity) => (server[key] === defaultCapacity[key] ? undefined : server[key]);
  const ownIdle = own('sessionIdleMs') !== undefined;
  return {
    session: own('session'),
    maxSessions: own('maxSessions'),
    sessionIdleTimeout: ownIdle ? toSeconds(server.sessionIdleMs) : undefined,
    instances: own('instances'),
    maxInFlight: own('maxInFlight'),
    maxQueued: own('maxQueued'),
  };
}

function describeTarget(target: Target): Record<string, unknown> {
  if (target.kind === 'stdio') {
    const { command, args, cwd, ownEnv = [], inheritEnv } = target;
    return { type: 'stdio', command, args: maskArguments(args), env: maskNames(ownEnv), inheritEnv, cwd };
  }
  const { kind, url, headers, tls } = target;
  return {
    type: kind === 'auto' ? undefined : kind,
    url: maskUrl(url),
    headers: maskNames(Object.keys(headers)),
    tls: tls && {
      ca: tls.ca === undefined ? undefined : mask,
      cert: tls.cert === undefined ? undefined : mask,
      key: tls.key === undefined ? undefined : mask,
      insecure: tls.insecure || undefined,
    },
  };
}

function describeTools(tools: ReadonlyMap<string, ToolConfig>): Record<string, unknown> {
  return Object.fromEntries(
    [...tools].map(([name, tool]) => [
      name,
      withoutUndefined({
        name: tool.name,
        description: tool.description,
        timeout: toSeconds(tool.timeoutMs),
        disabled: tool.disabled || undefined,
      }),
    ]),
  );
}

function maskNames(names: readonly string[]): Record<string, string> | undefined {
  return names.length === 0 ? undefined : Object.fromEntries(names.map((name) => [name, mask]));
}

function toSeconds(timeMs: number | undefined): number | undefined {
  return timeMs === undefined ? undefined : timeMs / 1000;
}

function withoutUndefined(object: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
