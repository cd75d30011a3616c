// Whether spans are exported, and how, as the environment says it in the variables that every OpenTelemetry SDK reads.
// They are often set for all programs of a machine at once, so that what mcpo cannot do ends in a warning and not in its
// end. Where spans go, and with which headers, the exporter reads by itself: secrets do not come by here.

export interface Tracing {
  readonly exporter: 'http/protobuf' | 'http/json' | 'console';
  readonly sampler: SamplerName;
  /** Of the traces that begin here, or of all; between 0 and 1. */
  readonly ratio: number;
  /** Who we are (OpenTelemetry, Resource), `service.name` among them. */
  readonly resource: Readonly<Record<string, string>>;
  /** undefined: the SDK's own. */
  readonly batch: {
    readonly maxExportBatchSize: number | undefined;
    readonly maxQueueSize: number | undefined;
    readonly scheduledDelayMillis: number | undefined;
    readonly exportTimeoutMillis: number | undefined;
  };
}

export type SamplerName = (typeof samplers)[number];

const samplers = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

export interface TracingRead {
  /** undefined: nothing is exported. */
  readonly tracing: Tracing | undefined;
  /** Sentences. */
  readonly warnings: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

export function readTracing(environment: Environment): TracingRead {
  const warnings: string[] = [];
  const read = new Reader(environment, warnings);
  const exporter = exporterOf(read);
  if (exporter === undefined) return { tracing: undefined, warnings };
  const sampler = read.oneOf('OTEL_TRACES_SAMPLER', samplers) ?? 'parentbased_always_on';
  const tracing = {
    exporter,
    sampler,
    ratio: sampler.endsWith('traceidratio')
      ? (read.number('OTEL_TRACES_SAMPLER_ARG', isRatio, 'between 0 and 1') ?? 1)
      : 1,
    resource: resourceOf(read),
    batch: {
      maxExportBatchSize: read.count('OTEL_BSP_MAX_EXPORT_BATCH_SIZE'),
      maxQueueSize: read.count('OTEL_BSP_MAX_QUEUE_SIZE'),
      scheduledDelayMillis: read.count('OTEL_BSP_SCHEDULE_DELAY'),
      exportTimeoutMillis: read.count('OTEL_BSP_EXPORT_TIMEOUT'),
    },
  };
  return { tracing, warnings };
}

const endpoints = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'] as const;
const protocols = ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL'] as const;
const off = 'spans are not exported';

function exporterOf(read: Reader): Tracing['exporter'] | undefined {
  if (read.text('OTEL_SDK_DISABLED')?.toLowerCase() === 'true') return undefined;
  const endpoint = endpoints.find((name) => read.text(name) !== undefined);
  const wanted = read.text('OTEL_TRACES_EXPORTER') ?? (endpoint === undefined ? 'none' : 'otlp');
  if (wanted === 'none' || wanted === 'console') return wanted === 'none' ? undefined : wanted;
  if (wanted !== 'otlp') {
    read.warn(`OTEL_TRACES_EXPORTER must be otlp, console or none for mcpo: ${off}.`);
    return undefined;
  }
  if (endpoint !== undefined && !isHttpUrl(read.text(endpoint) ?? '')) {
    read.warn(`${endpoint} must be a URL that begins with http:// or https://: ${off}.`);
    return undefined;
  }
  const name = protocols.find((each) => read.text(each) !== undefined);
  const protocol = (name && read.text(name)) ?? 'http/protobuf';
  if (protocol === 'http/protobuf' || protocol === 'http/json') return protocol;
  const hint = protocol === 'grpc' ? ', because mcpo speaks no gRPC; collectors take HTTP on port 4318' : '';
  read.warn(`${name} must be http/protobuf or http/json${hint}: ${off}.`);
  return undefined;
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

function isRatio(value: number): boolean {
  return value >= 0 && value <= 1;
}

/** `key=value` pairs with percent-encoded values; OTEL_SERVICE_NAME wins. */
function resourceOf(read: Reader): Record<string, string> {
  const attributes = new Map([['service.name', 'mcpo']]);
  for (const pair of (read.text('OTEL_RESOURCE_ATTRIBUTES') ?? '').split(',')) {
    if (pair.trim() === '') continue;
    const at = pair.indexOf('=');
    const key = pair.slice(0, Math.max(at, 0)).trim();
    const decoded = decode(pair.slice(at + 1).trim());
    if (key !== '' && decoded !== undefined) attributes.set(key, decoded);
    else
      read.warn(
        'OTEL_RESOURCE_ATTRIBUTES must be key=value pairs with commas between; what is no such pair is ignored.',
      );
  }
  const name = read.text('OTEL_SERVICE_NAME');
  if (name !== undefined) attributes.set('service.name', name);
  return Object.fromEntries(attributes);
}

function decode(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}

/** Values that cannot be meant are told and left out. */
class Reader {
  readonly #environment: Environment;
  readonly #warnings: string[];

  constructor(environment: Environment, warnings: string[]) {
    this.#environment = environment;
    this.#warnings = warnings;
  }

  /** An empty variable counts as unset. */
  text(name: string): string | undefined {
    return this.#environment[name]?.trim() || undefined;
  }

  warn(sentence: string): void {
    if (!this.#warnings.includes(sentence)) this.#warnings.push(sentence);
  }

  oneOf<T extends string>(name: string, known: readonly T[]): T | undefined {
    const text = this.text(name);
    const found = known.find((each) => each === text);
    if (text !== undefined && found === undefined)
      this.warn(`${name} must be one of ${known.join(', ')}; it is ignored.`);
    return found;
  }

  count(name: string): number | undefined {
    return this.number(name, (value) => Number.isSafeInteger(value) && value > 0, 'that is whole and above 0');
  }

  number(name: string, isValid: (value: number) => boolean, which: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (isValid(value)) return value;
    this.warn(`${name} must be a number ${which}; it is ignored.`);
    return undefined;
  }
}
