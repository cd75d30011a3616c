// Name patterns: `*` stands for any run of characters, `?` for one, everything else for itself. Never
// worse than pattern times name, whatever the pattern.

/** Whether `name` matches one of the patterns, compared exactly as written. */
export function matchesAny(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) => matches(pattern, name));
}

/** Greedy matching with one point to return to: the last `*`. */
export function matches(pattern: string, name: string): boolean {
  let p = 0;
  let n = 0;
  let star = -1;
  let resume = 0;
  while (n < name.length) {
    const wanted = pattern[p];
    if (wanted === '*') {
      star = p++;
      resume = n;
    } else if (wanted !== undefined && (wanted === '?' || wanted === name[n])) {
      p++;
      n++;
    } else if (star >= 0) {
      p = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
