// How a client proves who it is at the token endpoint.

import { generateKeyPairSync } from 'node:crypto';
import { importSPKI, jwtVerify } from 'jose';
import { describe, expect, test } from 'vitest';
import type { OAuthConfig } from '../../../../src/config/types.ts';
import { clientAuthentication, type Client } from '../../../../src/mcp/oauth/client.ts';
import { oauthDefaults } from './made.ts';

const configured: Client = {
  id: 'me',
  secret: undefined,
  method: undefined,
  kind: 'configured',
  redirectUrl: undefined,
};

async function prove(client: Partial<Client>, config: Partial<OAuthConfig> = {}, offered?: readonly string[]) {
  const [headers, params] = [new Headers(), new URLSearchParams()];
  const metadata = {
    issuer: 'https://auth.example',
    authorization_endpoint: 'https://auth.example/authorize',
    token_endpoint: 'https://auth.example/token',
    response_types_supported: ['code'],
    ...(offered && { token_endpoint_auth_methods_supported: [...offered] }),
  };
  const authenticate = clientAuthentication({ ...configured, ...client }, { ...oauthDefaults, ...config });
  await authenticate(headers, params, metadata.token_endpoint, metadata);
  return { authorization: headers.get('authorization'), ...Object.fromEntries(params) };
}

/** With the id in the body, too: some servers look for it there first. */
const basic = (text: string, id = 'me') => ({ authorization: `Basic ${btoa(text)}`, client_id: id });

describe('a secret', () => {
  const secret = 's';

  test.each([
    ['in the header, where nothing is said', {}, {}, undefined, basic('me:s')],
    [
      'as the server wishes',
      {},
      {},
      ['client_secret_post'],
      { authorization: null, client_id: 'me', client_secret: 's' },
    ],
    [
      'as it was configured, whatever the server says',
      {},
      { tokenEndpointAuthMethod: 'client_secret_basic' },
      ['client_secret_post'],
      basic('me:s'),
    ],
    [
      'as it was registered',
      { kind: 'registered', method: 'client_secret_post' },
      {},
      ['client_secret_basic', 'client_secret_post'],
      { authorization: null, client_id: 'me', client_secret: 's' },
    ],
    [
      'not at all, where that was configured',
      {},
      { tokenEndpointAuthMethod: 'none' },
      undefined,
      { authorization: null, client_id: 'me' },
    ],
  ] as const)('goes %s', async (_, client, config, offered, sent) => {
    expect(await prove({ ...client, secret }, config, offered)).toEqual(sent);
  });

  test('is form-encoded in the header (RFC 6749, section 2.3.1)', async () => {
    expect(await prove({ id: 'a:b', secret: 'p+q /=é' })).toEqual(basic('a%3Ab:p%2Bq+%2F%3D%C3%A9', 'a:b'));
  });
});

test('without a secret there is nothing to prove', async () => {
  expect(await prove({})).toEqual({ authorization: null, client_id: 'me' });
});

describe('a private key', () => {
  test.each([
    ['rsa', 'RS256'],
    ['rsa', 'PS256'],
    ['ec', 'ES256'],
  ] as const)('signs what it says about itself: %s, %s', async (type, alg) => {
    const { privateKey, publicKey } =
      type === 'rsa'
        ? generateKeyPairSync('rsa', { modulusLength: 2048 })
        : generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const sent = await prove({}, { privateKey: pem, signingAlgorithm: alg });
    expect(sent).toMatchObject({
      client_id: 'me',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    });
    const key = await importSPKI(publicKey.export({ type: 'spki', format: 'pem' }).toString(), alg);
    const { payload, protectedHeader } = await jwtVerify(String(Reflect.get(sent, 'client_assertion')), key);
    expect(protectedHeader.alg).toBe(alg);
    expect(payload).toMatchObject({ iss: 'me', sub: 'me', aud: 'https://auth.example' });
  });

  test('that is none is named, not shown', async () => {
    const error: unknown = await prove({}, { privateKey: 'my-key' }).catch((thrown: unknown) => thrown);
    expect(String(error)).toMatch(/private_key cannot sign: give a PKCS #8 key in PEM/);
    expect(JSON.stringify([String(error), (error as Error).cause ?? null])).not.toContain('my-key');
  });
});
