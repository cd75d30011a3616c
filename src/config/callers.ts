// "keys" and "jwt" of the file's "mcpo" object: who may call, and how a user's token is verified. Keys are kept as digests:
// what is not here cannot leak.

import { hash } from 'node:crypto';
import { didYouMean } from '../nearest.ts';
import { ConfigError } from './config-error.ts';
import type { Path } from './document.ts';
import { parseOption, refuseLogin } from './option-values.ts';
import type { CallerSettings } from './schema.ts';
import type { AccessKey, JwtConfig } from './types.ts';

type Label = (path: Path) => string;
type WrittenKey = NonNullable<CallerSettings['keys']>[number];
type WrittenJwt = NonNullable<CallerSettings['jwt']>;

/** `servers`: the names of all entries. `label` begins a sentence about a path within "mcpo". */
export function toKeys(keys: CallerSettings['keys'], servers: readonly string[], label: Label): AccessKey[] {
  if (keys?.length === 0) {
    throw new ConfigError(`${label(['keys'])} is empty, which guards nothing; add a key, or take it out.`);
  }
  const known = new Map<string, string>();
  const names = new Set<string>();
  return (keys ?? []).map((key, index) => {
    const at: Label = (path) => label(['keys', index, ...path]);
    const name = key.name.trim();
    if (name === '') throw new ConfigError(`${at(['name'])} is empty; a key needs a name to be told apart by.`);
    if (names.has(name)) throw new ConfigError(`${at(['name'])} is the name of another key too; give each its own.`);
    names.add(name);
    checkServers(key.servers, servers, at);
    if (key.tools?.length === 0) throw new ConfigError(`${at(['tools'])} ${emptyList}`);
    const digest = digestOf(key, at);
    const twin = known.get(digest);
    if (twin !== undefined) {
      throw new ConfigError(`${at([])} is the same key as that of ${JSON.stringify(twin)}; give each its own.`);
    }
    known.set(digest, name);
    return {
      name,
      digest,
      servers: key.servers,
      tools: key.tools,
      readOnly: key.readOnly ?? false,
      expiresAt: key.expires === undefined ? undefined : timeOf(key.expires, at),
    };
  });
}

/** The one key without limits must not be one of those with limits. */
export function checkDistinct(apiKey: string | undefined, keys: readonly AccessKey[], label: Label): void {
  const digest = apiKey === undefined ? undefined : hash('sha256', apiKey, 'hex');
  const index = keys.findIndex((key) => key.digest === digest);
  if (index < 0) return;
  throw new ConfigError(
    `${label(['keys', index])} is the same key as the apiKey (--api-key), which has no limits; give each its own.`,
  );
}

const emptyList = 'is empty, so that the key would open nothing; leave it out for all.';

function checkServers(wanted: readonly string[] | undefined, servers: readonly string[], at: Label): void {
  if (wanted?.length === 0) throw new ConfigError(`${at(['servers'])} ${emptyList}`);
  for (const [position, server] of (wanted ?? []).entries()) {
    if (/[*?]/.test(server) || servers.includes(server)) continue;
    throw new ConfigError(`${at(['servers', position])} names no server of this file.${didYouMean(server, servers)}`);
  }
}

function digestOf({ key, hash: written }: WrittenKey, at: Label): string {
  if ((key === undefined) === (written === undefined)) {
    throw new ConfigError(`${at([])} needs either "key" or "hash" (the SHA-256 of the key).`);
  }
  if (key !== undefined) {
    if (key.trim() === '') throw new ConfigError(`${at(['key'])} is empty; anybody could send it.`);
    return hash('sha256', parseOption('secret', key, at(['key'])), 'hex');
  }
  const digest = /^(?:sha256:)?([0-9a-f]{64})$/i.exec(written?.trim() ?? '')?.[1]?.toLowerCase();
  if (digest === undefined) {
    throw new ConfigError(`${at(['hash'])} must be the SHA-256 of the key: "sha256:" and 64 hexadecimal digits.`);
  }
  if (digest === digestOfNothing)
    throw new ConfigError(`${at(['hash'])} is the one of an empty key; anybody could send it.`);
  return digest;
}

const digestOfNothing = hash('sha256', '', 'hex');

/** A day ends when it ends in UTC. */
function timeOf(text: string, at: Label): number {
  const [, day, rest = ''] =
    /^(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2}))?$/.exec(text.trim()) ?? [];
  const time = isDay(day) ? Date.parse(`${day}${rest || 'T23:59:59.999Z'}`) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  throw new ConfigError(
    `${at(['expires'])} must be a day or a time with its zone, such as "2027-01-31" or "2027-01-31T12:00:00Z".`,
  );
}

/** JavaScript takes the 30th of February for the 2nd of March. */
function isDay(day: string | undefined): day is string {
  const time = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(`${day}T`);
}

const symmetric = ['HS256', 'HS384', 'HS512'];
const asymmetric = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];

export function toJwt(jwt: WrittenJwt | undefined, label: Label): JwtConfig | undefined {
  if (jwt === undefined) return undefined;
  const at: Label = (path) => label(['jwt', ...path]);
  const { secret, jwks, issuer, audience, userClaim = 'sub' } = jwt;
  if (secret !== undefined && jwks !== undefined)
    throw new ConfigError(`${at(['jwks'])} cannot stand beside "secret"; keep one of them.`);
  if (secret === undefined && jwks === undefined && issuer === undefined) {
    throw new ConfigError(`${at([])} needs "secret", "jwks" or "issuer": what tokens are verified with.`);
  }
  if (secret?.trim() === '') throw new ConfigError(`${at(['secret'])} is empty; anybody could sign with it.`);
  if (userClaim.trim() === '') throw new ConfigError(`${at(['userClaim'])} is empty; leave it out for "sub".`);
  checkUrl(jwks, at(['jwks']));
  // Beside the others it is only compared, and an issuer may be called anything.
  if (secret === undefined && jwks === undefined) checkUrl(issuer, at(['issuer']));
  else if (issuer?.trim() === '') throw new ConfigError(`${at(['issuer'])} is empty; leave it out for any.`);
  checkAudience(audience, at(['audience']));
  const known = secret === undefined ? asymmetric : symmetric;
  const algorithms = jwt.algorithms ?? (secret === undefined ? ['RS256', 'ES256'] : ['HS256']);
  if (algorithms.length === 0)
    throw new ConfigError(`${at(['algorithms'])} is empty; leave it out for the usual ones.`);
  for (const [index, algorithm] of algorithms.entries()) {
    if (known.includes(algorithm)) continue;
    const what = secret === undefined ? 'a key set' : 'a secret';
    throw new ConfigError(`${at(['algorithms', index])} cannot be used with ${what}; take ${known.join(', ')}.`);
  }
  return {
    algorithms,
    secret,
    jwks,
    issuer,
    audience: typeof audience === 'string' ? [audience] : audience,
    userClaim,
  };
}

/** An empty one would be for everybody or for nobody, depending on who reads it. */
function checkAudience(audience: WrittenJwt['audience'], source: string): void {
  const names = typeof audience === 'string' ? [audience] : audience;
  if (names !== undefined && (names.length === 0 || names.some((name) => name.trim() === ''))) {
    throw new ConfigError(`${source} is empty; name whom tokens must be for, or leave it out.`);
  }
}

/** Who answers here says whom we believe. */
function checkUrl(text: string | undefined, source: string): void {
  if (text === undefined) return;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isHere = url !== undefined && /^(?:localhost|.*\.localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname);
  if (url?.protocol !== 'https:' && !(url?.protocol === 'http:' && isHere)) {
    throw new ConfigError(`${source} must be an https URL; http is for this machine alone.`);
  }
  refuseLogin(url, source);
}
