// docs/configuration.md against the program, in both directions: what is there is true, and what is true is there.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseDocument } from '../../../src/config/document.ts';
import { ignoredMembers, ignoredServerKeys, ignoredTopKeys } from '../../../src/config/foreign-keys.ts';
import { configJsonSchema } from '../../../src/config/json-schema.ts';
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
    const within = section('### Keys of other programs').find((line) => line.startsWith('Within an entry: '));
    expect(quoted(within ?? '')).toEqual(ignoredMembers);
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

  it('shows keys, tokens, a sign-in and templates that are valid', async () => {
    const text = /```json\n([^]*?)```/.exec(section('### Keys and tokens').join('\n'))?.[1] ?? '';
    const environment = { WEBUI_USER_JWT_SECRET: 'x', CHAT_KEY: 'y', REPORTS_KEY: 'z' };
    const config = await loadFile(folder, parseDocument(text, 'docs').value, { environment });
    expect(config.settings.keys.map(({ name }) => name)).toEqual(['chat', 'reports']);
    expect(config.servers.map(({ name, oauth, forwarding }) => [name, oauth?.multiUser, forwarding])).toEqual([
      ['notes', true, { whitelist: ['x-request-*'], blacklist: [] }],
      ['files', undefined, undefined],
    ]);
  });

  it('has every key of oauth, of keys and of jwt, and no other', () => {
    interface Shape {
      readonly properties: Readonly<Record<string, Shape>>;
      readonly additionalProperties: Shape;
      readonly items: Shape;
    }
    const { mcpServers, mcpo } = (configJsonSchema() as unknown as Shape).properties;
    const rows = (heading: string) => section(heading).filter((line) => line.startsWith('| `'));
    const first = (line: string) => quoted(line.split('|')[1] ?? '');
    const oauth = Object.keys(mcpServers?.additionalProperties.properties['oauth']?.properties ?? {});
    expect(oauth).toContain('clientId');
    expect(rows('### Keys of oauth').flatMap(first).toSorted()).toEqual(
      oauth.filter((key) => !/[A-Z]/.test(key)).toSorted(),
    );
    const callers = [mcpo?.properties['keys']?.items, mcpo?.properties['jwt']];
    expect(rows('### Keys and tokens').flatMap(first).toSorted()).toEqual(
      callers.flatMap((shape) => Object.keys(shape?.properties ?? {})).toSorted(),
    );
  });
});
