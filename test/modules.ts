// Modules of the sources as JavaScript, for programs of the tests that are processes of their own: Node 20 runs no
// TypeScript, and dist/ holds only what the product loads together.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';
import { afterAll } from 'vitest';

const sources = fileURLToPath(new URL('../src/', import.meta.url));

/** The address of a folder that holds `NAME.js` for each module of `src/FOLDER`; gone with the tests of the file. */
export async function compiled(folder: string, names: readonly string[]): Promise<string> {
  const out = await mkdtemp(join(tmpdir(), 'mcpo-modules-'));
  afterAll(() => rm(out, { recursive: true, force: true }));
  const input = Object.fromEntries(names.map((name) => [name, join(sources, folder, `${name}.ts`)]));
  const bundle = await rolldown({ input, platform: 'node' });
  await bundle.write({ dir: out });
  await bundle.close();
  return `${pathToFileURL(out).href}/`;
}
