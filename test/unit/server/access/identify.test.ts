import { createHash, randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { AccessKey, JwtConfig, OAuthConfig, Settings } from '../../../../src/config/types.ts';
import type { SignIn } from '../../../../src/mcp/types.ts';
import type { Principal } from '../../../../src/principal.ts';
import { checkKey } from '../../../../src/server/access/keys.ts';
import { checkToken, identify, type About, type Asking } from '../../../../src/server/access/principal.ts';
import { accessRules } from '../../../../src/server/access/rules.ts';
import { defaultSettings, serverConfig, stdioTarget } from '../../../support.ts';
import { chatSecret, chatToken, hmacToken, inSeconds, sessionToken, webuiSecret } from './tokens.ts';

const key = 'top-secret';
const apiKey: Partial<Settings> = { apiKey: key };
const globalSecret = 'secret-of-the-company';
const jwt: JwtConfig = {
  algorithms: ['HS256'],
  secret: globalSecret,
  jwks: undefined,
  issuer: undefined,
  audience: undefined,
  userClaim: 'sub',
};

const oauth: OAuthConfig = {
  grant: 'authorization_code',
  multiUser: true,
  serverUrl: undefined,
  webuiSecretKey: undefined,
  webuiUserJwtSecret: undefined,
  storage: 'memory',
  sessionTimeoutMs: 60_000,
  callbackPort: 0,
  useLoopback: false,
  clientId: undefined,
  clientSecret: undefined,
  clientMetadataUrl: undefined,
  tokenEndpointAuthMethod: undefined,
  privateKey: undefined,
  signingAlgorithm: undefined,
  scopes: undefined,
  clientMetadata: {},
};

const alice = randomUUID();

/** Only the browser of alice's session is signed in. */
const signIn: Pick<SignIn, 'multiUser' | 'status'> = {
  multiUser: true,
  status: async (asked) => ({ authenticated: asked === `session:${alice}`, expiresAt: undefined, scope: undefined }),
};

interface Case {
  readonly settings?: Partial<Settings>;
  /** null: a server that nobody signs in to. */
  readonly oauth?: Partial<OAuthConfig> | null;
  readonly session?: 'shared' | 'user' | 'caller';
  readonly headers?: Readonly<Record<string, string>>;
}

/** As a request goes: admitted first, then asked who it is. */
async function who(given: Case): Promise<Principal> {
  const settings = { ...defaultSettings, ...given.settings };
  const rules = accessRules(settings, { address: '127.0.0.1', port: 8000, scheme: 'http' });
  const headers = { host: '127.0.0.1:8000', ...given.headers };
  const asking: Asking = {
    request: { method: 'POST', headers },
    rules,
    key: rules.keys.length === 0 ? undefined : checkKey(rules.keys, headers),
    mount: () => ({ origin: 'http://127.0.0.1:8000', rootPath: '' }),
  };
  if (rules.keys.length === 0) await checkToken(rules, headers);
  const config = serverConfig(stdioTarget('any'), {
    name: 'notes',
    session: given.session ?? 'user',
    oauth: given.oauth === null ? undefined : { ...oauth, ...given.oauth },
  });
  const about: About = { config, upstream: { signIn: given.oauth === null ? undefined : (signIn as SignIn) } };
  return identify(asking, about);
}

async function user(given: Case): Promise<string> {
  return (await who(given)).user;
}

function refused(given: Case): Promise<unknown> {
  return who(given).then(
    (principal) => Promise.reject(new Error(`believed: ${principal.user}`)),
    (error: unknown) => error,
  );
}

const digits = createHash('sha256').update('notes').digest('hex').slice(0, 8);
const cookie = `mcpo_session_${digits}=${alice}`;
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const webui: Partial<OAuthConfig> = { webuiSecretKey: webuiSecret };
const both: Partial<OAuthConfig> = { webuiSecretKey: webuiSecret, webuiUserJwtSecret: chatSecret };

describe('a browser', () => {
  test('is the user of its session, if somebody signed in with it', async () => {
    expect(await who({ headers: { cookie } })).toEqual({ user: `session:${alice}`, sessionId: undefined });
    expect(await user({ headers: { cookie: `a=b; ${cookie}; c=d` } })).toBe(`session:${alice}`);
  });

  test.each<[string, string]>([
    ['an id that nobody was given', `mcpo_session_${digits}=${randomUUID()}`],
    ['the id of another server', `mcpo_session_00000000=${alice}`],
    ['an id that is no UUID', `mcpo_session_${digits}=session:${alice}`],
    ['a path', `mcpo_session_${digits}=../${alice}`],
    ['nothing', `mcpo_session_${digits}=`],
  ])('is nobody with %s', async (_name, sent) => {
    expect(await who({ headers: { cookie: sent } })).toEqual({ user: '', sessionId: undefined });
  });

  test('is nobody where a page of another site asks', async () => {
    const headers = { cookie, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
    expect(await user({ headers })).toBe('');
  });

  test('is nobody without a cookie, and a key makes it nobody else', async () => {
    expect(await user({})).toBe('');
    expect(await user({ settings: apiKey, headers: { 'x-api-key': key } })).toBe('');
  });

  test('means nothing to servers whose users do not sign in, or all as one', async () => {
    expect(await user({ oauth: null, headers: { cookie } })).toBe('');
    expect(await user({ oauth: { multiUser: false }, headers: { cookie } })).toBe('');
  });

  test('has a session of the caller within its own', async () => {
    const headers = { cookie, 'x-session-id': 's' };
    expect(await who({ session: 'caller', headers })).toEqual({ user: `session:${alice}`, sessionId: 's' });
    await expect(who({ session: 'caller', headers: { cookie, 'x-session-id': 'two words' } })).rejects.toMatchObject({
      code: 'malformed_request',
    });
  });
});

describe('a token of Open WebUI', () => {
  test('names its user, in either place', async () => {
    expect(await user({ oauth: webui, headers: bearer(sessionToken('bob')) })).toBe('webui:bob');
    expect(await who({ oauth: both, headers: { 'x-openwebui-user-jwt': chatToken('bob') } })).toEqual({
      user: 'webui:bob',
      sessionId: undefined,
      claims: { id: 'bob', email: 'bob@example.com', name: 'The bob' },
    });
    // Without a secret of its own the header is signed with the other, and the older form has the claim `id`.
    expect(await user({ oauth: webui, headers: { 'x-openwebui-user-jwt': chatToken('bob', webuiSecret) } })).toBe(
      'webui:bob',
    );
    expect(await user({ oauth: webui, headers: { 'x-openwebui-user-jwt': sessionToken('bob') } })).toBe('webui:bob');
  });

  test('is the same user in both places', async () => {
    const headers = { ...bearer(sessionToken('bob')), 'x-openwebui-user-jwt': chatToken('bob') };
    expect(await user({ oauth: both, headers })).toBe('webui:bob');
  });

  test('beats a cookie', async () => {
    expect(await user({ oauth: webui, headers: { ...bearer(sessionToken('bob')), cookie } })).toBe('webui:bob');
  });

  test('serves a server whose users do not sign in for themselves, too', async () => {
    const given = { oauth: { ...webui, multiUser: false }, headers: bearer(sessionToken('bob')) };
    expect(await user(given)).toBe('webui:bob');
  });

  test.each<[string, Partial<OAuthConfig>, Record<string, string>]>([
    ['with the secret of another server', webui, bearer(sessionToken('bob', 'of another server'))],
    ['that expired', webui, bearer(sessionToken('bob', webuiSecret, { exp: inSeconds(-1) }))],
    ['that is not valid yet', webui, bearer(sessionToken('bob', webuiSecret, { nbf: inSeconds(300) }))],
    ['without a signature', webui, bearer(sessionToken('bob').replace(/[^.]*$/, ''))],
    ['that is too long', webui, bearer('a'.repeat(9000))],
    ['that is empty', webui, { authorization: 'Bearer' }],
    ['that a page forgot', webui, bearer('undefined')],
    ['after a tab', webui, { authorization: 'Bearer\tx' }],
    ['that is for the header', both, bearer(chatToken('bob'))],
    ['that is for the header, with the same secret', webui, bearer(chatToken('bob', webuiSecret))],
    ['that is for Authorization', both, { 'x-openwebui-user-jwt': sessionToken('bob') }],
    ['in the header twice', both, { 'x-openwebui-user-jwt': `${chatToken('bob')}, ${chatToken('bob')}` }],
    ['in an empty header', both, { 'x-openwebui-user-jwt': '' }],
    ['beside a good one', both, { ...bearer('x'), 'x-openwebui-user-jwt': chatToken('bob') }],
    ['after a good one', both, { ...bearer(sessionToken('bob')), 'x-openwebui-user-jwt': 'x' }],
    ['in the place of another', both, { ...bearer(chatToken('bob')), 'x-openwebui-user-jwt': sessionToken('bob') }],
  ])('is refused %s, and nothing weaker is asked', async (_name, secrets, headers) => {
    for (const beside of [{}, { cookie }]) {
      expect(await refused({ oauth: secrets, headers: { ...headers, ...beside } })).toMatchObject({
        code: 'unauthenticated',
        message: expect.stringMatching(/(Authorization|X-OpenWebUI-User-Jwt) is refused: it/),
      });
    }
  });

  test('is refused beside one of somebody else', async () => {
    const headers = { ...bearer(sessionToken('bob')), 'x-openwebui-user-jwt': chatToken('eve') };
    expect(await refused({ oauth: both, headers })).toMatchObject({
      code: 'unauthenticated',
      message: expect.stringContaining('different users'),
    });
  });

  test('means nothing where no secret verifies it: the cookie decides', async () => {
    for (const headers of [bearer(sessionToken('bob')), { 'x-openwebui-user-jwt': chatToken('bob') }]) {
      expect(await user({ headers })).toBe('');
      expect(await user({ headers: { ...headers, cookie } })).toBe(`session:${alice}`);
      expect(await user({ oauth: null, headers })).toBe('');
    }
  });

  test('in Authorization means nothing where only the header is verified', async () => {
    const forwarded: Partial<OAuthConfig> = { webuiUserJwtSecret: chatSecret };
    const foreign = bearer('an-opaque-token-of-the-identity-provider');
    expect(await user({ oauth: forwarded, headers: foreign })).toBe('');
    expect(await user({ oauth: forwarded, headers: bearer(sessionToken('bob', chatSecret)) })).toBe('');
    expect(await user({ oauth: forwarded, headers: { ...foreign, 'x-openwebui-user-jwt': chatToken('bob') } })).toBe(
      'webui:bob',
    );
  });

  test('is never in Basic', async () => {
    const basic = { authorization: `Basic ${Buffer.from(`:${sessionToken('bob')}`).toString('base64')}` };
    expect(await user({ oauth: webui, headers: basic })).toBe('');
  });

  test('names another user than a session or a key of the same name', async () => {
    expect(await user({ oauth: webui, headers: bearer(sessionToken(alice)) })).toBe(`webui:${alice}`);
    expect(await user({ oauth: webui, headers: bearer(sessionToken(`session:${alice}`)) })).toBe(
      `webui:session:${alice}`,
    );
  });
});

describe('a key and a token arrive together', () => {
  const settings = apiKey;

  test.each<[string, Record<string, string>, string]>([
    ['bearer: the key alone', bearer(key), ''],
    ['bearer, and the user in the header', { ...bearer(key), 'x-openwebui-user-jwt': chatToken('bob') }, 'webui:bob'],
    ['session: the key in X-API-Key', { ...bearer(sessionToken('bob')), 'x-api-key': key }, 'webui:bob'],
    ['the key in both places', { ...bearer(key), 'x-api-key': key }, ''],
    ['the key as password', { authorization: `Basic ${Buffer.from(`x:${key}`).toString('base64')}` }, ''],
  ])('%s', async (_name, headers, expected) => {
    expect(await user({ settings, oauth: both, headers })).toBe(expected);
  });

  test('system_oauth: the key in X-API-Key, the user in the header', async () => {
    const headers = { ...bearer('token-of-sso'), 'x-api-key': key, 'x-openwebui-user-jwt': chatToken('bob') };
    expect(await user({ settings, oauth: { webuiUserJwtSecret: chatSecret }, headers })).toBe('webui:bob');
  });

  test('system_oauth: the token of the identity provider names the user', async () => {
    const headers = { ...bearer(chatToken('bob', globalSecret)), 'x-api-key': key };
    expect(await user({ settings: { apiKey: key, jwt }, headers })).toBe('jwt:bob');
  });

  test.each<[string, Record<string, string>, string]>([
    ['a token alone', bearer(sessionToken('bob')), 'forbidden'],
    ['a token in the header alone', { 'x-openwebui-user-jwt': chatToken('bob') }, 'unauthenticated'],
    ['a token in the place of the key', { 'x-api-key': sessionToken('bob') }, 'forbidden'],
    ['the key in the place of the token', { ...bearer(key), 'x-openwebui-user-jwt': key }, 'unauthenticated'],
    ['a bad token beside the key', { ...bearer(sessionToken('bob', 'guess')), 'x-api-key': key }, 'unauthenticated'],
    ['a wrong key as token beside the right one', { ...bearer('wrong'), 'x-api-key': key }, 'unauthenticated'],
  ])('%s is refused', async (_name, headers, code) => {
    expect(await refused({ settings, oauth: both, headers: { ...headers, cookie } })).toMatchObject({ code });
  });

  test('a token alone is told where the key goes', async () => {
    expect(await refused({ settings, oauth: both, headers: bearer(sessionToken('bob')) })).toMatchObject({
      message: expect.stringContaining('X-API-Key'),
    });
  });
});

describe('mcpo.jwt', () => {
  const settings: Partial<Settings> = { jwt };
  const token = (sub: string, claims: object = {}) => chatToken(sub, globalSecret, claims);

  test('guards every call where no key does, and names the user', async () => {
    expect(await user({ settings, oauth: null, headers: bearer(token('bob')) })).toBe('jwt:bob');
    expect(await user({ settings, headers: { ...bearer(token('bob')), cookie } })).toBe('jwt:bob');
    expect(await refused({ settings, oauth: null })).toMatchObject({
      code: 'unauthenticated',
      message: expect.stringContaining('Authorization: Bearer TOKEN'),
    });
    expect(await refused({ settings, headers: { cookie } })).toMatchObject({ code: 'unauthenticated' });
  });

  test.each<[string, Record<string, string>]>([
    ['a bad one', bearer(chatToken('bob', 'guess'))],
    ['an expired one', bearer(token('bob', { exp: inSeconds(-1) }))],
    ['one in Basic', { authorization: `Basic ${Buffer.from(`:${token('bob')}`).toString('base64')}` }],
    ['one in X-API-Key', { 'x-api-key': token('bob') }],
    ['one in X-OpenWebUI-User-Jwt', { 'x-openwebui-user-jwt': token('bob') }],
  ])('lets nobody in with %s', async (_name, headers) => {
    expect(await refused({ settings, oauth: null, headers })).toMatchObject({ code: 'unauthenticated' });
  });

  test('beside a key it says who calls; without a token the key does', async () => {
    const guarded = { apiKey: key, jwt };
    const beside = { 'x-api-key': key };
    const given = { settings: guarded, oauth: null };
    expect(await user({ ...given, headers: { ...beside, ...bearer(token('bob')) } })).toBe('jwt:bob');
    expect(await user({ ...given, headers: beside })).toBe('key');
    expect(await user({ ...given, headers: bearer(key) })).toBe('key');
    expect(await refused({ ...given, headers: bearer(token('bob')) })).toMatchObject({ code: 'forbidden' });
    expect(await refused({ ...given, headers: { ...beside, ...bearer('x') } })).toMatchObject({
      code: 'unauthenticated',
    });
  });

  test('where Open WebUI is verified as well, Authorization may hold either', async () => {
    const given = { settings: { apiKey: key, jwt }, oauth: both };
    const beside = { 'x-api-key': key };
    expect(await user({ ...given, headers: { ...beside, ...bearer(sessionToken('bob')) } })).toBe('webui:bob');
    expect(await user({ ...given, headers: { ...beside, ...bearer(token('bob')) } })).toBe('jwt:bob');
    expect(
      await refused({ ...given, headers: { ...beside, ...bearer(hmacToken({ id: 'bob' }, 'guess')) } }),
    ).toMatchObject({ code: 'unauthenticated' });
    // The chat's own token, and the user whom the chat names.
    const headers = { ...beside, ...bearer(token('service')), 'x-openwebui-user-jwt': chatToken('bob') };
    expect(await user({ ...given, headers })).toBe('webui:bob');
  });
});

describe('keys with names', () => {
  const named = (name: string, value: string): AccessKey => ({
    name,
    digest: createHash('sha256').update(value).digest('hex'),
    servers: undefined,
    tools: undefined,
    readOnly: false,
    expiresAt: undefined,
  });
  const settings: Partial<Settings> = { apiKey: key, keys: [named('ci', 'key-of-ci'), named('desk', 'key-of-desk')] };

  test('are users of their own', async () => {
    const given = { settings, oauth: null };
    expect(await user({ ...given, headers: bearer(key) })).toBe('key');
    expect(await user({ ...given, headers: bearer('key-of-ci') })).toBe('key:ci');
    expect(await user({ ...given, headers: { 'x-api-key': 'key-of-desk' } })).toBe('key:desk');
    expect(
      await who({ ...given, session: 'caller', headers: { ...bearer('key-of-ci'), 'x-session-id': 's' } }),
    ).toEqual({
      user: 'key:ci',
      sessionId: 's',
    });
  });

  test('none of them is taken for a token', async () => {
    const headers = { 'x-api-key': 'key-of-ci', ...bearer('key-of-desk') };
    expect(await user({ settings, oauth: webui, headers })).toBe('');
  });
});

test('where nothing is to be verified, the answer is there at once and makes nothing new', () => {
  const rules = accessRules({ ...defaultSettings, ...apiKey }, { address: '127.0.0.1', port: 1, scheme: 'http' });
  const headers = { authorization: `Bearer ${key}` };
  const asking: Asking = {
    request: { method: 'POST', headers },
    rules,
    key: checkKey(rules.keys, headers),
    mount: () => {
      throw new Error('not asked for');
    },
  };
  const config = serverConfig(stdioTarget('any'));
  const first = identify(asking, { config, upstream: undefined });
  expect(first).toEqual({ user: 'key', sessionId: undefined });
  expect(identify(asking, { config, upstream: undefined })).toBe(first);
});
