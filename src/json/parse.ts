// JSON text to values as value.ts describes them: JSON.parse, native and strict, unless a number stands there that a
// double cannot hold. What JSON.parse refuses is refused by its own SyntaxError. Depth costs no stack.

import { sameNumber } from './number.ts';
import { mayHoldInexact, skipString, skipValue, stringAt } from './scan.ts';
import { ExactNumber } from './value.ts';

export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  return mayHoldInexact.test(text) ? parseExactly(text) : value;
}

type Container = unknown[] | Record<string, unknown>;

/** For text that JSON.parse accepts: commas, colons and spaces need no look. */
export function parseExactly(text: string): unknown {
  const root: unknown[] = [];
  const open: Container[] = [root];
  let key: string | undefined;
  const add = (value: unknown): void => {
    const container = open.at(-1);
    if (Array.isArray(container)) container.push(value);
    else if (container !== undefined && key !== undefined) setMember(container, key, value);
    key = undefined;
  };
  let at = 0;
  while (at < text.length) {
    const char = text[at];
    if (char === '{' || char === '[') {
      const container: Container = char === '{' ? {} : [];
      add(container);
      open.push(container);
      at++;
    } else if (char === '}' || char === ']') {
      open.pop();
      at++;
    } else if (char === '"') {
      const end = skipString(text, at);
      const string = stringAt(text, at, end);
      if (key === undefined && !Array.isArray(open.at(-1))) key = string;
      else add(string);
      at = end;
    } else if (char === ',' || char === ':' || text.charCodeAt(at) <= 0x20) {
      at++;
    } else {
      const end = skipValue(text, at);
      add(scalarOf(text.slice(at, end)));
      at = end;
    }
  }
  return root[0];
}

function setMember(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== '__proto__') object[key] = value;
  else Object.defineProperty(object, key, { value, configurable: true, enumerable: true, writable: true });
}

function scalarOf(literal: string): unknown {
  if (literal === 'null') return null;
  if (literal === 'true' || literal === 'false') return literal === 'true';
  const double = Number(literal);
  if (!mayHoldInexact.test(literal)) return double;
  const exact = new ExactNumber(literal);
  return Number.isFinite(double) && sameNumber(exact, double) ? double : exact;
}
