import { expect, it, onTestFinished } from 'vitest';
import { createAgent } from '../../../src/net/agent.ts';
import { fetchOver } from '../../../src/net/fetch.ts';
import { until } from '../../support.ts';
import { startScripted } from '../mcp/remote.ts';

it('tells each part of an answer that is heard, and a cut is an error', async () => {
  const agent = createAgent({ connectTimeoutMs: 5_000, tls: undefined });
  onTestFinished(() => agent.destroy());
  let heard = 0;
  const server = await startScripted(({ response }) => {
    response.writeHead(200, { 'x-is': 'open' }).flushHeaders();
  });
  const response = await fetchOver(agent, () => heard++)(server.url);
  expect(response.headers.get('x-is')).toBe('open');
  expect(heard).toBe(1);
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  for (const part of [2, 3]) {
    server.received[0]?.response.write('part');
    expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe('part');
    expect(heard).toBe(part);
  }
  server.received[0]?.response.destroy();
  await expect(reader.read()).rejects.toThrow(/terminated|other side closed|aborted/);
  await until(() => server.received[0]?.request.destroyed);
});

it('a body that nobody reads to its end is given up without a trace', async () => {
  const agent = createAgent({ connectTimeoutMs: 5_000, tls: undefined });
  onTestFinished(() => agent.destroy());
  let heard = 0;
  const server = await startScripted(({ response }) => void response.writeHead(200).write('begun'));
  const readers: ReadableStreamDefaultReader<Uint8Array>[] = [];
  for (let n = 0; n < 2; n++) {
    const response = await fetchOver(agent, () => heard++)(server.url);
    readers.push((response.body as ReadableStream<Uint8Array>).getReader());
  }
  const begun = await readers[0]?.read();
  expect(Buffer.from(begun?.value ?? []).toString()).toBe('begun');
  for (const reader of readers) await reader.cancel();
  // What is thrown where nobody can catch it would end this process.
  await new Promise((resolve) => setImmediate(resolve));
  expect(heard).toBeGreaterThan(2);
});
