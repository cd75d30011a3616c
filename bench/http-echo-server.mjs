// The upstream of the benchmark over Streamable HTTP: the tool of echo-server.mjs on bare node:http, without sessions. It
// answers with JSON, or with a stream of one event.
// Usage: node http-echo-server.mjs json|sse; prints {"url": ...} when it listens.
import { createServer } from 'node:http';
import { answerTo } from './echo.mjs';

const asStream = process.argv[2] === 'sse';
const contentType = asStream ? 'text/event-stream' : 'application/json';

const server = createServer((incoming, outgoing) => {
  if (incoming.method !== 'POST') {
    outgoing.writeHead(405).end();
    return;
  }
  let body = '';
  incoming.setEncoding('utf8');
  incoming.on('data', (chunk) => {
    body += chunk;
  });
  incoming.on('end', () => {
    const answer = answerTo(JSON.parse(body));
    if (answer === undefined) {
      outgoing.writeHead(202).end();
      return;
    }
    outgoing.writeHead(200, { 'content-type': contentType });
    outgoing.end(asStream ? `event: message\ndata: ${answer}\n\n` : answer);
  });
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${server.address().port}/mcp` })}\n`);
});
process.on('SIGTERM', () => process.exit(0));
