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
  let start = skipSpace(text, 0);
  for (const step of path) {
    const found = typeof step === 'string' ? findMember(text, start, step) : elements(text, start)[step]?.start;
    if (found === undefined) return undefined;
    start = found;
  }
  return { start, end: skipValue(text, start) };
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
}

/** What JSON.parse does not tell: how deep the text nests and whether an object repeats a key. */
export function inspectJson(text: string): Inspection {
  const open: (Set<string> | undefined)[] = [];
  let depth = 0;
  let duplicateKey: string | undefined;
  let expectKey = false;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE: {
        const end = skipString(text, at);
        if (expectKey) {
          const key = stringAt(text, at, end);
          const keys = open.at(-1);
          if (keys?.has(key)) duplicateKey ??= key;
          keys?.add(key);
          expectKey = false;
        }
        at = end - 1;
        break;
      }
      case OPEN_BRACE:
        open.push(new Set());
        expectKey = true;
        depth = Math.max(depth, open.length);
        break;
      case OPEN_BRACKET:
        open.push(undefined);
        expectKey = false;
        depth = Math.max(depth, open.length);
        break;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        open.pop();
        expectKey = false;
        break;
      case COMMA:
        expectKey = open.at(-1) !== undefined;
        break;
    }
  }
  return { depth, duplicateKey };
}

/** Start of the value of the last member with that key in the object at `start`. */
function findMember(text: string, start: number, key: string): number | undefined {
  if (text.charCodeAt(start) !== OPEN_BRACE) return undefined;
  let found: number | undefined;
  let at = skipSpace(text, start + 1);
  while (text.charCodeAt(at) === QUOTE) {
    const keyEnd = skipString(text, at);
    const colon = skipSpace(text, keyEnd);
    if (text.charCodeAt(colon) !== COLON) return undefined;
    const value = skipSpace(text, colon + 1);
    if (stringAt(text, at, keyEnd) === key) found = value;
    at = skipSpace(text, skipValue(text, value));
    if (text.charCodeAt(at) === COMMA) at = skipSpace(text, at + 1);
  }
  return found;
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
