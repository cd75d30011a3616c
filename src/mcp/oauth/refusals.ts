// Counts tokens that were refused as soon as they were given. A server that does so is not told anything new by another
// token, or by another sign-in: something does not belong together, and somebody has to look at it.

/** So many in a row, and none of them is what is missing. */
const maxRefusals = 3;
/** A token that is refused later than that has worked before. */
const atOnceMs = 60_000;

export class Refusals {
  #count = 0;
  #last: string | undefined;

  /** Whether asking for another token makes no sense any more. */
  get hopeless(): boolean {
    return this.#count >= maxRefusals;
  }

  /** The same token counts once, however many requests it was refused for. */
  add({ accessToken, issuedAt }: { readonly accessToken: string; readonly issuedAt: number }, nowMs: number): void {
    if (accessToken === this.#last) return;
    this.#last = accessToken;
    this.#count = nowMs - issuedAt < atOnceMs ? this.#count + 1 : 1;
  }

  /** One was taken, or somebody begins afresh. */
  clear(): void {
    this.#count = 0;
    this.#last = undefined;
  }
}
