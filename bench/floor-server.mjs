// What the floors have in common: bare node:http that reads a body, has it sent as a tools/call of the tool that the path
// names, and answers with the text that comes back. No routing, keys, limits or errors: a measure, not a program.
import { createServer } from 'node:http';

/** `callTool` takes the params of a tools/call as text and resolves with its result. Prints {"url": ...} when it listens. */
export function serve(callTool) {
  const server = createServer((incoming, outgoing) => {
    let body = '';
    incoming.setEncoding('utf8');
    incoming.on('data', (chunk) => {
      body += chunk;
    });
    incoming.on('end', () => {
      const called = callTool(`{"name":"${incoming.url.slice(1)}","arguments":${body}}`);
      void called.then(({ content: [{ text }] }) => {
        outgoing.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
        outgoing.end(text);
      });
    });
  });
  server.listen(0, '127.0.0.1', () => {
    process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` })}\n`);
  });
  process.on('SIGTERM', () => process.exit(0));
}
