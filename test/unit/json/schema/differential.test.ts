// Our verdicts against those of Ajv and @cfworker/json-schema: on the tools of recorded servers, with values that fit and
// values that nearly do; and against cfworker's on small random schemas that mix all keywords. Ajv is not asked there:
// it takes 10 ms for each, and passes [] where `prefixItems` stands beside a `contains` that wants an item.
import { readdirSync, readFileSync } from 'node:fs';
import { Validator as Worker, type Schema, type SchemaDraft } from '@cfworker/json-schema';
import { Ajv, type Options } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { positionOf } from '../../../../src/json/schema/keywords.ts';
import { createValidator } from '../../../../src/json/schema/validate.ts';
import type { Verdict } from '../../../../src/json/schema/verdict.ts';
import { isObject, type JsonObject } from '../../../../src/json/value.ts';
import { instancesOf } from './instances.ts';
import { smallSchemas, smallValues } from './small-schemas.ts';

interface ToolList {
  readonly tools: readonly { readonly name: string; readonly inputSchema: JsonObject }[];
}

/** The same values in every run: what these find once must not depend on luck. */
const SEED = 20_201_209;
const VALUES_PER_TOOL = 40;
const SMALL_SCHEMAS = 600;
const VALUES_PER_SCHEMA = 4;

const lists = new URL('../../../fixtures/tool-lists/', import.meta.url);
const ajvOptions: Options = { strict: false, validateFormats: false, ownProperties: true, logger: false };

describe.each(readdirSync(lists))('%s', (file) => {
  const { tools } = JSON.parse(readFileSync(new URL(file, lists), 'utf8')) as ToolList;

  test('is judged as by Ajv and cfworker', () => {
    for (const { name, inputSchema } of tools) {
      const validator = createValidator(inputSchema);
      const ajv = ajvSays(inputSchema);
      const worker = workerSays(inputSchema);
      let fitting = 0;
      const property = fc.property(instancesOf(inputSchema), (value) => {
        const verdict = validator.validate(value, 20);
        expect(`${name}: ${verdict.kind}`).toBe(`${name}: ${ajv(value)}`);
        expect(`${name}: ${verdict.kind}`).toBe(`${name}: ${worker(value)}`);
        expect(hasReasons(verdict)).toBe(true);
        if (verdict.kind === 'valid') fitting++;
      });
      fc.assert(property, { seed: SEED, numRuns: VALUES_PER_TOOL });
      // A generator that never makes a value that fits would prove little.
      expect({ name, fits: fitting > 0 }).toEqual({ name, fits: true });
    }
  });
});

const dialects: readonly [$schema: string | undefined, draft: SchemaDraft][] = [
  ['http://json-schema.org/draft-07/schema#', '7'],
  ['https://json-schema.org/draft/2019-09/schema', '2019-09'],
  [undefined, '2020-12'],
];

test.each(dialects)('small schemas of %s are judged as by cfworker', ($schema, draft) => {
  const kinds = { valid: 0, invalid: 0, unjudged: 0 };
  const values = fc.array(smallValues, { minLength: VALUES_PER_SCHEMA, maxLength: VALUES_PER_SCHEMA });
  const property = fc.property(smallSchemas($schema), values, (schema, instances) => {
    const validator = createValidator(schema);
    const worker = new Worker(schema, draft);
    for (const value of instances) {
      const verdict = validator.validate(value, 20);
      expect(verdict.kind).toBe(worker.validate(value).valid ? 'valid' : 'invalid');
      expect(hasReasons(verdict)).toBe(true);
      kinds[verdict.kind]++;
    }
  });
  fc.assert(property, { seed: SEED, numRuns: SMALL_SCHEMAS });
  expect(Math.min(kinds.valid, kinds.invalid)).toBeGreaterThan(SMALL_SCHEMAS / 2);
});

function hasReasons(verdict: Verdict): boolean {
  return verdict.kind !== 'invalid' || verdict.failures.length > 0;
}

type Says = (value: unknown) => 'valid' | 'invalid';

function ajvSays(schema: JsonObject): Says {
  const validate = new (isDraft07(schema) ? Ajv : Ajv2020)(ajvOptions).compile(schema);
  return (value) => (validate(value) ? 'valid' : 'invalid');
}

function isDraft07({ $schema }: JsonObject): boolean {
  return typeof $schema === 'string' && $schema.includes('draft-07');
}

/** It checks formats, which are annotations: it gets the schema without them. */
function workerSays(schema: JsonObject): Says {
  const worker = new Worker(withoutFormats(schema) as Schema, isDraft07(schema) ? '7' : '2020-12');
  return (value) => (worker.validate(value).valid ? 'valid' : 'invalid');
}

function withoutFormats(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutFormats);
  if (!isObject(schema)) return schema;
  const entries = Object.entries(schema).filter(([keyword]) => keyword !== 'format');
  return Object.fromEntries(
    entries.map(([keyword, value]) => {
      const position = positionOf(keyword);
      if (position === undefined) return [keyword, value];
      if (!isObject(value) || (position !== 'map' && position !== 'definitions'))
        return [keyword, withoutFormats(value)];
      const map = Object.entries(value).map(([name, child]) => [name, withoutFormats(child)]);
      return [keyword, Object.fromEntries(map)];
    }),
  );
}
