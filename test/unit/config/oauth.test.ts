import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { configJsonSchema } from '../../../src/config/json-schema.ts';
import { toSnakeCase } from '../../../src/config/spellings.ts';
import type { Config, OAuthConfig, ServerConfig } from '../../../src/config/types.ts';

const url = 'https://notes.example/mcp';
const { privateKey } = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});

function loadEntry(entry: object): Promise<Config> {
  return loadConfig({ options: {}, environment: { KEY: privateKey, EMPTY: '' }, mcpServers: { a: entry } });
}

async function server(oauth: object, entry: object = {}): Promise<ServerConfig> {
  const { servers } = await loadEntry({ url, oauth, ...entry });
  return servers[0] as ServerConfig;
}

async function load(oauth: object): Promise<OAuthConfig> {
  return (await server(oauth)).oauth as OAuthConfig;
}

const usual: OAuthConfig = {
  grant: 'authorization_code',
  multiUser: true,
  serverUrl: undefined,
  webuiSecretKey: undefined,
  webuiUserJwtSecret: undefined,
  storage: 'file',
  sessionTimeoutMs: 30 * 60_000,
  callbackPort: 3030,
  useLoopback: true,
  clientId: undefined,
  clientSecret: undefined,
  clientMetadataUrl: undefined,
  tokenEndpointAuthMethod: undefined,
  privateKey: undefined,
  signingAlgorithm: undefined,
  scopes: undefined,
  clientMetadata: {},
};

describe('oauth', () => {
  it('is not there unless it is written', async () => {
    expect((await loadEntry({ url })).servers[0]?.oauth).toBeUndefined();
  });

  it('has defaults', async () => expect(await load({})).toEqual(usual));

  const written = {
    server_url: 'https://id.example',
    multi_user: false,
    webui_secret_key: 'session',
    webui_user_jwt_secret: 'chat',
    storage_type: 'memory',
    session_timeout_minutes: 0.5,
    callback_port: 3031,
    use_loopback: false,
    client_metadata: { client_name: 'Me', scope: 'a b', grant_types: ['authorization_code'] },
    scopes: ['read', 'write'],
    client_id: 'me',
    client_secret: 'secret',
    token_endpoint_auth_method: 'client_secret_post',
    grant: 'authorization_code',
  };
  const read: OAuthConfig = {
    ...usual,
    serverUrl: 'https://id.example/',
    multiUser: false,
    webuiSecretKey: 'session',
    webuiUserJwtSecret: 'chat',
    storage: 'memory',
    sessionTimeoutMs: 30_000,
    callbackPort: 3031,
    useLoopback: false,
    clientMetadata: written.client_metadata,
    scopes: ['read', 'write'],
    clientId: 'me',
    clientSecret: 'secret',
    tokenEndpointAuthMethod: 'client_secret_post',
  };

  it('takes the keys of the Python program', async () => expect(await load(written)).toEqual(read));

  it('takes every key in camelCase', async () => {
    const camel = Object.fromEntries(
      Object.entries(written).map(([key, value]) => [
        key.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
        value,
      ]),
    );
    expect(Object.keys(camel)).toContain('webuiUserJwtSecret');
    expect(await load(camel)).toEqual(read);
  });

  it('has each key in both spellings, for editors too', () => {
    const { properties } = configJsonSchema() as unknown as {
      properties: { mcpServers: { additionalProperties: { properties: { oauth: { properties: object } } } } };
    };
    const keys = Object.keys(properties.mcpServers.additionalProperties.properties.oauth.properties);
    expect(new Set(keys.map(toSnakeCase))).toEqual(new Set(keys.filter((key) => key === toSnakeCase(key))));
    for (const key of Object.keys(written)) expect(keys).toContain(key);
  });

  it.each([
    [{ session_timeout_minutes: '45' }, { sessionTimeoutMs: 45 * 60_000 }],
    [{ callback_port: '${PORT:-4000}' }, { callbackPort: 4000 }],
    [{ scopes: ' read  write ' }, { scopes: ['read', 'write'] }],
    [{ scopes: '' }, { scopes: undefined }],
    [{ scopes: [] }, { scopes: undefined }],
    [
      { client_metadata_url: 'https://me.example/client.json' },
      { clientMetadataUrl: 'https://me.example/client.json' },
    ],
    [{ client_metadata: {} }, { clientMetadata: {} }],
    [{ token_endpoint_auth_method: 'client_secret_basic' }, { tokenEndpointAuthMethod: 'client_secret_basic' }],
  ])('%j', async (oauth, expected) => expect(await load(oauth)).toMatchObject(expected));

  it.each(['sse', 'streamable-http', undefined])('goes with the type %s', async (type) => {
    expect((await server({}, { type })).oauth).toEqual(usual);
  });
});

describe('client_metadata', () => {
  it('may hold what belongs to a registered client', async () => {
    const credentials = { client_id: 'me', client_secret: 'secret', token_endpoint_auth_method: 'client_secret_post' };
    const expected = {
      clientId: 'me',
      clientSecret: 'secret',
      tokenEndpointAuthMethod: 'client_secret_post',
      clientMetadata: { client_name: 'Me', redirect_uris: ['http://localhost:3030/callback'] },
    };
    const others = { client_name: 'Me', redirect_uris: ['http://localhost:3030/callback'] };
    expect(await load({ client_metadata: { ...credentials, ...others } })).toMatchObject(expected);
    const camel = { clientId: 'me', clientSecret: 'secret', tokenEndpointAuthMethod: 'client_secret_post' };
    const found = await load({ clientMetadata: { ...camel, ...others } });
    expect(found).toMatchObject(expected);
    // A secret among what is registered would be told to whoever registers.
    expect(JSON.stringify(found.clientMetadata)).not.toContain('secret');
  });

  it('holds endpoints in vain, and says so', async () => {
    const endpoints = { authorization_endpoint: 'https://x', token_endpoint: 'https://x', registration_endpoint: 1 };
    const oauth = { client_metadata: { client_name: 'Me', ...endpoints } };
    const { servers, ignoredKeys } = await loadEntry({ url, oauth });
    expect(servers[0]?.oauth?.clientMetadata).toEqual({ client_name: 'Me' });
    expect(ignoredKeys).toEqual(
      Object.keys(endpoints).map((key) => ({ server: 'a', key: `oauth.client_metadata.${key}` })),
    );
    const camel = await loadEntry({ url, oauth: { clientMetadata: endpoints } });
    expect(camel.ignoredKeys[0]).toEqual({ server: 'a', key: 'oauth.clientMetadata.authorization_endpoint' });
  });
});

describe('the grant client_credentials', () => {
  it('is one for all', async () => {
    const oauth = { grant: 'client_credentials', client_id: 'me', client_secret: 'secret' };
    expect(await load(oauth)).toMatchObject({ grant: 'client_credentials', multiUser: false });
    expect(await load({ ...oauth, multi_user: false })).toMatchObject({ multiUser: false });
  });

  it('takes a private key, which says how it signs', async () => {
    expect(await load({ grant: 'client_credentials', client_id: 'me', private_key: '${KEY}' })).toMatchObject({
      privateKey,
      signingAlgorithm: 'ES256',
      tokenEndpointAuthMethod: 'private_key_jwt',
    });
  });
});

describe('what is refused, with its key and without its value', () => {
  const id = { client_id: 's3cret' };
  const key = { private_key: '${KEY}' };
  const basic = { token_endpoint_auth_method: 'client_secret_basic' };
  const minutes =
    'session_timeout_minutes must be a number of minutes above 0, such as 30 or 0.5, and at most 24 days.';
  it.each<[object, string]>([
    [{ client_id: 'a', clientId: 'b' }, 'clientId is the same as "client_id"; keep one of them.'],
    [{ serverUrl: 'a', server_url: 'b' }, 'serverUrl is the same as "server_url"; keep one of them.'],
    [{ storage_type: 'redis' }, 'storage_type "redis" is not supported yet; use "file" or "memory".'],
    [{ storageType: 'redis' }, 'storageType "redis" is not supported yet; use "file" or "memory".'],
    [{ storage_type: 's3cret' }, 'storage_type must be "file" or "memory".'],
    [{ session_timeout_minutes: 0 }, minutes],
    [{ session_timeout_minutes: -1 }, minutes],
    [{ session_timeout_minutes: 's3cret' }, minutes],
    [{ session_timeout_minutes: true }, minutes],
    [{ session_timeout_minutes: 35_792 }, minutes],
    [{ callback_port: 0 }, 'callback_port must be a whole number from 1 to 65535.'],
    [{ callbackPort: 70_000 }, 'callbackPort must be a whole number from 1 to 65535.'],
    [{ multi_user: 'no' }, 'multi_user must be true or false.'],
    [{ use_loopback: 1 }, 'use_loopback must be true or false.'],
    [{ server_url: 's3cret' }, 'server_url must be a URL that starts with http:// or https://.'],
    [{ server_url: 'ftp://s3cret' }, 'server_url must be a URL that starts with http:// or https://.'],
    [{ scopes: ['s3cret two'] }, 'scopes holds what is no scope; write a list such as ["read", "write"].'],
    [{ scopes: [''] }, 'scopes holds what is no scope; write a list such as ["read", "write"].'],
    [{ scopes: 's3cret "' }, 'scopes holds what is no scope; write a list such as ["read", "write"].'],
    [{ scopes: 1 }, 'scopes must be a list of strings.'],
    [{ grant: 'password' }, 'grant must be "authorization_code" or "client_credentials".'],
    ...['client_id', 'client_secret', 'webui_secret_key', 'webui_user_jwt_secret', 'private_key'].flatMap(
      (name): [object, string][] => [
        [{ [name]: '' }, `${name} is empty; set it, or take it out.`],
        [{ ...(name !== 'client_id' && id), [name]: ' ${EMPTY} ' }, `${name} is empty; set it, or take it out.`],
      ],
    ),
    [{ webuiSecretKey: '' }, 'webuiSecretKey is empty; set it, or take it out.'],
    [{ client_metadata: [] }, 'client_metadata must be an object.'],
    [{ client_metadata: { client_id: 1 } }, 'client_metadata.client_id must be a string that is not empty.'],
    [{ client_metadata: { client_secret: '' } }, 'client_metadata.client_secret must be a string that is not empty.'],
    [
      { ...id, clientMetadata: { client_id: 's3cret' } },
      'clientMetadata.client_id is the same as "client_id" of the "oauth" around it; keep one of them.',
    ],
    [
      { ...id, client_secret: 's3cret', client_metadata: { client_secret: 's3cret' } },
      'client_metadata.client_secret is the same as "client_secret" of the "oauth" around it; keep one of them.',
    ],
    [
      { client_metadata: { client_id: 's3cret', clientId: 's3cret' } },
      'client_metadata.clientId is the same as "client_id"; keep one of them.',
    ],
    [
      { client_metadata: { token_endpoint_auth_method: 's3cret' } },
      'client_metadata.token_endpoint_auth_method must be one of none, client_secret_basic, client_secret_post, private_key_jwt.',
    ],
    [{ client_metadata: { redirect_uris: 's3cret' } }, 'client_metadata.redirect_uris must be a list of URLs.'],
    [{ client_metadata: { redirect_uris: ['s3cret'] } }, 'client_metadata.redirect_uris must be a list of URLs.'],
    [
      { client_metadata: { scope: ['s3cret'] } },
      'client_metadata.scope must be a string; a list goes into "scopes" of the "oauth" around it.',
    ],
    [
      { client_metadata_url: 'http://s3cret/me' },
      'client_metadata_url must be an https URL with a path and without a fragment.',
    ],
    [
      { client_metadata_url: 'https://s3cret/' },
      'client_metadata_url must be an https URL with a path and without a fragment.',
    ],
    [
      { client_metadata_url: 'https://me.example/c#s3cret' },
      'client_metadata_url must be an https URL with a path and without a fragment.',
    ],
    [{ clientMetadataUrl: 'https://me:s3cret@me.example/c' }, 'clientMetadataUrl must not hold a user or a password.'],
    [{ server_url: 'https://me:s3cret@id.example' }, 'server_url must not hold a user or a password.'],
    [{ serverUrl: 'https://s3cret@id.example' }, 'serverUrl must not hold a user or a password.'],
    [{ client_metadata_url: 's3cret' }, 'client_metadata_url must be an https URL with a path and without a fragment.'],
    [
      { ...id, client_metadata_url: 'https://me.example/c' },
      'client_metadata_url cannot stand beside "client_id", because it is one; keep the one that is meant.',
    ],
    [{ client_secret: 's3cret' }, 'client_secret needs "client_id".'],
    [{ client_metadata: { client_secret: 's3cret' } }, 'client_metadata.client_secret needs "client_id".'],
    [{ clientMetadata: { clientSecret: 's3cret' } }, 'clientMetadata.clientSecret needs "client_id".'],
    [
      { ...id, client_metadata: basic },
      'client_metadata.token_endpoint_auth_method client_secret_basic needs "client_secret".',
    ],
    [{ ...key }, 'private_key needs "client_id" or "client_metadata_url".'],
    [
      { ...id, ...key, client_secret: 's3cret' },
      'private_key cannot stand beside "client_secret"; keep the one that is meant.',
    ],
    [{ ...id, signing_algorithm: 'RS256' }, 'signing_algorithm needs "private_key".'],
    [
      { ...id, ...key, signing_algorithm: 'HS256' },
      'signing_algorithm must be an algorithm such as "RS256" or "ES256".',
    ],
    [
      { ...id, ...key, signing_algorithm: 'RS256' },
      'private_key cannot sign with RS256; a key of its kind takes ES256.',
    ],
    [
      { ...id, privateKey: 's3cret' },
      'privateKey holds no private key in PEM form; ${file:PATH} reads one from a file.',
    ],
    [
      { ...id, token_endpoint_auth_method: 'private_key_jwt' },
      'token_endpoint_auth_method private_key_jwt needs "private_key".',
    ],
    [{ ...id, ...key, ...basic }, 'token_endpoint_auth_method must be private_key_jwt where there is a "private_key".'],
    [
      { ...id, client_secret: 's3cret', token_endpoint_auth_method: 'none' },
      'token_endpoint_auth_method none does not fit a "client_secret"; keep the one that is meant.',
    ],
    [{ ...id, ...basic }, 'token_endpoint_auth_method client_secret_basic needs "client_secret".'],
    [
      { token_endpoint_auth_method: 's3cret' },
      'token_endpoint_auth_method must be "none", "client_secret_basic", "client_secret_post" or "private_key_jwt".',
    ],
    ...[{}, id, { client_secret: 's3cret' }].map((part): [object, string] => [
      { grant: 'client_credentials', ...part },
      'grant client_credentials needs "client_id", and "client_secret" or "private_key".',
    ]),
    [
      { grant: 'client_credentials', multiUser: true, ...id, client_secret: 's3cret' },
      'multiUser cannot be true: with client_credentials mcpo signs in as itself.',
    ],
    [{ clientID: 's3cret' }, 'clientID is unknown. Did you mean "client_id"?'],
  ])('%j', async (oauth, sentence) => {
    const error: unknown = await server(oauth).catch((reason: unknown) => reason);
    const { message } = error as Error;
    expect(message).toBe(`mcpServers.a.oauth.${sentence}`);
  });

  it('a server that is a program', async () => {
    await expect(loadEntry({ command: 'x', oauth: {} })).rejects.toThrow(
      'mcpServers.a.oauth needs a "url": nobody signs in to a program; give it its secrets by "env".',
    );
  });

  it.each(['Authorization', 'authorization', 'AUTHORIZATION'])('a header %s beside it', async (name) => {
    await expect(server({}, { headers: { [name]: 's3cret' } })).rejects.toThrow(
      'mcpServers.a.oauth cannot stand beside an Authorization in "headers"; keep the one that is meant.',
    );
  });

  it('the auth of other programs', async () => {
    await expect(loadEntry({ url, auth: { CLIENT_ID: 's3cret' } })).rejects.toThrow(
      'mcpServers.a.auth is not read here; say how one signs in by "oauth", or give a token in "headers".',
    );
  });
});

describe('fingerprints', () => {
  it.each([
    { server_url: 'https://id.example' },
    { multi_user: false },
    { webui_secret_key: 'x' },
    { storage_type: 'memory' },
    { session_timeout_minutes: 5 },
    { callback_port: 3031 },
    { use_loopback: false },
    { scopes: ['a'] },
    { client_id: 'x' },
    { client_id: 'x', client_secret: 'y' },
    { client_metadata: { client_name: 'x' } },
    { client_metadata_url: 'https://me.example/c' },
    { token_endpoint_auth_method: 'none' },
  ])('tell that tokens are got or used otherwise: %j', async (change) => {
    const [before, after] = [await server({}), await server(change)];
    expect(after.connectionFingerprint).not.toBe(before.connectionFingerprint);
    expect(after.fingerprint).not.toBe(before.fingerprint);
  });

  it('tell of a sign-in that comes or goes', async () => {
    const [before] = (await loadEntry({ url })).servers;
    expect((await server({})).connectionFingerprint).not.toBe(before?.connectionFingerprint);
  });
});

describe('limits of sessions', () => {
  const limits = { maxSessions: 3, sessionIdleTimeout: 5 };

  it('are those of users who sign in', async () => {
    expect(await server({}, limits)).toMatchObject({ maxSessions: 3, sessionIdleMs: 5_000, session: 'shared' });
  });

  it.each([{ multi_user: false }, { grant: 'client_credentials', client_id: 'a', client_secret: 'b' }])(
    'limit nothing where one sign-in is for all: %j',
    async (oauth) => {
      await expect(server(oauth, limits)).rejects.toThrow(
        'mcpServers.a.maxSessions limits sessions, and here all callers share one',
      );
    },
  );
});
