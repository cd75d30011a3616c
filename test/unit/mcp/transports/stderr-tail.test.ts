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
