// Every address that a page links to or tells people to paste, made in one place from the parts in the model.
// Links are absolute paths with the root path in front, because pages answer with and without a trailing slash;
// what is pasted elsewhere is an absolute URL.

import type { PageModel } from './model.ts';

/** One of the page's own files. */
export function assetLink(page: PageModel, file: string): string {
  return `${page.rootPath}/assets/${file}?v=${encodeURIComponent(page.version)}`;
}

/** A route outside the path prefix: the overview, /healthz, /readyz. */
export function rootLink(page: PageModel, path: string): string {
  return `${page.rootPath}${path}`;
}

/** A route of a server, or of all servers where `serverPath` is ''. */
export function serverLink(page: PageModel, serverPath: string, path: string): string {
  return `${page.rootPath}${page.pathPrefix}${serverPath}${path}`;
}

/** The same for programs elsewhere. */
export function serverUrl(page: PageModel, serverPath: string, path: string): string {
  return `${page.baseUrl}${serverPath}${path}`;
}
