// The upstream of the benchmark over stdio. Answers to one chunk of requests go out in one write.
// Usage: node echo-server.mjs [NUMBER OF MORE TOOLS]
import { addTools, answerTo } from './echo.mjs';

addTools(Number(process.argv[2] ?? 0));

let rest = '';
process.stdin.setEncoding('utf8');
process.stdin.on('data', (chunk) => {
  const lines = (rest + chunk).split('\n');
  rest = lines.pop();
  let out = '';
  for (const line of lines) {
    const answer = answerTo(JSON.parse(line));
    if (answer !== undefined) out += `${answer}\n`;
  }
  if (out !== '') process.stdout.write(out);
});
process.stdin.on('end', () => process.exit(0));
