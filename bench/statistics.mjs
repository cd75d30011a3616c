// Medians, and ratios to the floor of the same round: what else the machine does hits the contestants of one round alike,
// so that ratios are steadier than the figures they are made of.

export function median(values) {
  const sorted = values.filter((value) => Number.isFinite(value)).toSorted((a, b) => a - b);
  if (sorted.length === 0) return null;
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** `samples`: by row, then by contestant, a value for each round; the first contestant is the unit. */
export function summarise(samples, contestants) {
  const [unit] = contestants;
  return Object.fromEntries(
    Object.entries(samples).map(([row, byName]) => [
      row,
      Object.fromEntries(
        contestants.map((name) => {
          const values = byName[name] ?? [];
          const ratio = median(values.map((value, round) => value / (byName[unit]?.[round] ?? Number.NaN)));
          return [name, { median: median(values), ratio, values }];
        }),
      ),
    ]),
  );
}

/** Nobody is always first. */
export function inTurn(list, round) {
  const first = round % list.length;
  return [...list.slice(first), ...list.slice(0, first)];
}
