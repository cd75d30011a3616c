import { expect, it } from 'vitest';
import { StderrTail } from '../../../../src/mcp/transports/stderr-tail.ts';

it('keeps the last lines, without escape sequences, and tells each once', () => {
  const told: string[] = [];
  const tail = new StderrTail((line) => told.push(line));
  const text = Array.from({ length: 9 }, (_, index) => `\u001B[31mline ${index}\u001B[0m\r\n`).join('');
  for (const byte of Buffer.from(`${text}the end without a line feed`)) tail.push(Uint8Array.of(byte));
  expect(told).toEqual(Array.from({ length: 9 }, (_, index) => `line ${index}`));
  expect(tail.text()).toBe('line 5 | line 6 | line 7 | line 8 | the end without a line feed');
});

it('keeps what Node says of an error, and not where it was', () => {
  const tail = new StderrTail(() => {});
  const frames = Array.from({ length: 9 }, (_, index) => `    at Module._load (node:internal/loader:${index}:27)`);
  const last = '    at node:internal/main/run_main_module:28:49 {';
  const lines = [
    "Error: Cannot find module '/nosuch.js'",
    ...frames,
    last,
    "  code: 'MODULE_NOT_FOUND'",
    '}',
    'Node.js v20',
  ];
  tail.push(Buffer.from(lines.join('\n')));
  expect(tail.text()).toBe("Error: Cannot find module '/nosuch.js' | code: 'MODULE_NOT_FOUND' | } | Node.js v20");
});
