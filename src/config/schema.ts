// The shape of the configuration file, and the sentences for what does not fit it.
// Strict: a key that nobody reads is a mistake, told with what was probably meant; foreign-keys.ts knows the exceptions.
// Values of "mcpo", and numbers of an entry, are only typed here, for editors: option-values.ts judges them in the same
// words as flags.

import * as z from 'zod';
import { didYouMean } from '../nearest.ts';
import { reservedServerNames } from '../routes.ts';
import { ConfigError } from './config-error.ts';
import { type Document, type Path, pathText } from './document.ts';
import { meantByForeignKey } from './foreign-keys.ts';
import { toCamelCase, toSnakeCase } from './spellings.ts';
import { type OptionDefinition, type OptionKind, options } from './options.ts';

const text = z.string('must be a string').refine((value) => !value.includes('\0'), 'holds a NUL character');
const texts = z.array(text, 'must be a list of strings');
const textMap = z.record(z.string(), text, 'must be an object with strings as values');
const flag = z.boolean('must be true or false');
/** Numbers may be strings, so that ${VAR} can give them; option-values.ts judges both. */
const seconds = z.unknown().meta({ type: ['number', 'string'], exclusiveMinimum: 0 });
const count = (minimum: number, maximum?: number) => {
  return z.unknown().meta({ type: ['integer', 'string'], minimum, ...(maximum !== undefined && { maximum }) });
};
const transport = text.meta({
  enum: ['stdio', 'sse', 'streamable-http', 'streamable_http', 'streamablehttp', 'streamableHttp', 'http'],
});
const object = 'must be an object';

const tool = z.strictObject(
  {
    name: text.describe('The name to offer the tool under.').optional(),
    description: text.describe('Replaces the description that the server gives.').optional(),
    timeout: seconds.describe('Seconds that a call of this tool may take.').optional(),
    disabled: flag.describe('Does not offer this tool.').optional(),
  },
  object,
);

const upstreamTls = z.strictObject(
  {
    ca: text.describe('File with the certificates to trust (PEM), instead of the usual ones.').optional(),
    cert: text.describe('File with the client certificate to show (PEM).').optional(),
    key: text.describe('File with the key of the client certificate (PEM).').optional(),
    insecure: flag.describe('Accepts any certificate. Only for tests.').optional(),
  },
  object,
);

/** Every key in snake_case, as the Python program has it, and in camelCase. */
function inBothSpellings(shape: Readonly<Record<string, z.ZodType>>): Record<string, z.ZodOptional> {
  return Object.fromEntries(
    Object.entries(shape).flatMap(([key, type]) =>
      [...new Set([key, toCamelCase(key)])].map((name) => [name, type.optional()]),
    ),
  );
}

const oauth = z.strictObject(
  inBothSpellings({
    server_url: text.describe('Where the authorization server is, if the server itself does not say.'),
    multi_user: flag.describe('Whether each user signs in (the default), or one sign-in serves everybody.'),
    webui_secret_key: text.describe('Secret of Open WebUI (WEBUI_SECRET_KEY), to believe its session tokens.'),
    webui_user_jwt_secret: text.describe('Secret of the X-OpenWebUI-User-Jwt header, if it has one of its own.'),
    storage_type: z
      .enum(['file', 'memory', 'redis'], 'must be "file" or "memory"')
      // oauth.ts refuses the last with a sentence of its own.
      .meta({ enum: ['file', 'memory'] })
      .describe('Where tokens are kept: in ~/.mcpo/tokens (file, the default), or in memory.'),
    session_timeout_minutes: seconds.describe(
      'Minutes after which a user who does nothing is signed out (default 30).',
    ),
    callback_port: count(1, 65_535).describe('Port of this machine to which the browser comes back (default 3030).'),
    use_loopback: flag.describe(
      'Whether a browser of this machine is opened (the default), or the address only printed.',
    ),
    client_metadata: z.record(z.string(), z.unknown(), object).describe('What is said at registration (RFC 7591).'),
    scopes: z.union([text, texts], 'must be a list of strings').describe('Scopes to ask for.'),
    client_id: text.describe('Id of a client that is registered already.'),
    client_secret: text.describe('Secret of that client.'),
    client_metadata_url: text.describe('Address of a client ID metadata document, to use as client id.'),
    token_endpoint_auth_method: z
      .enum(
        ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'],
        'must be "none", "client_secret_basic", "client_secret_post" or "private_key_jwt"',
      )
      .describe('How the client proves who it is.'),
    private_key: text.describe('Private key of the client (PKCS #8 in PEM), for private_key_jwt.'),
    signing_algorithm: z
      .enum(
        ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'],
        'must be an algorithm such as "RS256" or "ES256"',
      )
      .describe('Algorithm of that key (default RS256).'),
    grant: z
      .enum(['authorization_code', 'client_credentials'], 'must be "authorization_code" or "client_credentials"')
      .describe('Whether people sign in (authorization_code, the default), or the proxy as itself.'),
  }),
  object,
);

const headerForwarding = z
  .strictObject(
    {
      enabled: flag.describe('Whether header fields of calls are forwarded (default false).').optional(),
      whitelist: texts.describe('Those that are: names, or patterns with * and ?. Default: all.').optional(),
      blacklist: texts.describe('Those that are not, whatever the whitelist says.').optional(),
    },
    object,
  )
  .describe('Header fields of calls that go on to the server.')
  .optional();

const accessKey = z.strictObject(
  {
    name: text.describe('What the key is called in messages.'),
    key: text.describe('The key.').optional(),
    hash: text.describe('Instead of the key: its SHA-256, as "sha256:" and 64 hexadecimal digits.').optional(),
    servers: texts.describe('The only servers it is for: names, or patterns with * and ?.').optional(),
    tools: texts.describe('The only tools it is for: names, or patterns with * and ?.').optional(),
    readOnly: flag.describe('Whether it is for tools that only read.').optional(),
    expires: text.describe('Day or time after which it is refused, such as 2027-01-31.').optional(),
  },
  object,
);

const jwt = z.strictObject(
  {
    algorithms: texts.describe('Algorithms of tokens (default HS256 with a secret, else RS256 and ES256).').optional(),
    secret: text.describe('Secret that tokens are signed with.').optional(),
    jwks: text.describe('Address of the set of keys (JWKS) that tokens are signed with.').optional(),
    issuer: text.describe('The iss of tokens; without secret and jwks its OpenID metadata names the keys.').optional(),
    audience: z.union([text, texts], 'must be a string or a list of strings').describe('The aud of tokens.').optional(),
    userClaim: text.describe('Claim that names the user (default sub).').optional(),
  },
  object,
);

/** What of "mcpo" is in no flag. */
const callers = {
  keys: z
    .array(accessKey, 'must be a list of keys')
    .describe('API keys with names and limits, beside apiKey.')
    .optional(),
  jwt: jwt.describe('Tokens of users that are believed.').optional(),
};

export type CallerSettings = z.infer<z.ZodObject<typeof callers>>;

const disabledTools = texts.describe('Tools that are not offered: names, or patterns with * and ?.').optional();
const expose = z
  .array(
    z.enum(['resources', 'prompts'], 'must be "resources" or "prompts"'),
    'must be a list of "resources", "prompts"',
  )
  .describe('What is offered besides tools: "resources", "prompts", or both.')
  .optional();
const validate = z
  .union([z.enum(['on', 'off']), z.boolean()], 'must be "on" or "off"')
  .describe('Whether arguments are checked before the server sees them: "on" (the default) or "off".')
  .optional();
const enabledTools = texts.describe('The only tools that are offered: names, or patterns with * and ?.').optional();

const server = z.strictObject(
  {
    command: text.describe('Program that serves MCP over stdin and stdout.').optional(),
    args: texts.describe('Arguments of the program.').optional(),
    env: textMap.describe('Environment variables of the program.').optional(),
    cwd: text.describe('Folder in which the program starts; relative to the folder of this file.').optional(),
    inheritEnv: z
      .union([z.boolean(), z.array(text)], 'must be true, false or a list of names')
      .describe('Which variables the program inherits: all (the default), only the most necessary, or these too.')
      .optional(),
    type: transport.describe('How the server is spoken to. A url without it: Streamable HTTP, then SSE.').optional(),
    transport: transport.describe('The same as type.').optional(),
    url: text.describe('Address of a remote server.').optional(),
    headers: textMap.describe('Headers sent to a remote server.').optional(),
    tls: upstreamTls.describe('TLS towards a remote server.').optional(),
    disabled: flag.describe('Keeps the entry without starting the server.').optional(),
    required: flag
      .describe('Whether /readyz waits for the first attempt to start this server (the default).')
      .optional(),
    timeout: seconds.describe('Seconds that a call may take.').optional(),
    toolErrorStatus: count(400, 599).describe('HTTP status for an error that a tool reports (default 422).').optional(),
    session: z
      .enum(['shared', 'user', 'caller'], 'must be "shared", "user" or "caller"')
      .describe('Who shares a session with the server: all (shared, the default), each user, or each caller.')
      .optional(),
    maxSessions: count(1).describe('Sessions of users or callers that may be open at once (default 50).').optional(),
    sessionIdleTimeout: seconds
      .describe('Seconds after which a session that nobody uses is closed (default 600).')
      .optional(),
    instances: count(1, 100).describe('Copies of the program that run side by side (default 1).').optional(),
    maxInFlight: count(1).describe('Calls that the server gets at once (default 1000); more wait.').optional(),
    maxQueued: count(0).describe('Calls that may wait (default 1000); more are refused.').optional(),
    disabledTools,
    disabled_tools: disabledTools,
    enabledTools,
    enabled_tools: enabledTools,
    oauth: oauth.describe('How one signs in to a remote server.').optional(),
    client_header_forwarding: headerForwarding,
    clientHeaderForwarding: headerForwarding,
    expose,
    validate,
    tools: z
      .record(z.string(), tool, 'must be an object by tool names; a list of tools to offer is "enabledTools"')
      .describe('Changes to single tools, by the name that the server gives them.')
      .optional(),
  },
  object,
);

/** For editors; server-name.ts judges. */
const reserved = [...reservedServerNames].map((name) => name.replaceAll('.', '\\.')).join('|');
const serverName = z.string().meta({ pattern: `^(?!(?:${reserved})$)[^/\\\\]+$` });

const settings = z.strictObject(
  {
    ...Object.fromEntries(
      options.filter((option) => option.inFile).map((option) => [option.name, settingSchema(option).optional()]),
    ),
    ...callers,
  },
  object,
);

export const configFile = z.strictObject(
  {
    $schema: z.string().describe('Address of this schema, for editors.').optional(),
    mcpServers: z.record(serverName, server, object).describe('The MCP servers, by the name in their address.'),
    mcpo: settings.describe('Options of mcpo; a flag or a variable wins over them.').optional(),
  },
  object,
);

export type ConfigFile = z.infer<typeof configFile>;
export type ServerEntry = z.infer<typeof server>;

/** The typed file, or the first of its mistakes. */
export function checkShape(value: unknown, document: Document): ConfigFile {
  const result = configFile.safeParse(value);
  if (result.success) return result.data;
  const mistakes = result.error.issues.flatMap((issue) => toMistakes(issue, value));
  mistakes.sort((a, b) => document.offset(a.path) - document.offset(b.path));
  const [first] = mistakes;
  if (first === undefined) throw result.error;
  const label = first.atKey ? document.keyLabel(first.path) : document.label(first.path);
  throw new ConfigError(`${label}${first.path.length === 0 ? 'the file' : ''} ${first.sentence}`);
}

interface Mistake {
  readonly path: Path;
  readonly atKey: boolean;
  readonly sentence: string;
}

function toMistakes(issue: z.core.$ZodIssue, value: unknown): Mistake[] {
  const path = issue.path.filter((step) => typeof step !== 'symbol');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...path, key], atKey: true, sentence: unknownKey(path, key, value) }));
  }
  if (path.length === 1 && path[0] === 'mcpServers' && !Object.hasOwn(Object(value), 'mcpServers')) {
    return [{ path, atKey: false, sentence: 'is missing; write {"mcpServers": {"NAME": {"command": "..."}}}.' }];
  }
  return [{ path, atKey: false, sentence: `${issue.message}.` }];
}

function unknownKey(path: Path, key: string, file: unknown): string {
  const [top] = path;
  if (top === 'mcpo') {
    const option: OptionDefinition | undefined =
      path.length === 1 ? options.find((entry) => entry.name === key) : undefined;
    if (option !== undefined) return `cannot stand in the file; give it as ${option.flag}.`;
  }
  const meant = path.length === 2 ? meantByForeignKey(key) : undefined;
  const place = meant === undefined ? rightPlace(path, key, file) : undefined;
  if (place !== undefined) return `is unknown here; it belongs in ${place}.`;
  const known = meant === undefined ? knownKeys(path) : [meant];
  const suggestion = meant === undefined ? didYouMean(key, known) : ` Did you mean "${meant}"?`;
  const where = path.length === 0 ? 'the top of the file' : pathText(path);
  return suggestion === '' ? `is unknown; ${where} takes ${known.join(', ')}.` : `is unknown.${suggestion}`;
}

/** Where a key that is right elsewhere was meant to stand. */
function rightPlace(path: Path, key: string, file: unknown): string | undefined {
  const [top] = path;
  const name = toCamelCase(key.replaceAll('-', '_'));
  if (path.length === 0 || (top === 'mcpServers' && path.length === 2)) {
    if (Object.hasOwn(settings.shape, name)) return '"mcpo"';
  }
  if (path.length === 0 && isEntry((file as Record<string, unknown>)[key])) return '"mcpServers"';
  const isAbove = path.length === 0 || (top === 'mcpo' && path.length === 1 && didYouMean(key, knownKeys(path)) === '');
  return isAbove && Object.hasOwn(server.shape, name) ? 'an entry of "mcpServers"' : undefined;
}

function isEntry(value: unknown): boolean {
  return Object.hasOwn(Object(value), 'command') || Object.hasOwn(Object(value), 'url');
}

function knownKeys([top, part, member]: Path): readonly string[] {
  if (top === undefined) return Object.keys(configFile.shape).filter((key) => key !== '$schema');
  if (top === 'mcpo') return Object.keys((part === 'keys' ? accessKey : part === 'jwt' ? jwt : settings).shape);
  if (member === 'oauth') return Object.keys(oauth.shape).filter((name) => name === toSnakeCase(name));
  if (member?.toString().toLowerCase().replaceAll('_', '') === 'clientheaderforwarding') {
    return ['enabled', 'whitelist', 'blacklist'];
  }
  if (member === 'tls') return Object.keys(upstreamTls.shape);
  return Object.keys((member === 'tools' ? tool : server).shape).filter((key) => !key.includes('_'));
}

function settingSchema(option: OptionDefinition): z.ZodType {
  const help = `${option.help[0]?.toUpperCase() ?? ''}${option.help.slice(1)}.`;
  const description = option.default === undefined ? help : `${help} Default: ${option.default}.`;
  return z.unknown().meta({ ...kindSchema(option.kind), description });
}

/** JSON Schema of a kind. Numbers and booleans may be strings, so that ${VAR} can give them. */
function kindSchema(kind: OptionKind): Record<string, unknown> {
  switch (kind) {
    case 'port':
      return { type: ['integer', 'string'], minimum: 0, maximum: 65_535 };
    case 'boolean':
      return { type: ['boolean', 'string'] };
    case 'seconds':
    case 'size':
      return { type: ['number', 'string'], exclusiveMinimum: 0 };
    case 'origins':
    case 'networks':
      return { type: ['array', 'string'], items: { type: 'string' } };
    case 'operation-ids':
      return { enum: ['tool', 'server_tool', 'mcpo'] };
    case 'log-level':
      return { anyOf: [{ enum: ['debug', 'info', 'warning', 'error'] }, { type: 'string' }] };
    default:
      return { type: 'string' };
  }
}
