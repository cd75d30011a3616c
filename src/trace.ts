// Which trace a call belongs to, in the words of W3C Trace Context and Baggage: header fields of HTTP, and members of
// `_meta` in MCP (SEP-414), which share their names. Pure: reads what a caller sends and writes what an upstream is told.
// Nothing is made up here; ids of our own, and whether spans are exported, are a Tracer's affair.

/** The trace of one call. */
export interface Trace {
  readonly traceId: string;
  /** For the upstream. */
  readonly traceparent: string;
  readonly tracestate: string | undefined;
  readonly baggage: string | undefined;
  /** undefined where no span of this call is exported. */
  readonly spans: SpanIds | undefined;
}

/** Ids of spans, 16 hex digits each. */
export interface SpanIds {
  /** The caller's; undefined where the trace begins here. */
  readonly parent: string | undefined;
  /** Of the request that we were sent. */
  readonly server: string;
  /** Of the request that we send. */
  readonly client: string;
}

/** What a caller says of its trace. */
export interface IncomingTrace {
  readonly traceId: string;
  readonly parentId: string;
  readonly flags: number;
  readonly tracestate: string | undefined;
  readonly baggage: string | undefined;
}

/** Says in which trace a call is; undefined: in none. */
export type Tracer = (incoming: IncomingTrace | undefined) => Trace | undefined;

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Without a tracer, that of the caller. */
export function traceOf(headers: Headers, tracer: Tracer | undefined): Trace | undefined {
  const incoming = readTrace(headers);
  if (tracer !== undefined) return tracer(incoming);
  return incoming && passOn(incoming);
}

/** The caller's span remains the parent: a span of ours that nobody exports would be a hole in the trace. */
export function passOn({ traceId, parentId, flags, tracestate, baggage }: IncomingTrace): Trace {
  return { traceId, traceparent: toTraceparent(traceId, parentId, flags), tracestate, baggage, spans: undefined };
}

export function toTraceparent(traceId: string, spanId: string, flags: number): string {
  return `00-${traceId}-${spanId}-0${flags}`;
}

/** Members of `_meta`, as JSON text with their names. */
export function toMetaMembers({ traceparent, tracestate, baggage }: Trace): string {
  const state = tracestate === undefined ? '' : `,"tracestate":${JSON.stringify(tracestate)}`;
  const more = baggage === undefined ? '' : `,"baggage":${JSON.stringify(baggage)}`;
  return `"traceparent":"${traceparent}"${state}${more}`;
}

export function toHeaders({ traceparent, tracestate, baggage }: Trace): Record<string, string> {
  return { traceparent, ...(tracestate !== undefined && { tracestate }), ...(baggage !== undefined && { baggage }) };
}

/** Trace Context, section 3.2. What follows in a later version is not for us. */
const traceparentFormat = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/;
/** Sampled, and (level 2) random; the others are reserved and have to be zero. */
const knownFlags = 0b11;

/** undefined where there is no valid one; what else was said is then of no use either. */
export function readTrace(headers: Headers): IncomingTrace | undefined {
  const { traceparent, tracestate, baggage } = headers;
  if (typeof traceparent !== 'string') return undefined;
  const [, version, traceId = '', parentId = '', flags = '', rest] = traceparentFormat.exec(traceparent) ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  if (isZero(traceId) || isZero(parentId)) return undefined;
  return {
    traceId,
    parentId,
    flags: Number.parseInt(flags, 16) & knownFlags,
    tracestate: typeof tracestate === 'string' && isTracestate(tracestate) ? tracestate : undefined,
    baggage: typeof baggage === 'string' && isBaggage(baggage) ? baggage : undefined,
  };
}

function isZero(id: string): boolean {
  return /^0*$/.test(id);
}

/** Trace Context, section 3.3.1: at most so many, each key once. */
const maxStateMembers = 32;
const stateMember =
  /^([a-z\d][-a-z\d_*/@]{0,255})=[\u0020-\u002B\u002D-\u003C\u003E-\u007E]{0,255}[\u0021-\u002B\u002D-\u003C\u003E-\u007E]$/;

function isTracestate(text: string): boolean {
  const keys = new Set<string>();
  for (const member of text.split(',', maxStateMembers + 1)) {
    const trimmed = member.trim();
    if (trimmed === '') continue;
    const [, key] = stateMember.exec(trimmed) ?? [];
    if (key === undefined || keys.size === maxStateMembers || keys.has(key)) return false;
    keys.add(key);
  }
  return keys.size > 0;
}

/** Baggage, section 3.3.2: what everybody has to let through. */
const maxBaggageLength = 8_192;

function isBaggage(text: string): boolean {
  return text !== '' && text.length <= maxBaggageLength && /^[\t\u0020-\u007E]*$/.test(text);
}
