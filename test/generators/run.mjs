// Judges documents as others do: two linters want zero findings, three code generators make clients of them, and these
// have to compile strictly. Fetches nothing. Ends with `N passed, N failed`, one for each document and judge, or writes
// that into a report.
// node run.mjs [--report=FILE] [FOLDER]: of the documents in a folder, else of the running program (documents.mjs).
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeDocuments } from './documents.mjs';

const here = dirname(fileURLToPath(import.meta.url));

/**
 * Findings about what the authors of recorded and hostile tools wrote, which a document has to repeat as it is: branches
 * of a union that are equal or overlap, a required property that is not described, Markdown with HTML in it.
 */
const upstreamRules = [
  'no-illogical-composition-keywords',
  'no-required-schema-properties-undefined',
  'no-unsafe-markdown',
];

/**
 * Which judges see which documents; a name is GROUP.SERVER.FORM. What is left out would only repeat itself, slowly: the
 * GPT profile differs in texts and statuses alone, the document of all has the same tools as the others, schemas without
 * references are the same with components, and 3.0 with components is made of the parts of two others.
 */
const judges = {
  version: () => true,
  // It compiles schemas of thousands of properties, which takes seconds for each.
  redocly: ({ group, form }) => group !== 'hostile' || form === '3.1' || form === '3.0' || form === '3.1-components',
  'openapi-typescript': ({ form }) => !form.endsWith('-gpt'),
  // It tries every example against its schema, which takes seconds where there are many.
  spectral: ({ group, server, form }) => {
    if (server === 'all') return form === '3.1' || form === '3.0-gpt';
    return form === '3.1' || form === '3.0' || (group === 'recorded' && form.endsWith('-components'));
  },
  'hey-api': isForClients,
  orval: isForClients,
};

/** With references instead of copies a bomb is small, and some write out every reference themselves, for hours. */
function isForClients({ group, server, form }) {
  if (server === 'all') return false;
  return form === '3.1' || form === '3.0' || (group !== 'hostile' && form === '3.1-components');
}

/** A document that is a bomb keeps a judge busy for ever. */
const longestRunMs = 300_000;

const { values, positionals } = parseArgs({ options: { report: { type: 'string' } }, allowPositionals: true });
const temporary = mkdtempSync(join(tmpdir(), 'mcpo-generators-'));
const took = [];
try {
  const folder = resolve(positionals[0] ?? join(temporary, 'documents'));
  if (positionals[0] === undefined) await timed('documents', () => writeDocuments(folder));
  const documents = readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => join(folder, file));
  const checks = (
    await Promise.all([
      timed('clients and redocly', async () => [...(await makeClients(documents)), ...(await redocly(documents))]),
      timed('spectral', () => spectral(documents)),
    ])
  ).flat();
  checks.push(...documents.map(checkVersion));
  report(checks.toSorted((a, b) => a.document.localeCompare(b.document)));
} finally {
  rmSync(temporary, { recursive: true, force: true });
}

function seenBy(judge, documents) {
  return documents.filter((document) => judges[judge](partsOf(document)));
}

/** A file that is not named as ours is seen as 3.1 of one server, by every judge. */
function partsOf(document) {
  const [, group = '', server = '', form = '3.1'] = /^(\w+)\.(.+)\.(\d\.\d.*)\.json$/.exec(basename(document)) ?? [];
  return { group, server, form };
}

async function redocly(documents) {
  const files = seenBy('redocly', documents);
  const cli = join(here, 'node_modules/@redocly/cli/bin/cli.js');
  const findings = [];
  for (let rest = files; rest.length > 0;) {
    const args = ['lint', '--extends=recommended-strict', '--format=json', '--max-problems=100', ...rest];
    const { stdout, stderr } = await run('redocly', cli, args);
    // One JSON object a document, one after the other, up to a document that it cannot read.
    const judgements = JSON.parse(`[${stdout.trim().replaceAll(/^\}\s*\{/gm, '},{')}]`);
    for (const { ruleId, message, location } of judgements.flatMap(({ problems }) => problems)) {
      const [place] = location;
      const text = `${place.pointer ?? ''}: ${message}`;
      findings.push({ file: resolve(here, place.source.ref), rule: ruleId, text });
    }
    const unreadable = rest[judgements.length];
    if (unreadable !== undefined) {
      findings.push({ file: unreadable, rule: 'unreadable', text: stderr.slice(stderr.lastIndexOf('Failed')).trim() });
    }
    rest = rest.slice(judgements.length + 1);
  }
  return judged('redocly', files, findings);
}

async function spectral(documents) {
  const files = seenBy('spectral', documents);
  const cli = join(here, 'node_modules/@stoplight/spectral-cli/dist/index.js');
  const output = join(temporary, 'spectral.json');
  const ruleset = join(here, 'spectral.yaml');
  const { stderr } = await run('spectral', cli, ['lint', '-r', ruleset, '-f', 'json', '-o', output, '-q', ...files]);
  if (stderr.trim() !== '') throw new Error(`spectral: ${stderr}`);
  const findings = JSON.parse(readFileSync(output, 'utf8')).map(({ source, code, path, message }) => {
    return { file: resolve(here, source), rule: code, text: `#/${path.join('/')}: ${message}` };
  });
  return judged('spectral', files, findings);
}

function judged(tool, files, findings) {
  return files.map((document) => {
    const own = findings.filter(({ file, rule }) => {
      return file === document && !(isRepeated(partsOf(document)) && upstreamRules.includes(rule));
    });
    return { document, tool, problems: own.map(({ rule, text }) => `${rule} at ${text}`) };
  });
}

function isRepeated({ group }) {
  return group === 'recorded' || group === 'hostile';
}

async function makeClients(documents) {
  const jobs = ['openapi-typescript', 'hey-api', 'orval'].flatMap((tool) =>
    seenBy(tool, documents).map((document) => ({ document, tool })),
  );
  const [jobsFile, resultsFile] = ['jobs.json', 'clients.json'].map((file) => join(temporary, file));
  writeFileSync(jobsFile, JSON.stringify(jobs));
  const { code, stdout, stderr } = await run('generate.mjs', join(here, 'generate.mjs'), [jobsFile, resultsFile]);
  if (code !== 0) throw new Error(`generate.mjs ended with ${code}:\n${stdout.slice(-2_000)}\n${stderr.slice(-2_000)}`);
  return JSON.parse(readFileSync(resultsFile, 'utf8'));
}

function checkVersion(document) {
  const { openapi } = JSON.parse(readFileSync(document, 'utf8'));
  const { form } = partsOf(document);
  const wanted = form.startsWith('3.0') ? '3.0.3' : '3.1.0';
  return {
    document,
    tool: 'version',
    problems: openapi === wanted ? [] : [`${openapi}, not ${wanted}`],
  };
}

/** What a program says and how it ended. Linters end with 1 if they find something: that is no failure of theirs. */
async function run(name, script, args) {
  const quiet = { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true', NO_COLOR: '1' };
  const child = spawn(process.execPath, [script, ...args], {
    cwd: here,
    env: { ...process.env, ...quiet },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: longestRunMs,
    killSignal: 'SIGKILL',
  });
  const [stdout, stderr, code] = await Promise.all([
    textOf(child.stdout),
    textOf(child.stderr),
    new Promise((done, failed) => child.once('close', done).once('error', failed)),
  ]);
  if (code === null) throw new Error(`${name} did not come to an end within ${longestRunMs / 1000} s`);
  if (code > 2) throw new Error(`${name} ended with ${code}:\n${stdout}\n${stderr}`);
  return { code, stdout, stderr };
}

async function textOf(stream) {
  let text = '';
  stream.setEncoding('utf8');
  for await (const chunk of stream) text += chunk;
  return text;
}

async function timed(name, work) {
  const from = Date.now();
  const result = await work();
  took.push(`${name} ${((Date.now() - from) / 1000).toFixed(1)} s`);
  return result;
}

function report(checks) {
  const failed = checks.filter(({ problems }) => problems.length > 0);
  for (const { document, tool, problems } of failed) {
    print(
      `\n${basename(document)}: ${tool} has ${problems.length} ${problems.length === 1 ? 'objection' : 'objections'}`,
    );
    for (const problem of problems.slice(0, 5)) print(`  ${problem}`);
  }
  for (const judge of Object.keys(judges)) {
    const own = checks.filter(({ tool }) => tool === judge);
    print(`${judge}: ${own.length} documents, ${own.filter(({ problems }) => problems.length > 0).length} failed`);
  }
  print(took.join(', '));
  const counts = { passed: checks.length - failed.length, failed: failed.length };
  const names = failed.map(({ document, tool }) => `${tool} on ${basename(document, '.json')}`);
  // Who asks for a report counts these with others, and the closing line is theirs.
  if (values.report === undefined) print(`${counts.passed} passed, ${counts.failed} failed`);
  else writeFileSync(values.report, JSON.stringify({ ...counts, broken: names }));
  process.exitCode = failed.length === 0 && checks.length > 0 ? 0 : 1;
}

function print(line) {
  process.stdout.write(`${line}\n`);
}
