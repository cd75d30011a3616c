import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { parseDocument } from '../../../src/config/document.ts';
import { configJsonSchema } from '../../../src/config/json-schema.ts';

const root = join(import.meta.dirname, '../../..');
const fixtures = join(root, 'test/fixtures/configs');

function read(folder: string, file: string): unknown {
  return parseDocument(readFileSync(join(fixtures, folder, file), 'utf8'), file).value;
}

describe('config.schema.json', () => {
  it('is current; `npm run schema` writes it', () => {
    const published: unknown = JSON.parse(readFileSync(join(root, 'config.schema.json'), 'utf8'));
    expect(published).toEqual(configJsonSchema());
  });

  const schema = z.fromJSONSchema(configJsonSchema());

  it.each(readdirSync(join(fixtures, 'written')).filter((file) => file.endsWith('.json')))('accepts %s', (file) => {
    expect(schema.safeParse(read('written', file)).error?.issues ?? []).toEqual([]);
  });

  it.each([
    'array',
    'no-servers',
    'unknown-key',
    'unknown-top',
    'unknown-setting',
    'flag-in-file',
    'oauth-unknown',
    'keys-unknown',
    'type-unknown',
    'args-not-list',
    'env-number',
    'status',
    'timeout-zero',
    'tool-key',
    'name-docs',
    'name-slash',
  ])('refuses %s', (file) => {
    expect(schema.safeParse(read('invalid', `${file}.json`)).success).toBe(false);
  });

  it('describes every key of an entry and of "mcpo"', () => {
    const undescribed: string[] = [];
    const walk = (node: unknown, path: string): void => {
      if (typeof node !== 'object' || node === null || !('properties' in node)) return;
      for (const [key, member] of Object.entries(node.properties as Record<string, object>)) {
        if (!('description' in member)) undescribed.push(`${path}.${key}`);
        walk(member, `${path}.${key}`);
        if ('additionalProperties' in member) walk(member.additionalProperties, `${path}.${key}.*`);
      }
    };
    walk(configJsonSchema(), '');
    expect(undescribed).toEqual([]);
  });
});
