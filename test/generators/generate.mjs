// Makes TypeScript clients of documents with three code generators, then compiles all of them strictly and at once,
// because most of a compiler's time is its own start. A program of its own: generators print, and some exit.
// node generate.mjs JOBS RESULTS: reads [{document, tool}], writes [{document, tool, problems}].
import { createClient } from '@hey-api/openapi-ts';
import openapiTypes, { astToString } from 'openapi-typescript';
import { generate } from 'orval';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import ts from 'typescript';

const generators = {
  'openapi-typescript': async (document, folder) => {
    const types = await openapiTypes(pathToFileURL(document), { silent: true });
    const file = join(folder, 'types.ts');
    writeFileSync(file, astToString(types));
    return file;
  },
  'hey-api': async (document, folder) => {
    await createClient({
      input: document,
      output: folder,
      logs: { level: 'silent', file: false },
      plugins: ['@hey-api/typescript', '@hey-api/sdk', '@hey-api/client-fetch'],
    });
    return join(folder, 'index.ts');
  },
  orval: async (document, folder) => {
    const file = join(folder, 'client.ts');
    await generate({ input: { target: document }, output: { target: file, client: 'fetch', mode: 'single' } });
    return file;
  },
};

const options = {
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
  types: [],
};

const [, , jobsFile, resultsFile] = process.argv;
const temporary = mkdtempSync(join(tmpdir(), 'mcpo-clients-'));
try {
  const results = await generateAll(JSON.parse(readFileSync(jobsFile, 'utf8')));
  compile(results);
  writeFileSync(
    resultsFile,
    JSON.stringify(results.map(({ document, tool, problems }) => ({ document, tool, problems }))),
  );
} finally {
  rmSync(temporary, { recursive: true, force: true });
}

async function generateAll(jobs) {
  const results = [];
  for (const { document, tool } of jobs) {
    const folder = join(temporary, tool, basename(document, '.json'));
    mkdirSync(folder, { recursive: true });
    const result = { document, tool, folder, problems: [] };
    results.push(result);
    try {
      result.entry = await generators[tool](document, folder);
      if (readFileSync(result.entry, 'utf8').trim() === '') result.problems.push('generated nothing');
    } catch (error) {
      result.problems.push(`does not generate: ${inspect(error, { depth: 1, breakLength: 200 }).slice(0, 1_000)}`);
      result.entry = undefined;
    }
  }
  return results;
}

function compile(results) {
  const program = ts.createProgram(
    results.flatMap(({ entry }) => entry ?? []),
    options,
  );
  for (const diagnostic of ts.getPreEmitDiagnostics(program)) {
    const file = diagnostic.file?.fileName ?? '';
    const text = `does not compile: ${ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n')}`;
    const owner = results.find(({ folder }) => file.startsWith(`${folder.replaceAll('\\', '/')}/`));
    if (owner === undefined) throw new Error(`${file}: ${text}`);
    const line = diagnostic.file.getLineAndCharacterOfPosition(diagnostic.start).line;
    owner.problems.push(`${text}\n  ${diagnostic.file.text.split('\n')[line].trim().slice(0, 200)}`);
  }
}
