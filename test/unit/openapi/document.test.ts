import { Validator } from '@seriousme/openapi-schema-validator';
import type { JsonObject } from '../../../src/json/value.ts';
import { describe, expect, it } from 'vitest';
import { renderDocument } from '../../../src/openapi/document.ts';
import { defaultForm, type DocumentForm } from '../../../src/openapi/form.ts';
import type { Snapshot } from '../../../src/snapshot.ts';
import { hostileTools, oddNames } from './hostile-tools.ts';
import { makeSettings, makeSnapshot } from './made.ts';

const baseUrl = 'https://tools.acme.dev/base';

interface Operation extends JsonObject {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly requestBody?: JsonObject;
  readonly responses: Readonly<Record<string, JsonObject>>;
}

interface Document {
  readonly openapi: string;
  readonly info: JsonObject & { readonly description: string };
  readonly servers: readonly { readonly url: string }[];
  readonly security: readonly JsonObject[];
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, { readonly post: Operation }>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, JsonObject>>>>;
}

function textOf(snapshot: Snapshot, server?: string, form: DocumentForm = defaultForm): string {
  const view = server === undefined ? undefined : snapshot.servers.get(server);
  const request = { server: view, snapshot, form, format: 'json', onDegraded: () => {} } as const;
  const { head, tail, basePath } = renderDocument(request);
  return head + JSON.stringify(baseUrl + basePath) + [...tail].join('');
}

function documentOf(snapshot: Snapshot, server?: string, form?: DocumentForm): Document {
  return JSON.parse(textOf(snapshot, server, form)) as Document;
}

/** Every string under a key `$ref`, wherever it is. */
function referencesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) =>
    key === '$ref' && typeof child === 'string' ? [child] : referencesIn(child),
  );
}

function at(document: unknown, reference: string): unknown {
  return decodeURIComponent(reference)
    .split('/')
    .slice(1)
    .reduce<unknown>((value, token) => {
      return (value as JsonObject | undefined)?.[token.replaceAll('~1', '/').replaceAll('~0', '~')];
    }, document);
}

const tool = { name: 'read', inputSchema: { type: 'object', properties: { path: { type: 'string' } } } };
const everything = [...hostileTools, ...oddNames.map((name) => ({ name, inputSchema: { type: 'object' } }))];

describe('every document', () => {
  it.each([
    [
      'of all servers',
      makeSnapshot('many', { a: everything, 'b c': everything, none: undefined, empty: [] }),
      undefined,
    ],
    ['of one server of many', makeSnapshot('many', { a: everything, 'b c': [tool] }), 'b c'],
    ['of the only server', makeSnapshot('single', { a: everything }), undefined],
    ['of no server', makeSnapshot('many', {}), undefined],
    ['of a server that has not listed anything', makeSnapshot('many', { a: undefined }), 'a'],
    [
      'with a key',
      makeSnapshot('many', { a: [tool] }, { settings: makeSettings({ apiKey: 'secret-key' }) }),
      undefined,
    ],
    [
      'with a status for tool errors',
      makeSnapshot('many', { a: [tool] }, { server: { toolErrorStatus: 418 } }),
      undefined,
    ],
  ])('%s is valid and whole', async (_, snapshot, server) => {
    const document = documentOf(snapshot, server);
    const references = new Set(referencesIn(document));
    for (const reference of references) {
      expect(reference).toMatch(/^#\/components\/(schemas|responses)\/[\w.-]+(\/|$)/);
      expect({ reference, target: at(document, reference) }).toHaveProperty('target', expect.anything());
    }
    for (const [kind, components] of Object.entries(document.components)) {
      for (const key of kind === 'securitySchemes' ? [] : Object.keys(components)) {
        expect(references).toContain(`#/components/${kind}/${key}`);
      }
    }
    expect(textOf(snapshot, server)).not.toMatch(/secret-key|trap/);
    const { valid, errors } = await new Validator().validate(
      JSON.parse(textOf(snapshot, server)) as Record<string, unknown>,
    );
    expect(errors ?? []).toEqual([]);
    expect(valid).toBe(true);
  });

  it('is 3.1.0, has who is behind it, and joins the base URL', () => {
    const { openapi, info, servers } = documentOf(makeSnapshot('many', { 'b c': [tool] }), 'b c');
    expect(openapi).toBe('3.1.0');
    expect(info).toMatchObject({
      contact: { url: expect.any(String) as string },
      license: { url: expect.any(String) as string },
    });
    expect(servers).toEqual([{ url: `${baseUrl}/b%20c` }]);
  });

  it('is the same text for the same snapshot', () => {
    const snapshot = makeSnapshot('many', { a: everything });
    expect(textOf(snapshot)).toBe(textOf(snapshot));
    expect(textOf(makeSnapshot('many', { a: everything }))).toBe(textOf(snapshot));
  });

  it('gives each tool one POST with an id of its own and nothing else', () => {
    const { paths, tags } = documentOf(makeSnapshot('many', { a: everything, b: everything }));
    const ids = Object.values(paths).map((item) => item.post.operationId.toLowerCase());
    expect(ids).toHaveLength(2 * everything.length);
    expect(new Set(ids).size).toBe(ids.length);
    for (const item of Object.values(paths)) {
      expect(Object.keys(item)).toEqual(['post']);
      expect(tags.map(({ name }) => name)).toContain(item.post.tags[0]);
      expect(Object.keys((item.post.requestBody?.['content'] ?? { 'application/json': 0 }) as JsonObject)).toEqual([
        'application/json',
      ]);
    }
  });
});

describe('paths', () => {
  const tools = [{ name: 'a/{b}' }, { name: 'docs' }];

  it('carry the server only in the document of all of many', () => {
    const many = makeSnapshot('many', { 'x y': tools });
    expect(Object.keys(documentOf(many).paths)[0]).toBe('/x%20y/a%2F%7Bb%7D');
    expect(Object.keys(documentOf(many, 'x y').paths)[0]).toBe('/a%2F%7Bb%7D');
    expect(documentOf(many).servers[0]?.url).toBe(baseUrl);
    const single = makeSnapshot('single', { x: tools });
    expect(Object.keys(documentOf(single).paths)[0]).toBe('/a%2F%7Bb%7D');
    expect(documentOf(single, 'x')).toEqual(documentOf(single));
    expect(documentOf(single, 'x').servers[0]?.url).toBe(baseUrl);
  });

  it('are renamed where they mean something else; the name stays known', () => {
    const [, [path, item] = ['', undefined]] = Object.entries(documentOf(makeSnapshot('single', { x: tools })).paths);
    expect(path).toMatch(/^\/docs_h\w+$/);
    expect(item?.post).toMatchObject({ operationId: 'docs', 'x-mcp': { name: 'docs' } });
  });
});

describe('info', () => {
  const settings = makeSettings({ name: 'Given', description: 'Given text.', version: '7' });
  const catalogue = { serverName: 'own', serverVersion: '1.2', instructions: 'Instructions.' };

  it('is what the options say, then what the only server says of itself', () => {
    expect(documentOf(makeSnapshot('single', { x: [tool] }, { settings, catalogue })).info).toMatchObject({
      title: 'Given',
      description: 'Given text.',
      version: '7',
    });
    expect(documentOf(makeSnapshot('single', { x: [tool] }, { catalogue })).info).toMatchObject({
      title: 'own',
      description: 'Instructions.',
      version: '1.2',
    });
    const { info } = documentOf(makeSnapshot('single', { x: [tool] }));
    expect(info).toMatchObject({
      title: 'x',
      version: '1.0.0',
      description: expect.stringContaining('1 tool') as string,
    });
  });

  it('of one server of many is its own', () => {
    expect(documentOf(makeSnapshot('many', { x: [tool] }, { settings, catalogue }), 'x').info).toMatchObject({
      title: 'x',
      description: 'Instructions.',
      version: '1.2',
    });
  });

  it('of all lists the servers that are not disabled', () => {
    const servers = { x: [tool], y: undefined };
    expect(documentOf(makeSnapshot('many', servers, { settings, catalogue })).info).toMatchObject({
      title: 'Given',
      version: '7',
    });
    const { info, tags } = documentOf(makeSnapshot('many', servers));
    expect(info.description).toMatch(/\n- x: 1 tool\n- y: no tools yet/);
    expect(tags).toEqual([{ name: 'x', description: 'Tools of the MCP server x.' }]);
    const disabled = documentOf(makeSnapshot('many', { x: undefined }, { server: { disabled: true } }));
    expect(disabled.info.description).not.toContain('x:');
  });
});

describe('security', () => {
  it('is what is asked for', () => {
    const open = documentOf(makeSnapshot('many', { x: [tool] }));
    expect(open.security).toEqual([]);
    expect(open.components).not.toHaveProperty('securitySchemes');
    expect(open.paths['/x/read']?.post.responses).not.toHaveProperty('401');
    const guarded = documentOf(makeSnapshot('many', { x: [tool] }, { settings: makeSettings({ apiKey: 'k' }) }));
    expect(guarded.security).toEqual([{ bearer: [] }, { basic: [] }, { apiKey: [] }]);
    expect(guarded.components['securitySchemes']).toMatchObject({
      bearer: { type: 'http', scheme: 'bearer' },
      basic: { type: 'http', scheme: 'basic' },
      apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
    });
    expect(guarded.paths['/x/read']?.post.responses).toHaveProperty('401');
  });
});
