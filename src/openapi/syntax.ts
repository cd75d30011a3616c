// Finds where a text stops being JSON (RFC 8259). JSON.parse is the judge of whether it is; its messages quote the text
// and give no place in some engines, so this looks for it. Iterative, so that depth costs no stack.

export interface TextPlace {
  /** Counted from 1. */
  readonly line: number;
  /** UTF-16 units, counted from 1. */
  readonly column: number;
  /** Whether more text was expected. */
  readonly atEnd: boolean;
}

/** The first place that no JSON text can have. Meant for text that JSON.parse refuses. */
export function findSyntaxError(text: string): TextPlace {
  const offset = errorOffset(text);
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: offset - lineStart + 1, atEnd: offset >= text.length };
}

type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | ': ' | 'end of value';

const SCALAR = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y;

function errorOffset(text: string): number {
  const open: ('{' | '[')[] = [];
  let expected: Expected = 'value';
  let at = 0;
  for (;;) {
    while (' \t\n\r'.includes(text[at] ?? 'x')) at++;
    const char = text[at];
    if (char === undefined) return text.length;
    if (expected === 'end of value') {
      const container = open.at(-1);
      if (char === ',' && container !== undefined) expected = container === '{' ? 'key' : 'value';
      else if (container !== undefined && char === closing[container]) open.pop();
      else return at;
      at++;
    } else if (expected === ': ') {
      if (char !== ':') return at;
      expected = 'value';
      at++;
    } else if (expected === 'key' || expected === 'key or }') {
      if (char === '"') {
        const end = stringEnd(text, at);
        if (!end.closed) return end.at;
        at = end.at;
        expected = ': ';
      } else if (char === '}' && expected === 'key or }') {
        open.pop();
        at++;
        expected = 'end of value';
      } else {
        return at;
      }
    } else if (char === '{' || char === '[') {
      open.push(char);
      at++;
      expected = char === '{' ? 'key or }' : 'value or ]';
    } else if (char === ']' && expected === 'value or ]') {
      open.pop();
      at++;
      expected = 'end of value';
    } else if (char === '"') {
      const end = stringEnd(text, at);
      if (!end.closed) return end.at;
      at = end.at;
      expected = 'end of value';
    } else {
      SCALAR.lastIndex = at;
      if (!SCALAR.test(text)) return at;
      at = SCALAR.lastIndex;
      expected = 'end of value';
    }
  }
}

const closing = { '{': '}', '[': ']' } as const;

const ESCAPE = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y;

/** Past the closing quote, or at what a string cannot have. */
function stringEnd(text: string, start: number): { readonly at: number; readonly closed: boolean } {
  let at = start + 1;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return { at: at + 1, closed: true };
    if (code < 0x20) return { at, closed: false };
    if (code !== 0x5c) {
      at++;
      continue;
    }
    ESCAPE.lastIndex = at;
    if (!ESCAPE.test(text)) return { at, closed: false };
    at = ESCAPE.lastIndex;
  }
  return { at, closed: false };
}
