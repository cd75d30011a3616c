// GET /metrics: what the program counts, in the text format of Prometheus, for whoever may read documents. Where nobody
// counts, as in the library, the router has no such route.

import type { Exchange, RenderMetrics } from '../exchange.ts';

export async function sendMetrics(exchange: Exchange, render: RenderMetrics): Promise<void> {
  const { contentType, text } = await render(exchange.snapshot);
  exchange.send(200, { 'Content-Type': contentType, 'Cache-Control': 'no-store' }, text);
}
