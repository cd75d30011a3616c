// The configuration as the rest of the program sees it: resolved, validated, defaults filled in, times in milliseconds.
// Types only. How a file becomes this is load.ts.

/** Process-wide options in force. */
export interface Settings {
  /** Address to bind; undefined lets the bind rule decide (contract, section 6). */
  readonly host: string | undefined;
  /** 0 = any free port. */
  readonly port: number;
  readonly apiKey: string | undefined;
  /** Keys of the file (`mcpo.keys`), beside `apiKey`. */
  readonly keys: readonly AccessKey[];
  /** Tokens of users that are believed everywhere. */
  readonly jwt: JwtConfig | undefined;
  /** `MCPO_SECRET_KEY`: what tokens at rest are encrypted with; undefined: a key file. */
  readonly secretKey: string | undefined;
  /** The key also protects documents and pages. */
  readonly strictAuth: boolean;
  /** undefined: the default origins of the contract, section 6. */
  readonly corsAllowOrigins: readonly string[] | undefined;
  readonly name: string | undefined;
  readonly description: string | undefined;
  readonly version: string | undefined;
  readonly tls: TlsFiles | undefined;
  /** '' or '/path' without a trailing slash. */
  readonly rootPath: string;
  /** '' or '/path' without a trailing slash. */
  readonly pathPrefix: string;
  /** Without a trailing slash. */
  readonly publicUrl: string | undefined;
  /** Addresses or CIDR blocks whose X-Forwarded-* headers are believed. */
  readonly trustedProxies: readonly string[];
  readonly maxBodyBytes: number;
  readonly maxResultBytes: number;
  readonly logLevel: LogLevel;
  readonly connectionTimeoutMs: number;
  readonly callTimeoutMs: number;
  /** undefined: with the server's name exactly where there are many. */
  readonly operationIds: OperationIdStyle | undefined;
}

/** A key with a name, and what it may do. */
export interface AccessKey {
  readonly name: string;
  /** SHA-256 of the key, in hexadecimal. */
  readonly digest: string;
  /** Names or globs; undefined: all. */
  readonly servers: readonly string[] | undefined;
  /** Names or globs of tools; undefined: all. */
  readonly tools: readonly string[] | undefined;
  /** Only tools that say `readOnlyHint`. */
  readonly readOnly: boolean;
  /** Milliseconds since the epoch; undefined: never. */
  readonly expiresAt: number | undefined;
}

/** How a user's token is verified (RFC 7519). Exactly one of `secret`, `jwks` and `issuer` says where the keys are; `issuer` may stand beside each. */
export interface JwtConfig {
  /** Fixed here, never by the token. */
  readonly algorithms: readonly string[];
  readonly secret: string | undefined;
  /** URL of a JSON Web Key Set. */
  readonly jwks: string | undefined;
  /** Must be the token's `iss`; without `jwks` and `secret` its OpenID metadata names the key set. */
  readonly issuer: string | undefined;
  readonly audience: readonly string[] | undefined;
  /** The claim that names the user. */
  readonly userClaim: string;
}

/** Signing in to an upstream (contract, section 7). */
export interface OAuthConfig {
  readonly grant: 'authorization_code' | 'client_credentials';
  /** Each user signs in for himself, or one sign-in serves everybody. */
  readonly multiUser: boolean;
  /** Where to look for the authorization server if the upstream does not say. */
  readonly serverUrl: string | undefined;
  /** Verifies session tokens of Open WebUI (HS256). */
  readonly webuiSecretKey: string | undefined;
  /** Verifies `X-OpenWebUI-User-Jwt` (HS256); without it `webuiSecretKey` does. */
  readonly webuiUserJwtSecret: string | undefined;
  readonly storage: 'file' | 'memory';
  /** A user who does nothing for so long is signed out. */
  readonly sessionTimeoutMs: number;
  readonly callbackPort: number;
  /** Whether a browser of this machine is opened, and the answer caught on `callbackPort`. */
  readonly useLoopback: boolean;
  readonly clientId: string | undefined;
  readonly clientSecret: string | undefined;
  /** Address of a client ID metadata document, which then is the client id. */
  readonly clientMetadataUrl: string | undefined;
  readonly tokenEndpointAuthMethod: TokenEndpointAuthMethod | undefined;
  /** PKCS #8 in PEM, for `private_key_jwt`. */
  readonly privateKey: string | undefined;
  readonly signingAlgorithm: string | undefined;
  readonly scopes: readonly string[] | undefined;
  /** What else is said at registration (RFC 7591), such as `client_name` and `redirect_uris`; no credentials. */
  readonly clientMetadata: Readonly<Record<string, unknown>>;
}

export type TokenEndpointAuthMethod = 'none' | 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt';

/** Which header fields of a call go to the upstream; names or globs, in lower case. */
export interface HeaderForwarding {
  readonly whitelist: readonly string[];
  readonly blacklist: readonly string[];
}

/** How operation ids are made: `get_time`, `clock_get_time`, or the Python program's `tool_get_time_post`. */
export type OperationIdStyle = 'tool' | 'server_tool' | 'mcpo';

export type LogLevel = 'debug' | 'info' | 'warning' | 'error';

export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
  /** PEM. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
}

/** What it takes to reach an upstream. A change here, or of the limits a connection is made with, means a new one. */
export type Target =
  | {
      readonly kind: 'stdio';
      readonly command: string;
      readonly args: readonly string[];
      /** The child's whole environment, inherited variables included; MCPO_* never are. */
      readonly env: Readonly<Record<string, string>>;
      /** Absolute. */
      readonly cwd: string | undefined;
      /** Names in `env` that were given, by the entry, --env or --env-path; the others are inherited. For `mcpo check`. */
      readonly ownEnv?: readonly string[];
      /** As written, if it was. For `mcpo check`. */
      readonly inheritEnv?: boolean | readonly string[];
    }
  | {
      /** `auto` tries Streamable HTTP, then SSE. */
      readonly kind: 'streamable-http' | 'sse' | 'auto';
      readonly url: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly tls: UpstreamTls | undefined;
    };

/** TLS towards one upstream; PEM texts, read from the files that were named. */
export interface UpstreamTls {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  /** Accepts any certificate. */
  readonly insecure: boolean;
}

export interface ServerConfig {
  readonly name: string;
  readonly target: Target;
  readonly disabled: boolean;
  /** Names or globs. */
  readonly disabledTools: readonly string[];
  /** Names or globs; undefined: all. */
  readonly enabledTools: readonly string[] | undefined;
  /** By the upstream's own tool name. */
  readonly tools: ReadonlyMap<string, ToolConfig>;
  /** Of a call; undefined: the global one. */
  readonly timeoutMs: number | undefined;
  /** Whether /readyz waits for it. */
  readonly required: boolean;
  /** HTTP status of a tool's own error; undefined: the table's. */
  readonly toolErrorStatus: number | undefined;
  /** What is offered besides tools. */
  readonly expose: readonly Exposure[];
  /** Whether arguments are checked before the upstream sees them. */
  readonly validate: boolean;
  /** Who shares an upstream session. */
  readonly session: SessionScope;
  /** Sessions of users or callers that may be open at once. */
  readonly maxSessions: number;
  /** One that is not used for so long is closed. */
  readonly sessionIdleMs: number;
  /** Copies of the child; 1 for remote servers. */
  readonly instances: number;
  /** Calls that the upstream gets at once; more wait. */
  readonly maxInFlight: number;
  /** Calls that may wait; more are refused. */
  readonly maxQueued: number;
  readonly oauth: OAuthConfig | undefined;
  /** undefined: nothing is forwarded. */
  readonly forwarding: HeaderForwarding | undefined;
  /**
   * Equal exactly when `target`, `oauth`, `session`, `instances`, the limits that a connection is made with, and what is learned over
   * it are equal.
   */
  readonly connectionFingerprint: string;
  /** Equal exactly when the whole entry is. */
  readonly fingerprint: string;
}

/** Kinds of things that MCP servers offer besides tools. */
export type Exposure = 'resources' | 'prompts';

/** One upstream session for all; one for each user; one for each caller (X-Session-Id). */
export type SessionScope = 'shared' | 'user' | 'caller';

/** Presentation of one tool, from `tools: {NAME: {...}}`. */
export interface ToolConfig {
  readonly name: string | undefined;
  readonly description: string | undefined;
  readonly timeoutMs: number | undefined;
  readonly disabled: boolean;
}

export interface Config {
  /** `single`: one server from the command line, served at the root. `many`: a file, servers under their names. */
  readonly mode: 'single' | 'many';
  readonly settings: Settings;
  /** In the order of the file. */
  readonly servers: readonly ServerConfig[];
  /** Absolute path of the file, where there is one. */
  readonly file: string | undefined;
  /** Whether changes of the file are taken over while running. */
  readonly hotReload: boolean;
  /** Keys of other programs that were ignored, for one debug line each; `server` is '' for those at the top of the file. */
  readonly ignoredKeys: readonly { readonly server: string; readonly key: string }[];
}
