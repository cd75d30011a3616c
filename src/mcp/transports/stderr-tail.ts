// The last lines that a child wrote to stderr: drained always (a full pipe blocks the child), kept briefly, shown where
// the child fails. Escape sequences of terminals are taken out.

/** Enough for the sentence that matters, which is nearly always among the last. */
const keptLines = 5;
const keptCharsPerLine = 300;
/** A frame of a stack of V8: they come after the sentence that matters, and are many. */
const frame = /^at .*(?::\d+:\d+\)?|\(<anonymous>\))(?: \{)?$/u;

export class StderrTail {
  readonly #onLine: (line: string) => void;
  readonly #decoder = new TextDecoder();
  #partial = '';
  #lines: string[] = [];

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(chunk: Uint8Array): void {
    const parts = (this.#partial + this.#decoder.decode(chunk, { stream: true })).split(/\r?\n/);
    this.#partial = (parts.pop() ?? '').slice(0, keptCharsPerLine);
    for (const part of parts) {
      const line = clean(part);
      if (line === '') continue;
      if (!frame.test(line)) this.#lines = [...this.#lines.slice(1 - keptLines), line];
      this.#onLine(line);
    }
  }

  /** What is kept, as one line. */
  text(): string {
    const last = clean(this.#partial);
    return [...this.#lines, ...(last === '' ? [] : [last])].slice(-keptLines).join(' | ');
  }
}

/** Without escape sequences of terminals and other control characters, and not too long. */
export function clean(line: string): string {
  return line
    .replace(/\u001B\[[0-9;]*[A-Za-z]|[\u0000-\u0008\u000B-\u001F]/g, '')
    .trim()
    .slice(0, keptCharsPerLine);
}
