import { describe, expect, test } from 'vitest';
import { tryLine } from '../../../src/telemetry/try-line.ts';
import { fakeSnapshot, type FakeTool } from './fake-snapshot.ts';

const url = 'http://127.0.0.1:8000';
const readOnly = { readOnlyHint: true };

function lineFor(...tools: FakeTool[]): string {
  return tryLine(fakeSnapshot('many', { s: { tools } }), url);
}

describe('the tool', () => {
  test('one that only reads comes first, whatever the order', () => {
    expect(lineFor({ name: 'get_a' }, { name: 'compute', annotations: readOnly })).toBe(
      `curl -X POST ${url}/s/compute`,
    );
  });

  test('without annotations a name that sounds like reading comes before one that does not', () => {
    expect(lineFor({ name: 'compute' }, { name: 'list_things' })).toBe(`curl -X POST ${url}/s/list_things`);
    expect(lineFor({ name: 'compute' })).toBe(`curl -X POST ${url}/s/compute`);
  });

  test('of equals one that takes no argument at all', () => {
    const find = { name: 'find', annotations: readOnly, inputSchema: { properties: { text: { type: 'string' } } } };
    expect(lineFor(find, { name: 'ping', annotations: readOnly })).toBe(`curl -X POST ${url}/s/ping`);
    expect(lineFor(find, { name: 'compute' })).toBe(`curl -X POST ${url}/s/find`);
  });

  test.each([
    ['needs an argument', { name: 'get_a', inputSchema: { type: 'object', required: ['a'] } }],
    ['may need one in a branch', { name: 'get_a', inputSchema: { anyOf: [{ required: ['a'] }] } }],
    ['says that it destroys', { name: 'get_a', annotations: { destructiveHint: true } }],
    ['sounds like destroying', { name: 'reset_database' }],
    ['would print secrets', { name: 'get-env', annotations: readOnly }],
    ['runs as a task', { name: 'get_a', definition: { execution: { taskSupport: 'required' } } }],
  ])('never one that %s', (_title, tool) => {
    expect(lineFor(tool)).toBe(`curl ${url}/openapi.json`);
  });

  test('a tool that may not run as a task is as good as any', () => {
    const definition = { execution: { taskSupport: 'forbidden' } };
    expect(lineFor({ name: 'get_a', definition })).toBe(`curl -X POST ${url}/s/get_a`);
  });

  test('an empty list of required arguments demands none', () => {
    expect(lineFor({ name: 'a', inputSchema: { type: 'object', required: [] } })).toBe(`curl -X POST ${url}/s/a`);
  });

  test('only of a server that is ready', () => {
    const snapshot = fakeSnapshot('many', {
      gone: { state: 'down', tools: [{ name: 'best', annotations: readOnly }] },
      here: { tools: [{ name: 'other' }] },
    });
    expect(tryLine(snapshot, url)).toBe(`curl -X POST ${url}/here/other`);
  });
});

describe('the line', () => {
  test('single mode has no server in the path, the prefix is in front', () => {
    const snapshot = fakeSnapshot('single', { s: { tools: [{ name: 'a' }] } }, { pathPrefix: '/api' });
    expect(tryLine(snapshot, url)).toBe(`curl -X POST ${url}/api/a`);
  });

  test('names the variable of the key and never the key, and has no double quote', () => {
    const snapshot = fakeSnapshot('many', { s: { tools: [{ name: 'a' }] } }, { apiKey: 'top-secret' });
    const line = tryLine(snapshot, url);
    expect(line).toBe(`curl -X POST -H 'Authorization: Bearer '$MCPO_API_KEY ${url}/s/a`);
    expect(line).not.toMatch(/top-secret|"/);
  });

  test.each([
    ['needs no key where documents are open', { apiKey: 'k' }, ''],
    [
      'carries the key where it guards them',
      { apiKey: 'k', strictAuth: true },
      ` -H 'Authorization: Bearer '$MCPO_API_KEY`,
    ],
    ['carries none where there is none', { strictAuth: true }, ''],
  ])('without a tool to call it reads the document: %s', (_title, settings, key) => {
    const line = tryLine(fakeSnapshot('many', { s: { tools: [] } }, settings), 'https://127.0.0.1:8443');
    expect(line).toBe(`curl -k${key} https://127.0.0.1:8443/openapi.json`);
  });

  test('https to the own machine does not check the name in the certificate', () => {
    const snapshot = fakeSnapshot('many', { s: { tools: [{ name: 'a' }] } });
    expect(tryLine(snapshot, 'https://127.0.0.1:8443')).toBe('curl -X POST -k https://127.0.0.1:8443/s/a');
  });

  test('odd names are escaped for the address and quoted for the shell', () => {
    const snapshot = fakeSnapshot('many', { 'my server': { tools: [{ name: "it's;(a)" }] } });
    expect(tryLine(snapshot, url)).toBe(`curl -X POST '${url}/my%20server/it%27s%3B(a)'`);
  });
});
