// The store of one process: gone with it. Also what several parts of the process share a lock by.

import { Locks } from './locks.ts';
import type { Store } from './store.ts';

interface Entry {
  readonly value: string;
  /** Milliseconds since the epoch. */
  readonly endsAt: number;
}

export function createMemoryStore(): Store {
  const entries = new Map<string, Entry>();
  const locks = new Locks();
  const find = (key: string): string | undefined => {
    const entry = entries.get(key);
    if (entry !== undefined && entry.endsAt > Date.now()) return entry.value;
    entries.delete(key);
    return undefined;
  };
  return {
    get: async (key) => find(key),
    set: async (key, value, ttlMs = Infinity) => {
      for (const [known, { endsAt }] of entries) if (endsAt <= Date.now()) entries.delete(known);
      entries.set(key, { value, endsAt: Date.now() + ttlMs });
    },
    take: async (key) => {
      const value = find(key);
      entries.delete(key);
      return value;
    },
    delete: async (key) => void entries.delete(key),
    withLock: (name, _leaseMs, work) => locks.hold(name, work),
  };
}
