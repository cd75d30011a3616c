import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT } from 'jose';
import { expect, onTestFinished, test } from 'vitest';
import type { JwtConfig } from '../../../../src/config/types.ts';
import { AppError } from '../../../../src/errors.ts';
import { createTokenVerifier } from '../../../../src/server/access/jwt.ts';
import { hmacToken, inSeconds, rsaToken } from './tokens.ts';

const one = generateKeyPairSync('rsa', { modulusLength: 2048 });
const two = generateKeyPairSync('rsa', { modulusLength: 2048 });
const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' });

function jwk(key: KeyObject, kid: string, more: object = {}) {
  return { ...key.export({ format: 'jwk' }), kid, use: 'sig', ...more };
}

interface Issuer {
  readonly url: string;
  readonly asked: string[];
  /** What is published at /keys. */
  keys: readonly object[];
  /** Answers instead, while it is set. */
  instead: RequestListener | undefined;
}

/** An issuer on a real socket: its metadata and its keys. */
async function startIssuer(keys: readonly object[]): Promise<Issuer> {
  const server = createServer((request, response) => {
    issuer.asked.push(request.url ?? '');
    if (issuer.instead !== undefined) return issuer.instead(request, response);
    const metadata = { issuer: issuer.url, jwks_uri: `${issuer.url}/keys` };
    response.end(JSON.stringify(request.url?.startsWith('/keys') === true ? { keys: issuer.keys } : metadata));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => server.close().closeAllConnections());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const issuer: Issuer = { url, asked: [], keys, instead: undefined };
  return issuer;
}

function verifierOf(changes: Partial<JwtConfig>) {
  return createTokenVerifier({
    algorithms: ['RS256', 'ES256'],
    secret: undefined,
    jwks: undefined,
    issuer: undefined,
    audience: undefined,
    userClaim: 'sub',
    ...changes,
  });
}

const published = [jwk(one.publicKey, 'one')];
const good = (claims: object = {}, header: object = { kid: 'one' }) =>
  rsaToken({ sub: 'u', exp: inSeconds(600), ...claims }, one.privateKey, header);
const user = { user: { id: 'u', email: undefined, name: undefined } };

test('keys are fetched once, and a token that was verified is believed at once', async () => {
  const { url, asked } = await startIssuer(published);
  const verify = verifierOf({ jwks: `${url}/keys` });
  expect(asked).toEqual([]);
  const token = good();
  const first = verify(token);
  expect(first).toBeInstanceOf(Promise);
  expect(await first).toEqual(user);
  expect(verify(token)).toEqual(user);
  expect(await verify(good({ sub: 'v' }))).toMatchObject({ user: { id: 'v' } });
  expect(asked).toEqual(['/keys']);
});

test('many tokens at once cost one fetch', async () => {
  const { url, asked } = await startIssuer(published);
  const verify = verifierOf({ issuer: url });
  const verdicts = await Promise.all(
    Array.from({ length: 50 }, async (_, n) => verify(good({ sub: `u${n}`, iss: url }))),
  );
  expect(verdicts).toEqual(
    Array.from({ length: 50 }, (_, n) => expect.objectContaining({ user: expect.objectContaining({ id: `u${n}` }) })),
  );
  expect(asked).toEqual(['/.well-known/openid-configuration', '/keys']);
});

test('a token that is remembered still expires', async () => {
  const { url } = await startIssuer(published);
  const verify = verifierOf({ jwks: `${url}/keys` });
  const token = good({ exp: inSeconds(60) });
  expect(await verify(token)).toEqual(user);
  expect(verify(token, (inSeconds(60) + 1) * 1000)).toMatchObject({ refusal: expect.stringContaining('expired') });
});

test('other algorithms than those of the configuration are refused, though the key would fit', async () => {
  const { url } = await startIssuer([...published, jwk(curve.publicKey, 'curve')]);
  const verify = verifierOf({ jwks: `${url}/keys`, algorithms: ['ES256'] });
  expect(await verify(good())).toMatchObject({ refusal: expect.stringContaining('algorithm is not ES256') });
  const token = await new SignJWT({ sub: 'u' })
    .setProtectedHeader({ alg: 'ES256', kid: 'curve' })
    .sign(curve.privateKey);
  expect(await verify(token)).toEqual(user);
});

test.each<[string, (url: string) => string]>([
  ['signed by another key under the same name', () => rsaToken({ sub: 'u' }, two.privateKey, { kid: 'one' })],
  ['signed with the public key as secret', () => hmacToken({ sub: 'u' }, pem, { kid: 'one' })],
  ['the same, and said to be RS256', () => hmacToken({ sub: 'u' }, pem, { alg: 'RS256', kid: 'one' })],
  ['not signed', () => good().replace(/^[^.]*/, Buffer.from('{"alg":"none"}').toString('base64url'))],
  ['tampered with', () => good().replace(/\.[^.]*\./, `.${Buffer.from('{"sub":"admin"}').toString('base64url')}.`)],
  ['with its own key', () => rsaToken({ sub: 'u' }, two.privateKey, { jwk: jwk(two.publicKey, 'one'), kid: 'one' })],
  [
    'with the address of its own key',
    (url) => rsaToken({ sub: 'u' }, two.privateKey, { jku: `${url}/evil`, x5u: `${url}/evil` }),
  ],
  ['with an unknown extension', () => good({}, { kid: 'one', crit: ['exp'], exp: 1 })],
  ['with a kid that is a path', () => rsaToken({ sub: 'u' }, two.privateKey, { kid: '../../../dev/null' })],
  ['for another issuer', () => good({ iss: 'https://evil.example' })],
  ['for another audience', () => good({ aud: 'other' })],
  ['expired', () => good({ exp: inSeconds(-5) })],
])('a token is refused that is %s', async (_name, make) => {
  const issuer = await startIssuer(published);
  const { url } = issuer;
  const verify = verifierOf({ jwks: `${url}/keys`, issuer: url, audience: ['mcpo'], algorithms: ['RS256', 'HS256'] });
  // What would be fine but for the one thing.
  expect(await verify(good({ iss: url, aud: 'mcpo' }))).toEqual(user);
  expect(await verify(make(url))).toMatchObject({ refusal: expect.any(String) });
  expect(issuer.asked.filter((path) => path !== '/keys')).toEqual([]);
});

const pem = one.publicKey.export({ type: 'spki', format: 'pem' });

test('secrets in a key set are no keys', async () => {
  const k = Buffer.from('shared').toString('base64url');
  const { url } = await startIssuer([{ kty: 'oct', k, kid: 'one', alg: 'HS256' }]);
  const verify = verifierOf({ jwks: `${url}/keys`, algorithms: ['HS256', 'RS256'] });
  expect(await verify(hmacToken({ sub: 'u' }, 'shared', { kid: 'one' }))).toMatchObject({
    refusal: expect.any(String),
  });
});

test('a new key is found, and tokens with unknown keys cost one fetch a minute at most', async () => {
  const issuer = await startIssuer(published);
  const verify = verifierOf({ jwks: `${issuer.url}/keys` });
  const at = Date.now();
  await verify(good(), at);
  issuer.keys = [...published, jwk(two.publicKey, 'two')];
  const token = rsaToken({ sub: 'u' }, two.privateKey, { kid: 'two' });
  expect(await verify(token, at + 59_000)).toMatchObject({ refusal: expect.stringContaining('does not publish') });
  expect(issuer.asked).toHaveLength(1);
  expect(await verify(token, at + 60_000)).toEqual(user);
  const unknown = Array.from({ length: 100 }, (_, n) => rsaToken({ sub: 'u' }, two.privateKey, { kid: `no-${n}` }));
  for (const each of unknown) expect(await verify(each, at + 100_000)).toMatchObject({ refusal: expect.any(String) });
  expect(issuer.asked).toHaveLength(2);
  await Promise.all(unknown.map(async (each) => verify(each, at + 130_000)));
  expect(issuer.asked).toHaveLength(3);
});

test('a key that is withdrawn is not believed for long', async () => {
  const issuer = await startIssuer(published);
  const verify = verifierOf({ jwks: `${issuer.url}/keys` });
  const at = Date.now();
  const token = good({ exp: inSeconds(86_400) });
  expect(await verify(token, at)).toEqual(user);
  issuer.keys = [jwk(two.publicKey, 'two')];
  expect(await verify(token, at + 11 * 60_000)).toMatchObject({ refusal: expect.stringContaining('does not publish') });
});

test('an issuer that is away for a while stops nobody whose key is known, and is not asked by each call', async () => {
  const issuer = await startIssuer(published);
  const verify = verifierOf({ jwks: `${issuer.url}/keys` });
  const at = Date.now();
  await verify(good(), at);
  issuer.instead = (_request, response) => response.writeHead(503).end();
  for (let n = 0; n < 5; n++) expect(await verify(good({ n, exp: undefined }), at + 11 * 60_000)).toEqual(user);
  expect(issuer.asked).toHaveLength(2);
  await expect(verify(good({ late: 1, exp: undefined }), at + 61 * 60_000)).rejects.toThrow(/status 503/);
});

test.each<[string, RequestListener, RegExp]>([
  ['fails', (_request, response) => response.writeHead(500).end('secret stack trace'), /status 500/],
  [
    'redirects',
    (_request, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
    /status 302/,
  ],
  ['answers with a page', (_request, response) => response.end('<html>secret'), /no JSON object/],
  ['answers with a list', (_request, response) => response.end('[]'), /no JSON object/],
  ['has no keys', (_request, response) => response.end('{"keys":"secret"}'), /malformed/i],
  ['does not stop', (_request, response) => response.end(Buffer.alloc(2 * 1024 * 1024, ' ')), /too much/],
  ['hangs up', (request) => request.socket.destroy(), /closed the connection/],
])('where the issuer %s no token is believed, and nobody is taken for a guest', async (_name, instead, reason) => {
  const issuer = await startIssuer(published);
  issuer.instead = instead;
  const verify = verifierOf({ jwks: `${issuer.url}/keys?secret=1` });
  const at = Date.now();
  const error = await Promise.resolve(verify(good(), at)).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(AppError);
  expect(error).toMatchObject({ code: 'upstream_unavailable', message: expect.stringMatching(reason) });
  expect((error as AppError).message).not.toContain('secret');
  // Asked again after some seconds, not by each call.
  await expect(verify(good(), at + 4_000)).rejects.toThrow(/a moment ago/);
  issuer.instead = undefined;
  expect(await verify(good(), at + 5_000)).toEqual(user);
});

test.each<[string, Partial<JwtConfig>]>([
  ['without TLS elsewhere', { jwks: 'http://idp.example/keys' }],
  ['without TLS at a private address', { jwks: 'http://192.168.1.5/keys' }],
  ['of another kind', { jwks: 'file:///etc/passwd' }],
  ['of an issuer without TLS', { issuer: 'http://idp.example' }],
])('keys are not fetched from an address %s', async (_name, changes) => {
  await expect(verifierOf(changes)(good())).rejects.toThrow(/neither https nor of this machine/);
});

test.each<[string, (url: string) => object, RegExp]>([
  [
    'speaks for another issuer',
    (url) => ({ issuer: 'https://evil.example', jwks_uri: `${url}/keys` }),
    /another issuer/,
  ],
  ['names no keys', (url) => ({ issuer: url }), /names no key set/],
  ['names keys without TLS', (url) => ({ issuer: url, jwks_uri: 'http://10.0.0.1/keys' }), /neither https/],
])('metadata is not believed that %s', async (_name, metadata, reason) => {
  const issuer = await startIssuer(published);
  issuer.instead = (_request, response) => response.end(JSON.stringify(metadata(issuer.url)));
  await expect(verifierOf({ issuer: issuer.url })(good({ iss: issuer.url }))).rejects.toThrow(reason);
});

test('what cannot be a token asks nobody for keys', async () => {
  const { url, asked } = await startIssuer(published);
  const verify = verifierOf({ jwks: `${url}/keys` });
  for (const token of ['', 'a.b', 'a.b.c', 'x'.repeat(9000), good({}, { crit: ['x'] })]) {
    expect(verify(token)).toMatchObject({ refusal: expect.any(String) });
  }
  expect(asked).toEqual([]);
});
