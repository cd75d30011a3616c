import { expect, test } from 'vitest';
import {
  bindingCookie,
  bindingOf,
  isFromOwnPage,
  newBinding,
  newSession,
  noSessionCookie,
  sessionCookie,
  sessionOf,
  type Visit,
} from '../../../../src/server/access/cookie.ts';

const plain = { origin: 'http://127.0.0.1:8000', rootPath: '' };
const https = { origin: 'https://tools.example', rootPath: '' };
const mounted = { origin: 'https://tools.example', rootPath: '/mcp' };

function visit(cookie: string, changes: Partial<Visit> = {}, more: Visit['headers'] = {}): Visit {
  const headers = { cookie, ...more };
  return { method: 'POST', headers, mount: plain, origins: { listed: new Set() }, ...changes };
}

/** `name=value` of a Set-Cookie. */
function pairOf(setCookie: string): string {
  return setCookie.split(';', 1).join();
}

const session = newSession();
const cookie = pairOf(sessionCookie('linear', plain, session));

test('the session cookie is for the browser alone, and never leaves with foreign forms', () => {
  const [pair, ...attributes] = sessionCookie('linear', plain, session).split('; ');
  expect(pair).toMatch(/^mcpo_session_[0-9a-f]{8}=[0-9a-f-]{36}$/);
  expect(attributes.toSorted()).toEqual(['HttpOnly', 'Max-Age=2592000', 'Path=/', 'SameSite=Lax']);
});

test('under https it is Secure, and __Host- where the path allows it', () => {
  for (const text of [sessionCookie('linear', https, session), bindingCookie('linear', https, newBinding('linear'))]) {
    expect(text).toMatch(/^__Host-mcpo_(session|signin)_[0-9a-f]{8}=/);
    expect(text.split('; ')).toEqual(expect.arrayContaining(['Secure', 'HttpOnly', 'Path=/', 'SameSite=Lax']));
    expect(text).not.toContain('Domain');
  }
  const below = sessionCookie('linear', mounted, session);
  expect(below).toMatch(/^mcpo_session_/);
  expect(below.split('; ')).toEqual(expect.arrayContaining(['Secure', 'Path=/mcp']));
});

test('each server has its own', () => {
  expect(sessionOf(visit(cookie), 'linear')).toBe(session);
  expect(sessionOf(visit(cookie), 'github')).toBeUndefined();
  expect(sessionOf(visit(cookie, { mount: https }), 'linear')).toBeUndefined();
});

test('signing out takes it from the browser', () => {
  const text = noSessionCookie('linear', plain);
  expect(pairOf(text)).toBe(`${cookie.split('=', 1).join()}=`);
  expect(text).toContain('Max-Age=0');
});

test.each([
  '',
  'x',
  session.toUpperCase(),
  `${session}0`,
  session.replaceAll('-', ''),
  '00000000-0000-0000-0000-000000000000',
  '6ba7b810-9dad-11d1-80b4-00c04fd430c8',
  `${session}%0d%0a`,
  '%',
])('a session of another form is none: %j', (value) => {
  expect(sessionOf(visit(`${cookie.split('=', 1).join()}=${value}`), 'linear')).toBeUndefined();
});

const own = plain.origin;
const neighbour = 'http://127.0.0.1:3000';

test.each([
  ['a program', {}, true],
  ['our own page', { 'sec-fetch-site': 'same-origin', origin: own }, true],
  ['our own page, without a referrer', { 'sec-fetch-site': 'same-origin', origin: 'null' }, true],
  ['an address that was typed', { 'sec-fetch-site': 'none' }, true],
  ['our own page in an older browser', { origin: own }, true],
  ['a page on another port', { 'sec-fetch-site': 'same-site', origin: neighbour }, false],
  ['a page on another port, in an older browser', { origin: neighbour }, false],
  ['a page elsewhere', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }, false],
  ['a page without an origin', { 'sec-fetch-site': 'cross-site', origin: 'null' }, false],
  [
    'a picture elsewhere',
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
    false,
  ],
  ['a page that was listed', { 'sec-fetch-site': 'cross-site', origin: 'https://chat.example' }, true],
  [
    'a form elsewhere',
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
    false,
  ],
] as const)('a session counts in what is sent by: %s (%o: %s)', (_, headers, counts) => {
  const origins = { listed: new Set(['https://chat.example']) };
  const sent = visit(cookie, { origins }, headers);
  expect(sessionOf(sent, 'linear')).toBe(counts ? session : undefined);
  expect(isFromOwnPage(sent)).toBe(counts);
});

test('a session counts for somebody who follows a link from elsewhere, not in a frame there', () => {
  const follows = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
  expect(sessionOf(visit(cookie, { method: 'GET' }, follows), 'linear')).toBe(session);
  const framed = { ...follows, 'sec-fetch-dest': 'iframe' };
  expect(sessionOf(visit(cookie, { method: 'GET' }, framed), 'linear')).toBeUndefined();
  expect(isFromOwnPage(visit(cookie, { method: 'GET' }, follows))).toBe(false);
});

test('a binding is known again, for its server alone', () => {
  const binding = newBinding('linear');
  const name = (server: string): string => pairOf(bindingCookie(server, plain, '')).slice(0, -1);
  expect(bindingOf(visit(pairOf(bindingCookie('linear', plain, binding))), 'linear')).toBe(binding);
  expect(bindingOf(visit(`${name('github')}=${binding}`), 'github')).toBeUndefined();
  expect(newBinding('linear')).not.toBe(binding);
});

test.each(['', 'x', `${'A'.repeat(43)}.${'A'.repeat(43)}`, 'A'.repeat(43), '.'])(
  'a binding that we did not make is none: %j',
  (value) => {
    const name = pairOf(bindingCookie('linear', plain, '')).slice(0, -1);
    expect(bindingOf(visit(`${name}=${value}`), 'linear')).toBeUndefined();
  },
);

test('the first of two cookies of the same name counts, whatever the second is', () => {
  const name = cookie.split('=', 1).join();
  expect(sessionOf(visit(`${cookie}; ${name}=${newSession()}`), 'linear')).toBe(session);
  expect(sessionOf(visit(`__proto__=1; constructor=2; ${cookie}`), 'linear')).toBe(session);
});
