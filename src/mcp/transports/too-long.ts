// Which request a message answers that was too long to be kept: its two ends are all there is. JSON-RPC messages are
// small but for their result, so the id stands before it or after it.

/** undefined where neither end tells. Takes the ends of an event as well, with the field names of its lines. */
export function idOfEnds(head: string, tail: string): number | undefined {
  // The head begins a line, the tail anywhere: a colon at its beginning makes no comment of it.
  const found = idFirst.exec(withoutFields(head)) ?? idLast.exec(withoutFields(`.${tail}`));
  return found === null ? undefined : Number(found[1]);
}

const idFirst = /^\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"id"\s*:\s*"?(\d+)/;
const idLast = /"id"\s*:\s*"?(\d+)"?\s*(?:,\s*"jsonrpc"\s*:\s*"2\.0"\s*)?\}\s*$/;

/** JSON has no line of its own that begins like this: its strings hold no line ends. */
function withoutFields(text: string): string {
  return text.replace(/(^|[\r\n])data: ?/g, '$1').replace(/(^|[\r\n])(?:event|id|retry)?:[^\r\n]*/g, '$1');
}
