import { generateKeyPairSync } from 'node:crypto';
import { SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import type { JwtConfig } from '../../../../src/config/types.ts';
import { createTokenVerifier, verifyHmac, type Expected, type Verdict } from '../../../../src/server/access/jwt.ts';
import { chatSecret, chatToken, encoded, hmacToken, inSeconds, rsaToken, sessionToken, webuiSecret } from './tokens.ts';

const expected: Expected = { userClaims: ['id'], issuer: undefined, audience: undefined };

function verify(token: string, changes: Partial<Expected> = {}, now?: number): Verdict {
  return verifyHmac(token, webuiSecret, ['HS256'], { ...expected, ...changes }, now);
}

function refusalOf(verdict: Verdict): string {
  if ('user' in verdict) throw new Error(`believed: ${JSON.stringify(verdict.user)}`);
  return verdict.refusal;
}

describe('a token with a shared secret', () => {
  test('names its user', () => {
    const token = sessionToken('u-1', webuiSecret, { email: 'ann@example.com', name: 'Ann Ünal' });
    expect(verify(token)).toEqual({ user: { id: 'u-1', email: 'ann@example.com', name: 'Ann Ünal' } });
  });

  test('is believed when another library made it', async () => {
    const token = await new SignJWT({ id: 'u-2' })
      .setProtectedHeader({ alg: 'HS256' })
      .setExpirationTime('1h')
      .sign(new TextEncoder().encode(webuiSecret));
    expect(verify(token)).toMatchObject({ user: { id: 'u-2' } });
  });

  test('is believed without an end, since Open WebUI can be set so', () => {
    expect(verify(hmacToken({ id: 'u' }))).toMatchObject({ user: { id: 'u' } });
  });

  test('is named by the first of the claims that it has', () => {
    expect(verify(hmacToken({ sub: 's', id: 'i' }), { userClaims: ['sub', 'id'] })).toMatchObject({
      user: { id: 's' },
    });
    expect(verify(hmacToken({ id: 'i' }), { userClaims: ['sub', 'id'] })).toMatchObject({ user: { id: 'i' } });
    // One that names nobody is not passed over for the next.
    expect(refusalOf(verify(hmacToken({ sub: '', id: 'i' }), { userClaims: ['sub', 'id'] }))).toContain(
      'names no user',
    );
  });

  test('says of mail and name only what a header can carry', () => {
    const token = hmacToken({ id: 'u', email: 'a@b\r\nX-Admin: 1', name: 'x'.repeat(257) });
    expect(verify(token)).toEqual({ user: { id: 'u', email: undefined, name: undefined } });
  });
});

const [head, body, signature] = sessionToken('u').split('.');
const publicPem = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' });

test.each<[string, string, RegExp]>([
  ['no algorithm', `${encoded({ alg: 'none' })}.${body}.`, /no JSON Web Token/],
  ['no algorithm and some signature', `${encoded({ alg: 'none' })}.${body}.${signature}`, /algorithm is not HS256/],
  ['no algorithm in other letters', hmacToken({ id: 'u' }, webuiSecret, { alg: 'nOnE' }), /algorithm/],
  ['an algorithm in other letters', hmacToken({ id: 'u' }, webuiSecret, { alg: 'hs256' }), /algorithm/],
  ['another algorithm of the same family', hmacToken({ id: 'u' }, webuiSecret, { alg: 'HS512' }), /algorithm/],
  ['an algorithm that is a list', hmacToken({ id: 'u' }, webuiSecret, { alg: ['HS256'] }), /algorithm/],
  ['an algorithm that every object has', hmacToken({ id: 'u' }, webuiSecret, { alg: 'constructor' }), /algorithm/],
  ['an algorithm with keys of its own', hmacToken({ id: 'u' }, webuiSecret, { alg: 'RS256' }), /algorithm/],
  ['another secret', sessionToken('u', chatSecret), /signature/],
  ['an empty secret', sessionToken('u', ''), /signature/],
  ['a public key for secret', hmacToken({ id: 'u' }, publicPem), /signature/],
  ['a tampered payload', `${head}.${encoded({ id: 'admin', exp: inSeconds(60) })}.${signature}`, /signature/],
  ['a tampered header', `${encoded({ alg: 'HS256', kid: '1' })}.${body}.${signature}`, /signature/],
  ['half a signature', `${head}.${body}.${signature?.slice(0, 20)}`, /signature/],
  ['a longer signature', `${head}.${body}.${signature}AAAA`, /signature/],
  ['no signature', `${head}.${body}`, /no JSON Web Token/],
  ['a fourth part', `${head}.${body}.${signature}.${signature}`, /no JSON Web Token/],
  ['five parts, as an encrypted one', 'a.b.c.d.e', /no JSON Web Token/],
  ['other letters', `${head}.${body}.${signature}=`, /no JSON Web Token/],
  ['a line break', `${head}.${body}.${signature}\n`, /no JSON Web Token/],
  ['a header that is no object', `${encoded('"HS256"')}.${body}.${signature}`, /no JSON Web Token/],
  ['a header that is no JSON', `${encoded('{')}.${body}.${signature}`, /no JSON Web Token/],
  ['a payload that is a list', hmacToken(['id', 'u']), /no JSON Web Token/],
  ['a payload that is no JSON', hmacToken('id=u'), /no JSON Web Token/],
  ['extensions', hmacToken({ id: 'u' }, webuiSecret, { crit: ['b64'], b64: false }), /crit/],
  ['too much', sessionToken('u', webuiSecret, { pad: 'x'.repeat(8192) }), /longer than 8192/],
  ['an end a moment ago', sessionToken('u', webuiSecret, { exp: inSeconds(0) - 1 }), /expired/],
  ['an end long ago', sessionToken('u', webuiSecret, { exp: 1 }), /expired/],
  ['an end that is text', sessionToken('u', webuiSecret, { exp: '99999999999' }), /no numbers/],
  ['an end that is null', sessionToken('u', webuiSecret, { exp: null }), /no numbers/],
  ['a beginning to come', sessionToken('u', webuiSecret, { nbf: inSeconds(60) }), /not valid yet/],
  ['no user', hmacToken({ sub: 'u' }), /"id" names no user/],
  ['a user that is a number', hmacToken({ id: 7 }), /names no user/],
  ['a user that is an object', hmacToken({ id: { $ne: '' } }), /names no user/],
  ['a user without a name', sessionToken(''), /names no user/],
  ['a user of blanks', sessionToken('   '), /names no user/],
  ['a user with a line break', sessionToken('u\r\nX-Admin: 1'), /names no user/],
  ['a user with a null byte', sessionToken('u\0'), /names no user/],
  ['a user with an invisible letter', sessionToken('u\u200b'), /names no user/],
  ['a user that is too long', sessionToken('u'.repeat(257)), /names no user/],
  ['nothing', '', /no JSON Web Token/],
])('a token with %s is refused', (_name, token, reason) => {
  const refusal = refusalOf(verify(token));
  expect(refusal).toMatch(reason);
  expect(refusal).not.toContain(webuiSecret);
});

test('keys that a token brings along, or says where to find, change nothing', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const own = {
    jwk: publicKey.export({ format: 'jwk' }),
    jku: 'http://127.0.0.1:1/',
    x5u: 'http://127.0.0.1:1/',
    kid: '../../dev/null',
  };
  expect(refusalOf(verify(rsaToken({ id: 'u' }, privateKey, own)))).toContain('algorithm');
  expect(
    refusalOf(verify(hmacToken({ id: 'u' }, 'guess', { ...own, jwk: { kty: 'oct', k: encoded('guess') } }))),
  ).toContain('signature');
  expect(verify(hmacToken({ id: 'u' }, webuiSecret, own))).toMatchObject({ user: { id: 'u' } });
});

test('its end is exact, its beginning half a minute less so', () => {
  const at = inSeconds(0) * 1000;
  const token = hmacToken({ id: 'u', nbf: at / 1000, exp: at / 1000 + 60 });
  expect(verify(token, {}, at + 59_999)).toMatchObject({ user: { id: 'u' } });
  expect(refusalOf(verify(token, {}, at + 60_000))).toContain('expired');
  expect(verify(token, {}, at - 30_000)).toMatchObject({ user: { id: 'u' } });
  expect(refusalOf(verify(token, {}, at - 30_001))).toContain('not valid yet');
});

test('issuer and audience hold where they are configured', () => {
  const token = hmacToken({ id: 'u', iss: 'https://idp.example', aud: ['a', 'mcpo'] });
  expect(verify(token, { issuer: 'https://idp.example', audience: ['mcpo'] })).toMatchObject({ user: { id: 'u' } });
  expect(refusalOf(verify(token, { issuer: 'https://idp.example/' }))).toContain('issuer');
  expect(refusalOf(verify(token, { audience: ['b'] }))).toContain('"aud"');
  expect(refusalOf(verify(hmacToken({ id: 'u' }), { issuer: 'x' }))).toContain('issuer');
  expect(refusalOf(verify(hmacToken({ id: 'u' }), { audience: ['x'] }))).toContain('"aud"');
  expect(refusalOf(verify(hmacToken({ id: 'u', aud: [['x']] }), { audience: ['x'] }))).toContain('"aud"');
  expect(verify(hmacToken({ id: 'u', aud: 'x' }), { audience: ['x', 'y'] })).toMatchObject({ user: { id: 'u' } });
});

describe('mcpo.jwt with a secret', () => {
  const config: JwtConfig = {
    algorithms: ['HS256'],
    secret: webuiSecret,
    jwks: undefined,
    issuer: undefined,
    audience: undefined,
    userClaim: 'sub',
  };

  test('verifies at once, by the claim that it names', () => {
    expect(createTokenVerifier(config)(chatToken('u', webuiSecret))).toMatchObject({
      user: { id: 'u', email: 'u@example.com', name: 'The u' },
    });
    expect(createTokenVerifier({ ...config, userClaim: 'email' })(chatToken('u', webuiSecret))).toMatchObject({
      user: { id: 'u@example.com' },
    });
  });

  test.each(['__proto__', 'constructor', 'toString'])('a claim is what the token has: %s', (userClaim) => {
    const verdict = createTokenVerifier({ ...config, userClaim })(chatToken('u', webuiSecret)) as Verdict;
    expect(refusalOf(verdict)).toContain('names no user');
  });

  test('takes algorithms of secrets only, whatever else is listed', () => {
    const verifier = createTokenVerifier({ ...config, algorithms: ['RS256', 'HS256', 'none'] });
    expect(verifier(chatToken('u', webuiSecret))).toMatchObject({ user: { id: 'u' } });
    expect(refusalOf(verifier(hmacToken({ sub: 'u' }, webuiSecret, { alg: 'RS256' })) as Verdict)).toContain(
      'algorithm',
    );
    expect(refusalOf(verifier(hmacToken({ sub: 'u' }, webuiSecret, { alg: 'none' })) as Verdict)).toContain(
      'algorithm',
    );
  });

  test('its longer algorithms are those that they are called', async () => {
    const token = await new SignJWT({ sub: 'u' }).setProtectedHeader({ alg: 'HS512' }).sign(Buffer.alloc(64, 'k'));
    const verifier = createTokenVerifier({ ...config, secret: 'k'.repeat(64), algorithms: ['HS512'] });
    expect(verifier(token)).toMatchObject({ user: { id: 'u' } });
    expect(refusalOf(verifier(hmacToken({ sub: 'u' }, 'k'.repeat(64), { alg: 'HS512' })) as Verdict)).toContain(
      'signature',
    );
  });
});
