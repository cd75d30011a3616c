// The promise: a call belongs to the trace of its caller. The upstream is told so in `_meta`, over every transport, and in
// header fields where it is remote; OpenTelemetry gets two spans of each call where its variables ask for them, and is
// neither loaded nor missed where they do not.

import { expect, test } from 'vitest';
import { freePort, until } from '../support.ts';
import { startCollector, type Span } from './collector.ts';
import { post, startProxy, type Proxy } from './proxy.ts';
import { child, remote, startWith } from './under-fire.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const parentId = '00f067aa0ba902b7';
const incoming = {
  traceparent: `00-${traceId}-${parentId}-01`,
  tracestate: 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE',
  baggage: 'userId=alice',
};

/** What a call without arguments answers with. */
async function called(url: string, path: string, headers: Readonly<Record<string, string>> = {}): Promise<unknown> {
  const { status, body } = await post(`${url}/${path}`, {}, headers);
  if (status !== 200) throw new Error(JSON.stringify(body));
  return body;
}

/** The `_meta` that a call arrives with. */
async function metaOf(url: string, server: string, headers?: Readonly<Record<string, string>>): Promise<unknown> {
  const { params } = (await called(url, `${server}/message`, headers)) as { params: { readonly _meta?: unknown } };
  const { _meta: meta } = params;
  return meta;
}

async function servers(): Promise<{ readonly child: object; readonly http: object; readonly sse: object }> {
  const [http, sse] = await Promise.all([remote('http-echo'), remote('sse-echo')]);
  await Promise.all([http.start(), sse.start()]);
  return {
    child: child('echo'),
    http: { type: 'streamable-http', url: http.url },
    sse: { type: 'sse', url: sse.url },
  };
}

/** A child behind a proxy that exports. */
async function tracing(environment: Readonly<Record<string, string>>, ...args: string[]): Promise<Proxy> {
  const env = { OTEL_BSP_SCHEDULE_DELAY: '50', ...environment };
  const proxy = await startProxy(
    ['--port', '0', ...args, '--', process.execPath, 'test/fixtures/servers/echo.mjs'],
    env,
  );
  await until(async () => (await fetch(`${proxy.url}/readyz`)).status === 200);
  return proxy;
}

function pairOf(spans: readonly Span[], of: string): { readonly server: Span; readonly client: Span | undefined } {
  const own = spans.filter((span) => span.traceId === of);
  const server = own.find(({ kind }) => kind === 2);
  if (server === undefined || own.length > 2) throw new Error(`${own.length} spans of ${of}`);
  return { server, client: own.find(({ kind }) => kind === 3) };
}

test('without an exporter the trace of a caller is passed on as it is, and none is made up', async () => {
  const proxy = await startWith(await servers(), '--log-level', 'debug');
  await proxy.ready('child', 'http', 'sse');
  for (const server of ['child', 'http', 'sse']) {
    expect(await metaOf(proxy.url, server, incoming)).toEqual(incoming);
    expect(await metaOf(proxy.url, server)).toBeUndefined();
    expect(await metaOf(proxy.url, server, { ...incoming, traceparent: `ff${incoming.traceparent.slice(2)}` })).toBe(
      undefined,
    );
    const line = await proxy.line(({ type, server: of }) => type === 'call' && of === server);
    expect(line['traceId']).toBe(traceId);
  }
  for (const server of ['http', 'sse']) {
    expect(await called(proxy.url, `${server}/headers`, incoming)).toMatchObject(incoming);
    expect(await called(proxy.url, `${server}/headers`)).not.toHaveProperty('traceparent');
  }
});

test.each(['http/protobuf', 'http/json'])('a call is two spans, as %s', async (protocol) => {
  const collector = await startCollector();
  const proxy = await tracing({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-secret=s3cr3t',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test%20bed',
  });
  const before = BigInt(Date.now()) * 1_000_000n;
  const message = await called(proxy.url, 'message', incoming);
  const { server, client } = pairOf(await collector.whenThere(2), traceId);
  expect(server).toMatchObject({
    parentSpanId: parentId,
    traceState: incoming.tracestate,
    name: 'tools/call message',
    status: 0,
    attributes: {
      'http.request.method': 'POST',
      'http.route': '/{tool}',
      'http.response.status_code': 200,
      'mcp.method.name': 'tools/call',
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'message',
    },
    resource: { 'service.name': 'mcpo', 'deployment.environment.name': 'test bed' },
  });
  expect(client).toMatchObject({ parentSpanId: server.spanId, name: 'tools/call message', status: 0 });
  expect(message).toMatchObject({
    params: { _meta: { ...incoming, traceparent: `00-${traceId}-${client?.spanId}-01` } },
  });
  expect(server.startNs).toBeGreaterThanOrEqual(before - 10_000_000n);
  expect(client?.startNs).toBeGreaterThanOrEqual(server.startNs);
  expect(client?.endNs).toBeLessThanOrEqual(server.endNs);
  expect(client?.endNs).toBeGreaterThan(client?.startNs ?? 0n);
  expect(collector.headers[0]).toMatchObject({ 'x-secret': 's3cr3t' });
  expect(JSON.stringify(proxy.log)).not.toContain('s3cr3t');
});

test('a call without a trace begins one, and what failed says why', async () => {
  const collector = await startCollector();
  const proxy = await tracing(
    { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/v1/traces` },
    '--log-level',
    'debug',
  );
  expect((await post(`${proxy.url}/fail`, { message: 'the secret is in the soup' })).status).toBe(422);
  expect((await post(`${proxy.url}/add`, { a: 'x' })).status).toBe(422);
  expect((await post(`${proxy.url}/rpc_error`, { code: -32000, message: 'no' })).status).toBe(502);
  const spans = await collector.whenThere(5);
  const byTool = async (tool: string) => {
    const line = await proxy.line((each) => each.type === 'call' && each['tool'] === tool);
    return pairOf(spans, String(line['traceId']));
  };
  const failed = await byTool('fail');
  expect(failed.server).toMatchObject({
    parentSpanId: '',
    status: 0,
    attributes: { 'error.type': 'tool_error', 'http.response.status_code': 422 },
  });
  expect(failed.client).toMatchObject({ status: 2, attributes: { 'error.type': 'tool_error' } });
  const refused = await byTool('add');
  expect(refused.server.attributes).toMatchObject({
    'error.type': 'invalid_arguments',
    'http.response.status_code': 422,
  });
  expect(refused.client).toBeUndefined();
  expect((await byTool('rpc_error')).server).toMatchObject({
    status: 2,
    attributes: { 'error.type': 'upstream_error' },
  });
  expect(JSON.stringify(spans.map(({ attributes }) => attributes))).not.toContain('soup');
});

test('what the caller decided not to sample is not exported, and the upstream is told so', async () => {
  const collector = await startCollector();
  const proxy = await tracing({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
  const unsampled = { traceparent: `00-${traceId}-${parentId}-00` };
  expect(await called(proxy.url, 'message', unsampled)).toMatchObject({ params: { _meta: unsampled } });
  await called(proxy.url, 'message');
  // Later than the other would have been.
  expect((await collector.whenThere(2)).filter((span) => span.traceId === traceId)).toEqual([]);
});

test('spans of the last calls are sent before the end', async () => {
  const collector = await startCollector();
  const proxy = await tracing({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: '60000' });
  await called(proxy.url, 'message');
  expect(collector.spans).toEqual([]);
  proxy.child.kill('SIGTERM');
  expect(await proxy.exited).toBe(0);
  expect(collector.spans).toHaveLength(2);
});

test('a collector that is away costs one line and no call, and does not hold up the end', async () => {
  const endpoint = `http://user:s3cr3t@127.0.0.1:${await freePort()}`;
  const proxy = await tracing({
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_EXPORTER_OTLP_TIMEOUT: '100',
    OTEL_BSP_SCHEDULE_DELAY: '10',
  });
  const warnings = () => proxy.log.filter(({ type }) => type === 'warning');
  await called(proxy.url, 'message');
  await until(() => warnings().length > 0);
  await called(proxy.url, 'message');
  await called(proxy.url, 'message');
  proxy.child.kill('SIGTERM');
  expect(await proxy.exited).toBe(0);
  expect(warnings()).toHaveLength(1);
  expect(warnings()[0]?.msg).toContain('out of reach (ECONNREFUSED)');
  expect(JSON.stringify(proxy.log)).not.toContain('s3cr3t');
});

test('a protocol that mcpo does not speak is a sentence, and calls go on', async () => {
  const proxy = await tracing({
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4317',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
  });
  const line = await proxy.line(({ type }) => type === 'warning');
  expect(line.msg).toContain('OTEL_EXPORTER_OTLP_PROTOCOL must be http/protobuf or http/json');
  expect(await called(proxy.url, 'message')).not.toHaveProperty('params._meta');
});
