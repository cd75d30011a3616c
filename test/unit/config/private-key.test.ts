import { generateKeyPairSync, type KeyObject, createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toSigningKey } from '../../../src/config/private-key.ts';

const tls = join(import.meta.dirname, '../../fixtures/configs/tls');

function ec(namedCurve: string): KeyObject {
  return generateKeyPairSync('ec', { namedCurve }).privateKey;
}

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;

function pkcs8(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

describe('a signing key', () => {
  it.each([
    ['P-256', 'ES256'],
    ['P-384', 'ES384'],
    ['P-521', 'ES512'],
  ])('on %s signs with %s', (curve, algorithm) => {
    const key = ec(curve);
    expect(toSigningKey(pkcs8(key), undefined, 'private_key')).toEqual({ privateKey: pkcs8(key), algorithm });
    expect(toSigningKey(pkcs8(key), algorithm, 'private_key').algorithm).toBe(algorithm);
  });

  it('of RSA signs with RS256, or with what is wanted', () => {
    expect(toSigningKey(pkcs8(rsa), undefined, 'private_key').algorithm).toBe('RS256');
    expect(toSigningKey(pkcs8(rsa), 'PS512', 'private_key').algorithm).toBe('PS512');
  });

  it('may be written in the older forms', () => {
    const key = ec('P-256');
    const sec1 = key.export({ type: 'sec1', format: 'pem' }).toString();
    expect(sec1).toContain('EC PRIVATE KEY');
    expect(toSigningKey(sec1, undefined, 'private_key').privateKey).toBe(pkcs8(key));
    const pkcs1 = rsa.export({ type: 'pkcs1', format: 'pem' }).toString();
    const { privateKey } = toSigningKey(pkcs1, undefined, 'private_key');
    expect(createPrivateKey(privateKey).equals(rsa)).toBe(true);
  });
});

describe('what is refused, without its value', () => {
  const kind = 'private_key must be an RSA key of at least 2048 bits, or an EC key on P-256, P-384 or P-521.';
  it.each([
    [
      'no key',
      's3cret',
      undefined,
      'private_key holds no private key in PEM form; ${file:PATH} reads one from a file.',
    ],
    [
      'a certificate',
      readFileSync(join(tls, 'cert.pem'), 'utf8'),
      undefined,
      'private_key holds no private key in PEM form; ${file:PATH} reads one from a file.',
    ],
    [
      'an encrypted key',
      readFileSync(join(tls, 'encrypted-key.pem'), 'utf8'),
      undefined,
      'private_key is encrypted; decrypt it first.',
    ],
    ['a short key', pkcs8(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey), undefined, kind],
    ['a key on another curve', pkcs8(ec('secp256k1')), undefined, kind],
    ['a key of another kind', pkcs8(generateKeyPairSync('ed25519').privateKey), undefined, kind],
    [
      'the algorithm of another curve',
      pkcs8(ec('P-384')),
      'ES256',
      'private_key cannot sign with ES256; a key of its kind takes ES384.',
    ],
    [
      'the algorithm of another kind',
      pkcs8(rsa),
      'ES256',
      'private_key cannot sign with ES256; a key of its kind takes RS256, RS384, RS512, PS256, PS384, PS512.',
    ],
  ])('%s', (_, pem, algorithm, sentence) => {
    let thrown: unknown;
    try {
      toSigningKey(pem, algorithm, 'private_key');
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toHaveProperty('message', sentence);
    expect(thrown).not.toHaveProperty('cause');
  });
});
