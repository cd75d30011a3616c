// A server whose schemas are bombs, traps and loops stands beside a good one. Its documents in every form and its calls
// come back right; only the tools that cannot be described say so; and calls of the good one never wait for any of it.
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, it, onTestFinished } from 'vitest';
import { parse as parseYaml } from 'yaml';
import type { JsonObject } from '../../src/json/value.ts';
import { fixture, inherited } from '../support.ts';
import { folderWith } from './program.ts';
import { startProxy, whenReady, type Proxy } from './proxy.ts';

/**
 * What is promised is that no call waits for more than 100 ms, and on an idle machine that is kept. A machine that runs
 * other tests at the same time takes the processor away for longer than that, so what counts is how long the program was at
 * work during one call; and because that work is slower beside others, it may be some more.
 */
const LONGEST_WORK_MS = 250;
/** Alone it takes a few seconds. */
const timeout = 120_000;
/** Far above what the caps let through, far below what a bomb would be. */
const LARGEST_DOCUMENT_CHARS = 20_000_000;
/** Python's JSON reader gives up at 1,000 or so. */
const DEEPEST_DOCUMENT = 300;
/** What a model is shown of a refusal. */
const LONGEST_REFUSAL_CHARS = 10_000;

const forms = [
  '',
  '?version=3.0',
  '?refs=components',
  '?version=3.0&refs=components',
  '?profile=gpt-actions',
  '?version=3.0&profile=gpt-actions',
];

/** No form can say these. */
const unspeakable = ['deep', 'deep_all_of', 'large_enum', 'leads_out', 'reference_loop'];
/** These are small, and become large when each reference is replaced by what it refers to. */
const bombs = ['reference_bomb', 'union_bomb'];

/**
 * `forwarded`: arrives as it was sent; `refused`: 422; `either`: a schema that cannot be had, or costs too much, is not
 * held against the caller, and a validator may be better than it has to be.
 */
type Fate = 'forwarded' | 'refused' | 'either';

const longText = 'a'.repeat(1_000_000);
const numbers = Array.from({ length: 20_000 }, (_, index) => index);
const objects = Array.from({ length: 3_000 }, (_, index) => ({ a: { b: index } }));
const nested = `${'{"a":'.repeat(400)}{}${'}'.repeat(400)}`;
const manyKeys = Object.fromEntries(numbers.slice(0, 1_000).map((index) => [`xx${index}`, 'x']));

const calls: readonly (readonly [tool: string, args: unknown, fate: Fate])[] = [
  ['harmless', { text: 'x' }, 'forwarded'],
  ['harmless', { text: [] }, 'refused'],
  ['reference_bomb', { a: { left: { right: {} } } }, 'forwarded'],
  ['reference_bomb', { a: 'x' }, 'refused'],
  ['union_bomb', { a: 'the only right value' }, 'forwarded'],
  ['union_bomb', { a: 'wrong' }, 'either'],
  ['backtracking_pattern', { a: 'aaa' }, 'forwarded'],
  ['backtracking_pattern', { a: `${'a'.repeat(30)}!` }, 'refused'],
  ['backtracking_pattern', { a: `${longText}!` }, 'either'],
  ['lookaround_pattern', { a: `${'a'.repeat(30)}!` }, 'either'],
  ['large_pattern', { a: '' }, 'forwarded'],
  ['large_pattern', { a: longText }, 'either'],
  ['many_patterns', { xx1: 'x' }, 'forwarded'],
  ['many_patterns', { xx1: 5 }, 'either'],
  ['many_patterns', manyKeys, 'forwarded'],
  ['many_properties', { property0: 'x' }, 'forwarded'],
  ['many_properties', {}, 'refused'],
  ['many_properties', { property0: 'x', property4999: [] }, 'refused'],
  ['large_enum', { a: `19999${'x'.repeat(45)}` }, 'forwarded'],
  ['large_enum', { a: 'x' }, 'refused'],
  ['unique_items', { list: numbers }, 'forwarded'],
  ['unique_items', { list: [...numbers, 0] }, 'either'],
  ['unique_items', { list: objects }, 'forwarded'],
  ['unique_items', { list: ['x', 'x'] }, 'refused'],
  ['shared_id_text', { a: 'x' }, 'forwarded'],
  ['shared_id_text', { a: 5 }, 'refused'],
  ['shared_id_number', { a: 5 }, 'forwarded'],
  ['shared_id_number', { a: 'x' }, 'refused'],
  ['reference_loop', { a: 1, b: 'x' }, 'forwarded'],
  ['reference_loop', { b: [] }, 'either'],
  ['leads_out', { a: 1, b: 'x' }, 'forwarded'],
  ['leads_out', { b: [] }, 'either'],
  ['long_texts', { a: 'x' }, 'forwarded'],
  ['long_texts', { a: [] }, 'refused'],
  ['deep', nested, 'forwarded'],
  ['deep', { a: { a: { a: 'x' } } }, 'either'],
  ['deep_all_of', { a: 'x' }, 'forwarded'],
  ['deep_all_of', { a: [] }, 'either'],
  ['names_of_objects', '{"__proto__":"x","constructor":"y"}', 'forwarded'],
  ['names_of_objects', '{"__proto__":[]}', 'refused'],
];

it('makes nobody wait, answers right, and degrades alone', { timeout }, async () => {
  const trap = await startTrap();
  const { documents, answers, steps, waits, wrong } = await readAndCallAll(trap.url);
  expect(answers.flatMap(complaintAbout)).toEqual([]);
  expect(wrong).toEqual([]);
  expect(waits.length).toBeGreaterThan(20);
  const during = ({ at, ms }: Wait) =>
    steps.filter(({ from, to }) => from <= at + ms && at <= to).map(({ name }) => name);
  const tooLong = waits.filter(({ workMs }) => workMs > LONGEST_WORK_MS);
  expect(tooLong.map((wait) => ({ ...wait, during: during(wait) }))).toEqual([]);

  for (const { address, text } of documents) {
    expect({ address, isLarge: text.length > LARGEST_DOCUMENT_CHARS }).toEqual({ address, isLarge: false });
    expect(text).not.toContain('trap.json');
    if (address.includes('.yaml')) continue;
    const document = JSON.parse(text) as Document;
    expect({ address, isDeep: isDeeperThan(DEEPEST_DOCUMENT, document) }).toEqual({ address, isDeep: false });
    const said = degradedTools(document);
    const expected = address.includes('refs=components')
      ? [...unspeakable, ...bombs.filter((tool) => said.includes(tool))]
      : [...unspeakable, ...bombs];
    expect({ address, said }).toEqual({ address, said: expected.toSorted() });
    // The document of all has the same tools.
    const objections = address.startsWith('/hostile') ? await objectionsTo(document) : [];
    expect({ address, objections }).toEqual({ address, objections: [] });
  }
  const textAt = (wanted: string) => documents.find(({ address }) => address === wanted)?.text ?? '';
  const yaml: unknown = parseYaml(textAt('/hostile/openapi.yaml'), { maxAliasCount: 0 });
  expect(yaml).toEqual(JSON.parse(textAt('/hostile/openapi.json')));
  expect(trap.hits()).toBe(0);
});

interface Observed {
  readonly documents: readonly { readonly address: string; readonly text: string }[];
  readonly answers: readonly Answer[];
  readonly steps: readonly Step[];
  readonly waits: readonly Wait[];
  /** Answers that the good server would not give. */
  readonly wrong: readonly unknown[];
}

/** Every document and every call of the hostile server of a fresh proxy, one after the other, beside calls of the good. */
async function readAndCallAll(trap: string): Promise<Observed> {
  const { url, child } = await startBoth(trap);
  const steps: Step[] = [];
  const timed = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const from = Date.now();
    const result = await work();
    steps.push({ name, from, to: Date.now() });
    return result;
  };

  const caller = await startCaller(`${url}/good/echo`, child.pid);
  const documents: { address: string; text: string }[] = [];
  for (const path of ['/hostile', '']) {
    for (const address of forms.flatMap((form) => [`${path}/openapi.json${form}`, `${path}/openapi.yaml${form}`])) {
      documents.push({ address, text: await timed(address, () => fetchText(url + address)) });
    }
  }
  const answers: Answer[] = [];
  for (const [tool, args, fate] of calls) {
    const sent = typeof args === 'string' ? args : JSON.stringify(args);
    const name = `${tool} ${sent.slice(0, 60)}`;
    answers.push({ name, sent, fate, ...(await timed(name, () => call(`${url}/hostile/${tool}`, sent))) });
  }
  return { documents, answers, steps, ...(await caller.stop()) };
}

interface Step {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** One call of the good server. */
interface Wait {
  readonly at: number;
  readonly ms: number;
  /** For so much of it the proxy had the processor. */
  readonly workMs: number;
}

interface Answer {
  readonly name: string;
  readonly sent: string;
  readonly fate: Fate;
  readonly status: number;
  readonly text: string;
}

interface Document {
  readonly paths: Readonly<
    Record<string, { readonly post: JsonObject & { readonly 'x-mcp': { readonly name: string } } }>
  >;
  readonly components: { readonly schemas?: Readonly<Record<string, JsonObject>> };
}

/** Where external references lead. Nobody should come. */
async function startTrap(): Promise<{ readonly url: string; readonly hits: () => number }> {
  let hits = 0;
  const server = createServer((_, response) => {
    hits++;
    response.end('{"type":"string"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/trap.json`, hits: () => hits };
}

async function startBoth(trap: string): Promise<Proxy> {
  const mcpServers = {
    good: { command: process.execPath, args: [fixture('echo')] },
    hostile: { command: process.execPath, args: [fixture('hostile-schemas')], env: { TRAP_URL: trap } },
  };
  const path = folderWith({ 'mcpo.json': JSON.stringify({ mcpServers }) });
  const proxy = await startProxy(['--port', '0', '--config', path('mcpo.json')]);
  await whenReady(proxy.url, 'good', 'hostile');
  return proxy;
}

interface Caller {
  stop(): Promise<{ readonly waits: readonly Wait[]; readonly wrong: unknown[] }>;
}

/** Calls all the time, from its first answer on until it is stopped. */
async function startCaller(url: string, pid: number | undefined): Promise<Caller> {
  const script = fileURLToPath(new URL('keeps-calling.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, url, String(pid), '{"hello":1.0}'], {
    env: inherited(),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  await lines.next();
  return {
    async stop() {
      child.stdin.end();
      const { calls: waits, wrong } = JSON.parse(String((await lines.next()).value)) as {
        calls: Wait[];
        wrong: unknown[];
      };
      return { waits, wrong };
    },
  };
}

async function fetchText(address: string): Promise<string> {
  const response = await fetch(address);
  const text = await response.text();
  expect({ address, status: response.status }).toEqual({ address, status: 200 });
  return text;
}

async function call(address: string, body: string): Promise<{ readonly status: number; readonly text: string }> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(address, { method: 'POST', headers, body });
  return { status: response.status, text: await response.text() };
}

function complaintAbout({ name, sent, fate, status, text }: Answer): string[] {
  const isForwarded = status === 200 && text === sent;
  const isRefused = status === 422 && text.includes('"invalid_arguments"') && text.length < LONGEST_REFUSAL_CHARS;
  if ((isForwarded && fate !== 'refused') || (isRefused && fate !== 'forwarded')) return [];
  return [`${name} should be ${fate}: ${status} ${text.slice(0, 200)}`];
}

/** Names of the hostile server's tools of which the document says that something cannot be said. */
function degradedTools({ paths, components: { schemas = {} } }: Document): string[] {
  return Object.values(paths)
    .filter(({ post }) => reaches(post, schemas, (value) => Object.hasOwn(value, 'x-mcp-schema-error')))
    .map(({ post }) => post['x-mcp'].name)
    .toSorted();
}

/** Whether some object in a value, or in a component that it refers to, is what is looked for. */
function reaches(
  value: unknown,
  schemas: Readonly<Record<string, JsonObject>>,
  isIt: (value: object) => boolean,
): boolean {
  const seen = new Set<unknown>();
  const waiting: unknown[] = [value];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (typeof next !== 'object' || next === null || seen.has(next)) continue;
    seen.add(next);
    if (isIt(next)) return true;
    for (const [key, member] of Object.entries(next)) {
      const component =
        key === '$ref' && typeof member === 'string' ? schemas[member.split('/').at(-1) ?? ''] : undefined;
      waiting.push(component ?? member);
    }
  }
  return false;
}

function isDeeperThan(depth: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth === 0 || Object.values(value).some((member) => isDeeperThan(depth - 1, member));
}

async function objectionsTo(document: Document): Promise<unknown> {
  // The validator writes into what it is given.
  const { valid, errors } = await new Validator().validate(
    structuredClone(document) as unknown as Record<string, unknown>,
  );
  return valid ? [] : (errors ?? 'not valid');
}
