// Whether a text is JSON (RFC 8259), by its grammar alone: JSON.parse says the same, but builds the value on the way,
// which takes more memory than the text and longer than this. Never recurses, so that depth costs no stack.

const TAB = 0x09;
const LINE_FEED = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
/** From either opening bracket to its counterpart. */
const TO_CLOSE = 2;

/** Whether JSON.parse takes it. */
export function isJson(text: string): boolean {
  /** How each open container closes. */
  const open: number[] = [];
  let at = skipSpace(text, 0);
  while (at !== NOWHERE) {
    const first = text.charCodeAt(at);
    if (first === OPEN_BRACE || first === OPEN_BRACKET) {
      const close = first + TO_CLOSE;
      at = skipSpace(text, at + 1);
      if (text.charCodeAt(at) !== close) {
        open.push(close);
        if (close === CLOSE_BRACE) at = pastKey(text, at);
        continue;
      }
      at++;
    } else {
      at = first === QUOTE ? pastString(text, at) : pastLiteral(text, at);
      if (at === NOWHERE) return false;
    }
    at = skipSpace(text, at);
    while (open.length > 0 && text.charCodeAt(at) === open.at(-1)) {
      open.pop();
      at = skipSpace(text, at + 1);
    }
    if (open.length === 0) return at === text.length;
    if (text.charCodeAt(at) !== COMMA) return false;
    at = skipSpace(text, at + 1);
    if (open.at(-1) === CLOSE_BRACE) at = pastKey(text, at);
  }
  return false;
}

/** Where something else stands than the grammar asks for. */
const NOWHERE = -1;

/** Past the colon, where the value begins. */
function pastKey(text: string, start: number): number {
  if (text.charCodeAt(start) !== QUOTE) return NOWHERE;
  const end = pastString(text, start);
  if (end === NOWHERE) return NOWHERE;
  const colon = skipSpace(text, end);
  return text.charCodeAt(colon) === COLON ? skipSpace(text, colon + 1) : NOWHERE;
}

const escape = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y;

function pastString(text: string, start: number): number {
  let at = start + 1;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at + 1;
    if (code === BACKSLASH) {
      at = past(escape, text, at);
      if (at === NOWHERE) return NOWHERE;
    } else if (code >= SPACE) {
      at++;
    } else {
      // A control character, or the end of the text.
      return NOWHERE;
    }
  }
}

const literal = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

function pastLiteral(text: string, start: number): number {
  return past(literal, text, start);
}

function past(expression: RegExp, text: string, start: number): number {
  expression.lastIndex = start;
  return expression.test(text) ? expression.lastIndex : NOWHERE;
}

function skipSpace(text: string, start: number): number {
  let at = start;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code !== SPACE && code !== LINE_FEED && code !== RETURN && code !== TAB) return at;
    at++;
  }
}
