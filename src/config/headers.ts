// What may be sent as a header to a remote server (RFC 9110, section 5).
// A wrong one is refused when given, because a client library would refuse it at every request, with its value.

import { ConfigError } from './config-error.ts';

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Visible characters, spaces and tabs, and what else fits in one byte. */
const fieldValue = /^[\t\u0020-\u007E\u0080-\u00FF]*$/;

export function checkHeaders(headers: Readonly<Record<string, unknown>>, source: string): void {
  const seen = new Set<string>();
  for (const [name, value] of Object.entries(headers)) {
    if (!token.test(name)) throw new ConfigError(`${source} holds a name that no header can have.`);
    const quoted = JSON.stringify(name);
    if (typeof value !== 'string') throw new ConfigError(`${source} must give ${quoted} a string for its value.`);
    if (!fieldValue.test(value)) {
      throw new ConfigError(
        `${source} gives ${quoted} a value with a line break or a character that no header can carry.`,
      );
    }
    if (seen.has(name.toLowerCase())) throw new ConfigError(`${source} holds ${quoted} twice.`);
    seen.add(name.toLowerCase());
  }
}
