// Which things lead back to themselves: the strongly connected groups of a directed graph (Tarjan's algorithm). Linear in
// the graph, and without recursion, so that a chain of any length costs no stack.

interface Frame<T> {
  readonly item: T;
  readonly rest: Iterator<T>;
}

/** Everything that can be reached from `starts`, in groups whose members all lead to each other. A group comes after those it leads to. */
export function groupsOf<T>(starts: Iterable<T>, next: (item: T) => Iterable<T>): T[][] {
  const groups: T[][] = [];
  const index = new Map<T, number>();
  /** The first of the ungrouped that each leads back to, as an index. */
  const lowest = new Map<T, number>();
  const ungrouped: T[] = [];
  const isUngrouped = new Set<T>();
  const frames: Frame<T>[] = [];

  const enter = (item: T) => {
    lowest.set(item, index.size);
    index.set(item, index.size);
    ungrouped.push(item);
    isUngrouped.add(item);
    frames.push({ item, rest: next(item)[Symbol.iterator]() });
  };
  const lower = (item: T, to: number | undefined) => {
    lowest.set(item, Math.min(lowest.get(item) ?? Infinity, to ?? Infinity));
  };
  const leave = (item: T) => {
    const outer = frames.at(-1);
    if (outer !== undefined) lower(outer.item, lowest.get(item));
    if (lowest.get(item) !== index.get(item)) return;
    const group = ungrouped.splice(ungrouped.lastIndexOf(item));
    for (const member of group) isUngrouped.delete(member);
    groups.push(group);
  };

  for (const start of starts) {
    if (!index.has(start)) enter(start);
    for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
      const { done, value } = frame.rest.next();
      if (done === true) {
        frames.pop();
        leave(frame.item);
      } else if (!index.has(value)) {
        enter(value);
      } else if (isUngrouped.has(value)) {
        lower(frame.item, index.get(value));
      }
    }
  }
  return groups;
}
