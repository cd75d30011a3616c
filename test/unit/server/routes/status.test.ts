import { expect, test } from 'vitest';
import type { LastReload } from '../../../../src/events.ts';
import { fakeProgram, startedAt, type FakeServer } from '../fakes.ts';

const since = new Date(startedAt).toISOString();
const down: FakeServer = {
  status: {
    state: 'down',
    detail: 'command not found: uvx; next try in 4 s.',
    lastError: 'command not found: uvx',
    nextRetryAt: startedAt + 4_000,
    restarts: 2,
    attempted: true,
  },
};

const servers = { time: { tools: ['get'] }, down, off: { disabled: true } };

test('GET / tells programs how every server is', async () => {
  const response = await fakeProgram(servers).inject({ url: '/', headers: { accept: 'application/json' } });
  expect(response.headers['content-type']).toBe('application/json');
  expect(response.headers['cache-control']).toBe('no-store');
  expect(response.headers['vary']).toBe('Origin, Accept');
  const rest = { tools: 0, restarts: 0, inFlight: 0, queued: 0, sessions: 0, lastError: null, nextRetryAt: null };
  expect(response.json()).toEqual({
    name: 'mcpo',
    version: '9.8.7',
    lastReload: null,
    servers: {
      time: { ...rest, state: 'ready', detail: 'Ready.', since, tools: 1 },
      down: {
        ...rest,
        state: 'down',
        detail: 'command not found: uvx; next try in 4 s.',
        since,
        restarts: 2,
        lastError: 'command not found: uvx',
        nextRetryAt: new Date(startedAt + 4_000).toISOString(),
      },
      off: { ...rest, state: 'disabled', detail: 'Disabled in the configuration.', since },
    },
  });
});

test('GET /{server}/ tells the same of one', async () => {
  const program = fakeProgram(servers);
  const { servers: all } = (await program.inject('/')).json();
  for (const url of ['/down', '/down/', '//down//']) {
    expect((await program.inject(url)).json()).toEqual({ name: 'down', ...all.down });
  }
  expect((await program.inject('/off/')).json()).toMatchObject({ state: 'disabled' });
  expect((await program.inject('/dwn/')).json()).toMatchObject({ code: 'unknown_server' });
});

const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8';

test.each([
  [undefined, 'application/json'],
  ['*/*', 'application/json'],
  ['application/json', 'application/json'],
  ['text/html;q=0.5, application/json', 'application/json'],
  ['text/html, application/json', 'application/json'],
  ['text/html;q=0', 'application/json'],
  ['text/html', 'text/html; charset=utf-8'],
  ['Text/HTML', 'text/html; charset=utf-8'],
  ['application/json;q=0.1, text/html', 'text/html; charset=utf-8'],
  [browser, 'text/html; charset=utf-8'],
])('Accept: %s gets %s', async (accept, type) => {
  const program = fakeProgram(servers);
  for (const url of ['/', '/time/']) {
    const response = await program.inject({ url, headers: accept === undefined ? {} : { accept } });
    expect(response.statusCode).toBe(200);
    expect(response.headers['content-type']).toBe(type);
  }
});

test('pages show the servers, and run nothing that is not ours', async () => {
  const program = fakeProgram({ '<b>time': { tools: ['get'] }, down }, { settings: { name: 'Our tools' } });
  const response = await program.inject({ url: '/', headers: { accept: browser } });
  expect(response.headers['content-security-policy']).toBe(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
      "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  );
  expect(response.headers['referrer-policy']).toBe('no-referrer');
  expect(response.headers['x-content-type-options']).toBe('nosniff');
  expect(response.body).toContain('Our tools');
  expect(response.body).toContain('command not found: uvx');
  expect(response.body).not.toContain('<b>time');
});

test('links carry the root path', async () => {
  const program = fakeProgram(servers, { settings: { rootPath: '/mcp', pathPrefix: '/api' } });
  const { body } = await program.inject({ url: '/mcp/', headers: { accept: browser } });
  expect(body).toContain('href="/mcp/docs"');
  expect(body).toContain('href="/mcp/assets/frame.css?v=9.8.7"');
  expect(body).toContain('/mcp/api/time');
});

test('GET /healthz says that the process answers', async () => {
  const response = await fakeProgram({ down }).inject('/healthz');
  expect(response.statusCode).toBe(200);
  expect(response.json()).toEqual({ status: 'ok' });
  expect(response.headers['cache-control']).toBe('no-store');
});

test('GET /readyz waits for the first attempt of every required server, good or bad', async () => {
  const waiting = await fakeProgram({ time: { tools: [] }, slow: {}, down, off: { disabled: true } }).inject('/readyz');
  expect(waiting.statusCode).toBe(503);
  expect(waiting.json()).toEqual({
    status: 'starting',
    reason: 'These servers have yet to end their first attempt: slow.',
    servers: {
      time: { state: 'ready', attempted: true, required: true, detail: 'Ready.' },
      slow: { state: 'starting', attempted: false, required: true, detail: 'Starting.' },
      down: { state: 'down', attempted: true, required: true, detail: 'command not found: uvx; next try in 4 s.' },
    },
  });

  const ready = await fakeProgram({ time: { tools: [] }, slow: { required: false }, down }).inject('/readyz');
  expect(ready.statusCode).toBe(200);
  expect(ready.json()).toMatchObject({ status: 'ready', servers: { slow: { required: false } } });
  expect(ready.json()).not.toHaveProperty('reason');
});

test('GET /readyz stays ready while a server that came later has its first attempt', async () => {
  const program = fakeProgram({ time: { tools: [] }, later: {} }, { hidden: ['later'] });
  expect((await program.inject('/readyz')).statusCode).toBe(200);
  program.publish();
  const response = await program.inject('/readyz');
  expect(response.statusCode).toBe(200);
  expect(response.json()).toMatchObject({ status: 'ready', servers: { later: { attempted: false } } });
  program.stop();
  expect((await program.inject('/readyz')).statusCode).toBe(503);
});

const refused: LastReload = {
  at: startedAt + 60_000,
  outcome: 'refused',
  detail: 'mcpo.json:3:1: <no>; the configuration in force stays',
  added: [],
  removed: [],
  changed: [],
};

test('GET / tells what the last reload came to', async () => {
  const program = fakeProgram(servers, { lastReload: refused });
  expect((await program.inject('/')).json()).toMatchObject({
    lastReload: { ...refused, at: new Date(refused.at).toISOString() },
  });
  const page = (await program.inject({ url: '/', headers: { accept: browser } })).body;
  expect(page).toContain('The last reload was refused');
  expect(page).toContain('mcpo.json:3:1: &lt;no&gt;; the configuration in force stays.');
});

test('the page says nothing of a reload that succeeded', async () => {
  for (const outcome of ['applied', 'unchanged'] as const) {
    const program = fakeProgram(servers, { lastReload: { ...refused, outcome } });
    expect((await program.inject({ url: '/', headers: { accept: browser } })).body).not.toContain('reload was');
  }
});

test('GET /readyz is 503 while the program stops; /healthz is not', async () => {
  const program = fakeProgram({ time: { tools: [] } });
  program.stop();
  const response = await program.inject('/readyz');
  expect(response.statusCode).toBe(503);
  expect(response.json()).toMatchObject({ status: 'shutting-down', reason: 'The program is shutting down.' });
  expect((await program.inject('/healthz')).statusCode).toBe(200);
});

test('tools are counted that are offered, as the page shows them', async () => {
  const time: FakeServer = { tools: ['get'], status: { state: 'ready', tools: 8, detail: 'ready with 8 tools' } };
  const told = (await fakeProgram({ time }).inject('/time/')).json();
  expect(told).toMatchObject({ tools: 1, detail: 'ready with 8 tools; 1 offered' });
});
