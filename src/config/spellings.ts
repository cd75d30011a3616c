// Keys that stand in two spellings: snake_case, as the Python program has them, and camelCase as everything else here. What
// the keys mean is their readers'.

import { ConfigError } from './config-error.ts';
import type { Path } from './document.ts';

/** The same members in camelCase. Throws where one stands there twice. */
export function inCamelCase(
  object: Readonly<Record<string, unknown>>,
  label: (path: Path) => string,
): Record<string, unknown> {
  const renamed: Record<string, unknown> = Object.create(null);
  for (const [key, value] of Object.entries(object)) {
    if (value === undefined) continue;
    const camel = toCamelCase(key);
    if (camel in renamed)
      throw new ConfigError(`${label([key])} is the same as ${quotedTwin(key, object)}; keep one of them.`);
    renamed[camel] = value;
  }
  return renamed;
}

export function toCamelCase(key: string): string {
  return key.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

export function toSnakeCase(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function quotedTwin(key: string, object: object): string {
  const twin = Object.keys(object).find((other) => other !== key && toCamelCase(other) === toCamelCase(key));
  return JSON.stringify(twin ?? key);
}
