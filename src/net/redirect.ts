// Where a redirect may be followed to: to the same origin, or from http to https of the same host on the default ports,
// and only where method and body stay (RFC 9110, 307 and 308). Many servers redirect `/mcp` to `/mcp/`; credentials and
// arguments go nowhere else.

const keepsMethod = new Set([307, 308]);

/** A redirect after so many is not followed. */
export const maxRedirects = 5;

/** The address to send the same request to, or undefined. */
export function redirectWithin(from: URL, status: number, location: unknown): URL | undefined {
  if (!keepsMethod.has(status) || typeof location !== 'string' || !URL.canParse(location, from.href)) return undefined;
  const to = new URL(location, from);
  if (to.username !== '' || to.password !== '') return undefined;
  const upgraded = from.protocol === 'http:' && to.protocol === 'https:' && from.port === '' && to.port === '';
  const same = from.origin === to.origin || (upgraded && from.hostname === to.hostname);
  return same ? to : undefined;
}

/** For people: where a redirect that is not followed leads, without its query. */
export function redirectSentence(from: URL, status: number, location: unknown): string {
  if (typeof location !== 'string' || !URL.canParse(location, from.href))
    return `the server redirects (HTTP ${status})`;
  const { origin, pathname } = new URL(location, from);
  return `the server redirects to ${origin}${pathname} (HTTP ${status}), which is not followed; check the url`;
}
