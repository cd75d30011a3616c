// The floor of the benchmark over Streamable HTTP: one undici request for each call, and the answer read as JSON or as a
// stream of one event.
// Usage: node http-floor.mjs URL; prints {"url": ...} when it listens.
import { Pool } from 'undici';
import { serve } from './floor-server.mjs';

const { origin, pathname } = new URL(process.argv[2]);
const pool = new Pool(origin);
const headers = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
  'mcp-protocol-version': '2025-11-25',
};
let nextId = 1;

serve(async (params) => {
  const body = `{"jsonrpc":"2.0","id":${nextId++},"method":"tools/call","params":${params}}`;
  const reply = await pool.request({ path: pathname, method: 'POST', headers, body });
  const text = await reply.body.text();
  const isStream = reply.headers['content-type'] === 'text/event-stream';
  return JSON.parse(isStream ? text.slice(text.indexOf('data: ') + 6).trimEnd() : text).result;
});
