// Server-sent events (WHATWG HTML, section 9.2) from chunks of text: a parser without I/O. Keeps the raw text of each
// event, so that a filter can pass on what it does not want. A single event over the limit throws. Ids and retry times,
// which only resumption needs, are not kept.

export interface ServerSentEvent {
  /** `message` where the stream names none. */
  readonly type: string;
  readonly data: string;
  /** The event as received, blank line included. */
  readonly raw: string;
}

export class EventStreamTooLong extends RangeError {}

export class EventStreamParser {
  readonly #maxChars: number;
  /** The unfinished event, in the pieces it came in: joined once, so that a long one costs no more than its length. */
  #pieces: string[] = [];
  #length = 0;

  constructor(maxChars: number) {
    this.#maxChars = maxChars;
  }

  /** Events completed by this chunk. */
  push(chunk: string): ServerSentEvent[] {
    const events: ServerSentEvent[] = [];
    // A blank line may straddle chunks: look again at the last few characters.
    const seam = this.#seam();
    const text = seam + chunk;
    const blankLine = /\r\n\r\n|\r\n\n|\n\r\n|\n\n|\r\r(?!\n)/g;
    let start = seam.length;
    while (blankLine.exec(text) !== null) {
      const raw = this.#pieces.join('') + text.slice(start, blankLine.lastIndex);
      start = blankLine.lastIndex;
      this.#pieces = [];
      this.#length = 0;
      const event = this.#parse(raw);
      if (event !== undefined) events.push(event);
    }
    if (start < text.length) this.#pieces.push(text.slice(start));
    this.#length += text.length - start;
    if (this.#length > this.#maxChars) throw new EventStreamTooLong();
    return events;
  }

  /** The last characters of the unfinished event. Line ends may be LF, CRLF or CR: a blank line has at most four. */
  #seam(): string {
    let seam = '';
    for (let index = this.#pieces.length - 1; index >= 0 && seam.length < 3; index--) {
      seam = (this.#pieces[index] ?? '').slice(seam.length - 3) + seam;
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
    }
    return data.length === 0 ? undefined : { type, data: data.join('\n'), raw };
  }
}
