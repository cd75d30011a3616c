// Reads the text format of Prometheus (version 0.0.4) as strictly as it is written down: what is not exactly that throws.
// Shared by the tests of the metrics; written without the library that prints them.

export interface ParsedFamily {
  readonly type: string;
  readonly help: string;
  /** By the labels, sorted, as JSON: `{"code":"ok","server":"a"}`. */
  readonly samples: ReadonlyMap<string, number>;
}

export function parsePrometheusText(text: string): Map<string, ParsedFamily> {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const families = new Map<string, ParsedFamily & { readonly samples: Map<string, number> }>();
  let help: RegExpExecArray | undefined;
  let current: string | undefined;
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '') continue;
    const [, kind, name = '', rest = ''] = /^# (HELP|TYPE) ([a-zA-Z_:][\w:]*) (.+)$/u.exec(line) ?? [];
    if (kind === 'HELP') {
      help = /^# HELP (\S+) (.+)$/u.exec(line) ?? undefined;
    } else if (kind === 'TYPE') {
      if (help?.[1] !== name) throw new Error(`no HELP right before ${line}`);
      if (!['counter', 'gauge', 'histogram'].includes(rest)) throw new Error(`no such type: ${line}`);
      checkName(name, rest);
      if (families.has(name)) throw new Error(`told twice: ${name}`);
      families.set(name, { type: rest, help: help[2] ?? '', samples: new Map() });
      current = name;
    } else {
      const sample = parseSample(line);
      const family = current === undefined ? undefined : families.get(current);
      const part = sample.name.slice(current?.length);
      const parts = family?.type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
      if (!sample.name.startsWith(current ?? '') || !parts.includes(part))
        throw new Error(`not below its TYPE: ${line}`);
      if (family?.type === 'counter' && sample.value < 0) throw new Error(`a counter below zero: ${line}`);
      const key = part === '' || part === '_bucket' ? sample.labels : `${part} ${sample.labels}`;
      if (family?.samples.has(key) !== false) throw new Error(`told twice: ${line}`);
      family.samples.set(key, sample.value);
    }
  }
  for (const [name, family] of families) if (family.type === 'histogram') checkHistogram(name, family.samples);
  return families;
}

/** As `promtool check metrics` wants names: counters end in _total and nothing else does, units are base units. */
function checkName(name: string, type: string): void {
  if ((type === 'counter') !== name.endsWith('_total')) throw new Error(`no name for a ${type}: ${name}`);
  if (/_(?:count|sum|bucket)$/u.test(name)) throw new Error(`a name that only parts of a histogram have: ${name}`);
  if (/_(?:ms|milliseconds|minutes|kilobytes|percent)(?:_|$)/u.test(name)) throw new Error(`no base unit: ${name}`);
}

/** Buckets that never shrink, up to one without a bound that holds as many as there are. */
function checkHistogram(name: string, samples: ReadonlyMap<string, number>): void {
  const last = new Map<string, { readonly bound: number; readonly count: number }>();
  for (const [key, count] of samples) {
    if (!key.startsWith('{')) continue;
    const { le = '', ...labels } = JSON.parse(key) as Record<string, string>;
    const series = keyOf(Object.entries(labels));
    const bound = le === '+Inf' ? Infinity : Number(le);
    const before = last.get(series) ?? { bound: -1, count: 0 };
    if (!(bound > before.bound) || count < before.count) throw new Error(`buckets out of order: ${name} ${key}`);
    last.set(series, { bound, count });
  }
  for (const [series, { bound, count }] of last) {
    if (bound !== Infinity) throw new Error(`no last bucket: ${name} ${series}`);
    if (samples.get(`_count ${series}`) !== count) throw new Error(`not as many as its last bucket: ${name} ${series}`);
    if (samples.get(`_sum ${series}`) === undefined) throw new Error(`no sum: ${name} ${series}`);
  }
}

/** The value with exactly these labels; undefined where there is none. */
export function valueOf(text: string, name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
  return parsePrometheusText(text)
    .get(name)
    ?.samples.get(keyOf(Object.entries(labels)));
}

function keyOf(labels: readonly (readonly [string, string])[]): string {
  return JSON.stringify(Object.fromEntries(labels.toSorted(([a], [b]) => (a < b ? -1 : 1))));
}

function parseSample(line: string): { readonly name: string; readonly labels: string; readonly value: number } {
  const match = /^(?<name>[a-zA-Z_:][\w:]*)(?:\{(?<labels>.+)\})? (?<value>-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/su.exec(
    line,
  );
  if (match === null) throw new Error(`no sample: ${JSON.stringify(line)}`);
  const { name = '', labels = '', value = '' } = match.groups ?? {};
  return { name, labels: keyOf(parseLabels(labels)), value: Number(value) };
}

function parseLabels(text: string): [string, string][] {
  const labels: [string, string][] = [];
  const label = /(?<name>[a-zA-Z_]\w*)="(?<value>(?:[^"\\]|\\["\\n])*)"(?:,(?!$)|$)/suy;
  while (label.lastIndex < text.length) {
    const at = label.lastIndex;
    const { name = '', value = '' } = label.exec(text)?.groups ?? {};
    if (name === '') throw new Error(`no label: ${JSON.stringify(text.slice(at))}`);
    if (labels.some(([known]) => known === name)) throw new Error(`a label twice: ${text}`);
    labels.push([name, value.replaceAll(/\\(.)/gu, (_all, escaped: string) => (escaped === 'n' ? '\n' : escaped))]);
  }
  return labels;
}
