import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { defaultForm } from '../../../../src/openapi/form.ts';
import { documentText } from '../../../../src/server/documents.ts';
import { isCurrent } from '../../../../src/server/routes/documents.ts';
import { fakeCatalogue, fakeProgram, type FakeOptions } from '../fakes.ts';

const servers = { time: { tools: ['get'] }, 'my files': { tools: ['read', 'write'] }, off: { disabled: true } };
const headers = { host: 'localhost:8000' };

test('the document of all servers and that of each are served as JSON', async () => {
  const program = fakeProgram(servers);
  const all = await program.inject({ url: '/openapi.json', headers });
  expect(all.statusCode).toBe(200);
  expect(all.headers['content-type']).toBe('application/json');
  expect(all.headers['cache-control']).toBe('no-cache');
  expect(all.headers['content-length']).toBe(String(Buffer.byteLength(all.body)));
  expect(all.json()).toMatchObject({ openapi: '3.1.0', servers: [{ url: 'http://localhost:8000' }] });
  expect(Object.keys(all.json().paths)).toEqual(['/time/get', '/my%20files/read', '/my%20files/write']);

  const one = await program.inject({ url: '/my%20files/openapi.json', headers });
  expect(one.json()).toMatchObject({ servers: [{ url: 'http://localhost:8000/my%20files' }] });
  expect(Object.keys(one.json().paths)).toEqual(['/read', '/write']);
});

test('a server from the command line has one document, at the root', async () => {
  const program = fakeProgram({ time: servers.time }, { mode: 'single' });
  const root = await program.inject({ url: '/openapi.json', headers });
  expect(Object.keys(root.json().paths)).toEqual(['/get']);
  expect((await program.inject('/time/openapi.json')).statusCode).toBe(404);
});

test('YAML says the same as JSON', async () => {
  const program = fakeProgram(servers);
  for (const path of ['', '/time']) {
    const json = await program.inject({ url: `${path}/openapi.json`, headers });
    const yaml = await program.inject({ url: `${path}/openapi.yaml`, headers });
    expect(yaml.headers['content-type']).toBe('application/yaml');
    expect(yaml.headers['etag']).not.toBe(json.headers['etag']);
    expect(yaml.body).toMatch(/^openapi: /);
    expect(parse(yaml.body)).toEqual(json.json());
  }
});

test('the query says in which form the document is wanted', async () => {
  const program = fakeProgram(servers);
  const get = async (query: string) => program.inject({ url: `/openapi.json?${query}`, headers });
  expect((await get('version=3.0')).json()).toMatchObject({ openapi: '3.0.3' });
  expect((await get('version=3.0.3&refs=components&profile=gpt-actions')).json()).toMatchObject({ openapi: '3.0.3' });
  expect((await get('version=3.1&refs=inline&other=1')).body).toBe((await get('')).body);
  const yaml = await program.inject({ url: '/openapi.yaml?version=3.0', headers });
  expect(parse(yaml.body)).toMatchObject({ openapi: '3.0.3' });
  const etags = await Promise.all(
    ['', 'version=3.0', 'profile=gpt-actions'].map(async (q) => (await get(q)).headers['etag']),
  );
  expect(new Set(etags).size).toBe(2);
  for (const query of ['version=2.0', 'refs=all', 'profile=gpt', 'version=3.0&version=3.1']) {
    const refused = await get(query);
    expect([query, refused.statusCode]).toEqual([query, 400]);
    expect(refused.json()).toMatchObject({ code: 'malformed_request' });
  }
  expect((await get('profile=gpt')).json()).toMatchObject({ detail: expect.stringContaining('gpt-actions') });
});

test('many forms of one document are rendered anew rather than kept for ever', async () => {
  const program = fakeProgram(servers);
  const queries = ['3.1', '3.0'].flatMap((v) =>
    ['inline', 'components'].flatMap((r) => ['', 'gpt-actions'].map((p) => `version=${v}&refs=${r}&profile=${p}`)),
  );
  const fetchAll = () =>
    Promise.all(queries.map(async (query) => (await program.inject({ url: `/openapi.json?${query}`, headers })).body));
  expect(await fetchAll()).toEqual(await fetchAll());
});

test('the base URL has the root path and the path prefix', async () => {
  const options: FakeOptions = { settings: { rootPath: '/mcp', pathPrefix: '/api' } };
  const program = fakeProgram(servers, options);
  for (const url of ['/openapi.json', '/mcp/openapi.json', '/api/openapi.json', '/mcp//api//openapi.json/']) {
    const response = await program.inject({ url, headers });
    expect([url, response.json().servers]).toEqual([url, [{ url: 'http://localhost:8000/mcp/api' }]]);
  }
  const one = await program.inject({ url: '/api/time/openapi.json', headers });
  expect(one.json().servers).toEqual([{ url: 'http://localhost:8000/mcp/api/time' }]);
  const outside = await program.inject({ url: '/time/openapi.json', headers });
  expect(outside.statusCode).toBe(404);
  expect(outside.json()).toMatchObject({ detail: expect.stringContaining('/api') });
});

test('whoever has the current bytes gets 304', async () => {
  const program = fakeProgram(servers);
  const { headers: first } = await program.inject({ url: '/openapi.json', headers });
  const etag = String(first['etag']);
  expect(etag).toMatch(/^"[\w-]{22}"$/);
  const again = await program.inject({
    url: '/openapi.json',
    headers: { ...headers, 'if-none-match': `"x", W/${etag}` },
  });
  expect(again.statusCode).toBe(304);
  expect(again.body).toBe('');
  expect(again.headers['etag']).toBe(etag);
  expect(again.headers['vary']).toBe('Origin, Accept-Encoding');
});

test('the ETag covers the base URL and what the upstream offers', async () => {
  const program = fakeProgram(servers);
  const etagOf = async (host: string) =>
    (await program.inject({ url: '/openapi.json', headers: { host } })).headers['etag'];
  const before = await etagOf('localhost:8000');
  expect(await etagOf('localhost:8000')).toBe(before);
  expect(await etagOf('localhost:9000')).not.toBe(before);
  const time = program.upstreams.get('time');
  if (time !== undefined) time.catalogue = fakeCatalogue(['get', 'set']);
  program.publish();
  expect(await etagOf('localhost:8000')).not.toBe(before);
});

test('a reload that asks for a key shows in the documents of servers that it left alone', async () => {
  const program = fakeProgram(servers);
  const before = await program.inject({ url: '/time/openapi.json', headers });
  expect(before.json().security ?? []).toEqual([]);
  program.publish({ apiKey: 'k' });
  const after = await program.inject({ url: '/time/openapi.json', headers });
  expect(after.json().security).not.toEqual([]);
  expect(after.json().components.securitySchemes).toBeDefined();
});

test('HEAD answers with the head alone', async () => {
  const program = fakeProgram(servers);
  const get = await program.inject({ url: '/openapi.json', headers });
  const head = await program.inject({ method: 'HEAD', url: '/openapi.json', headers });
  expect(head.statusCode).toBe(200);
  expect(head.body).toBe('');
  expect(head.headers['etag']).toBe(get.headers['etag']);
  expect(head.headers['content-length']).toBe(get.headers['content-length']);
});

test('a server that is disabled or unknown has no document', async () => {
  const program = fakeProgram(servers);
  expect((await program.inject('/off/openapi.json')).json()).toMatchObject({ code: 'unknown_server' });
  expect((await program.inject('/tme/openapi.yaml')).json()).toMatchObject({
    code: 'unknown_server',
    detail: expect.stringContaining('"time"'),
  });
});

test('the text for the command line is that of the route', async () => {
  const program = fakeProgram(servers);
  const { body } = await program.inject({ url: '/openapi.json', headers });
  expect(await documentText(program.snapshot(), defaultForm, 'json', 'http://localhost:8000')).toBe(body);
});

test.each([
  [undefined, false],
  ['"a"', true],
  ['W/"a"', true],
  ['"b", "a"', true],
  ['*', true],
  ['"b"', false],
  ['a', false],
])('If-None-Match: %s against "a" is %s', (header, current) => {
  expect(isCurrent(header, '"a"')).toBe(current);
});

test('a caller who takes a coding gets the same bytes in it, under a tag of their own', async () => {
  const program = fakeProgram(servers);
  const get = (coding: string | undefined, more = {}) =>
    program.inject({
      url: '/openapi.json',
      headers: { ...headers, ...(coding !== undefined && { 'accept-encoding': coding }), ...more },
    });
  const plain = await get(undefined);
  expect(plain.headers).toMatchObject({ vary: expect.stringContaining('Accept-Encoding') });
  expect(plain.headers['content-encoding']).toBeUndefined();
  const [br, zipped] = [await get('gzip, br'), await get('gzip')];
  expect(br.headers['content-encoding']).toBe('br');
  expect(zipped.headers['content-encoding']).toBe('gzip');
  expect(zipped.headers['content-length']).toBe(String(zipped.rawPayload.length));
  expect(brotliDecompressSync(br.rawPayload)).toEqual(plain.rawPayload);
  expect(gunzipSync(zipped.rawPayload)).toEqual(plain.rawPayload);
  expect(new Set([plain, br, zipped].map((answer) => answer.headers['etag'])).size).toBe(3);
  const known = await get('gzip', { 'if-none-match': zipped.headers['etag'] });
  expect(known.statusCode).toBe(304);
  expect(known.headers['etag']).toBe(zipped.headers['etag']);
  expect((await get('br', { 'if-none-match': zipped.headers['etag'] })).statusCode).toBe(200);
});

test('who asks under ever new addresses gets plain bytes after a few', async () => {
  const program = fakeProgram(servers);
  const codings: unknown[] = [];
  for (let port = 1; port <= 10; port++) {
    const host = `localhost:${port}`;
    const answer = await program.inject({ url: '/openapi.json', headers: { host, 'accept-encoding': 'gzip' } });
    expect(answer.statusCode).toBe(200);
    codings.push(answer.headers['content-encoding']);
  }
  expect(codings).toEqual([...Array.from({ length: 8 }, () => 'gzip'), undefined, undefined]);
});
