// Holds the invariants of ARCHITECTURE.md: which way imports point, who may use which library, and how a file looks.
// Every rule is a function from sources to complaints, and every rule is first shown a made-up offender, so that a rule
// that cannot fail fails here. What the compiler or the linter proves already is not repeated.
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, posix, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

/** Path below src, such as `mcp/types.ts`, to text. */
type Sources = ReadonlyMap<string, string>;
type Rule = (sources: Sources) => string[];

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Files directly in src that anything may import. */
const rootLeaves = [
  'errors.ts',
  'events.ts',
  'principal.ts',
  'routes.ts',
  'glob.ts',
  'nearest.ts',
  'trace.ts',
  'version.ts',
];
const leaves = ['json/', 'net/', 'storage/', ...rootLeaves];
const layers = ['config/', 'mcp/', 'openapi/', 'server/'];

/** What each folder, and each file directly in src, may import besides itself. Nothing else may be imported. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  'json/': [],
  'net/': rootLeaves,
  'storage/': rootLeaves,
  'config/': leaves,
  'mcp/': ['config/', ...leaves],
  'openapi/': ['config/types.ts', 'mcp/types.ts', 'snapshot.ts', 'json/', ...rootLeaves],
  'server/': ['config/', 'mcp/', 'openapi/', 'snapshot.ts', ...leaves],
  'telemetry/': [
    'config/types.ts',
    'config/guarded.ts',
    'config/tracing.ts',
    'mcp/types.ts',
    'openapi/',
    'snapshot.ts',
    ...rootLeaves,
  ],
  'events.ts': ['mcp/types.ts', 'errors.ts', 'trace.ts'],
  ...Object.fromEntries(rootLeaves.filter((leaf) => leaf !== 'events.ts').map((leaf) => [leaf, []])),
  'snapshot.ts': ['config/types.ts', 'mcp/types.ts', 'openapi/'],
  'reload.ts': ['config/', 'mcp/', 'openapi/', 'snapshot.ts', ...leaves],
  'command-line/': ['config/', ...rootLeaves],
  'sign-ins.ts': ['config/', 'mcp/', ...leaves],
  'app.ts': [...layers, 'snapshot.ts', 'reload.ts', 'sign-ins.ts', ...leaves],
  'index.ts': ['app.ts', 'config/', 'reload.ts', ...rootLeaves],
  // Telemetry reads what the others do, and is attached by the program alone: the library has no logs of its own.
  'cli.ts': ['app.ts', 'command-line/', 'telemetry/', ...layers, 'snapshot.ts', ...leaves],
};

/** Packages, and which folders alone may import them. */
const reserved: readonly { readonly packages: RegExp; readonly folders: readonly string[] }[] = [
  { packages: /^@modelcontextprotocol\//, folders: ['mcp/'] },
  { packages: /^node:child_process$/, folders: ['mcp/'] },
  { packages: /^(find-my-way|light-my-request)$/, folders: ['server/'] },
  { packages: /^(pino|pino-.*|@opentelemetry\/.*)$/, folders: ['telemetry/'] },
];

const pureFolders = ['json/', 'openapi/'];
const maxLines = 400;

const importsPointLeft: Rule = (sources) =>
  [...sources].flatMap(([file, text]) => {
    const unit = unitOf(file);
    const allowed = mayImport[unit];
    if (allowed === undefined) return [`${file}: no layer is known for ${unit}`];
    return localImports(file, text)
      .filter((target) => !inside(target, [unit, ...allowed]))
      .map((target) => `${file} imports ${target}`);
  });

const noCycles: Rule = (sources) => {
  const cycles: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, trail: readonly string[]): void => {
    const start = trail.indexOf(file);
    if (start !== -1) cycles.push([...trail.slice(start), file].join(' -> '));
    if (start !== -1 || done.has(file)) return;
    for (const target of localImports(file, sources.get(file) ?? '')) visit(target, [...trail, file]);
    done.add(file);
  };
  for (const file of sources.keys()) visit(file, []);
  return cycles;
};

const importedFilesExist: Rule = (sources) =>
  [...sources].flatMap(([file, text]) =>
    localImports(file, text)
      .filter((target) => !sources.has(target))
      .map((target) => `${file} imports ${target}, which does not exist`),
  );

const librariesStayInTheirFolder: Rule = (sources) =>
  [...sources].flatMap(([file, text]) =>
    packageImports(text)
      .filter((name) => reserved.some(({ packages, folders }) => packages.test(name) && !inside(file, folders)))
      .map((name) => `${file} imports ${name}`),
  );

const pureFoldersUseNoNode: Rule = (sources) =>
  [...sources].flatMap(([file, text]) =>
    inside(file, pureFolders)
      ? packageImports(text)
          .filter((name) => name.startsWith('node:') || builtinModules.includes(name))
          .map((name) => `${file} imports ${name}`)
      : [],
  );

/** A child that outlives us is worse than an exit hook: mcp/process may register one, and nothing else. */
const onlyCliOwnsTheProcess: Rule = (sources) =>
  [...sources].flatMap(([file, text]) => {
    if (file === 'cli.ts') return [];
    const uses = withoutComments(text).match(/\bprocess\s*\.\s*(?:argv\b|exit\w*\b|abort\b|on\w*\s*\([^,)]*)/g) ?? [];
    return uses
      .filter((use) => !(inside(file, ['mcp/process/']) && /\(\s*'exit'$/.test(use)))
      .map((use) => `${file} uses ${use}`);
  });

const filesStayShort: Rule = (sources) =>
  [...sources]
    .map(([file, text]) => ({ file, lines: text.trimEnd().split('\n').length }))
    .filter(({ lines }) => lines > maxLines)
    .map(({ file, lines }) => `${file} has ${lines} lines`);

const filesSayWhatTheyAre: Rule = (sources) =>
  [...sources]
    .filter(([, text]) => (openingComment(text).match(/[.!?](?=\s|$)/g) ?? []).length < 2)
    .map(([file]) => `${file} does not open with a comment of two sentences`);

const exportsAreNamed: Rule = (sources) =>
  [...sources].flatMap(([file, text]) => {
    const code = codeOf(text);
    const complaints = [];
    if (/^\s*export\s*\*/m.test(code)) complaints.push(`${file} has an export *`);
    if (/^\s*export\s+default\b|\bas\s+default\b/m.test(code)) complaints.push(`${file} has a default export`);
    if (/(^|\/)index\.ts$/.test(file) && file !== 'index.ts') complaints.push(`${file} is a barrel`);
    return complaints;
  });

const nothingIsAny: Rule = (sources) =>
  [...sources]
    .filter(([, text]) => /(?<![.\w$])any\b(?!\s*(?:\(|\??:))/.test(codeOf(text)))
    .map(([file]) => `${file} says any`);

/** Of home folders and build machines; a program that names one works on that machine alone. */
const noPathOfAMachine: Rule = (sources) =>
  [...sources].flatMap(([file, text]) => {
    const found = text.match(/(?<![\w.}])\/(?:home\/(?!node\b)\w+|Users\/\w+|root|work|workspace|builds)\//) ?? [];
    return [...found, ...(text.includes(root) ? [root] : [])].map((path) => `${file} names ${path}`);
  });

/** Each rule, and made-up sources that break it. */
const rules: readonly { name: string; rule: Rule; offenders: Record<string, string>[] }[] = [
  {
    name: 'imports point left',
    rule: importsPointLeft,
    offenders: [
      { 'config/load.ts': "import type {\n  Catalogue,\n} from '../mcp/types.ts';" },
      { 'openapi/document.ts': "export { diffConfig } from '../config/diff.ts';" },
      { 'server/listen.ts': "const logs = await import('../telemetry/logs.ts');" },
      { 'helpers/all.ts': '' },
    ],
  },
  {
    name: 'no cycles',
    rule: noCycles,
    offenders: [{ 'json/a.ts': "import './b.ts';", 'json/b.ts': "const a = await import('./a.ts');" }],
  },
  {
    name: 'imported files exist',
    rule: importedFilesExist,
    offenders: [{ 'json/a.ts': "import { b } from './b.ts';" }],
  },
  {
    name: 'libraries stay in their folder',
    rule: librariesStayInTheirFolder,
    offenders: [
      { 'config/load.ts': "import { spawn } from 'node:child_process';" },
      { 'server/listen.ts': "import { Client } from '@modelcontextprotocol/client';" },
      { 'app.ts': "import findMyWay from 'find-my-way';" },
      { 'mcp/call.ts': "import { pino } from 'pino';" },
    ],
  },
  {
    name: 'pure folders use no Node',
    rule: pureFoldersUseNoNode,
    offenders: [{ 'json/scan.ts': "import { Buffer } from 'node:buffer';" }],
  },
  {
    name: 'only cli.ts owns the process',
    rule: onlyCliOwnsTheProcess,
    offenders: [
      { 'app.ts': "process.on('SIGTERM', stop);" },
      { 'app.ts': 'process.exit(1);' },
      { 'config/options.ts': 'const [node, script, ...rest] = process.argv;' },
      { 'mcp/process/spawn.ts': "process.once('SIGINT', stop);" },
    ],
  },
  { name: 'files stay short', rule: filesStayShort, offenders: [{ 'app.ts': 'f();\n'.repeat(maxLines + 1) }] },
  {
    name: 'files say what they are',
    rule: filesSayWhatTheyAre,
    offenders: [{ 'app.ts': '// The application.\nexport const app = 1;' }],
  },
  {
    name: 'exports are named',
    rule: exportsAreNamed,
    offenders: [{ 'mcp/a.ts': "export * from './b.ts';" }, { 'mcp/a.ts': 'export default 1;' }, { 'mcp/index.ts': '' }],
  },
  { name: 'nothing is any', rule: nothingIsAny, offenders: [{ 'app.ts': 'const a = (b: any[]) => b;' }] },
  { name: 'no path of a machine', rule: noPathOfAMachine, offenders: [{ 'app.ts': "read('/Users/ann/.mcpo');" }] },
];

describe('the sources keep the invariants', () => {
  const sources = sourcesOf('src', /\.ts$/);

  test('there are sources', () => expect(sources.size).toBeGreaterThan(10));

  test.each(rules)('$name', ({ rule, offenders }) => {
    for (const offender of offenders) expect(rule(new Map(Object.entries(offender)))).toHaveLength(1);
    expect(rule(sources)).toEqual([]);
  });

  test('what looks like an offence but is none is left alone', () => {
    const innocent = new Map([
      ['mcp/process/orphans.ts', "// Ends groups. Never any other.\nprocess.once('exit', endAll);"],
      ['openapi/a.ts', '// Pure. It says \'import x from "node:fs"\' here.\nconst s = `export default any`;'],
      [
        'server/a.ts',
        "/* Two sentences. In a block. */\nimport { b } from '../openapi/b.ts';\nAbortSignal.any({ any: 1 });",
      ],
      ['openapi/b.ts', "// Pure. It matches quotes.\nconst quote = /['\"`]/; // any\nconst url = 'http://x/home/';"],
    ]);
    expect(rules.flatMap(({ rule }) => rule(innocent))).toEqual([]);
  });

  test('the scripts and the bench name no path of a machine', () => {
    const folders = ['scripts', 'bench', '.ci', '.github', 'examples', 'docs'];
    expect(folders.flatMap((folder) => noPathOfAMachine(sourcesOf(folder, /./)))).toEqual([]);
  });

  test('ARCHITECTURE.md has a line for every dependency', () => {
    const architecture = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
    const { dependencies }: { dependencies: Record<string, string> } = JSON.parse(
      readFileSync(join(root, 'package.json'), 'utf8'),
    );
    const missing = Object.keys(dependencies).filter((name) => !architecture.includes(`\`${name}\``));
    expect(missing).toEqual([]);
  });

  test('every package is for the oldest Node that ours is for', () => {
    const read = (file: string) => JSON.parse(readFileSync(join(root, file), 'utf8'));
    const oldest = majorsOf(read('package.json').engines.node)[0] ?? 0;
    const packages: Record<string, { readonly engines?: { readonly node?: string } }> =
      read('package-lock.json').packages;
    const newer = Object.entries(packages).filter(([, { engines }]) => Math.min(...majorsOf(engines?.node)) > oldest);
    expect(newer.map(([name]) => name)).toEqual([]);
  });

  test('ARCHITECTURE.md is short', () => {
    expect(readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8').split('\n').length).toBeLessThanOrEqual(200);
  });

  test.each(['ARCHITECTURE.md', 'docs/internals.md'])('%s names no file that is not there', (page) => {
    const text = readFileSync(join(root, page), 'utf8');
    const named = [...text.matchAll(/`((?:[\w-]+\/)*[\w.-]+\.ts)`/g)].map(([, name = '']) => name);
    const there = ['src', 'test'].flatMap((folder) =>
      [...sourcesOf(folder, /\.ts$/).keys()].map((file) => `/${folder}/${file}`),
    );
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((name) => !there.some((file) => file.endsWith(`/${name}`)))).toEqual([]);
  });
});

/** The major versions that a range such as `^20.19.0 || >=22` speaks of; 0 where there is none. */
function majorsOf(range = '0'): number[] {
  const majors = [...range.matchAll(/(\d+)[\d.]*/gu)].map(([, major]) => Number(major));
  return majors.length === 0 ? [0] : majors;
}

function sourcesOf(folder: string, name: RegExp): Sources {
  const files = readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && name.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
  return new Map(
    files.map((file) => {
      const path = file.slice(join(root, folder).length + 1);
      return [path.split(sep).join('/'), readFileSync(file, 'utf8')];
    }),
  );
}

/** `mcp/process/spawn.ts` belongs to `mcp/`, `app.ts` to itself. */
function unitOf(file: string): string {
  const slash = file.indexOf('/');
  return slash === -1 ? file : file.slice(0, slash + 1);
}

function inside(file: string, places: readonly string[]): boolean {
  return places.some((place) => (place.endsWith('/') ? file.startsWith(place) : file === place));
}

function localImports(file: string, text: string): string[] {
  return specifiers(text)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => posix.join(posix.dirname(file), specifier));
}

function packageImports(text: string): string[] {
  return specifiers(text).filter((specifier) => !specifier.startsWith('.'));
}

/** Of static and dynamic imports, and of exports from elsewhere. */
function specifiers(text: string): string[] {
  const statement = /\b(?:import|export)\b[^'"`;()]*?\bfrom\s*(['"])(.+?)\1|\bimport\s*\(?\s*(['"])(.+?)\3/g;
  return [...withoutComments(text).matchAll(statement)].map((match) => match[2] ?? match[4] ?? '');
}

/** A comment, or something that may hold what looks like one: a string, a template, a regular expression. */
const token =
  /(?<comment>\/\/[^\n]*|\/\*[^]*?\*\/)|(?<text>'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`)|(?<=[(,=:[!&|?{};]\s*|\breturn\s+)\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/\w*/g;

/** Only template literals cannot hold a specifier, so they are emptied here; other strings stay. */
function withoutComments(text: string): string {
  return text.replaceAll(token, (whole) => (/^['"]/.test(whole) ? whole : '``'));
}

/** Without comments and without the contents of texts. */
function codeOf(text: string): string {
  return text.replaceAll(token, "''");
}

function openingComment(text: string): string {
  const body = text.replace(/^#!.*\n/, '');
  return /^(?:\/\/.*\n?)+|^\/\*[^]*?\*\//.exec(body)?.[0] ?? '';
}
