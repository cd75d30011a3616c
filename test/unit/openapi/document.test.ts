import { Validator } from '@seriousme/openapi-schema-validator';
import type { JsonObject } from '../../../src/json/value.ts';
import { describe, expect, it } from 'vitest';
import { renderDocument } from '../../../src/openapi/document.ts';
import { defaultForm, type DocumentForm } from '../../../src/openapi/form.ts';
import type { Snapshot } from '../../../src/snapshot.ts';
import { hostileTools, oddNames } from './hostile-tools.ts';
import { makeOAuth, makeSettings, makeSnapshot } from './made.ts';

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

const oauth = makeOAuth();
const jwt = {
  algorithms: ['HS256'],
  secret: 'secret-key',
  jwks: undefined,
  issuer: undefined,
  audience: undefined,
  userClaim: 'sub',
};

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
    ['with tokens', makeSnapshot('many', { a: [tool] }, { settings: makeSettings({ jwt }) }), undefined],
    [
      'of a server that nobody signed in to',
      makeSnapshot('many', { a: undefined }, { server: { oauth: { ...oauth, webuiSecretKey: 'secret-key' } } }),
      'a',
    ],
    [
      'of servers that somebody signed in to, or not yet',
      makeSnapshot(
        'many',
        { a: [tool], b: undefined },
        { server: { oauth }, settings: makeSettings({ apiKey: 'secret-key' }) },
      ),
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
    const byToken = documentOf(makeSnapshot('many', { x: [tool] }, { settings: makeSettings({ jwt }) }));
    expect(byToken.security).toEqual([{ bearer: [] }]);
    expect(byToken.components['securitySchemes']).toMatchObject({ bearer: { bearerFormat: 'JWT' } });
    expect(byToken.paths['/x/read']?.post.responses).toHaveProperty('401');
  });
});

describe('a server that each user signs in to', () => {
  const server = { oauth };

  it('says so to somebody who has not, and lists nothing', () => {
    const snapshot = makeSnapshot('many', { 'my notes': undefined }, { server });
    const { info, paths, tags } = documentOf(snapshot, 'my notes');
    expect(info.description).toBe(
      'Each user signs in to the MCP server my notes: open /oauth/my%20notes/authorize on this host in a browser. ' +
        'After that this document lists your tools. A program whose call is answered with 401 shows its user the ' +
        'address in "authorizationUrl". Who calls is told by a cookie of that browser.',
    );
    expect(paths).toEqual({});
    expect(tags).toEqual([]);
    expect(documentOf(snapshot).info.description).toContain(
      '\n- my notes: each user signs in, open /oauth/my%20notes/authorize on this host in a browser to see your tools',
    );
  });

  it('says all that matters where texts have to be short', () => {
    const form = { ...defaultForm, profile: 'gpt-actions' } as const;
    const { description } = documentOf(makeSnapshot('many', { x: undefined }, { server }), 'x', form).info;
    expect(description.length).toBeLessThanOrEqual(300);
    expect(description).toContain('open /oauth/x/authorize');
    expect(description).toContain('"authorizationUrl"');
  });

  it('is under the root path, and mentions tokens where they count', () => {
    const settings = makeSettings({ rootPath: '/base' });
    const withSecret = { oauth: { ...oauth, webuiUserJwtSecret: 's' } };
    const { info } = documentOf(makeSnapshot('many', { x: undefined }, { server: withSecret, settings }), 'x');
    expect(info.description).toContain('open /base/oauth/x/authorize on this host');
    expect(info.description).toContain("or by the user's token (JWT)");
    const known = makeSnapshot('many', { x: undefined }, { server, settings: makeSettings({ jwt }) });
    expect(documentOf(known, 'x').info.description).toContain("or by the user's token (JWT)");
  });

  it.each([
    ['one sign-in serves everybody', { multiUser: false }],
    ['the proxy signs in as itself', { grant: 'client_credentials' }],
  ] as const)('is not what it is where %s', (_, more) => {
    const snapshot = makeSnapshot('many', { x: undefined }, { server: { oauth: { ...oauth, ...more } } });
    expect(documentOf(snapshot, 'x').info.description).not.toMatch(/sign/);
    expect(documentOf(snapshot).info.description).not.toMatch(/sign/);
  });

  it('is like any other for somebody who has', () => {
    const { info, paths, components } = documentOf(makeSnapshot('many', { x: [tool] }, { server }), 'x');
    expect(info.description).toContain('1 tool');
    expect(paths['/read']?.post.responses['401']).toEqual({ $ref: '#/components/responses/Error401SignIn' });
    expect(components['responses']).toHaveProperty('Error401SignIn');
  });

  it('can ask for a sign-in wherever it is asked for something', () => {
    const more = { expose: ['resources', 'prompts'], oauth } as const;
    const catalogue = { offers: { resources: true, prompts: true } };
    const { paths } = documentOf(makeSnapshot('many', { x: [] }, { server: more, catalogue }), 'x');
    const items = Object.values(paths).flatMap((item) => Object.values<Operation>(item));
    expect(items.length).toBeGreaterThan(3);
    for (const { responses } of items) {
      expect(responses['401']).toEqual({ $ref: '#/components/responses/Error401SignIn' });
    }
  });
});
