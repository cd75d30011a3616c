// JSON Pointers (RFC 6901): strings of escaped tokens, '' for the whole. Pointers are compared as strings, so they are
// always made here. Looking one up sees own members only.

import { isObject } from '../value.ts';

/** The pointer to a member or element of what `pointer` points to. */
export function step(pointer: string, ...tokens: readonly string[]): string {
  let result = pointer;
  for (const token of tokens) result += `/${/[~/]/.test(token) ? escaped(token) : token}`;
  return result;
}

function escaped(token: string): string {
  return token.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** The same pointer with every token escaped as `step` does it. */
export function canonical(pointer: string): string {
  return step('', ...tokensOf(pointer));
}

/** What the pointer points to; undefined if nothing. */
export function lookUp(root: unknown, pointer: string): unknown {
  return valuesAlong(root, pointer)?.at(-1);
}

/** The root and whatever lies on the way to what the pointer points to, which is the last; undefined if nothing. */
export function valuesAlong(root: unknown, pointer: string): readonly unknown[] | undefined {
  const values = [root];
  let value = root;
  for (const token of tokensOf(pointer)) {
    if (!(isObject(value) || Array.isArray(value)) || !Object.hasOwn(value, token)) return undefined;
    value = (value as { readonly [key: string]: unknown })[token];
    values.push(value);
  }
  return values;
}

/** As a URI fragment (RFC 6901, section 6), without `#`; undefined if a token has a lone surrogate. */
export function toFragment(pointer: string): string | undefined {
  if (/\p{Surrogate}/u.test(pointer)) return undefined;
  return encodeURI(pointer).replaceAll('#', '%23');
}

/** The text that a URI fragment stands for, without `#`. */
export function fromFragment(fragment: string): string {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return fragment; // No percent-encoding: taken as it stands.
  }
}

function tokensOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}
