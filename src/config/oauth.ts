// The "oauth" of an entry: how one signs in to a server. Keys and meanings of the Python program, and more. Checked here as
// far as that goes without asking anybody; what the authorization server says is mcp/oauth/'s.

import { ConfigError } from './config-error.ts';
import type { Path } from './document.ts';
import { minutesToMs, refuseLogin, webUrl, wholeNumber } from './option-values.ts';
import { toSigningKey } from './private-key.ts';
import type { ServerEntry } from './schema.ts';
import { inCamelCase, toCamelCase, toSnakeCase } from './spellings.ts';
import type { OAuthConfig, Target, TokenEndpointAuthMethod } from './types.ts';

type Label = (path: Path) => string;

/** As in the file, with one spelling of each key. */
interface Written extends Credentials {
  readonly serverUrl?: string;
  readonly multiUser?: boolean;
  readonly webuiSecretKey?: string;
  readonly webuiUserJwtSecret?: string;
  readonly storageType?: 'file' | 'memory' | 'redis';
  readonly sessionTimeoutMinutes?: unknown;
  readonly callbackPort?: unknown;
  readonly useLoopback?: boolean;
  readonly clientMetadata?: Readonly<Record<string, unknown>>;
  readonly scopes?: string | readonly string[];
  readonly clientMetadataUrl?: string;
  readonly privateKey?: string;
  readonly signingAlgorithm?: string;
  readonly grant?: OAuthConfig['grant'];
}

/** What may also stand in "client_metadata". */
interface Credentials {
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly tokenEndpointAuthMethod?: TokenEndpointAuthMethod;
}

const defaultCallbackPort = 3030;
const defaultSessionTimeoutMinutes = 30;

/** The ways to prove who a client is that we know. */
export const tokenEndpointAuthMethods = [
  'none',
  'client_secret_basic',
  'client_secret_post',
  'private_key_jwt',
] as const satisfies readonly TokenEndpointAuthMethod[];

export function toOAuth(entry: ServerEntry, target: Target, entryLabel: Label): OAuthConfig | undefined {
  const { oauth } = entry;
  if (oauth === undefined) return undefined;
  const label: Label = (path) => entryLabel(['oauth', ...asWritten(path, oauth)]);
  checkTarget(target, label);
  const own: Written = inCamelCase(oauth, label);
  const described = describedClient(own, label);
  const written: Written = { ...own, ...described.credentials };
  checkFilled(written, label);
  const { grant = 'authorization_code', multiUser = grant === 'authorization_code' } = written;
  checkCombination({ ...written, grant, multiUser }, label);
  const signing =
    written.privateKey === undefined
      ? undefined
      : toSigningKey(written.privateKey, written.signingAlgorithm, label(['private_key']));
  return {
    grant,
    multiUser,
    serverUrl: serverUrlOf(written.serverUrl, label),
    webuiSecretKey: written.webuiSecretKey,
    webuiUserJwtSecret: written.webuiUserJwtSecret,
    storage: storageOf(written, label),
    sessionTimeoutMs: minutesToMs(
      written.sessionTimeoutMinutes ?? defaultSessionTimeoutMinutes,
      label(['session_timeout_minutes']),
    ),
    callbackPort: wholeNumber(written.callbackPort ?? defaultCallbackPort, label(['callback_port']), 1, 65_535),
    useLoopback: written.useLoopback ?? true,
    clientId: written.clientId,
    clientSecret: written.clientSecret,
    clientMetadataUrl: metadataUrl(written.clientMetadataUrl, label),
    tokenEndpointAuthMethod: written.tokenEndpointAuthMethod ?? (signing && 'private_key_jwt'),
    privateKey: signing?.privateKey,
    signingAlgorithm: signing?.algorithm,
    scopes: scopesOf(written.scopes, label),
    clientMetadata: described.others,
  };
}

/** A path as the file spells its first key, which may stand in "client_metadata" instead. */
function asWritten([first, ...rest]: Path, oauth: Readonly<Record<string, unknown>>): Path {
  if (typeof first !== 'string') return [];
  const metadata = spelling('client_metadata', oauth) ?? '';
  const own = spelling(first, oauth);
  const described = spelling(first, Object(oauth[metadata]));
  return own === undefined && described !== undefined ? [metadata, described, ...rest] : [own ?? first, ...rest];
}

function spelling(key: string, object: object): string | undefined {
  return [key, toCamelCase(key)].find((each) => Object.hasOwn(object, each));
}

function checkTarget(target: Target, label: Label): void {
  if (target.kind === 'stdio') {
    throw new ConfigError(`${label([])} needs a "url": nobody signs in to a program; give it its secrets by "env".`);
  }
  if (Object.keys(target.headers).some((name) => name.toLowerCase() === 'authorization')) {
    throw new ConfigError(
      `${label([])} cannot stand beside an Authorization in "headers"; keep the one that is meant.`,
    );
  }
}

/** "client_metadata" without what belongs to the client itself, and that. */
function describedClient(
  own: Written,
  label: Label,
): { readonly credentials: Credentials; readonly others: Readonly<Record<string, unknown>> } {
  const within: Label = (path) => label(['client_metadata', ...path]);
  const members = Object.entries(own.clientMetadata ?? {});
  const isCredential = ([key]: [string, unknown]) => credentialKeys.has(toSnakeCase(key));
  const credentials = members.filter(isCredential);
  const others = Object.fromEntries(members.filter((member) => !isCredential(member)));
  for (const [key, value] of credentials) {
    if (typeof value !== 'string' || value.trim() === '') {
      throw new ConfigError(`${within([key])} must be a string that is not empty.`);
    }
    if (Object.hasOwn(own, toCamelCase(key))) {
      throw new ConfigError(
        `${within([key])} is the same as "${toSnakeCase(key)}" of the "oauth" around it; keep one of them.`,
      );
    }
  }
  const taken: Credentials = inCamelCase(Object.fromEntries(credentials), within);
  const { tokenEndpointAuthMethod: method } = taken;
  if (method !== undefined && !tokenEndpointAuthMethods.includes(method)) {
    throw new ConfigError(
      `${within(['token_endpoint_auth_method'])} must be one of ${tokenEndpointAuthMethods.join(', ')}.`,
    );
  }
  checkDescription(others, within);
  return { credentials: taken, others };
}

const credentialKeys: ReadonlySet<string> = new Set(['client_id', 'client_secret', 'token_endpoint_auth_method']);

/** What we read of it ourselves; all else is for the authorization server to judge. */
function checkDescription({ redirect_uris: addresses, scope }: Record<string, unknown>, label: Label): void {
  const areUrls = Array.isArray(addresses) && addresses.every((each) => typeof each === 'string' && URL.canParse(each));
  if (addresses !== undefined && !areUrls) throw new ConfigError(`${label(['redirect_uris'])} must be a list of URLs.`);
  if (scope !== undefined && typeof scope !== 'string') {
    throw new ConfigError(`${label(['scope'])} must be a string; a list goes into "scopes" of the "oauth" around it.`);
  }
}

/** What must not be empty: an empty secret is one that everybody knows. */
const filledKeys = ['clientId', 'clientSecret', 'webuiSecretKey', 'webuiUserJwtSecret', 'privateKey'] as const;

function checkFilled(written: Written, label: Label): void {
  for (const key of filledKeys) {
    if (written[key]?.trim() !== '') continue;
    throw new ConfigError(`${label([toSnakeCase(key)])} is empty; set it, or take it out.`);
  }
}

function checkCombination(written: Written, label: Label): void {
  const { clientId, clientSecret, clientMetadataUrl, privateKey, tokenEndpointAuthMethod: method } = written;
  const refuse = (key: string, why: string): never => {
    throw new ConfigError(`${label([key])} ${why}.`);
  };
  if (written.grant === 'client_credentials') {
    if (written.multiUser === true)
      refuse('multi_user', 'cannot be true: with client_credentials mcpo signs in as itself');
    if (clientId === undefined || (clientSecret === undefined && privateKey === undefined)) {
      refuse('grant', 'client_credentials needs "client_id", and "client_secret" or "private_key"');
    }
  }
  if (clientMetadataUrl !== undefined && clientId !== undefined) {
    refuse('client_metadata_url', 'cannot stand beside "client_id", because it is one; keep the one that is meant');
  }
  if (clientSecret !== undefined && clientId === undefined) refuse('client_secret', 'needs "client_id"');
  if (privateKey !== undefined) {
    if (clientSecret !== undefined) {
      refuse('private_key', 'cannot stand beside "client_secret"; keep the one that is meant');
    }
    if (clientId === undefined && clientMetadataUrl === undefined) {
      refuse('private_key', 'needs "client_id" or "client_metadata_url"');
    }
  }
  if (written.signingAlgorithm !== undefined && privateKey === undefined) {
    refuse('signing_algorithm', 'needs "private_key"');
  }
  if (method === 'private_key_jwt' && privateKey === undefined) {
    refuse('token_endpoint_auth_method', 'private_key_jwt needs "private_key"');
  }
  if (method !== undefined && method !== 'private_key_jwt' && privateKey !== undefined) {
    refuse('token_endpoint_auth_method', 'must be private_key_jwt where there is a "private_key"');
  }
  if (method === 'none' && clientSecret !== undefined) {
    refuse('token_endpoint_auth_method', 'none does not fit a "client_secret"; keep the one that is meant');
  }
  // Without a client_id it is what we ask for at registration.
  if (method?.startsWith('client_secret') === true && clientId !== undefined && clientSecret === undefined) {
    refuse('token_endpoint_auth_method', `${method} needs "client_secret"`);
  }
}

function storageOf({ storageType = 'file' }: Written, label: Label): OAuthConfig['storage'] {
  if (storageType !== 'redis') return storageType;
  throw new ConfigError(`${label(['storage_type'])} "redis" is not supported yet; use "file" or "memory".`);
}

function serverUrlOf(raw: string | undefined, label: Label): string | undefined {
  if (raw === undefined) return undefined;
  const url = webUrl(raw, label(['server_url']));
  refuseLogin(url, label(['server_url']));
  return url.href;
}

/** draft-ietf-oauth-client-id-metadata-document: https, with a path and without a fragment. */
function metadataUrl(raw: string | undefined, label: Label): string | undefined {
  if (raw === undefined) return undefined;
  const url = URL.canParse(raw) ? new URL(raw) : undefined;
  if (url?.protocol !== 'https:' || url.pathname === '/' || url.hash !== '') {
    throw new ConfigError(`${label(['client_metadata_url'])} must be an https URL with a path and without a fragment.`);
  }
  refuseLogin(url, label(['client_metadata_url']));
  return url.href;
}

function scopesOf(raw: Written['scopes'], label: Label): readonly string[] | undefined {
  const scopes = typeof raw === 'string' ? raw.split(/\s+/).filter((scope) => scope !== '') : raw;
  // RFC 6749, section 3.3.
  if (scopes?.some((scope) => !/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope)) === true) {
    throw new ConfigError(`${label(['scopes'])} holds what is no scope; write a list such as ["read", "write"].`);
  }
  return scopes?.length === 0 ? undefined : scopes;
}
