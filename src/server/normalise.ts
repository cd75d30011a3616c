// Turns the address of a request into the one that routes are written for: root path and path prefix taken off, slashes
// counted once, none at the end. No spelling of an address is ever answered with a redirect: callers such as Open WebUI
// take one for an empty success. Percent-encoding is left to the router.

/** No route matches it: stands for a server's route asked for without the path prefix, or the other way round. */
export const outsidePrefix = '/-/outside/the/path/prefix';

/** Routes that never move under the path prefix. */
const rootOnly: ReadonlySet<string> = new Set(['healthz', 'readyz', 'metrics', 'oauth', 'jobs', 'assets']);

/** Routes that answer at the root and under the path prefix. */
const everywhere: ReadonlySet<string> = new Set(['', 'openapi.json', 'openapi.yaml', 'docs', 'redoc']);

export function normaliseUrl(url: string, rootPath: string, pathPrefix: string): string {
  if (rootPath === '' && pathPrefix === '' && isNormal(url)) return url;
  const start = pathStart(url);
  const queryAt = url.indexOf('?', start);
  const end = queryAt < 0 ? url.length : queryAt;
  const path = singleSlashes(url.slice(start, end)) || '/';
  return placed(withoutRoot(path, rootPath), pathPrefix) + url.slice(end);
}

/** The common case, told without looking at single characters. */
function isNormal(url: string): boolean {
  return url.startsWith('/') && !url.includes('//') && !url.includes('?') && (!url.endsWith('/') || url.length === 1);
}

/** Past `http://host` of an absolute-form target (RFC 9112, section 3.2.2). */
function pathStart(url: string): number {
  if (url.startsWith('/')) return 0;
  const scheme = url.indexOf('://');
  if (scheme < 0) return 0;
  const path = url.indexOf('/', scheme + 3);
  return path < 0 ? url.length : path;
}

function singleSlashes(path: string): string {
  const single = path.includes('//') ? path.replace(/\/{2,}/g, '/') : path;
  return single.length > 1 && single.endsWith('/') ? single.slice(0, -1) : single;
}

/** What follows `base` in `path`; undefined if it is not below it. */
function below(path: string, base: string): string | undefined {
  if (!path.startsWith(base)) return undefined;
  if (path.length === base.length) return '/';
  return path[base.length] === '/' ? path.slice(base.length) : undefined;
}

/** A reverse proxy may or may not take the root path off: both work. */
function withoutRoot(path: string, rootPath: string): string {
  return rootPath === '' ? path : (below(path, rootPath) ?? path);
}

function placed(path: string, pathPrefix: string): string {
  if (pathPrefix === '') return path;
  const inside = below(path, pathPrefix);
  const shown = inside ?? path;
  const segmentEnd = shown.indexOf('/', 1);
  const segment = shown.slice(1, segmentEnd < 0 ? undefined : segmentEnd);
  const alone = segmentEnd < 0;
  if (alone && everywhere.has(segment)) return shown;
  return (inside === undefined) === rootOnly.has(segment) ? shown : outsidePrefix;
}
