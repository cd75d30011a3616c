// npm test: every check in order, cheapest first, ending at the first stage that fails. The last line of the output is
// always `N passed, N failed`, counting tests and what the generators judged; it exits with 1 unless at least one test
// ran and nothing failed. The generators have packages of their own, which are installed where they are missing or old.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
const temporary = mkdtempSync(join(tmpdir(), 'mcpo-test-'));
const reportFile = join(temporary, 'report.json');
const generators = join(root, 'test', 'generators');
const generatorsReportFile = join(temporary, 'generators.json');

const stages = [
  { name: 'typecheck', command: npm('run', '--silent', 'typecheck') },
  { name: 'lint', command: npm('run', '--silent', 'lint') },
  { name: 'format', command: npm('run', '--silent', 'format:check') },
  { name: 'build', command: npm('run', '--silent', 'build') },
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
  {
    name: 'install the generators',
    isNeeded: generatorsAreStale,
    // Of the packages that have install scripts one reports home, and none needs its own.
    command: npm('ci', '--prefix', generators, '--ignore-scripts', '--no-audit', '--no-fund'),
  },
  {
    name: 'generators',
    command: [process.execPath, join(generators, 'run.mjs'), `--report=${generatorsReportFile}`],
  },
];

let failedStage;
const took = [];
for (const { name, command, isNeeded } of stages) {
  if (isNeeded?.() === false) continue;
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

function npm(...args) {
  // npm names itself to its scripts; on Windows its command is no program that can be spawned.
  const program = process.env.npm_execpath;
  return [...(program === undefined ? ['npm'] : [process.execPath, program]), ...args];
}

function generatorsAreStale() {
  const changedAt = (file) => statSync(join(generators, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return changedAt('node_modules/.package-lock.json') < changedAt('package-lock.json');
}

function counts() {
  const tests = testCounts(read(reportFile));
  const judged = read(generatorsReportFile) ?? { passed: 0, failed: 0, broken: [] };
  return {
    passed: tests.passed + judged.passed,
    failed: tests.failed + judged.failed,
    skipped: tests.skipped,
    broken: [...tests.broken, ...judged.broken],
  };
}

/** undefined where the stage did not begin, or did not come to its end. */
function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

function testCounts(report) {
  if (report === undefined) return { passed: 0, failed: 0, skipped: [], broken: [] };
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
