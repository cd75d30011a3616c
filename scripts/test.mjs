// npm test: every check in order, cheapest first, ending at the first stage that fails. The last line of the output is
// always `N passed, N failed`, counting tests; it exits with 1 unless at least one test ran and nothing failed.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
const temporary = mkdtempSync(join(tmpdir(), 'mcpo-test-'));
const reportFile = join(temporary, 'report.json');

const stages = [
  { name: 'typecheck', command: npmRun('typecheck') },
  { name: 'lint', command: npmRun('lint') },
  { name: 'format', command: npmRun('format:check') },
  { name: 'build', command: npmRun('build') },
  {
    name: 'tests',
    command: [
      process.execPath,
      vitest,
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${reportFile}`,
    ],
  },
];

let failedStage;
const took = [];
for (const { name, command } of stages) {
  print(`\n== ${name}`);
  const from = Date.now();
  const [program, ...args] = command;
  const { status, signal, error } = spawnSync(program, args, { cwd: root, stdio: 'inherit' });
  took.push(`${name} ${((Date.now() - from) / 1000).toFixed(1)} s`);
  if (status !== 0) {
    failedStage = name;
    print(`\n${name} failed: ${error?.message ?? signal ?? `exit code ${status}`}`);
    break;
  }
}

const { passed, failed, skipped, broken } = counts();
rmSync(temporary, { recursive: true, force: true });
print(`\n${took.join(', ')}`);
for (const name of broken) print(`failed: ${name}`);
for (const name of skipped) print(`skipped: ${name}`);
if (passed + failed === 0 && failedStage === undefined) print('No test ran, which is a failure too.');
// A stage that fails without a failed test (a type error, a process left behind) is one failure.
const failures = failed === 0 && (failedStage !== undefined || passed === 0) ? 1 : failed;
print(`${passed} passed, ${failures} failed`);
process.exitCode = failures === 0 ? 0 : 1;

function npmRun(script) {
  // npm names itself to its scripts; on Windows its command is no program that can be spawned.
  const npm = process.env.npm_execpath;
  return [...(npm === undefined ? ['npm'] : [process.execPath, npm]), 'run', '--silent', script];
}

function counts() {
  let report;
  try {
    report = JSON.parse(readFileSync(reportFile, 'utf8'));
  } catch {
    // The tests did not begin, or did not come to their end.
    return { passed: 0, failed: 0, skipped: [], broken: [] };
  }
  const tests = report.testResults.flatMap((file) => file.assertionResults);
  // A file that cannot even be loaded has no tests to count.
  const brokenFiles = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  const named = (status) => tests.filter((test) => test.status === status).map((test) => test.fullName);
  const failedTests = named('failed');
  return {
    passed: named('passed').length,
    failed: failedTests.length + brokenFiles.length,
    skipped: [...named('skipped'), ...named('pending'), ...named('todo')],
    broken: [...failedTests, ...brokenFiles.map((file) => file.name)],
  };
}

function print(line) {
  process.stdout.write(`${line}\n`);
}
