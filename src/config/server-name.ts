// What a server may be called: its name is a path segment of every address of its tools.
// Names are compared as written, as paths are: "time" and "Time" are two servers.

import { reservedServerNames } from '../routes.ts';
import { ConfigError } from './config-error.ts';

/** Leaves room for a tool's name within the longest URL that is accepted, even when every character is encoded. */
const maxLength = 200;

/** `label` begins the sentence and holds the name. */
export function checkServerName(name: string, label: string): void {
  const wrong = whatIsWrong(name);
  if (wrong !== undefined) throw new ConfigError(`${label} ${wrong}; give this server another name.`);
}

function whatIsWrong(name: string): string | undefined {
  if (name.trim() === '') return 'has an empty name, which cannot stand in an address';
  if (/[/\\]/.test(name)) return 'has a name with a slash, which cannot stand in one part of an address';
  if (name === '.' || name === '..') return 'has a name that means another place in an address';
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u001F\u007F-\u009F]/.test(name)) return 'has a name with a control character';
  if (/\p{Surrogate}/u.test(name)) return 'has a name with half a character, which cannot stand in an address';
  if (name.length > maxLength) return `has a name longer than ${maxLength} characters`;
  if (reservedServerNames.has(name.toLowerCase())) return 'has a name that mcpo needs for an address of its own';
  return undefined;
}
