// A collector of OpenTelemetry: takes spans over OTLP/HTTP, as JSON or as protobuf, and keeps them as the tests read them.
// Protobuf is read by a few lines of our own, so that what is sent is judged by another than the one who wrote it.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { until } from '../support.ts';

export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  /** '' for the first of a trace. */
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly name: string;
  /** As OTLP counts: 2 is a server, 3 a client. */
  readonly kind: number;
  readonly startNs: bigint;
  readonly endNs: bigint;
  /** 2 is an error. */
  readonly status: number;
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly resource: Readonly<Record<string, string | number>>;
}

export interface Collector {
  readonly url: string;
  readonly spans: readonly Span[];
  /** Header fields of what came. */
  readonly headers: readonly NodeJS.Dict<string | string[]>[];
  /** As soon as so many are there. */
  readonly whenThere: (count: number) => Promise<readonly Span[]>;
}

/** Answers with `status`; ended when the test ends. */
export async function startCollector(status = 200): Promise<Collector> {
  const spans: Span[] = [];
  const headers: NodeJS.Dict<string | string[]>[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      headers.push(request.headers);
      const body = Buffer.concat(chunks);
      const isJson = request.headers['content-type'] === 'application/json';
      if (request.url === '/v1/traces') spans.push(...(isJson ? fromJson(body.toString()) : fromProtobuf(body)));
      response.writeHead(status, { 'content-type': String(request.headers['content-type']) }).end(isJson ? '{}' : '');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const whenThere = async (count: number): Promise<readonly Span[]> => {
    await until(() => spans.length >= count);
    return spans;
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, spans, headers, whenThere };
}

/** The parts of OTLP in JSON that are read here. */
interface TracesData {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: KeyValues };
    readonly scopeSpans: readonly { readonly spans: readonly JsonSpan[] }[];
  }[];
}

type KeyValues = readonly {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: string | number };
}[];

interface JsonSpan extends Pick<Span, 'traceId' | 'spanId' | 'name' | 'kind'> {
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status?: { readonly code?: number };
  readonly attributes: KeyValues;
}

function fromJson(text: string): Span[] {
  return (JSON.parse(text) as TracesData).resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map(({ traceId, spanId, name, kind, parentSpanId = '', traceState = '', ...span }) => ({
        traceId,
        spanId,
        name,
        kind,
        parentSpanId,
        traceState,
        startNs: BigInt(span.startTimeUnixNano),
        endNs: BigInt(span.endTimeUnixNano),
        status: span.status?.code ?? 0,
        attributes: attributesOf(span.attributes),
        resource: attributesOf(resource.attributes),
      })),
    ),
  );
}

function attributesOf(list: KeyValues): Record<string, string | number> {
  return Object.fromEntries(list.map(({ key, value }) => [key, value.stringValue ?? Number(value.intValue)]));
}

/** Fields of one message by number (opentelemetry-proto, trace.proto). */
type Message = ReadonlyMap<number, readonly (Buffer | bigint)[]>;

function fromProtobuf(body: Buffer): Span[] {
  return messages(read(body), 1).flatMap((resourceSpans) => {
    const [resource] = messages(resourceSpans, 1);
    return messages(resourceSpans, 2).flatMap((scopeSpans) =>
      messages(scopeSpans, 2).map((span): Span => ({
        traceId: bytes(span, 1).toString('hex'),
        spanId: bytes(span, 2).toString('hex'),
        traceState: bytes(span, 3).toString(),
        parentSpanId: bytes(span, 4).toString('hex'),
        name: bytes(span, 5).toString(),
        kind: Number(integer(span, 6)),
        startNs: integer(span, 7),
        endNs: integer(span, 8),
        attributes: keyValues(span, 9),
        status: Number(messages(span, 15).map((status) => integer(status, 3))[0] ?? 0),
        resource: resource === undefined ? {} : keyValues(resource, 1),
      })),
    );
  });
}

function keyValues(message: Message, field: number): Record<string, string | number> {
  return Object.fromEntries(
    messages(message, field).map((pair) => {
      const [value = new Map()] = messages(pair, 2);
      return [bytes(pair, 1).toString(), value.has(1) ? bytes(value, 1).toString() : Number(integer(value, 3))];
    }),
  );
}

function messages(message: Message, field: number): Message[] {
  return (message.get(field) ?? []).map((value) => read(value as Buffer));
}

function bytes(message: Message, field: number): Buffer {
  return (message.get(field)?.[0] ?? Buffer.alloc(0)) as Buffer;
}

function integer(message: Message, field: number): bigint {
  return (message.get(field)?.[0] ?? 0n) as bigint;
}

function read(buffer: Buffer): Message {
  const fields = new Map<number, (Buffer | bigint)[]>();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = buffer.readUInt8(at++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < buffer.length) {
    const tag = Number(varint());
    const [field, wire] = [tag >> 3, tag & 7];
    let value: Buffer | bigint;
    if (wire === 0) value = varint();
    else if (wire === 1) {
      value = buffer.readBigUInt64LE(at);
      at += 8;
    } else if (wire === 2) {
      const end = Number(varint()) + at;
      value = buffer.subarray(at, end);
      at = end;
    } else if (wire === 5) {
      value = BigInt(buffer.readUInt32LE(at));
      at += 4;
    } else throw new Error(`no such wire type: ${wire}`);
    fields.set(field, [...(fields.get(field) ?? []), value]);
  }
  return fields;
}
