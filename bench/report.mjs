// The report for people: a block for each scenario, medians, and beside each its ratio to the first column.

/** `blocks`: {name, contestants, labels, rows} each. */
export function table(machine, blocks) {
  const where = `Node ${machine.node}, ${machine.platform}, ${machine.cores} cores; medians of ${machine.rounds} rounds of ${machine.measureMs / 1000} s`;
  return `\n${where}\n\n${blocks.map(block).join('\n\n')}\n`;
}

function block({ name, contestants, labels, rows }) {
  const [unit] = contestants;
  const head = [name, ...contestants.flatMap((each) => (each === unit ? [each] : [each, 'ratio']))];
  const body = Object.entries(labels).map(([row, label]) => [
    label,
    ...contestants.flatMap((each) => {
      const { median, ratio } = rows[row][each];
      const shown = median === null ? '-' : rounded(median);
      return each === unit ? [shown] : [shown, ratio === null ? '' : ratio.toFixed(2)];
    }),
  ]);
  const cells = [head, ...body];
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  return cells
    .map((row) => row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))))
    .map((row) => row.join('  ').trimEnd())
    .join('\n');
}

function rounded(value) {
  return value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString('en');
}
