// The "client_header_forwarding" of an entry: which header fields of a call go on to the server. As in the Python program a
// missing whitelist means all; what may never go, whatever is listed, and what goes by its full name only, is
// server/access/forwarded.ts's.

import { ConfigError } from './config-error.ts';
import type { Path } from './document.ts';
import type { ServerEntry } from './schema.ts';
import type { HeaderForwarding } from './types.ts';

const everything = ['*'];

export function toForwarding(entry: ServerEntry, label: (path: Path) => string): HeaderForwarding | undefined {
  const { client_header_forwarding: snake, clientHeaderForwarding: camel } = entry;
  if (snake !== undefined && camel !== undefined) {
    throw new ConfigError(
      `${label(['client_header_forwarding'])} is the same as "clientHeaderForwarding"; keep one of them.`,
    );
  }
  const { enabled = false, whitelist = [], blacklist = [] } = snake ?? camel ?? {};
  const within = (path: Path): string => {
    return label([snake === undefined ? 'clientHeaderForwarding' : 'client_header_forwarding', ...path]);
  };
  const allowed = toNames(whitelist, (index) => within(['whitelist', index]));
  const kept = toNames(blacklist, (index) => within(['blacklist', index]));
  if (!enabled) return undefined;
  return { whitelist: allowed.length === 0 ? everything : allowed, blacklist: kept };
}

/** Characters of a field's name (RFC 9110, section 5.6.2), of which `*` is one, and `?`. */
const nameOrPattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z?]+$/;

/** In lower case. One that no field can match is refused, so that nobody believes that it keeps something back. */
function toNames(names: readonly string[], label: (index: number) => string): string[] {
  return names.map((written, index) => {
    const name = written.trim();
    if (nameOrPattern.test(name)) return name.toLowerCase();
    throw new ConfigError(`${label(index)} must be the name of a header, or a pattern such as "X-User-*".`);
  });
}
