// JSON Pointers (RFC 6901): strings of escaped tokens, '' for the whole. Pointers are compared as strings, so they are
// always made here. Looking one up sees own members only.

import { isObject } from '../value.ts';

/** The pointer to a member or element of what `pointer` points to. */
export function step(pointer: string, ...tokens: readonly string[]): string {
  let result = pointer;
  for (const token of tokens) result += `/${token.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  return result;
}

/** The same pointer with every token escaped as `step` does it. */
export function canonical(pointer: string): string {
  return step('', ...tokensOf(pointer));
}

/** What the pointer points to; undefined if nothing. */
export function lookUp(root: unknown, pointer: string): unknown {
  let value = root;
  for (const token of tokensOf(pointer)) {
    if (!(isObject(value) || Array.isArray(value)) || !Object.hasOwn(value, token)) return undefined;
    value = (value as { readonly [key: string]: unknown })[token];
  }
  return value;
}

/** As a URI fragment (RFC 6901, section 6), without `#`; undefined if a token has a lone surrogate. */
export function toFragment(pointer: string): string | undefined {
  if (/\p{Surrogate}/u.test(pointer)) return undefined;
  return encodeURI(pointer).replaceAll('#', '%23');
}

function tokensOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}
