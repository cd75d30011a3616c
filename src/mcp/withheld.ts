// What must not be told of a server: the values of its headers, its secret variables, the password and the query of its
// address. Servers quote what they were sent, and their words go to the log and, while they are down, to whoever asks how they
// are.

import type { Target } from '../config/types.ts';

const mask = '***';

/** Shorter ones are no secrets, and to take them out would tear words apart. */
const minLength = 6;

/** Names of variables that hold secrets; others, such as paths, are what people look for in an error. */
const telling = /key|token|secret|passw|auth|credential|bearer/i;

/** A credential that is not of the configuration, such as the token of somebody who signed in; longer than words are. */
const credential = /\b(bearer|basic) +[\w.~+/=-]{16,}/gi;

/** `target` as it is connected to: with what its templates came to. */
export function withholding(target: Target): (text: string) => string {
  // The longest first: one may be a part of another.
  const secrets = [...new Set(secretsOf(target))]
    .filter((secret) => secret.length >= minLength)
    .toSorted((a, b) => b.length - a.length);
  return (text) =>
    secrets.reduce((told, secret) => told.replaceAll(secret, mask), text).replaceAll(credential, `$1 ${mask}`);
}

function secretsOf(target: Target): string[] {
  if (target.kind === 'stdio') {
    const { env, ownEnv = Object.keys(env) } = target;
    return ownEnv.flatMap((name) => {
      const value = env[name] ?? '';
      return telling.test(name) ? [value] : secretsOfUrl(value);
    });
  }
  // Of `Bearer x` also x alone.
  const values = Object.values(target.headers).flatMap((value) => [value, value.slice(value.indexOf(' ') + 1)]);
  return [...values, ...secretsOfUrl(target.url)];
}

function secretsOfUrl(text: string): string[] {
  if (!URL.canParse(text)) return [];
  const { password, search, searchParams } = new URL(text);
  return [password, decoded(password), search.slice(1), ...searchParams.values()];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // As it is, it is known already.
    return '';
  }
}
