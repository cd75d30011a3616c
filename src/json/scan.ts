// Finds places in JSON text without printing it anew: a proxy that parses and prints again loses 9007199254740993 and
// 1.0. Every function takes text that JSON.parse accepts (call it first: it is native and strict) and never recurses,
// so that depth costs no stack. Positions are UTF-16 indices.

/** `text.slice(start, end)` is the value. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** The value at a path of keys and indices, or undefined. Of duplicate keys the last counts, as for JSON.parse. */
export function memberSpan(text: string, path: readonly (string | number)[]): Span | undefined {
  return walk(text, skipSpace(text, 0), path, 0).found;
}

/** A value that was walked over, and what stands on the path in it. */
interface Walked {
  readonly end: number;
  readonly found: Span | undefined;
}

/** Once over the value at `start`, however long the path is: the value may be many megabytes. Recurses by the path. */
function walk(text: string, start: number, path: readonly (string | number)[], depth: number): Walked {
  const step = path[depth];
  if (step === undefined) {
    const end = skipValue(text, start);
    return { end, found: { start, end } };
  }
  const first = text.charCodeAt(start);
  const isObject = first === OPEN_BRACE;
  if (isObject ? typeof step !== 'string' : first !== OPEN_BRACKET || typeof step !== 'number') {
    return { end: skipValue(text, start), found: undefined };
  }
  let found: Span | undefined;
  let at = skipSpace(text, start + 1);
  for (let index = 0; !closes(text, at); index++) {
    let key: string | number = index;
    if (isObject) {
      const keyEnd = skipString(text, at);
      key = stringAt(text, at, keyEnd);
      // Past the colon.
      at = skipSpace(text, skipSpace(text, keyEnd) + 1);
    }
    if (key === step) {
      const walked = walk(text, at, path, depth + 1);
      ({ found } = walked);
      at = walked.end;
    } else {
      at = skipValue(text, at);
    }
    at = skipSpace(text, at);
    if (text.charCodeAt(at) === COMMA) at = skipSpace(text, at + 1);
  }
  return { end: at + 1, found };
}

/** At the end of the text, too, which only what is no JSON reaches. */
function closes(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === CLOSE_BRACE || code === CLOSE_BRACKET || at >= text.length;
}

/** The elements of the array that starts at `start`; none if it is no array. */
export function elements(text: string, start: number): Span[] {
  const spans: Span[] = [];
  if (text.charCodeAt(start) !== OPEN_BRACKET) return spans;
  let at = skipSpace(text, start + 1);
  while (text.charCodeAt(at) !== CLOSE_BRACKET) {
    const end = skipValue(text, at);
    spans.push({ start: at, end });
    at = skipSpace(text, end);
    if (text.charCodeAt(at) === COMMA) at = skipSpace(text, at + 1);
  }
  return spans;
}

export interface Inspection {
  /** Of nested containers: 0 for a scalar, 1 for `{}`. */
  readonly depth: number;
  /** The first key that an object has twice. */
  readonly duplicateKey: string | undefined;
  /** Whether a number stands there that a double may not hold. */
  readonly longNumber: boolean;
}

/** What JSON.parse does not tell. */
export function inspectJson(text: string): Inspection {
  const open: (Keys | undefined)[] = [];
  const spare: Keys[] = [];
  let depth = 0;
  let duplicateKey: string | undefined;
  let longNumber = false;
  let expectKey = false;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE: {
        const end = skipString(text, at);
        if (expectKey) {
          const key = stringAt(text, at, end);
          if (open.at(-1)?.add(key) === false) duplicateKey ??= key;
          expectKey = false;
        }
        at = end - 1;
        break;
      }
      case OPEN_BRACE:
        open.push(spare.pop() ?? new Keys());
        expectKey = true;
        depth = Math.max(depth, open.length);
        break;
      case OPEN_BRACKET:
        open.push(undefined);
        expectKey = false;
        depth = Math.max(depth, open.length);
        break;
      case CLOSE_BRACE:
      case CLOSE_BRACKET: {
        const keys = open.pop();
        keys?.clear();
        if (keys !== undefined) spare.push(keys);
        expectKey = false;
        break;
      }
      case COMMA:
        expectKey = open.at(-1) !== undefined;
        break;
      case COLON:
        break;
      default: {
        const end = skipLiteral(text, at);
        longNumber ||= end > at && mayHoldInexact.test(text.slice(at, end));
        at = Math.max(at, end - 1);
      }
    }
  }
  return { depth, duplicateKey, longNumber };
}

/** A double keeps any 15 digits: without 16 in a row, or an exponent, there is nothing to lose. Strings may match too. */
export const mayHoldInexact = /[\d.]{16}|\d[eE][\d+-]/;

/** Up to here looking through a list is quicker than a Set is made. */
const FEW_KEYS = 16;

/** The keys of one object; used again for the next, because a body may hold a million of them. */
class Keys {
  readonly #few: string[] = [];
  #many: Set<string> | undefined;

  /** False where it is there already. */
  add(key: string): boolean {
    if (this.#many !== undefined) {
      if (this.#many.has(key)) return false;
      this.#many.add(key);
      return true;
    }
    if (this.#few.includes(key)) return false;
    this.#few.push(key);
    if (this.#few.length > FEW_KEYS) this.#many = new Set(this.#few);
    return true;
  }

  clear(): void {
    this.#few.length = 0;
    this.#many = undefined;
  }
}

/** The string whose quotes stand at `start` and before `end`. */
export function stringAt(text: string, start: number, end: number): string {
  const raw = text.slice(start + 1, end - 1);
  return raw.includes('\\') ? (JSON.parse(text.slice(start, end)) as string) : raw;
}

/** End of the value that starts at `start`. */
export function skipValue(text: string, start: number): number {
  const first = text.charCodeAt(start);
  if (first === QUOTE) return skipString(text, start);
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) return skipLiteral(text, start);
  let depth = 0;
  let at = start;
  do {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = skipString(text, at);
      continue;
    }
    if (code === OPEN_BRACE || code === OPEN_BRACKET) depth++;
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth--;
    at++;
  } while (depth > 0 && at < text.length);
  return at;
}

/** Past the closing quote. indexOf is native: long strings cost what memchr costs. */
export function skipString(text: string, start: number): number {
  let at = start;
  for (;;) {
    at = text.indexOf('"', at + 1);
    if (at < 0) return text.length;
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return at + 1;
  }
}

function skipLiteral(text: string, start: number): number {
  let at = start;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === COMMA || code === CLOSE_BRACE || code === CLOSE_BRACKET || code <= 0x20) break;
    at++;
  }
  return at;
}

export function skipSpace(text: string, start: number): number {
  let at = start;
  while (text.charCodeAt(at) <= 0x20) at++;
  return at;
}
