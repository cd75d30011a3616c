// A store that is made when it is first used. One that cannot be made says so to whoever needs it, and is tried again.

import type { Store } from './store.ts';

export function lazyStore(make: () => Promise<Store>): Store {
  let made: Promise<Store> | undefined;
  const store = (): Promise<Store> => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
  return {
    get: async (key) => (await store()).get(key),
    set: async (key, value, ttlMs) => (await store()).set(key, value, ttlMs),
    take: async (key) => (await store()).take(key),
    delete: async (key) => (await store()).delete(key),
    withLock: async (name, leaseMs, work) => (await store()).withLock(name, leaseMs, work),
  };
}
