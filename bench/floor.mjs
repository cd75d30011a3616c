// The floor of the benchmark over stdio: the least that a proxy has to do, written by hand. Calls go to the child under an
// id of its own; writes to it are coalesced per tick.
// Usage: node floor.mjs COMMAND [ARG...]; prints {"url": ...} when it listens.
import { spawn } from 'node:child_process';
import { serve } from './floor-server.mjs';

const [command, ...args] = process.argv.slice(2);
const upstream = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
upstream.on('exit', () => process.exit(1));

const waiting = new Map();
let nextId = 1;
let batch = '';

function request(method, paramsText) {
  return new Promise((resolve) => {
    const id = nextId++;
    waiting.set(id, resolve);
    write(`{"jsonrpc":"2.0","id":${id},"method":"${method}","params":${paramsText}}\n`);
  });
}

function write(line) {
  if (batch === '') setImmediate(flush);
  batch += line;
}

function flush() {
  upstream.stdin.write(batch);
  batch = '';
}

/** Of a line that is not whole yet. */
let pieces = [];
upstream.stdout.setEncoding('utf8');
upstream.stdout.on('data', (chunk) => {
  const lines = chunk.split('\n');
  const rest = lines.pop();
  for (const line of lines) {
    const { id, result } = JSON.parse(pieces.length === 0 ? line : pieces.join('') + line);
    pieces = [];
    waiting.get(id)(result);
    waiting.delete(id);
  }
  if (rest !== '') pieces.push(rest);
});

const clientInfo = { name: 'floor', version: '1.0.0' };
await request('initialize', JSON.stringify({ protocolVersion: '2025-11-25', capabilities: {}, clientInfo }));
write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n');
serve((params) => request('tools/call', params));
