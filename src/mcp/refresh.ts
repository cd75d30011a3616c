// When to list again after a server said that its tools changed: soon, not for each of many announcements, and never two
// at a time, so that an older list cannot overwrite a newer one. Announcements during a listing cost one more after it; a
// list that was not had is asked for again, with growing pauses.

/** Announcements within this time cost one listing; it doubles while they keep coming, */
const firstDelayMs = 100;
/** up to what still brings a change into the documents within a second. */
const maxDelayMs = 800;
/** Between listings that fail. */
const maxFailedDelayMs = 10_000;
/** So long after the last listing they are news again, not more of the same. */
const calmAfterMs = 5_000;

export class Refresh {
  readonly #list: () => Promise<boolean>;
  #timer: NodeJS.Timeout | undefined;
  #listing = false;
  #asked = false;
  #stopped = false;
  #delayMs = firstDelayMs;
  #maxDelayMs = maxDelayMs;
  #listedAt = 0;

  /** `list` never rejects; false: the list was not had. */
  constructor(list: () => Promise<boolean>) {
    this.#list = list;
  }

  ask(): void {
    this.#asked = true;
    if (this.#stopped || this.#listing || this.#timer !== undefined) return;
    if (Date.now() - this.#listedAt > calmAfterMs) this.#delayMs = firstDelayMs;
    this.#timer = setTimeout(() => void this.#run(), this.#delayMs);
    this.#delayMs = Math.min(this.#delayMs * 2, this.#maxDelayMs);
  }

  /** Nothing more is listed. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #run(): Promise<void> {
    this.#timer = undefined;
    this.#asked = false;
    this.#listing = true;
    const had = await this.#list();
    this.#listing = false;
    this.#listedAt = Date.now();
    this.#maxDelayMs = had ? maxDelayMs : maxFailedDelayMs;
    this.#delayMs = Math.min(this.#delayMs, this.#maxDelayMs);
    if (this.#asked || !had) this.ask();
  }
}
