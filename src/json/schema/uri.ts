// Resolves URI references (RFC 3986, section 5.2) as strings, for `$id` inside schemas. Pure ECMAScript: this folder has
// no URL class, and `$id` may be any URI, `urn:` too.

const COMPONENTS = /^(?:([^:/?#]+):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?/;

/** The target of `reference` seen from `base`, both without fragment. */
export function resolveUri(base: string, reference: string): string {
  const to = split(reference);
  if (to.scheme !== undefined) return reference;
  const from = split(base);
  if (to.authority !== undefined) return build({ ...to, scheme: from.scheme });
  const { scheme, authority } = from;
  if (to.path === '') return build({ scheme, authority, path: from.path, query: to.query ?? from.query });
  const path = to.path.startsWith('/') ? to.path : merged(from, to.path);
  return build({ scheme, authority, path: withoutDots(path), query: to.query });
}

interface Components {
  readonly scheme: string | undefined;
  readonly authority: string | undefined;
  readonly path: string;
  readonly query: string | undefined;
}

function split(uri: string): Components {
  const [, scheme, authority, path = '', query] = COMPONENTS.exec(uri) ?? [];
  return { scheme, authority, path, query };
}

function build({ scheme, authority, path, query }: Components): string {
  return [
    scheme === undefined ? '' : `${scheme}:`,
    authority === undefined ? '' : `//${authority}`,
    path,
    query === undefined ? '' : `?${query}`,
  ].join('');
}

function merged(base: Components, path: string): string {
  if (base.authority !== undefined && base.path === '') return `/${path}`;
  return base.path.slice(0, base.path.lastIndexOf('/') + 1) + path;
}

function withoutDots(path: string): string {
  const kept: string[] = [];
  const segments = path.split('/');
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1;
    if (segment === '..') {
      if (kept.length > 1) kept.pop();
      if (isLast) kept.push('');
    } else if (segment !== '.') {
      kept.push(segment);
    } else if (isLast) {
      kept.push('');
    }
  }
  return kept.join('/');
}
