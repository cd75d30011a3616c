// What is kept of sign-ins between requests, and with files between runs: values under keys, gone after their time, and
// locks. The interface, which a shared store fills as well as a folder or this process's memory does; all of them pass
// the same tests. Keys are not secret, values are: what leaves the process is sealed.

export interface Store {
  get(key: string): Promise<string | undefined>;
  /** `ttlMs`: gone after so long; undefined: kept until it is replaced or deleted. */
  set(key: string, value: string, ttlMs?: number): Promise<void>;
  /** Gets and removes in one step: of several takers one has it. */
  take(key: string): Promise<string | undefined>;
  delete(key: string): Promise<void>;
  /**
   * Runs `work` while nobody else, in this process or another, holds the lock of that name. A holder that dies loses it
   * after `leaseMs`.
   */
  withLock<T>(name: string, leaseMs: number, work: () => Promise<T>): Promise<T>;
}
