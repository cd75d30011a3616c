// Runs the conformance suite of MCP with mcpo as the client, each requirement set of the suite once, and prints what
// passed. The suite talks to driver.mjs, which uses nothing but the HTTP surface of dist/cli.js: build before. Ends with
// 1 if a required scenario fails that is not named below. The suite needs Node 22, the program does not: it runs on the Node that
// runs this.
// node run.mjs [--revision REVISION] [--scenario NAME]: with one scenario, everything that it says.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
const suite = join(here, 'node_modules', '@modelcontextprotocol', 'conformance', 'dist', 'index.js');

/** Revisions whose requirements the suite knows. It runs more than they require, such as extensions, which is only printed. */
const revisions = ['2025-11-25', '2026-07-28'];
const backcompat = ['auth/2025-03-26-oauth-metadata-backcompat', 'auth/2025-03-26-oauth-endpoint-fallback'];

/** Each scenario is a program of its own to start; the suite by itself starts all of a set at once. */
const atOnce = 2;
const longestScenarioMs = 60_000;

/** What an HTTP API cannot do as the suite wants it, by scenario, and why. */
const beyondHttp = {
  'elicitation-sep1034-client-defaults':
    'the question comes while the call is open, and the call of an HTTP API has one answer; no elicitation is declared',
  'sep-2322-client-request-state': 'questions of a tool are not carried to the caller yet (409 input_required)',
};

const { values } = parseArgs({ options: { scenario: { type: 'string' }, revision: { type: 'string' } } });
if (!existsSync(join(here, '..', '..', 'dist', 'cli.js'))) fail('there is no dist/cli.js: npm run build');
install();
const node = suitableNode();
const output = mkdtempSync(join(tmpdir(), 'mcpo-conformance-results-'));
let failed = 0;
let passed = 0;
try {
  if (values.scenario === undefined) {
    for (const revision of revisions) if ((values.revision ?? revision) === revision) await judgeRevision(revision);
    if (values.revision === undefined)
      print(summary('2025-03-26, not required', await runAll(backcompat, '2025-03-26')));
    print(`${passed} passed, ${failed} failed`);
    process.exitCode = failed === 0 ? 0 : 1;
  } else {
    await run(values.scenario, values.revision, output, 'inherit');
  }
} finally {
  rmSync(output, { recursive: true, force: true });
}

async function judgeRevision(revision) {
  const { required, others } = scenariosOf(revision);
  if (required.length === 0) fail(`the suite lists no scenario for ${revision}`);
  const results = await runAll(required, revision);
  print(summary(`${revision}, required`, results));
  for (const result of results.filter(({ ok }) => !ok)) tell(result);
  passed += results.filter(({ ok }) => ok).length;
  const extras = await runAll(others, revision);
  print(summary(`${revision}, not required`, extras));
  for (const { scenario } of extras.filter(({ ok }) => !ok)) print(`  fails ${scenario}`);
}

function summary(title, results) {
  const checks = results.reduce((sum, each) => sum + each.checks, 0);
  return `${title}: ${results.filter(({ ok }) => ok).length}/${results.length} scenarios, ${checks} checks`;
}

function tell({ scenario, complaints }) {
  const reason = beyondHttp[scenario];
  if (reason !== undefined) return print(`  fails ${scenario}: ${reason}`);
  failed += 1;
  print(`  FAILED ${scenario}`);
  for (const complaint of complaints) print(`    ${complaint}`);
}

/** As the suite lists them: what the revision requires of a client, and what it runs besides. */
function scenariosOf(revision) {
  const { stdout } = spawnSync(node, [suite, 'list', '--client', '--requirements', revision], { encoding: 'utf8' });
  const [, clients = '', besides = ''] = stdout.split(/^Client scenarios.*$|^Run and reported.*$/m);
  return {
    required: [...clients.matchAll(/^ +- (\S+)$/gm)].map(([, scenario]) => scenario),
    others: [...besides.matchAll(/^ +- (\S+) \[client\]$/gm)].map(([, scenario]) => scenario),
  };
}

async function runAll(scenarios, revision) {
  const results = [];
  const waiting = [...scenarios.entries()];
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, scenario] = next;
      const folder = join(output, `${revision}-${index}`);
      await run(scenario, revision, folder, 'ignore');
      results[index] = { scenario, ...resultIn(folder) };
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}

function run(scenario, revision, folder, stdio) {
  const command = [process.execPath, join(here, 'driver.mjs')].map((word) => `"${word}"`).join(' ');
  const version = revision === undefined ? [] : ['--spec-version', revision, '--force'];
  const args = ['--scenario', scenario, ...version, '--timeout', `${longestScenarioMs}`, '--verbose', '-o', folder];
  const child = spawn(node, [suite, 'client', '--command', command, ...args], { cwd: here, stdio });
  return new Promise((resolve, reject) => child.once('exit', resolve).once('error', reject));
}

/** It writes checks.json into a folder named for the scenario and the time. */
function resultIn(folder) {
  const file = existsSync(folder)
    ? readdirSync(folder, { recursive: true }).find((each) => each.endsWith('checks.json'))
    : undefined;
  if (file === undefined) return { ok: false, checks: 0, complaints: ['it did not run'] };
  const checks = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  const bad = checks.filter(({ status }) => status === 'FAILURE');
  const good = checks.filter(({ status }) => status === 'SUCCESS');
  return {
    ok: bad.length === 0 && good.length > 0,
    checks: good.length,
    complaints: bad.map(({ id, errorMessage, description }) => `${id}: ${errorMessage ?? description}`),
  };
}

function install() {
  const changedAt = (file) => statSync(join(here, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (changedAt('node_modules/.package-lock.json') >= changedAt('package-lock.json')) return;
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: here,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) fail('npm ci failed');
}

/** This one if it is new enough, else that of the package for this machine. */
function suitableNode() {
  if (Number(process.versions.node.split('.')[0]) >= 22) return process.execPath;
  const folder = join(here, 'node_modules', `node-${process.platform.replace('win32', 'win')}-${process.arch}`, 'bin');
  const found = ['node', 'node.exe'].map((file) => join(folder, file)).find((file) => existsSync(file));
  return found ?? fail('the suite needs Node 22');
}

function print(line) {
  process.stdout.write(`${line}\n`);
}

function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}
