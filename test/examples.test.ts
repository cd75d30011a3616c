// Holds that the example configurations name servers and files that are here, so that `npm start` needs no network.
// That the servers answer is what the end-to-end tests show.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, type ParseError } from 'jsonc-parser';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Example {
  readonly mcpServers: Readonly<
    Record<string, { command: string; args: readonly string[]; env?: Readonly<Record<string, string>> }>
  >;
}

test('npm start serves three servers that npm ci installs, and a folder of this repository', () => {
  const { mcpServers } = example('examples/config.json');
  expect(Object.keys(mcpServers)).toEqual(['everything', 'memory', 'filesystem']);
  for (const { command, args } of Object.values(mcpServers)) {
    expect(command).toBe('node');
    const files = args.filter((word) => word.includes('/'));
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  }
  expect(mcpServers['filesystem']?.args).toContain('examples/files');
});

test('the memory of the examples is kept outside of the repository and of node_modules', () => {
  const file = example('examples/config.json').mcpServers['memory']?.env?.['MEMORY_FILE_PATH'];
  expect(file).toMatch(/^\$\{TMPDIR:-\/tmp\}\//);
});

test('the container serves one server from npm and one from PyPI', () => {
  const commands = Object.values(example('examples/compose.json').mcpServers).map(({ command }) => command);
  expect(commands).toEqual(['npx', 'uvx']);
});

function example(file: string): Example {
  const errors: ParseError[] = [];
  const value: Example = parse(readFileSync(join(root, file), 'utf8'), errors, { allowTrailingComma: true });
  expect(errors).toEqual([]);
  return value;
}
