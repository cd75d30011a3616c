// The documents of real servers' recorded tools: valid in both versions and every form, whole, and meaning what the tools'
// own schemas mean, judged on instances made with a fixed seed; and calls with such instances arrive as they were sent.
import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv, type Options, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { isObject, type JsonObject } from '../../src/json/value.ts';
import { fixture } from '../support.ts';
import { damaged, instanceOf, seeded, spelt } from './instances.ts';
import { folderWith } from './program.ts';
import { startProxy, whenReady } from './proxy.ts';

const SEED = 20_250_923;
const RIGHT_PER_TOOL = 50;
const DAMAGED_PER_TOOL = 130;
const CALLS_PER_TOOL = 3;
/** Validating and generating for all tools takes a few seconds alone, and more beside other tests. */
const timeout = 120_000;

interface Tool {
  readonly server: string;
  readonly name: string;
  readonly inputSchema: JsonObject;
}

interface Document extends JsonObject {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, { readonly post: Operation }>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, JsonObject>>>>;
}

interface Operation extends JsonObject {
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: JsonObject }>> };
  readonly responses: Readonly<Record<string, JsonObject>>;
  readonly 'x-mcp': { readonly name: string };
}

const lists = new URL('../fixtures/tool-lists/', import.meta.url);
const servers = new Map(
  readdirSync(lists).map((file) => [basename(file, '.json'), new URL(file, lists).pathname] as const),
);
const tools: readonly Tool[] = [...servers].flatMap(([server, file]) =>
  (JSON.parse(readFileSync(file, 'utf8')) as { tools: Omit<Tool, 'server'>[] }).tools.map((tool) => {
    return { ...tool, server };
  }),
);

const forms = {
  'OpenAPI 3.1': '',
  'OpenAPI 3.1 with components': '?refs=components',
  'OpenAPI 3.0': '?version=3.0',
  'OpenAPI 3.0 with components': '?version=3.0&refs=components',
} as const;
type Form = keyof typeof forms;
const allForms = Object.keys(forms) as Form[];

describe('the documents of recorded tools', () => {
  it.each(allForms)(
    'are valid %s, as JSON and as YAML, and keep the rules that clients need',
    { timeout },
    async (form) => {
      const url = await startRecorded();
      for (const server of [undefined, ...servers.keys()]) {
        const path = server === undefined ? '' : `/${server}`;
        const document = await fetchDocument(url, path, form);
        const expected = tools.filter((tool) => server === undefined || tool.server === server).length;
        expect(Object.keys(document.paths)).toHaveLength(expected);
        expect(await objectionsTo(document)).toEqual([]);
        expect(complaintsAbout(document, form)).toEqual([]);
        const yaml = await fetchText(`${url}${path}/openapi.yaml${forms[form]}`);
        expect(parseYaml(yaml)).toEqual(document);
      }
    },
  );

  it('fit into the limits of GPT Actions where that is asked for', { timeout }, async () => {
    const url = await startRecorded();
    for (const version of ['3.1', '3.0']) {
      const text = await fetchText(`${url}/openapi.json?profile=gpt-actions&version=${version}`);
      const document = JSON.parse(text) as Document;
      expect(await objectionsTo(document)).toEqual([]);
      const texts = operationsOf(document).flatMap(({ summary, description }) => [summary, description]);
      expect(texts.filter(({ length }) => length > 300)).toEqual([]);
      expect(descriptionsIn(toolSchemasOf(document)).filter(({ length }) => length > 700)).toEqual([]);
    }
  });

  it('say what the schemas of the tools say, no more and no less', { timeout }, async () => {
    const url = await startRecorded();
    const judges = await Promise.all(
      allForms.map(async (form) => ({ form, judgeOfBody: await bodyJudges(url, form) })),
    );
    const counts = { right: 0, wrong: 0 };
    const differences: string[] = [];
    for (const [index, tool] of tools.entries()) {
      const raw = rawJudge(tool);
      for (const instance of instancesFor(tool, index)) {
        const isRight = raw(instance);
        counts[isRight ? 'right' : 'wrong']++;
        for (const { form, judgeOfBody } of judges) {
          if (judgeOfBody(tool)(instance) === isRight) continue;
          const verdict = isRight ? 'refuses' : 'allows';
          differences.push(`${form} ${verdict} ${tool.server}/${tool.name} ${JSON.stringify(instance).slice(0, 500)}`);
        }
      }
    }
    // If the generator made only one kind, agreement would mean little.
    expect(counts.right).toBeGreaterThan(tools.length * RIGHT_PER_TOOL);
    expect(counts.wrong).toBeGreaterThan((tools.length * DAMAGED_PER_TOOL) / 3);
    // 3.0 has no words for some keywords and may say less then, but none of these tools uses one.
    expect(differences).toEqual([]);
  });
});

describe('calls of recorded tools', () => {
  it('arrive exactly as they were sent', { timeout }, async () => {
    const url = await startRecorded();
    for (const [index, tool] of tools.entries()) {
      const random = seeded(SEED + index);
      const right = instancesFor(tool, index).filter(rawJudge(tool));
      expect(right.length, `${tool.server}/${tool.name}`).toBeGreaterThanOrEqual(CALLS_PER_TOOL);
      for (const instance of right.slice(0, CALLS_PER_TOOL)) {
        const sent = spelt(instance, random);
        const answer = await call(url, tool, sent);
        expect({ tool: tool.name, ...answer }).toEqual({ tool: tool.name, status: 200, text: sent });
      }
    }
  });

  it('are refused with the place of the mistake, or mended and right', { timeout }, async () => {
    const url = await startRecorded();
    const counts = { refused: 0, mended: 0 };
    const complaints: string[] = [];
    for (const [index, tool] of tools.entries()) {
      const raw = rawJudge(tool);
      const wrong = instancesFor(tool, index).filter((instance) => isObject(instance) && !raw(instance));
      for (const instance of wrong.slice(0, CALLS_PER_TOOL)) {
        const sent = JSON.stringify(instance);
        const answer = await call(url, tool, sent);
        const isMended = answer.status === 200 && answer.text !== sent && raw(JSON.parse(answer.text));
        counts[isMended ? 'mended' : 'refused']++;
        if (isMended || isRefusal(answer)) continue;
        complaints.push(`${tool.server}/${tool.name} ${sent.slice(0, 300)} -> ${answer.status} ${answer.text}`);
      }
    }
    expect(complaints).toEqual([]);
    expect(counts.refused).toBeGreaterThan(tools.length);
    expect(counts.mended).toBeGreaterThan(0);
  });
});

/** What clients need of a document beyond its being valid. */
function complaintsAbout(document: Document, form: Form): string[] {
  const complaints: string[] = [];
  if (document.openapi !== (isOpenApi30(form) ? '3.0.3' : '3.1.0')) complaints.push(`is ${document.openapi}`);
  const ids = operationsOf(document).map(({ operationId }) => operationId);
  if (new Set(ids.map((id) => id.toLowerCase())).size < ids.length) complaints.push('repeats an operationId');
  for (const id of ids) if (!/^[A-Za-z_][A-Za-z0-9_-]{0,63}$/.test(id)) complaints.push(`has the operationId ${id}`);
  for (const [path, item] of Object.entries(document.paths)) {
    const { description, requestBody } = item.post;
    if (Object.keys(item).join() !== 'post') complaints.push(`${path} has ${Object.keys(item).join()}`);
    if (description.trim() === '') complaints.push(`${path} has no description`);
    if (requestBody === undefined) continue;
    const { 'application/json': json, ...others } = requestBody.content;
    if (Object.keys(others).length > 0) complaints.push(`${path} takes ${Object.keys(others).join()}`);
    const reference = String(json?.schema['$ref']);
    if (!/^#\/components\/schemas\/[\w.-]+$/.test(reference)) complaints.push(`${path} takes ${reference}`);
  }
  complaints.push(...danglingReferences(document).map((reference) => `refers to ${reference}`));
  const inside = form.endsWith('with components') ? [] : referencesIn(toolSchemasOf(document));
  return [...complaints, ...inside.map((reference) => `refers to ${reference} inside a schema`)];
}

/** A refusal that a model can act on: which rule, and where. */
function isRefusal({ status, text }: Answer): boolean {
  if (status !== 422) return false;
  const { code, errors } = JSON.parse(text) as { code: string; errors?: { pointer: string; detail: string }[] };
  if (code !== 'invalid_arguments' || errors === undefined || errors.length === 0 || errors.length > 20) return false;
  return errors.every(({ pointer, detail }) => /^#(\/.*)?$/s.test(pointer) && detail.trim() !== '');
}

/** A proxy with all recorded servers, until the test ends. */
async function startRecorded(): Promise<string> {
  const mcpServers = Object.fromEntries(
    [...servers].map(([name, file]) => [
      name,
      { command: process.execPath, args: [fixture('lists-recorded-tools'), file] },
    ]),
  );
  const path = folderWith({ 'mcpo.json': JSON.stringify({ mcpServers }) });
  const { url } = await startProxy(['--port', '0', '--config', path('mcpo.json')]);
  await whenReady(url, ...servers.keys());
  return url;
}

async function fetchDocument(url: string, path: string, form: Form): Promise<Document> {
  return JSON.parse(await fetchText(`${url}${path}/openapi.json${forms[form]}`)) as Document;
}

async function fetchText(address: string): Promise<string> {
  const response = await fetch(address);
  const text = await response.text();
  expect({ address, status: response.status, text }).toMatchObject({ address, status: 200 });
  return text;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

async function call(url: string, { server, name }: Tool, body: string): Promise<Answer> {
  const response = await fetch(`${url}/${server}/${encodeURIComponent(name)}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  return { status: response.status, text: await response.text() };
}

async function objectionsTo(document: Document): Promise<readonly unknown[]> {
  // The validator writes into what it is given.
  const { valid, errors } = await new Validator().validate(structuredClone(document) as Record<string, unknown>);
  if (valid) return [];
  return Array.isArray(errors) && errors.length > 0 ? errors : [errors ?? 'not valid'];
}

function operationsOf({ paths }: Document): Operation[] {
  return Object.values(paths).map(({ post }) => post);
}

/** What the document made of the tools' schemas; problem documents are our own. */
function toolSchemasOf({ components }: Document): JsonObject[] {
  return Object.entries(components['schemas'] ?? {}).flatMap(([name, schema]) => (name === 'Problem' ? [] : [schema]));
}

function referencesIn(value: unknown): string[] {
  return membersNamed('$ref', value);
}

function descriptionsIn(value: unknown): string[] {
  return membersNamed('description', value);
}

/** Every text under that name, wherever it is. */
function membersNamed(name: string, value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) =>
    key === name && typeof member === 'string' ? [member] : membersNamed(name, member),
  );
}

/** References that leave the document, or lead nowhere in it. */
function danglingReferences(document: Document): string[] {
  const components: Readonly<Record<string, unknown>> = document.components;
  return [...new Set(referencesIn(document))].filter((reference) => {
    const [, kind = '', key = ''] = /^#\/components\/(\w+)\/([\w.-]+)$/.exec(reference) ?? [];
    return !Object.hasOwn(components[kind] ?? {}, key);
  });
}

function instancesFor({ inputSchema }: Tool, index: number): unknown[] {
  const random = seeded(SEED + index);
  const right = Array.from({ length: RIGHT_PER_TOOL }, () => instanceOf(inputSchema, random));
  const wrong = Array.from({ length: DAMAGED_PER_TOOL }, (_, at) => damaged(right[at % right.length], random));
  // As they would be after a journey over the network.
  return [...right, ...wrong].map((instance) => JSON.parse(JSON.stringify(instance)) as unknown);
}

/** `ownProperties`: what every JavaScript object has is no argument. Formats are annotations. */
const options: Options = { strict: false, validateFormats: false, ownProperties: true };

type Judge = (instance: unknown) => boolean;

const rawJudges = new Map<Tool, Judge>();

/** Of the schema as it was recorded, in its own dialect. */
function rawJudge(tool: Tool): Judge {
  let judge = rawJudges.get(tool);
  if (judge === undefined) {
    const isDraft07 = String(tool.inputSchema['$schema']).includes('draft-07');
    judge = judgeOf((isDraft07 ? new Ajv(options) : new Ajv2020(options)).compile(tool.inputSchema));
    rawJudges.set(tool, judge);
  }
  return judge;
}

function judgeOf(validate: ValidateFunction): Judge {
  return (instance) => validate(instance);
}

/** Of the bodies that the documents describe. */
async function bodyJudges(url: string, form: Form): Promise<(tool: Tool) => Judge> {
  const judges = new Map<string, Judge>();
  for (const server of servers.keys()) {
    const document = await fetchDocument(url, `/${server}`, form);
    const { schemas = {} } = document.components;
    const plain = isOpenApi30(form) ? mapValues(schemas, fromOpenApi30) : schemas;
    const ajv = new Ajv2020(options).addSchema({ components: { schemas: plain } }, 'document');
    for (const { requestBody, 'x-mcp': extension } of operationsOf(document)) {
      const reference = requestBody?.content['application/json']?.schema['$ref'];
      if (typeof reference !== 'string') continue;
      judges.set(`${server}/${extension.name}`, judgeOf(ajv.compile({ $ref: `document${reference}` })));
    }
  }
  return (tool) => {
    const judge = judges.get(`${tool.server}/${tool.name}`);
    if (judge !== undefined) return judge;
    // A tool that has nothing to describe has no body; there is nothing that could differ.
    const { properties = {} } = tool.inputSchema;
    if (Object.keys(properties as JsonObject).length > 0) throw new Error(`${tool.server}/${tool.name} has no body`);
    return rawJudge(tool);
  };
}

function isOpenApi30(form: Form): boolean {
  return form.startsWith('OpenAPI 3.0');
}

/** A Schema Object of OpenAPI 3.0 as JSON Schema: what it means, where its words mean something else there. */
function fromOpenApi30(schema: unknown): unknown {
  if (!isObject(schema)) return schema;
  // What stands beside a reference does not count in 3.0.
  if (typeof schema['$ref'] === 'string') return { $ref: schema['$ref'] };
  const { nullable, exclusiveMinimum, exclusiveMaximum, ...plain } = schema;
  const made: Record<string, unknown> = { ...plain };
  // Without a type it means nothing.
  if (nullable === true && typeof plain['type'] === 'string') made['type'] = [plain['type'], 'null'];
  for (const [exclusive, limit] of [
    [exclusiveMinimum, 'minimum'],
    [exclusiveMaximum, 'maximum'],
  ] as const) {
    if (exclusive !== true) continue;
    made[`exclusive${limit === 'minimum' ? 'Minimum' : 'Maximum'}`] = plain[limit];
    delete made[limit];
  }
  for (const keyword of ['items', 'not', 'additionalProperties']) {
    if (isObject(plain[keyword])) made[keyword] = fromOpenApi30(plain[keyword]);
  }
  for (const keyword of ['allOf', 'anyOf', 'oneOf']) {
    const branches = plain[keyword];
    if (Array.isArray(branches)) made[keyword] = branches.map(fromOpenApi30);
  }
  if (isObject(plain['properties'])) made['properties'] = mapValues(plain['properties'], fromOpenApi30);
  return made;
}

function mapValues(members: JsonObject, change: (value: unknown) => unknown): JsonObject {
  return Object.fromEntries(Object.entries(members).map(([name, value]) => [name, change(value)]));
}
