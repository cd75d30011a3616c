// Reads and judges TLS files: our own certificate with its key, and what a remote server is met with.
// Promises that what is read fits together, so that a wrong file is a sentence at start and not an alert in a handshake.

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { ConfigError } from './config-error.ts';
import { readTextFile } from './files.ts';

/** A file and how sentences name it, such as `--ssl-certfile`. */
export interface NamedFile {
  readonly path: string;
  readonly source: string;
}

export interface CertificatePair {
  /** PEM. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
}

export async function readCertificatePair(certFile: NamedFile, keyFile: NamedFile): Promise<CertificatePair> {
  const cert = await readTextFile(certFile.path, subject(certFile));
  const key = await readTextFile(keyFile.path, subject(keyFile));
  const certificate = toCertificate(cert, certFile);
  if (!certificate.checkPrivateKey(toPrivateKey(key, keyFile))) {
    throw new ConfigError(`${subject(certFile)} does not fit the key of ${subject(keyFile)}; they must be one pair.`);
  }
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    const why = `cannot be used for TLS (${reasonOf(error)})`;
    throw new ConfigError(`${subject(certFile)} and ${subject(keyFile)} ${why}.`, { cause: error });
  }
  return { cert, key };
}

/** PEM text with at least one certificate; the first is checked. */
export async function readCertificates(file: NamedFile): Promise<string> {
  const pem = await readTextFile(file.path, subject(file));
  toCertificate(pem, file);
  return pem;
}

function toCertificate(pem: string, file: NamedFile): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw new ConfigError(`${subject(file)} holds no certificate in PEM form.`, { cause: error });
  }
}

function toPrivateKey(pem: string, file: NamedFile): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    const what = pem.includes('ENCRYPTED') ? 'is encrypted; decrypt it first' : 'holds no private key in PEM form';
    throw new ConfigError(`${subject(file)} ${what}.`, { cause: error });
  }
}

function subject({ source, path }: NamedFile): string {
  return `${source} ${path}`;
}

/** OpenSSL's code, such as ERR_SSL_EE_KEY_TOO_SMALL. */
function reasonOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown reason';
}
