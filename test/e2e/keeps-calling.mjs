// Calls the URL that it is given over and over, one call after the other, until its stdin ends. Prints a line when the
// first call is over, and at the end what came of all of them as one line of JSON: when, how long it took, and how long
// the process that answers was at work meanwhile. A process of its own, so that what the test does is not measured.
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';

const [, , url, pid, body] = process.argv;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const calls = [];
const wrong = [];
process.stdin.resume();

while (!process.stdin.readableEnded) {
  const at = Date.now();
  const from = performance.now();
  const worked = workedMs();
  const answer = await call();
  const ms = performance.now() - from;
  calls.push({ at, ms: Math.round(ms), workMs: Math.round(Math.min(ms, workedMs() - worked)) });
  if (answer !== `200 ${body}`) wrong.push(answer);
  if (calls.length === 1) process.stdout.write('calling\n');
}
agent.destroy();
process.stdout.write(`${JSON.stringify({ calls, wrong })}\n`);

/** Time that the main thread of the process had a processor. Where the system does not say, all time counts. */
function workedMs() {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
  } catch {
    return performance.now();
  }
}

function call() {
  return new Promise((resolve, reject) => {
    const options = { agent, method: 'POST', headers: { 'content-type': 'application/json' } };
    const outgoing = request(url, options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => (text += chunk));
      response.on('end', () => resolve(`${response.statusCode} ${text}`));
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
