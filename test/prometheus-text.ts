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
      if (!['counter', 'gauge'].includes(rest)) throw new Error(`no such type: ${line}`);
      if (families.has(name)) throw new Error(`told twice: ${name}`);
      families.set(name, { type: rest, help: help[2] ?? '', samples: new Map() });
      current = name;
    } else {
      const sample = parseSample(line);
      const samples = families.get(sample.name)?.samples;
      if (samples === undefined || sample.name !== current) throw new Error(`not below its TYPE: ${line}`);
      if (samples.has(sample.labels)) throw new Error(`told twice: ${line}`);
      samples.set(sample.labels, sample.value);
    }
  }
  return families;
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
