// Lines out of chunks of bytes, in linear time: what arrives is kept as a list of chunks and joined once, or handed over as it
// is where the line is long. A line over the limit is not kept: its beginning and its end are handed over, so that the one
// request it answers can be failed instead of the connection.

import { LONG_JSON } from '../../json/long.ts';

const LINE_FEED = 0x0a;

/** Of an over-long line: enough to find a JSON-RPC id at either end. */
const keptOfLongLine = 512;

const noBytes = Buffer.alloc(0);

export interface LineSink {
  line(text: string): void;
  /** Of LONG_JSON bytes and more, as it came. */
  long(pieces: readonly Buffer[]): void;
  tooLong(head: string, tail: string): void;
}

export class LineSplitter {
  readonly #maxBytes: number;
  readonly #sink: LineSink;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #tail: Buffer = noBytes;

  constructor(maxBytes: number, sink: LineSink) {
    this.#maxBytes = maxBytes;
    this.#sink = sink;
  }

  push(chunk: Buffer): void {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(LINE_FEED, start);
      if (end < 0) break;
      this.#end(chunk.subarray(start, end));
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(start === 0 ? chunk : chunk.subarray(start));
  }

  #keep(part: Buffer): void {
    this.#bytes += part.length;
    if (this.#bytes <= this.#maxBytes) {
      this.#chunks.push(part);
      return;
    }
    // Over the limit: the first chunk stays for its head, the rest shrinks to a tail.
    const before = this.#tail.length > 0 ? this.#tail : (this.#chunks.at(-1) ?? noBytes);
    const tail = Buffer.concat([before.subarray(-keptOfLongLine), part.subarray(-keptOfLongLine)]);
    this.#chunks = [Buffer.from((this.#chunks[0] ?? part).subarray(0, keptOfLongLine))];
    this.#tail = tail.subarray(-keptOfLongLine);
  }

  #end(last: Buffer): void {
    if (this.#bytes === 0 && last.length <= this.#maxBytes) {
      this.#sink.line(last.toString());
      return;
    }
    this.#keep(last);
    if (this.#bytes <= this.#maxBytes) {
      if (this.#bytes < LONG_JSON) this.#sink.line(Buffer.concat(this.#chunks).toString());
      else this.#sink.long(this.#chunks);
    } else this.#sink.tooLong(String(this.#chunks[0]), this.#tail.toString());
    this.#chunks = [];
    this.#bytes = 0;
    this.#tail = noBytes;
  }
}
