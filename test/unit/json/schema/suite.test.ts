// The required tests of the official JSON-Schema-Test-Suite (commit 44401e0c, copied to fixtures as they are), and the
// same cases put to @cfworker/json-schema, which must not know better. Left out as whole files: refRemote and vocabulary,
// which need documents from elsewhere. Every other case that is not judged is named here, and a name that is no longer
// needed fails the test.
import { readdirSync, readFileSync } from 'node:fs';
import { Validator as Worker, type SchemaDraft } from '@cfworker/json-schema';
import { describe, expect, test } from 'vitest';
import { parseJson } from '../../../../src/json/parse.ts';
import { createValidator } from '../../../../src/json/schema/validate.ts';
import type { JsonObject } from '../../../../src/json/value.ts';

interface Group {
  readonly description: string;
  readonly schema: JsonObject | boolean;
  readonly tests: readonly { readonly description: string; readonly data: unknown; readonly valid: boolean }[];
}

const data = new URL('../../../fixtures/json-schema-test-suite/', import.meta.url);

const drafts: readonly { folder: string; $schema: string; worker: SchemaDraft }[] = [
  { folder: 'draft6', $schema: 'http://json-schema.org/draft-06/schema#', worker: '7' },
  { folder: 'draft7', $schema: 'http://json-schema.org/draft-07/schema#', worker: '7' },
  { folder: 'draft2019-09', $schema: 'https://json-schema.org/draft/2019-09/schema', worker: '2019-09' },
  { folder: 'draft2020-12', $schema: 'https://json-schema.org/draft/2020-12/schema', worker: '2020-12' },
];

/** Documents of other servers, metaschemas among them, are never read: these must be unjudged, not guessed. */
const needOtherDocuments: Readonly<Record<string, readonly string[]>> = {
  draft6: ['definitions.json: validate definition against metaschema', 'ref.json: remote ref, containing refs itself'],
  draft7: ['definitions.json: validate definition against metaschema', 'ref.json: remote ref, containing refs itself'],
  'draft2019-09': ['defs.json: validate definition against metaschema', 'ref.json: remote ref, containing refs itself'],
  'draft2020-12': [
    'defs.json: validate definition against metaschema',
    'dynamicRef.json: strict-tree schema, guards against misspelled properties',
    'dynamicRef.json: tests for implementation dynamic anchor and reference link',
    'dynamicRef.json: $ref and $dynamicAnchor are independent of order - $defs first',
    'dynamicRef.json: $ref and $dynamicAnchor are independent of order - $ref first',
    'dynamicRef.json: $ref to $dynamicRef finds detached $dynamicAnchor',
    'ref.json: remote ref, containing refs itself',
  ],
};

/** None. A case that we judge wrongly is named here, by file, group and case. */
const expectedFailures: readonly string[] = [];

describe.each(drafts)('$folder', ({ folder, $schema, worker }) => {
  const excluded = needOtherDocuments[folder] ?? [];
  const groups = readdirSync(new URL(`${folder}/`, data)).flatMap((file) => {
    const text = readFileSync(new URL(`${folder}/${file}`, data), 'utf8');
    return (parseJson(text) as readonly Group[]).map((group) => ({ name: `${file}: ${group.description}`, ...group }));
  });

  /** Where the suite leaves the dialect to the folder it says nothing. */
  const validatorOf = ({ schema }: Group) =>
    createValidator(typeof schema === 'boolean' ? { $schema, allOf: [schema] } : { $schema, ...schema });

  test('passes', () => {
    const failures: string[] = [];
    let ours = 0;
    let theirs = 0;
    for (const group of groups.filter(({ name }) => !excluded.includes(name))) {
      const validator = validatorOf(group);
      for (const { description, data: instance, valid } of group.tests) {
        const { kind } = validator.validate(instance, 20);
        if (kind === (valid ? 'valid' : 'invalid')) ours++;
        else failures.push(`${folder}/${group.name}: ${description} (${kind})`);
        if (workerSays(group, worker, instance) === valid) theirs++;
      }
    }
    expect(failures).toEqual(expectedFailures.filter((name) => name.startsWith(folder)));
    expect(ours).toBeGreaterThan(700);
    expect(ours).toBeGreaterThanOrEqual(theirs);
  });

  test('does not judge by what it would have to fetch', () => {
    const needed = groups.filter(({ name }) => excluded.includes(name));
    expect(needed.map(({ name }) => name)).toEqual(excluded);
    for (const group of needed) {
      const validator = validatorOf(group);
      for (const { data: instance } of group.tests) {
        expect(validator.validate(instance, 20)).toMatchObject({
          kind: 'unjudged',
          reason: expect.stringContaining('leads to no place in the schema'),
        });
      }
    }
  });
});

/** The same plain value as ours for all cases of the suite: none has a number that a double cannot hold. */
function workerSays({ schema }: Group, draft: SchemaDraft, instance: unknown): boolean | undefined {
  try {
    return new Worker(schema, draft).validate(instance).valid;
  } catch {
    return undefined; // It throws where it finds no target of a reference.
  }
}
