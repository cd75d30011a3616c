// The upstream of the benchmark over stdio. Answers to one chunk of requests go out in one write.
import { answerTo } from './echo.mjs';

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
