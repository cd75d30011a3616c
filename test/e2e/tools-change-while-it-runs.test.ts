import { describe, expect, it } from 'vitest';
import { until } from '../support.ts';
import { post } from './proxy.ts';
import { child, remote, startWith, untilSince, type ConfiguredProxy } from './under-fire.ts';

/** The promise is a second; the rest is for a busy machine. */
const followsWithinMs = 1_500;
/** What a burst may cost. */
const maxListings = 20;

const kinds = ['stdio', 'Streamable HTTP'] as const;

async function start(
  kind: (typeof kinds)[number],
  env: Readonly<Record<string, string>> = {},
): Promise<ConfiguredProxy> {
  const proxy = await startWith({ it: await entry(kind, env) });
  await proxy.ready('it');
  return proxy;
}

async function entry(kind: (typeof kinds)[number], env: Readonly<Record<string, string>>): Promise<object> {
  if (kind === 'stdio') return child('changes-its-tools', env);
  const server = await remote('http-changes-its-tools', env);
  await server.start();
  return { type: 'http', url: server.url };
}

async function documentOf(url: string): Promise<{ readonly tools: readonly string[]; readonly etag: string }> {
  const response = await fetch(`${url}/it/openapi.json`);
  const { paths } = (await response.json()) as { paths: object };
  const tools = Object.keys(paths).map((path) => path.split('/').at(-1) ?? '');
  return { tools, etag: response.headers.get('etag') ?? '' };
}

async function listings(url: string): Promise<number> {
  return Number((await post(`${url}/it/listings`)).body);
}

describe.each(kinds)('tools that change: %s', (kind) => {
  it('the document and its ETag follow, and so do calls', async () => {
    const { url } = await start(kind);
    const { etag } = await documentOf(url);
    const unchanged = await fetch(`${url}/it/openapi.json`, { headers: { 'if-none-match': etag } });
    expect(unchanged.status).toBe(304);
    expect((await post(`${url}/it/fresh`)).status).toBe(404);

    await post(`${url}/it/add_tool`, { name: 'fresh' });
    await until(async () => (await documentOf(url)).tools.includes('fresh'), followsWithinMs);
    const after = await documentOf(url);
    expect(after.etag).not.toBe(etag);
    const changed = await fetch(`${url}/it/openapi.json`, { headers: { 'if-none-match': etag } });
    expect(changed.status).toBe(200);
    expect((await changed.json()) as object).toHaveProperty(['paths', '/fresh']);
    expect(await post(`${url}/it/fresh`)).toMatchObject({ status: 200, body: 'fresh was called' });

    await post(`${url}/it/remove_tool`, { name: 'fresh' });
    await until(async () => !(await documentOf(url)).tools.includes('fresh'), followsWithinMs);
    expect((await post(`${url}/it/fresh`)).status).toBe(404);
    expect((await documentOf(url)).etag, 'what is as it was has the same tag').toBe(etag);
  });

  it('a hundred changes in a second cost few listings, and the last one counts', async () => {
    const { url } = await start(kind);
    const before = await listings(url);
    const { status } = await post(`${url}/it/storm`, { times: 100 });
    const calmAt = Date.now();
    expect(status).toBe(200);
    await until(async () => (await documentOf(url)).tools.includes('storm_100'), followsWithinMs);
    expect((await documentOf(url)).tools.filter((tool) => tool.startsWith('storm_'))).toEqual(['storm_100']);
    await untilSince(calmAt, followsWithinMs);
    const cost = (await listings(url)) - before;
    expect(cost).toBeGreaterThan(0);
    expect(cost).toBeLessThanOrEqual(maxListings);
  });

  it('a hundred announcements at once cost few listings', async () => {
    const { url } = await start(kind);
    const before = await listings(url);
    await post(`${url}/it/burst`, { times: 100 });
    const calmAt = Date.now();
    await until(async () => (await listings(url)) > before);
    await untilSince(calmAt, followsWithinMs);
    expect((await listings(url)) - before).toBeLessThanOrEqual(maxListings);
  });

  it('a change during a slow listing is not lost', async () => {
    const listMs = 700;
    const { url } = await start(kind, { LIST_MS: String(listMs) });
    const before = await listings(url);
    await post(`${url}/it/add_tool`, { name: 'first' });
    await until(async () => (await listings(url)) > before);
    // The list that is on its way knows nothing of this one.
    await post(`${url}/it/add_tool`, { name: 'second' });
    await until(async () => (await documentOf(url)).tools.includes('second'), 2 * listMs + followsWithinMs);
    expect((await documentOf(url)).tools).toContain('first');
  });
});
