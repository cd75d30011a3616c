import { describe, expect, test } from 'vitest';
import type { AppEvent } from '../../../src/events.ts';
import { createStartMessage, type SettledEvent, type StartMessage } from '../../../src/telemetry/start-message.ts';
import { fakeSnapshot } from './fake-snapshot.ts';

function collect(colors = false): { message: StartMessage; text: () => string } {
  const chunks: string[] = [];
  const message = createStartMessage({ version: '1.2.3', colors, write: (text) => void chunks.push(text) });
  return { message, text: () => chunks.join('') };
}

const listening: AppEvent = {
  type: 'listening',
  url: 'http://127.0.0.1:8000',
  bind: 'Only this machine can connect, because no key is set.',
  origins: 'Web pages of this machine may call.',
  guarded: false,
  servers: ['memory', 'broken'],
};
const ready: AppEvent = { type: 'upstream-state', server: 'memory', state: 'ready', detail: '', tools: 9, tookMs: 412 };
const down: AppEvent = {
  type: 'upstream-state',
  server: 'broken',
  state: 'down',
  detail: 'command not found: nope; trying again in 1 s',
  tools: 0,
  tookMs: 3,
};
const settled: SettledEvent = { type: 'settled', ready: 1, servers: 2, tookMs: 431 };
const url = 'http://127.0.0.1:8000';
const links = { url, baseUrl: url };
const memory = { tools: [{ name: 'read_graph', annotations: { readOnlyHint: true } }] };

describe('a start with several servers', () => {
  test('reads like this', () => {
    const { message, text } = collect();
    const snapshot = fakeSnapshot('many', {
      memory,
      broken: { tools: [], state: 'down' },
      old: { tools: [], state: 'disabled' },
    });
    for (const event of [listening, down, ready]) expect(message.show(event)).toBe(true);
    message.finish(settled, snapshot, links);
    expect(text()).toBe(`
  mcpo 1.2.3  http://127.0.0.1:8000

  Servers
  ✗ broken  command not found: nope; trying again in 1 s
  ✓ memory  9 tools    0.4 s
  - old     disabled

  1 of 2 servers ready after 0.4 s; the others are tried again and again.

  Address     http://127.0.0.1:8000
              Only this machine can connect, because no key is set.
  Origins     Web pages of this machine may call.
  Docs        http://127.0.0.1:8000/docs
  Overview    http://127.0.0.1:8000/
  Open WebUI  Settings > Integrations, a connection of the type OpenAPI with this URL:
              http://127.0.0.1:8000         every server
              http://127.0.0.1:8000/memory  one server
  Try         curl -X POST http://127.0.0.1:8000/memory/read_graph

`);
  });

  test('each server has its line as soon as its result is there', () => {
    const { message, text } = collect();
    message.show(listening);
    expect(text()).not.toContain('memory');
    message.show(ready);
    expect(text()).toContain('✓ memory');
  });

  test('a result that comes before the address waits for it', () => {
    const { message, text } = collect();
    message.show(ready);
    expect(text()).toBe('');
    message.show(listening);
    expect(text()).toMatch(/mcpo 1\.2\.3[\s\S]*✓ memory/);
  });

  test('a second failed attempt of a server has no second line', () => {
    const { message, text } = collect();
    for (const event of [listening, down, down]) message.show(event);
    expect(text().match(/broken/g)).toHaveLength(1);
    message.show({ ...down, detail: 'for another reason' });
    expect(text()).toContain('broken  for another reason\n');
  });
});

describe('one server from the command line', () => {
  test('has one address to paste, and a key is named but not shown', () => {
    const { message, text } = collect();
    message.show({ ...listening, servers: ['memory'], guarded: true });
    message.show(ready);
    message.finish(
      { ...settled, servers: 1 },
      fakeSnapshot('single', { memory }, { apiKey: 'top-secret', pathPrefix: '/api' }),
      { url, baseUrl: 'https://tools.example/root/api' },
    );
    expect(text()).toContain('Ready after 0.4 s.');
    expect(text()).toContain('with this URL:\n              https://tools.example/root/api\n');
    expect(text()).toContain("-H 'Authorization: Bearer '$MCPO_API_KEY http://127.0.0.1:8000/api/read_graph\n");
    expect(text()).not.toContain('top-secret');
  });

  test('where no tool is fit to try, the document is', () => {
    const { message, text } = collect();
    message.show(listening);
    message.finish(settled, fakeSnapshot('single', { memory: { tools: [] } }), links);
    expect(text()).toContain('Try         curl http://127.0.0.1:8000/openapi.json\n');
  });
});

test('after the end it shows nothing more', () => {
  const { message, text } = collect();
  message.show(listening);
  message.finish(settled, fakeSnapshot('many', { memory }), links);
  const before = text();
  expect(message.show(down)).toBe(false);
  expect(text()).toBe(before);
});

test('events that are no part of the start are left to the log', () => {
  expect(collect().message.show({ type: 'warning', message: 'x' })).toBe(false);
});

test('colours only where asked for, and a server cannot send its own', () => {
  const plain = collect();
  const colored = collect(true);
  for (const { message } of [plain, colored]) {
    message.show(listening);
    message.show({ ...down, detail: '\u001B[31mred\u001B[0m' });
  }
  expect(plain.text()).not.toContain('\u001B');
  expect(colored.text()).toContain('\u001B[31m✗\u001B[39m broken  red\n');
});
