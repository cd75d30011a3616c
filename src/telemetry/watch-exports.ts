// Says in one warning that spans cannot be sent, and again only after they could be. The SDK itself tells nobody. What a
// collector answers is not repeated: it can quote headers, which hold secrets.

import type { SpanExporter } from '@opentelemetry/sdk-trace';

/** OpenTelemetry's `ExportResultCode.SUCCESS`. */
const success = 0;

export function watchExports(exporter: SpanExporter, warn: (message: string) => void): SpanExporter {
  let isFailing = false;
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const code: number = result.code;
        if (code === success) isFailing = false;
        else if (!isFailing) {
          isFailing = true;
          warn(`Spans cannot be exported, and are lost: ${reasonOf(result.error)}. Check OTEL_EXPORTER_OTLP_ENDPOINT.`);
        }
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
  };
}

/** The code of a socket's error, or the status of an answer. */
function reasonOf(error: unknown): string {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  if (typeof code === 'number') return `the collector answered HTTP ${code}`;
  return typeof code === 'string' ? `the collector is out of reach (${code})` : 'the collector did not take them';
}
