import { describe, expect, test } from 'vitest';
import { readTracing, type Tracing } from '../../../src/config/tracing.ts';

const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };
const plain: Tracing = {
  exporter: 'http/protobuf',
  sampler: 'parentbased_always_on',
  ratio: 1,
  resource: { 'service.name': 'mcpo' },
  batch: {
    maxExportBatchSize: undefined,
    maxQueueSize: undefined,
    scheduledDelayMillis: undefined,
    exportTimeoutMillis: undefined,
  },
};

describe('nothing is exported', () => {
  test.each<Record<string, string>>([
    {},
    { OTEL_EXPORTER_OTLP_ENDPOINT: '' },
    { OTEL_SERVICE_NAME: 'x', OTEL_TRACES_SAMPLER: 'nonsense' },
    { OTEL_METRICS_EXPORTER: 'otlp', OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://c:4318' },
    { ...endpoint, OTEL_TRACES_EXPORTER: 'none' },
    { ...endpoint, OTEL_SDK_DISABLED: 'True' },
  ])('%j', (environment) => expect(readTracing(environment)).toEqual({ tracing: undefined, warnings: [] }));

  test.each<[environment: Record<string, string>, sentence: string]>([
    [{ OTEL_TRACES_EXPORTER: 'zipkin' }, 'OTEL_TRACES_EXPORTER must be otlp, console or none'],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' }, 'OTEL_EXPORTER_OTLP_ENDPOINT must be a URL'],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'localhost' }, 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT must be a URL'],
    [
      { ...endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
      'OTEL_EXPORTER_OTLP_PROTOCOL must be http/protobuf or http/json, because',
    ],
    [
      { ...endpoint, OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'x' },
      'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL must be http/protobuf or http/json:',
    ],
  ])('%j, and why', (environment, sentence) => {
    const { tracing, warnings } = readTracing(environment);
    expect(tracing).toBeUndefined();
    expect(warnings).toEqual([expect.stringContaining(sentence)]);
    expect(warnings[0]).toMatch(/: spans are not exported\.$/);
  });
});

describe('what is exported', () => {
  test.each<[environment: Record<string, string>, tracing: Partial<Tracing>]>([
    [endpoint, {}],
    [{ OTEL_TRACES_EXPORTER: 'otlp' }, {}],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://c/v1/traces' }, {}],
    [{ OTEL_TRACES_EXPORTER: 'console' }, { exporter: 'console' }],
    [{ ...endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' }, { exporter: 'http/json' }],
    [
      { ...endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/json' },
      { exporter: 'http/json' },
    ],
    [
      { ...endpoint, OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.1' },
      { sampler: 'traceidratio', ratio: 0.1 },
    ],
    [{ ...endpoint, OTEL_TRACES_SAMPLER: 'always_on', OTEL_TRACES_SAMPLER_ARG: '0.1' }, { sampler: 'always_on' }],
    [
      { ...endpoint, OTEL_RESOURCE_ATTRIBUTES: 'service.name=a, deployment.environment.name=b%20c=d,' },
      { resource: { 'service.name': 'a', 'deployment.environment.name': 'b c=d' } },
    ],
    [
      { ...endpoint, OTEL_RESOURCE_ATTRIBUTES: 'service.name=a', OTEL_SERVICE_NAME: 'b' },
      { resource: { 'service.name': 'b' } },
    ],
    [
      { ...endpoint, OTEL_BSP_SCHEDULE_DELAY: '100', OTEL_BSP_MAX_QUEUE_SIZE: '9' },
      { batch: { ...plain.batch, scheduledDelayMillis: 100, maxQueueSize: 9 } },
    ],
  ])('%j', (environment, tracing) => {
    expect(readTracing(environment)).toEqual({ tracing: { ...plain, ...tracing }, warnings: [] });
  });

  test('values that cannot be meant are told once each, without the value, and left out', () => {
    const { tracing, warnings } = readTracing({
      ...endpoint,
      OTEL_TRACES_SAMPLER: 's3cret',
      OTEL_BSP_MAX_QUEUE_SIZE: '-1',
      OTEL_BSP_SCHEDULE_DELAY: 'soon',
      OTEL_RESOURCE_ATTRIBUTES: 'a=b,s3cret,c=%,=d',
    });
    expect(tracing).toEqual({ ...plain, resource: { 'service.name': 'mcpo', a: 'b' } });
    expect(warnings.map((sentence) => sentence.split(' ')[0])).toEqual([
      'OTEL_TRACES_SAMPLER',
      'OTEL_RESOURCE_ATTRIBUTES',
      'OTEL_BSP_MAX_QUEUE_SIZE',
      'OTEL_BSP_SCHEDULE_DELAY',
    ]);
    expect(warnings.join()).not.toContain('s3cret');
  });

  test('a ratio that is none counts as 1', () => {
    const environment = {
      ...endpoint,
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '10%',
    };
    const { tracing, warnings } = readTracing(environment);
    expect(tracing?.ratio).toBe(1);
    expect(warnings).toEqual(['OTEL_TRACES_SAMPLER_ARG must be a number between 0 and 1; it is ignored.']);
  });
});
