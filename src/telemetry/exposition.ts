// The text format of Prometheus (version 0.0.4), written in slices: a thousand tools have tens of thousands of lines, and
// calls go on meanwhile. Written by hand, because libraries that print it make an object of every line, at ten times the
// time. Knows nothing of what it tells.

import { setImmediate } from 'node:timers/promises';

/** One metric with all its values (`MetricFamily` of Prometheus). */
export interface Family {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** Read once, in slices: what belongs together comes as one group. */
  readonly samples: Iterable<readonly Sample[]>;
}

export interface Sample {
  /** What part of a histogram it is. */
  readonly part?: '_bucket' | '_sum' | '_count';
  /** As `toLabels` gives them. */
  readonly labels: string;
  readonly value: number;
}

/** Names the version of the format. */
export const textFormat = 'text/plain; version=0.0.4; charset=utf-8';

/** Some two milliseconds of work. */
const sliceLines = 1_000;

export async function toText(families: Iterable<Family>): Promise<string> {
  let text = '';
  let lines = 0;
  for (const { name, type, help, samples } of families) {
    text += `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
    for (const group of samples) {
      for (const { part = '', labels, value } of group) {
        text += labels === '' ? `${name}${part} ${value}\n` : `${name}${part}{${labels}} ${value}\n`;
      }
      lines += group.length;
      if (lines < sliceLines) continue;
      lines = 0;
      await setImmediate();
    }
  }
  return text;
}

/** Of one sample, without the braces; more of them may follow after a comma. */
export function toLabels(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escape(value)}"`)
    .join(',');
}

function escape(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

/** A metric with one value. */
export function single(name: string, type: 'counter' | 'gauge', help: string, value: number): Family {
  return { name, type, help, samples: [[{ labels: '', value }]] };
}

/** A metric with one value for each set of labels. */
export function many(
  name: string,
  type: 'counter' | 'gauge',
  help: string,
  values: readonly (readonly [labels: Readonly<Record<string, string>>, value: number])[],
): Family {
  return { name, type, help, samples: [values.map(([labels, value]) => ({ labels: toLabels(labels), value }))] };
}
