// Calls as spans for OpenTelemetry, sent in batches. Ids are made when a call begins, because its upstream is told one of
// them; the spans themselves are made of the event that says how it ended. Loaded only where spans are exported. A
// collector that is away costs spans and one warning, never a call.

import { SpanKind, SpanStatusCode, createTraceState, type Attributes, type HrTime } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ConsoleSpanExporter,
  type ReadableSpan,
  type SpanExporter,
} from '@opentelemetry/sdk-trace';
import type { Tracing } from '../config/tracing.ts';
import { errorTable } from '../errors.ts';
import type { AppEvent, CallSpans, Observe } from '../events.ts';
import type { SpanIds, Trace, Tracer } from '../trace.ts';
import { version } from '../version.ts';
import { createTracer } from './tracer.ts';
import { watchExports } from './watch-exports.ts';

export interface Traces {
  readonly tracer: Tracer;
  readonly observe: Observe;
  /** Sends what is left, as far as that is quickly done. */
  close(): Promise<void>;
}

/** A collector that answers does so in less; one that does not must not hold up the end. */
const flushMs = 1_000;

export async function createTraces(tracing: Tracing, observe: Observe): Promise<Traces> {
  const { batch, resource: attributes } = tracing;
  const exporter = watchExports(await exporterFor(tracing), (message) => observe({ type: 'warning', message }));
  const processor = new BatchSpanProcessor({ exporter, ...withoutUndefined(batch) });
  const resource = resourceFromAttributes({ ...attributes, 'service.version': version });
  const common: CommonParts = { resource, instrumentationScope: { name: 'mcpo', version } };
  return {
    tracer: createTracer(tracing),
    observe(event) {
      if (event.type !== 'call') return;
      const { trace, spans } = event;
      if (trace?.spans === undefined || spans === undefined) return;
      for (const span of spansOf(event, { trace, ids: trace.spans, told: spans }, common)) processor.onEnd(span);
    },
    async close() {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, flushMs);
      });
      // What went wrong was told by watchExports.
      await Promise.race([processor.shutdown().catch(() => {}), late]);
      clearTimeout(timer);
    },
  };
}

type CommonParts = Pick<ReadableSpan, 'resource' | 'instrumentationScope'>;
type CallEvent = Extract<AppEvent, { type: 'call' }>;

/** Only what is used is loaded. */
async function exporterFor({ exporter }: Tracing): Promise<SpanExporter> {
  if (exporter === 'console') return new ConsoleSpanExporter();
  const { OTLPTraceExporter } =
    exporter === 'http/json'
      ? await import('@opentelemetry/exporter-trace-otlp-http')
      : await import('@opentelemetry/exporter-trace-otlp-proto');
  return new OTLPTraceExporter();
}

/** The request that we were sent, and the one that the upstream was sent, if it was. */
function spansOf(
  event: CallEvent,
  { trace, ids, told }: { readonly trace: Trace; readonly ids: SpanIds; readonly told: CallSpans },
  common: CommonParts,
): ReadableSpan[] {
  const { server, tool, code, durationMs, requestId } = event;
  const { httpMethod, route, status, mcpMethod, upstream } = told;
  const isTool = mcpMethod === 'tools/call';
  const name = isTool ? `${mcpMethod} ${tool}` : mcpMethod;
  const startMs = Date.now() - durationMs;
  const shared: Attributes = {
    'mcp.method.name': mcpMethod,
    'mcpo.server': server,
    'mcpo.request_id': requestId,
    ...(isTool && { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': tool }),
    ...(code !== 'ok' && { 'error.type': code }),
  };
  const make = (
    kind: SpanKind,
    [spanId, parentId]: readonly [string, string | undefined],
    [beginMs, tookMs]: readonly [number, number],
    isError: boolean,
    more: Attributes,
  ): ReadableSpan => ({
    name,
    kind,
    spanContext: contextOf(trace, spanId, false),
    ...(parentId !== undefined && { parentSpanContext: contextOf(trace, parentId, kind === SpanKind.SERVER)() }),
    startTime: toHrTime(beginMs),
    endTime: toHrTime(beginMs + tookMs),
    duration: toHrTime(tookMs),
    ended: true,
    status: { code: isError ? SpanStatusCode.ERROR : SpanStatusCode.UNSET },
    attributes: { ...shared, ...more },
    links: [],
    events: [],
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
    ...common,
  });
  const http = {
    'http.request.method': httpMethod,
    'http.response.status_code': status,
    ...(route !== undefined && { 'http.route': route }),
  };
  // A caller's mistake is no error of the server that answers it.
  const isOurs = code !== 'ok' && errorTable[code].status >= 500;
  const spans = [make(SpanKind.SERVER, [ids.server, ids.parent], [startMs, durationMs], isOurs, http)];
  if (upstream === undefined) return spans;
  const { afterMs, tookMs } = upstream;
  return [...spans, make(SpanKind.CLIENT, [ids.client, ids.server], [startMs + afterMs, tookMs], code !== 'ok', {})];
}

function contextOf({ traceId, tracestate }: Trace, spanId: string, isRemote: boolean): ReadableSpan['spanContext'] {
  const context = {
    traceId,
    spanId,
    isRemote,
    traceFlags: 1,
    ...(tracestate !== undefined && { traceState: createTraceState(tracestate) }),
  };
  return () => context;
}

/** Seconds and nanoseconds. */
function toHrTime(ms: number): HrTime {
  const seconds = Math.trunc(ms / 1_000);
  return [seconds, Math.floor((ms - seconds * 1_000) * 1e6)];
}

type Defined<T> = { [Name in keyof T]?: Exclude<T[Name], undefined> };

function withoutUndefined<T extends object>(options: T): Defined<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Defined<T>;
}
