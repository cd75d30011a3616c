// Who works under which name in this process: one at a time, in the order of asking. Between processes file-lock.ts does.

export class Locks {
  readonly #last = new Map<string, Promise<unknown>>();

  async hold<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(name);
    const mine = (before ?? Promise.resolve()).then(work);
    const over = mine.catch(() => {});
    this.#last.set(name, over);
    try {
      return await mine;
    } finally {
      if (this.#last.get(name) === over) this.#last.delete(name);
    }
  }
}
