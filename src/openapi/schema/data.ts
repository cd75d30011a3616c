// Values that go into a document unseen: defaults, examples, enum members, annotations of other programs. They stay as
// they are unless they could hurt whoever reads the document.

/** Deeper data would overflow readers that recurse: Python's stops at about a thousand containers. */
const MAX_DATA_DEPTH = 64;

/** Why the value cannot be shown, as the end of a sentence; undefined if it can. */
export function dataProblem(value: unknown): string | undefined {
  const open: { readonly value: object; readonly depth: number }[] = [];
  const visit = (child: unknown, depth: number) => {
    if (typeof child === 'object' && child !== null) open.push({ value: child, depth });
  };
  visit(value, 1);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next.depth > MAX_DATA_DEPTH) return `nests deeper than ${MAX_DATA_DEPTH} levels`;
    for (const [key, child] of Object.entries(next.value)) {
      if (key === '$ref' && leadsOut(child)) return 'holds a reference that leads out of the document';
      visit(child, next.depth + 1);
    }
  }
  return undefined;
}

/** Many readers of OpenAPI fetch every `$ref` they meet, data or not: an upstream must not send them anywhere. */
function leadsOut(reference: unknown): boolean {
  return typeof reference === 'string' && /^\s*(?:[a-z][a-z\d+.-]*:|[/\\])/i.test(reference);
}
