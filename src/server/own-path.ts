// Paths that a browser is sent back to, which somebody else may have written: they count only where they lead to us.
// What leads anywhere else, in any of the spellings that browsers understand, is as good as nothing.

import type { Mount } from './access/proxies.ts';

/** Longer ones nobody needs, and every sign-in under way holds one. */
const maxLength = 2048;

/** One slash and then neither another one nor a backslash, which browsers take for one; nothing that they would skip. */
const plainPath = /^\/(?![/\\])[^\\\p{C}\s]*$/u;

/** As the browser would understand it; undefined where that is not below our root, or leads into another sign-in. */
export function ownPath(text: string | null | undefined, { origin, rootPath }: Mount): string | undefined {
  if (text === undefined || text === null || text.length > maxLength || !plainPath.test(text)) return undefined;
  if (!URL.canParse(text, origin)) return undefined;
  const url = new URL(text, origin);
  const path = `${url.pathname}${url.search}${url.hash}`;
  // Dots that fall away can leave two slashes in front.
  if (url.origin !== new URL(origin).origin || !plainPath.test(path)) return undefined;
  if (path !== rootPath && !path.startsWith(`${rootPath}/`)) return undefined;
  return path.startsWith(`${rootPath}/oauth/`) ? undefined : path;
}
