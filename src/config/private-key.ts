// The private key with which an OAuth client proves who it is: read, brought into the one form that everybody takes
// (PKCS #8 in PEM), and matched with the algorithm it signs with. A wrong one is a sentence at start, not a sign-in that
// fails. No message quotes the key.

import { createPrivateKey, type KeyObject } from 'node:crypto';
import { ConfigError } from './config-error.ts';

export interface SigningKey {
  /** PKCS #8 in PEM. */
  readonly privateKey: string;
  /** Name of RFC 7518. */
  readonly algorithm: string;
}

/** `algorithm`: the wanted one; without it the usual one of such a key. `source` begins a sentence about the key. */
export function toSigningKey(pem: string, algorithm: string | undefined, source: string): SigningKey {
  const key = readKey(pem, source);
  const possible = algorithmsOf(key);
  const [usual] = possible;
  if (usual === undefined) {
    throw new ConfigError(`${source} must be an RSA key of at least 2048 bits, or an EC key on P-256, P-384 or P-521.`);
  }
  if (algorithm !== undefined && !possible.includes(algorithm)) {
    throw new ConfigError(`${source} cannot sign with ${algorithm}; a key of its kind takes ${possible.join(', ')}.`);
  }
  return {
    privateKey: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    algorithm: algorithm ?? usual,
  };
}

function readKey(pem: string, source: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    // Without the cause, which knows the key.
    const what = pem.includes('ENCRYPTED')
      ? 'is encrypted; decrypt it first'
      : 'holds no private key in PEM form; ${file:PATH} reads one from a file';
    throw new ConfigError(`${source} ${what}.`);
  }
}

/** RFC 7518, section 3.3: shorter RSA keys must not sign. */
const minRsaBits = 2048;

const algorithmOfCurve: Readonly<Record<string, string>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
};

/** The usual one first. */
function algorithmsOf({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): readonly string[] {
  if (type === 'rsa' && (details?.modulusLength ?? 0) >= minRsaBits) {
    return ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
  }
  const ofCurve = type === 'ec' ? algorithmOfCurve[details?.namedCurve ?? ''] : undefined;
  return ofCurve === undefined ? [] : [ofCurve];
}
