// A folder for one test file, removed afterwards, and a way to load a configuration written into it.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { type ConfigInput, loadConfig } from '../../../src/config/load.ts';
import type { Config } from '../../../src/config/types.ts';

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mcpo-config-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Loads a file with this content. */
export function loadFile(folder: string, content: unknown, input: Partial<ConfigInput> = {}): Promise<Config> {
  const config = join(folder, 'config.json');
  writeFileSync(config, JSON.stringify(content));
  return loadConfig({ environment: {}, ...input, options: { config, ...input.options } });
}
