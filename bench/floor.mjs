// The floor of the benchmark: the least that a proxy for one tool has to do, written by hand in bare node:http.
// It reads a body, sends it as a tools/call under an id of its own, and answers with the text that comes back; writes
// to the upstream are coalesced per tick. No routing, no keys, no limits, no errors: it is a measure, not a program.
// Usage: node floor.mjs COMMAND [ARG...]; prints {"url": ...} when it listens.
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';

const [command, ...args] = process.argv.slice(2);
const upstream = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
upstream.on('exit', () => process.exit(1));
process.on('SIGTERM', () => process.exit(0));

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

let rest = '';
upstream.stdout.setEncoding('utf8');
upstream.stdout.on('data', (chunk) => {
  const lines = (rest + chunk).split('\n');
  rest = lines.pop();
  for (const line of lines) {
    const { id, result } = JSON.parse(line);
    waiting.get(id)(result);
    waiting.delete(id);
  }
});

const clientInfo = { name: 'floor', version: '1.0.0' };
await request('initialize', JSON.stringify({ protocolVersion: '2025-11-25', capabilities: {}, clientInfo }));
write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n');

const server = createServer((incoming, outgoing) => {
  let body = '';
  incoming.setEncoding('utf8');
  incoming.on('data', (chunk) => {
    body += chunk;
  });
  incoming.on('end', async () => {
    const result = await request('tools/call', `{"name":"echo","arguments":${body}}`);
    const { text } = result.content[0];
    outgoing.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
    outgoing.end(text);
  });
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` })}\n`);
});
