import { expect, test } from 'vitest';
import type { RenderMetrics } from '../../../../src/server/exchange.ts';
import { fakeProgram, type FakeOptions } from '../fakes.ts';

const servers = { time: { tools: ['get'] } };
const contentType = 'text/plain; version=0.0.4; charset=utf-8';
const metrics: RenderMetrics = async (snapshot) => ({
  contentType,
  text: `${[...snapshot.servers.keys()].join()} ü\n`,
});

test('GET /metrics is what the snapshot of this moment comes to', async () => {
  const program = fakeProgram({ ...servers, late: {} }, { metrics, hidden: ['late'] });
  const response = await program.inject('/metrics');
  expect([response.statusCode, response.body]).toEqual([200, 'time ü\n']);
  expect(response.headers['content-type']).toBe(contentType);
  expect(response.headers['cache-control']).toBe('no-store');
  program.publish();
  expect((await program.inject('/metrics/?name[]=x')).body).toBe('time,late ü\n');
});

test('HEAD is the same without its body', async () => {
  const program = fakeProgram(servers, { metrics });
  const response = await program.inject({ method: 'HEAD', url: '/metrics' });
  expect([response.statusCode, response.body]).toEqual([200, '']);
  expect(response.headers['content-length']).toBe('8');
});

test.each(['POST', 'PUT', 'DELETE', 'TRACE'] as const)('%s is 405 and says what would be right', async (method) => {
  for (const mode of ['many', 'single'] as const) {
    const response = await fakeProgram(servers, { metrics, mode }).inject({
      method: method as 'POST',
      url: '/metrics',
    });
    expect([response.statusCode, response.headers['allow']]).toEqual([405, 'GET, HEAD']);
    expect(response.json()).toMatchObject({ code: 'method_not_allowed' });
  }
});

test.each([
  ['nobody counts', {}, '/metrics'],
  ['nobody counts for a single server', { mode: 'single' }, '/metrics'],
  ['it is asked of one server', { metrics }, '/time/metrics'],
  ['it is asked under the path prefix', { metrics, settings: { pathPrefix: '/api' } }, '/api/metrics'],
] satisfies [string, FakeOptions, string][])('where %s there is nothing', async (_case, options, url) => {
  for (const method of ['GET', 'HEAD', 'POST', 'PUT'] as const) {
    const response = await fakeProgram(servers, options).inject({ method, url });
    expect([method, response.statusCode]).toEqual([method, 404]);
    expect(response.headers['content-type']).toBe('application/problem+json');
    expect(response.headers['allow']).toBeUndefined();
  }
});

test('it stays at the root, whatever the path prefix is', async () => {
  const program = fakeProgram(servers, { metrics, settings: { pathPrefix: '/api', rootPath: '/mcp' } });
  for (const url of ['/metrics', '/mcp/metrics']) expect((await program.inject(url)).statusCode).toBe(200);
  expect((await program.inject({ method: 'POST', url: '/metrics' })).statusCode).toBe(405);
});

test('it needs the key where documents do', async () => {
  const open = fakeProgram(servers, { metrics, settings: { apiKey: 'secret' } });
  expect((await open.inject('/metrics')).statusCode).toBe(200);
  const strict = fakeProgram(servers, { metrics, settings: { apiKey: 'secret', strictAuth: true } });
  for (const method of ['GET', 'HEAD'] as const) {
    const refused = await strict.inject({ method: method as 'POST', url: '/metrics' });
    expect(refused.statusCode).toBe(401);
    expect(refused.headers['www-authenticate']).toContain('Basic');
    const headers = { authorization: 'Bearer wrong' };
    expect((await strict.inject({ method, url: '/metrics', headers })).statusCode).toBe(403);
  }
  const headers = { authorization: 'Bearer secret' };
  expect((await strict.inject({ url: '/metrics', headers })).statusCode).toBe(200);
});

test('what cannot be rendered is an internal error', async () => {
  const broken: RenderMetrics = () => Promise.reject(new Error('no'));
  const program = fakeProgram(servers, { metrics: broken });
  const response = await program.inject('/metrics');
  expect(response.json()).toMatchObject({ status: 500, code: 'internal' });
  expect(program.events).toMatchObject([{ type: 'internal-error' }]);
});
