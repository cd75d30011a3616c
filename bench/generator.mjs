// The load generator: keep-alive connections on bare sockets, one fixed request each at a time, and a parser that knows
// no more of HTTP than it needs. It runs in its own process and costs a few microseconds a call, so that it is not what
// is measured. Every answer must be a 200 that holds `expect`; anything else ends the run with an error.
// Usage: node generator.mjs '{url, key, body, expect, callers, measureMs}'; prints {calls, seconds, p50Us, p99Us}.
import { connect } from 'node:net';

const { url, key, body, expect, callers, measureMs } = JSON.parse(process.argv[2]);
const { hostname, port, pathname } = new URL(url);
const request = Buffer.from(
  [
    `POST ${pathname} HTTP/1.1`,
    `Host: ${hostname}:${port}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(key === undefined ? [] : [`Authorization: Bearer ${key}`]),
    '',
    body,
  ].join('\r\n'),
);

/** Enough of an answer to know it by. */
const keptChars = 4096;

const latencies = [];
let from = Infinity;
let until = Infinity;

await Promise.all(Array.from({ length: callers }, open));
latencies.sort((a, b) => a - b);
const at = (share) =>
  Math.round(latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] * 1000);
const report = { calls: latencies.length, seconds: (until - from) / 1000, p50Us: at(0.5), p99Us: at(0.99) };
process.stdout.write(`${JSON.stringify(report)}\n`);

/** Ends when the time is over; rejects on anything but the expected answer. */
function open() {
  return new Promise((resolve, reject) => {
    let sentAt = 0;
    let answer = '';
    let received = 0;
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    const send = () => {
      sentAt = performance.now();
      socket.write(request);
    };
    const fail = (reason) => {
      socket.destroy();
      reject(reason);
    };
    socket.on('connect', () => {
      if (from === Infinity) {
        from = performance.now();
        until = from + measureMs;
      }
      send();
    });
    socket.on('data', (chunk) => {
      received += chunk.length;
      if (answer.length < keptChars) answer += chunk.latin1Slice();
      if (received < wholeLength(answer)) return;
      if (!answer.startsWith('HTTP/1.1 200') || !answer.includes(expect)) {
        fail(new Error(`unexpected answer: ${answer.slice(0, 500)}`));
        return;
      }
      answer = '';
      received = 0;
      const now = performance.now();
      // What began in time counts, however long it takes: of a large result there may be one.
      if (sentAt >= from) latencies.push(now - sentAt);
      if (now < until) {
        send();
        return;
      }
      socket.destroy();
      resolve();
    });
    socket.on('error', fail);
    socket.on('end', () => fail(new Error('the connection was closed')));
  });
}

/** Of an answer as far as it is here; of one in chunks it is the end that tells. */
function wholeLength(answer) {
  const head = answer.indexOf('\r\n\r\n');
  if (head === -1) return Infinity;
  const length = /\r\ncontent-length: *(\d+)/i.exec(answer);
  if (length !== null && length.index < head) return head + 4 + Number(length[1]);
  return answer.endsWith('\r\n0\r\n\r\n') ? 0 : Infinity;
}
