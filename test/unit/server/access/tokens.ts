// Tokens for the tests, made by hand: also those that no honest program makes.

import { createHmac, type KeyObject, sign } from 'node:crypto';

export const webuiSecret = 't0p-s3cr3t-of-open-webui';
export const chatSecret = 'secret-of-forwarded-users';

/** Seconds since the epoch, that many from now. */
export function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds;
}

export function encoded(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}

/** HMAC with SHA-256, whatever the header says. */
export function hmacToken(payload: unknown, secret: string | Buffer = webuiSecret, header: object = {}): string {
  const signed = `${encoded({ alg: 'HS256', typ: 'JWT', ...header })}.${encoded(payload)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

/** RSA with SHA-256, whatever the header says. */
export function rsaToken(payload: unknown, key: KeyObject, header: object = {}): string {
  const signed = `${encoded({ alg: 'RS256', typ: 'JWT', ...header })}.${encoded(payload)}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`;
}

/** As Open WebUI signs a session: PyJWT, HS256, claim `id`. */
export function sessionToken(id: string, secret = webuiSecret, claims: object = {}): string {
  return hmacToken({ id, exp: inSeconds(3600), jti: 'b0e3', ...claims }, secret);
}

/** As Open WebUI names the user of a chat to tool servers. */
export function chatToken(sub: string, secret = chatSecret, claims: object = {}): string {
  const named = { email: `${sub}@example.com`, name: `The ${sub}`, role: 'user', iss: 'open-webui' };
  return hmacToken({ sub, ...named, iat: inSeconds(0), exp: inSeconds(300), ...claims }, secret);
}
