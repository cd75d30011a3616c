// docs/configuration.md against the program, in both directions: what is there is true, and what is true is there.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/config/config-error.ts';
import { parseDocument } from '../../../src/config/document.ts';
import { ignoredServerKeys, ignoredTopKeys } from '../../../src/config/foreign-keys.ts';
import { configJsonSchema } from '../../../src/config/json-schema.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { type OptionDefinition, options, variablesOf } from '../../../src/config/options.ts';
import { reservedServerNames } from '../../../src/routes.ts';
import { loadFile, temporaryFolder } from './temporary.ts';

const folder = temporaryFolder();
const page = readFileSync(join(import.meta.dirname, '../../../docs/configuration.md'), 'utf8');
const lines = page.split('\n');

function section(heading: string): string[] {
  const start = lines.indexOf(heading);
  if (start < 0) throw new Error(`No heading "${heading}"`);
  const length = lines.slice(start + 1).findIndex((line) => line.startsWith('#'));
  return lines.slice(start + 1, length < 0 ? undefined : start + 1 + length);
}

function quoted(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
}

function row(option: OptionDefinition): string {
  const { name, flag, short, aliases = [], placeholder, repeatable, inFile, help } = option;
  const code = (words: readonly string[]): string => words.map((word) => `\`${word}\``).join(', ');
  const flags = code([flag, ...(short === undefined ? [] : [short]), ...aliases]);
  const value = `${placeholder === undefined ? '' : ` ${placeholder}`}${repeatable === true ? ', repeatable' : ''}`;
  const key = inFile ? code([name]) : '';
  return `| ${flags}${value} | ${code(variablesOf(option))} | ${key} | ${help} | ${option.default ?? ''} |`;
}

describe('docs/configuration.md', () => {
  it('has one row for each option, under its heading, and no other', () => {
    const all: readonly OptionDefinition[] = options;
    for (const group of new Set(all.map((option) => option.group))) {
      const rows = section(`### ${group}`).filter((line) => line.startsWith('| `'));
      expect(rows).toEqual(all.filter((option) => option.group === group).map(row));
    }
    expect(lines.filter((line) => line.startsWith('| `--'))).toHaveLength(all.length);
  });

  it('has every key of a server, and no other', () => {
    const written = section('### Keys of a server')
      .filter((line) => line.startsWith('| `'))
      .flatMap((line) => quoted(line.split('|')[1] ?? ''));
    const schema = configJsonSchema() as {
      properties: { mcpServers: { additionalProperties: { properties: Record<string, unknown> } } };
    };
    expect(written.toSorted()).toEqual(
      Object.keys(schema.properties.mcpServers.additionalProperties.properties).toSorted(),
    );
  });

  it('lists the keys that are ignored', () => {
    const [entry, top] = ['In an entry: ', 'At the top: '].map((start) =>
      quoted(section('### Keys of other programs').find((line) => line.startsWith(start)) ?? ''),
    );
    expect(entry).toEqual(ignoredServerKeys);
    expect(top).toEqual(ignoredTopKeys);
  });

  it('lists the reserved names', () => {
    const line = section('## The file').find((text) => text.includes('none of'));
    expect(quoted(/none of (.*) in any case/.exec(line ?? '')?.[1] ?? '')).toEqual([...reservedServerNames]);
  });

  it('shows a file that is valid', async () => {
    const text = /```json\n([^]*?)```/.exec(page)?.[1] ?? '';
    const value = parseDocument(text, 'docs').value as Record<string, unknown>;
    const config = await loadFile(folder, { ...value, mcpo: { port: 8000 } }, { environment: { GITHUB_TOKEN: 'x' } });
    expect(config.servers.map((server) => server.name)).toEqual(['time', 'github']);
  });

  it('lists what is not supported yet, and nothing that is', async () => {
    const [servers, settings] = section('## Not supported yet')
      .filter((line) => line.startsWith('`'))
      .map(quoted);
    expect(servers).toContain('oauth');
    for (const key of servers ?? []) {
      const loading = loadConfig({ options: {}, environment: {}, mcpServers: { a: { command: 'x', [key]: {} } } });
      await expect(loading).rejects.toThrow(
        new ConfigError(`mcpServers.a.${key} is not supported yet; take it out to run without it.`),
      );
    }
    expect(settings).toContain('keys');
    for (const key of settings ?? []) {
      await expect(loadFile(folder, { mcpServers: {}, mcpo: { [key]: 1 } })).rejects.toThrow(
        `mcpo.${key} is not supported yet`,
      );
    }
  });
});
