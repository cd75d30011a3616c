// Values that go into a document unseen: defaults, examples, enum members, annotations of other programs. They stay as
// they are unless they could hurt whoever reads the document.

import { ExactNumber, type JsonObject } from '../../json/value.ts';
import { MAX_CHARS } from './limits.ts';

/** Deeper data would overflow readers that recurse: Python's stops at about a thousand containers. */
const MAX_DATA_DEPTH = 64;

/** Why the value cannot be shown, as the end of a sentence; undefined if it can. */
export function dataProblem(value: unknown): string | undefined {
  const open: { readonly value: object; readonly depth: number }[] = [];
  let chars = 0;
  const visit = (child: unknown, depth: number) => {
    if (typeof child === 'string') chars += child.length;
    else if (typeof child === 'object' && child !== null && !(child instanceof ExactNumber))
      open.push({ value: child, depth });
  };
  visit(value, 1);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next.depth > MAX_DATA_DEPTH) return `nests deeper than ${MAX_DATA_DEPTH} levels`;
    const keys = Object.keys(next.value);
    chars += keys.length;
    if (chars > MAX_CHARS) break;
    for (const key of keys) {
      const child = (next.value as JsonObject)[key];
      if (key === '$ref' && leadsOut(child)) return 'holds a reference that leads out of the document';
      visit(child, next.depth + 1);
    }
  }
  return chars > MAX_CHARS ? `has more than ${MAX_CHARS} characters` : undefined;
}

/** Whether a reader that takes every `$ref` for a reference would find one in the value, which nests as deep as data may. */
export function holdsReference(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([key, child]) => {
    return (key === '$ref' && typeof child === 'string') || holdsReference(child);
  });
}

/** Many readers of OpenAPI fetch every `$ref` they meet, data or not: an upstream must not send them anywhere. */
function leadsOut(reference: unknown): boolean {
  return typeof reference === 'string' && /^\s*(?:[a-z][a-z\d+.-]*:|[/\\])/i.test(reference);
}
