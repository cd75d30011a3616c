// Server-sent events (WHATWG HTML, section 9.2) from chunks of text: a parser without I/O. Keeps the raw text of each
// event, so that a filter can pass on what it does not want, and what resumption needs: the last id and the wished pause.
// Of an event over the limit only the two ends are kept, so that a hostile one costs no memory and the stream goes on.

export interface ServerSentEvent {
  /** `message` where the stream names none. */
  readonly type: string;
  readonly data: string;
  /** The event as received, blank line included. */
  readonly raw: string;
}

/** The ends of an event that is larger than allowed, as received. */
export interface OversizedEvent {
  readonly head: string;
  readonly tail: string;
}

/** Of an event over the limit: enough to find the id of a message in it. */
const endChars = 512;

export class EventStreamParser {
  /** As the stream last set them (`id`, `retry`). */
  lastEventId: string | undefined;
  retryMs: number | undefined;

  readonly #maxChars: number;
  /** The unfinished event, in the pieces it came in: joined once, so that a long one costs no more than its length. */
  #pieces: string[] = [];
  #length = 0;
  /** The beginning of an event whose middle was dropped. */
  #head: string | undefined;

  constructor(maxChars: number) {
    this.#maxChars = maxChars;
  }

  /** Events completed by this chunk. */
  push(chunk: string): (ServerSentEvent | OversizedEvent)[] {
    const events: (ServerSentEvent | OversizedEvent)[] = [];
    // A blank line may straddle chunks: look again at the last few characters.
    const seam = this.#seam(3);
    const text = seam + chunk;
    const blankLine = /\r\n\r\n|\r\n\n|\n\r\n|\n\n|\r\r(?!\n)/g;
    let start = seam.length;
    while (blankLine.exec(text) !== null) {
      this.#add(text.slice(start, blankLine.lastIndex));
      start = blankLine.lastIndex;
      const event = this.#complete();
      if (event !== undefined) events.push(event);
    }
    if (start < text.length) this.#add(text.slice(start));
    return events;
  }

  /** Forgets an unfinished event: the stream broke in it, and another one goes on from the last id. */
  restart(): void {
    this.#pieces = [];
    this.#length = 0;
    this.#head = undefined;
  }

  #add(piece: string): void {
    this.#pieces.push(piece);
    this.#length += piece.length;
    if (this.#length <= this.#maxChars) return;
    this.#head ??= this.#beginning();
    this.#pieces = [this.#seam(endChars)];
  }

  #complete(): ServerSentEvent | OversizedEvent | undefined {
    const raw = this.#pieces.join('');
    const head = this.#head;
    this.restart();
    return head === undefined ? this.#parse(raw) : { head, tail: raw.slice(-endChars) };
  }

  /** Not a part of all pieces joined, which it would keep in memory. */
  #beginning(): string {
    let head = '';
    for (let index = 0; head.length < endChars && index < this.#pieces.length; index++) head += this.#pieces[index];
    return head.slice(0, endChars);
  }

  /** The last characters of the unfinished event. Line ends may be LF, CRLF or CR: a blank line has at most four. */
  #seam(chars: number): string {
    let seam = '';
    for (let index = this.#pieces.length - 1; index >= 0 && seam.length < chars; index--) {
      seam = (this.#pieces[index] ?? '').slice(seam.length - chars) + seam;
    }
    return seam;
  }

  #parse(raw: string): ServerSentEvent | undefined {
    let type = 'message';
    const data: string[] = [];
    const text = raw.startsWith('\uFEFF') ? raw.slice(1) : raw;
    for (const line of text.split(/\r\n|\n|\r/)) {
      const colon = line.indexOf(':');
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
      if (field === 'data') data.push(value);
      else if (field === 'event') type = value || 'message';
      else if (field === 'id' && !value.includes('\0')) this.lastEventId = value || undefined;
      else if (field === 'retry' && /^\d{1,9}$/.test(value)) this.retryMs = Number(value);
    }
    return data.length === 0 ? undefined : { type, data: data.join('\n'), raw };
  }
}
