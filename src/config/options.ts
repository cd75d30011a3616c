// The one table of options. Flags, MCPO_* variables, the keys of "mcpo" in the configuration file, the help text, the
// JSON Schema and docs/configuration.md are made from it or held equal to it by a test.
// What a kind of value accepts is in option-values.ts; which source wins is in settings.ts.

/** How a value is written and what it becomes; see option-values.ts. */
export type OptionKind =
  | 'text'
  | 'secret'
  | 'host'
  | 'port'
  | 'boolean'
  | 'seconds'
  | 'size'
  | 'origins'
  | 'networks'
  | 'variables'
  | 'headers'
  | 'url'
  | 'path'
  | 'file'
  | 'log-level'
  | 'operation-ids'
  | 'server-type';

/** Headings of the help text and of the documentation. */
export type OptionGroup = 'Servers' | 'Address' | 'Access' | 'Document' | 'Limits and logs';

export interface OptionDefinition {
  /** camelCase: the key in `GivenOptions`, in the file's "mcpo" object, and what the command line parser makes of the flag. */
  readonly name: string;
  readonly flag: `--${string}`;
  readonly short?: `-${string}`;
  /** Other long forms of the same flag. */
  readonly aliases?: readonly `--${string}`[];
  /** The Python program's name for the variable, besides MCPO_<NAME>. */
  readonly legacyVariable?: string;
  readonly kind: OptionKind;
  /** Stands for the value in the help text; booleans have none. */
  readonly placeholder?: string;
  /** The flag may be given more than once. */
  readonly repeatable?: boolean;
  /** Whether the file's "mcpo" object may hold it. */
  readonly inFile: boolean;
  /** The default in words; absent where there is none. */
  readonly default?: string;
  readonly group: OptionGroup;
  /** One line, without a full stop. */
  readonly help: string;
}

export const options = [
  {
    name: 'config',
    flag: '--config',
    short: '-c',
    kind: 'file',
    placeholder: 'FILE',
    inFile: false,
    group: 'Servers',
    help: 'serve the MCP servers of this file (JSON, comments allowed), each under its name',
  },
  {
    name: 'hotReload',
    flag: '--hot-reload',
    kind: 'boolean',
    inFile: true,
    default: 'off',
    group: 'Servers',
    help: 'take over changes of the configuration file while running (SIGHUP always does)',
  },
  {
    name: 'serverType',
    flag: '--server-type',
    aliases: ['--type'],
    kind: 'server-type',
    placeholder: 'TYPE',
    inFile: false,
    default: 'stdio',
    group: 'Servers',
    help: 'what stands after "--": stdio (a command), sse or streamable-http (a URL)',
  },
  {
    name: 'header',
    flag: '--header',
    short: '-H',
    kind: 'headers',
    placeholder: 'HEADER',
    repeatable: true,
    inFile: false,
    group: 'Servers',
    help: 'send this to the remote server: "Name: value", or a JSON object of headers',
  },
  {
    name: 'env',
    flag: '--env',
    short: '-e',
    kind: 'variables',
    placeholder: 'KEY=VALUE',
    repeatable: true,
    inFile: false,
    group: 'Servers',
    help: 'environment variable for stdio servers',
  },
  {
    name: 'envPath',
    flag: '--env-path',
    kind: 'file',
    placeholder: 'FILE',
    inFile: false,
    group: 'Servers',
    help: 'file with environment variables for stdio servers, KEY=VALUE on each line',
  },
  {
    name: 'host',
    flag: '--host',
    short: '-h',
    kind: 'host',
    placeholder: 'ADDRESS',
    inFile: true,
    default: 'all interfaces if a key guards every server, else 127.0.0.1',
    group: 'Address',
    help: 'address to listen on',
  },
  {
    name: 'port',
    flag: '--port',
    short: '-p',
    kind: 'port',
    placeholder: 'PORT',
    inFile: true,
    default: '8000',
    group: 'Address',
    help: 'port to listen on, 0 for any free one',
  },
  {
    name: 'sslCertfile',
    flag: '--ssl-certfile',
    short: '-t',
    kind: 'file',
    placeholder: 'FILE',
    inFile: true,
    group: 'Address',
    help: 'serve HTTPS with this certificate chain (PEM)',
  },
  {
    name: 'sslKeyfile',
    flag: '--ssl-keyfile',
    short: '-K',
    kind: 'file',
    placeholder: 'FILE',
    inFile: true,
    group: 'Address',
    help: 'private key of the certificate (PEM, not encrypted)',
  },
  {
    name: 'rootPath',
    flag: '--root-path',
    kind: 'path',
    placeholder: 'PATH',
    inFile: true,
    group: 'Address',
    help: 'path under which a reverse proxy mounts this program; documents and links carry it',
  },
  {
    name: 'pathPrefix',
    flag: '--path-prefix',
    kind: 'path',
    placeholder: 'PATH',
    inFile: true,
    default: '/',
    group: 'Address',
    help: 'path under which all servers are served',
  },
  {
    name: 'publicUrl',
    flag: '--public-url',
    kind: 'url',
    placeholder: 'URL',
    inFile: true,
    default: 'taken from each request',
    group: 'Address',
    help: 'address that people use, for documents and links',
  },
  {
    name: 'trustedProxies',
    flag: '--trusted-proxies',
    kind: 'networks',
    placeholder: 'ADDRESS',
    repeatable: true,
    inFile: true,
    default: 'none',
    group: 'Address',
    help: 'address or CIDR block whose X-Forwarded-* headers are believed',
  },
  {
    name: 'apiKey',
    flag: '--api-key',
    short: '-k',
    kind: 'secret',
    placeholder: 'KEY',
    inFile: true,
    group: 'Access',
    help: 'key that callers must send, as "Authorization: Bearer KEY"',
  },
  {
    name: 'apiKeyFile',
    flag: '--api-key-file',
    kind: 'file',
    placeholder: 'FILE',
    inFile: true,
    group: 'Access',
    help: 'file that holds the key, and nothing else',
  },
  {
    name: 'strictAuth',
    flag: '--strict-auth',
    kind: 'boolean',
    inFile: true,
    default: 'off',
    group: 'Access',
    help: 'the key also protects documents and pages',
  },
  {
    name: 'corsAllowOrigins',
    flag: '--cors-allow-origins',
    kind: 'origins',
    placeholder: 'ORIGIN',
    repeatable: true,
    inFile: true,
    default: '* if a key guards every server, else loopback and own origins',
    group: 'Access',
    help: 'web origin that may call, or *',
  },
  {
    name: 'name',
    flag: '--name',
    short: '-n',
    kind: 'text',
    placeholder: 'NAME',
    inFile: true,
    group: 'Document',
    help: 'title of the OpenAPI document',
  },
  {
    name: 'description',
    flag: '--description',
    short: '-d',
    kind: 'text',
    placeholder: 'TEXT',
    inFile: true,
    group: 'Document',
    help: 'description in the OpenAPI document',
  },
  {
    name: 'version',
    flag: '--version',
    short: '-v',
    kind: 'text',
    placeholder: 'VERSION',
    inFile: true,
    group: 'Document',
    help: 'version in the OpenAPI document ("mcpo version" prints the program\'s own)',
  },
  {
    name: 'operationIds',
    flag: '--operation-ids',
    kind: 'operation-ids',
    placeholder: 'STYLE',
    inFile: true,
    default: 'tool with a single server, else server_tool',
    group: 'Document',
    help: 'operation ids: tool, server_tool, or mcpo (tool_NAME_post, as the Python program)',
  },
  {
    name: 'maxBody',
    flag: '--max-body',
    kind: 'size',
    placeholder: 'SIZE',
    inFile: true,
    default: '32MiB',
    group: 'Limits and logs',
    help: 'largest request body',
  },
  {
    name: 'maxResult',
    flag: '--max-result',
    kind: 'size',
    placeholder: 'SIZE',
    inFile: true,
    default: '256MiB',
    group: 'Limits and logs',
    help: 'largest single message from a server',
  },
  {
    name: 'connectionTimeout',
    flag: '--connection-timeout',
    legacyVariable: 'CONNECTION_TIMEOUT',
    kind: 'seconds',
    placeholder: 'SECONDS',
    inFile: true,
    default: '30',
    group: 'Limits and logs',
    help: 'how long a server may take to start and answer',
  },
  {
    name: 'callTimeout',
    flag: '--call-timeout',
    kind: 'seconds',
    placeholder: 'SECONDS',
    inFile: true,
    default: '290',
    group: 'Limits and logs',
    help: 'how long a call may take',
  },
  {
    name: 'logLevel',
    flag: '--log-level',
    legacyVariable: 'LOG_LEVEL',
    kind: 'log-level',
    placeholder: 'LEVEL',
    inFile: true,
    default: 'info',
    group: 'Limits and logs',
    help: 'debug, info, warning or error',
  },
] as const satisfies readonly OptionDefinition[];

type TableEntry = (typeof options)[number];

export type OptionName = TableEntry['name'];

/** What may be given for a kind, as text or already typed. */
interface GivenValue {
  text: string;
  secret: string;
  host: string;
  port: number | string;
  boolean: boolean | string;
  seconds: number | string;
  size: number | string;
  origins: string | readonly string[];
  networks: string | readonly string[];
  variables: string | readonly string[] | Readonly<Record<string, string>>;
  headers: string | readonly string[] | Readonly<Record<string, string>>;
  url: string;
  path: string;
  file: string;
  'log-level': string;
  'operation-ids': string;
  'server-type': string;
}

/** Options as given on the command line or by a library user; only those really given. */
export type GivenOptions = {
  readonly [Entry in TableEntry as Entry['name']]?: GivenValue[Entry['kind']] | undefined;
};

/** The option's own variable first, then the Python program's. */
export function variablesOf(option: OptionDefinition): readonly string[] {
  const own = `MCPO_${option.flag.slice(2).replaceAll('-', '_').toUpperCase()}`;
  return option.legacyVariable === undefined ? [own] : [own, option.legacyVariable];
}

export function optionNamed(name: OptionName): OptionDefinition {
  const option = options.find((entry) => entry.name === name);
  if (option === undefined) throw new TypeError(`No option "${name}" in the table`);
  return option;
}
