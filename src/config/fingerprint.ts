// Tells whether two pieces of configuration are equal, without keeping what is in them.
// The order of keys does not matter; what is undefined counts as absent. Hashed, because the pieces hold secrets.

import { createHash } from 'node:crypto';

export function fingerprint(value: unknown): string {
  return createHash('sha256').update(stableText(value)).digest('hex');
}

function stableText(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => {
    if (member instanceof Map) return sorted([...member.entries()]);
    return typeof member === 'object' && member !== null && !Array.isArray(member)
      ? sorted(Object.entries(member))
      : member;
  });
}

function sorted(entries: readonly [string, unknown][]): Record<string, unknown> {
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
