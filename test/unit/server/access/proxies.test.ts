import { expect, test } from 'vitest';
import type { Settings } from '../../../../src/config/types.ts';
import { expectedBinding } from '../../../../src/server/bind.ts';
import { mountOf } from '../../../../src/server/access/proxies.ts';
import { accessRules } from '../../../../src/server/access/rules.ts';
import { fakeProgram } from '../fakes.ts';

function mount(given: Partial<Settings>, headers: Record<string, string>, peer = '10.0.0.9', encrypted = false) {
  const settings = { ...fakeProgram({}).snapshot().config.settings, port: 8000, ...given };
  return mountOf(settings, accessRules(settings, expectedBinding(settings)), { headers, peer, encrypted });
}

test('the address is the one that was asked for', () => {
  expect(mount({}, { host: 'box:8000' })).toEqual({ origin: 'http://box:8000', rootPath: '' });
  expect(mount({ rootPath: '/mcp' }, { host: 'box' }, '::1', true)).toEqual({
    origin: 'https://box',
    rootPath: '/mcp',
  });
});

test.each([
  'evil.example/path',
  'a b',
  'user@host',
  '"><script>',
  'host:port',
  '',
  'host:99999',
  '127.0.0.999',
  '[:::]',
])('a Host header that is no plain host and port is not repeated: %j', (host) => {
  expect(mount({}, { host }).origin).toBe('http://127.0.0.1:8000');
});

const forwarded = {
  host: 'inside:8000',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'tools.example',
  'x-forwarded-prefix': '/apps/mcp/',
};

test('a proxy that is not trusted is not believed', () => {
  expect(mount({}, forwarded)).toEqual({ origin: 'http://inside:8000', rootPath: '' });
  expect(mount({ trustedProxies: ['10.0.0.8', '192.168.0.0/16'] }, forwarded).origin).toBe('http://inside:8000');
});

test.each([
  ['10.0.0.9', '10.0.0.9'],
  ['10.0.0.0/8', '10.0.0.9'],
  ['10.0.0.0/8', '::ffff:10.0.0.9'],
  ['::1', '::1'],
  ['fd00::/8', 'fd00::1234'],
])('a proxy in %s is believed at %s', (trusted, peer) => {
  const expected = { origin: 'https://tools.example', rootPath: '/apps/mcp' };
  expect(mount({ trustedProxies: [trusted], rootPath: '/other' }, forwarded, peer)).toEqual(expected);
});

test('the Forwarded header is believed too, and its last element is the one the proxy wrote', () => {
  const header = 'for=1.2.3.4;host=evil.example;proto=http, for=10.1.1.1;Proto=https;host="tools.example:8443"';
  const headers = { host: 'inside', forwarded: header };
  expect(mount({ trustedProxies: ['10.0.0.9'] }, headers).origin).toBe('https://tools.example:8443');
});

test.each([
  ['https', 'tools.example', '8443', 'https://tools.example:8443'],
  ['https', 'tools.example', '443', 'https://tools.example'],
  ['http', 'tools.example', '80', 'http://tools.example'],
  ['https', 'tools.example:9', '8443', 'https://tools.example:9'],
  ['https', '[::1]', '8443', 'https://[::1]:8443'],
  ['https', 'tools.example', '1/x', 'https://tools.example'],
])('a trusted port belongs to the host: %s, %s, %s', (proto, host, port, origin) => {
  const headers = {
    host: 'inside',
    'x-forwarded-proto': proto,
    'x-forwarded-host': host,
    'x-forwarded-port': port,
  };
  expect(mount({ trustedProxies: ['10.0.0.9'] }, headers).origin).toBe(origin);
  expect(mount({}, headers).origin).toBe('http://inside');
});

test.each([
  ['x-forwarded-proto', 'gopher', 'http://inside:8000'],
  ['x-forwarded-host', 'a/b', 'http://inside:8000'],
])('a trusted %s of %j is left out', (name, value, origin) => {
  expect(mount({ trustedProxies: ['10.0.0.9'] }, { host: 'inside:8000', [name]: value }).origin).toBe(origin);
});

test.each(['//evil.example', 'evil', '/a"b', '/a/../b c'])(
  'a prefix that is no plain path is left out: %j',
  (prefix) => {
    const headers = { host: 'inside', 'x-forwarded-prefix': prefix };
    expect(mount({ trustedProxies: ['10.0.0.9'] }, headers).rootPath).toBe('');
  },
);

test('--public-url wins, with the root path once', () => {
  const trusted = { trustedProxies: ['10.0.0.9'] };
  const expected = { origin: 'https://tools.example', rootPath: '/mcp' };
  for (const publicUrl of ['https://tools.example', 'https://tools.example/mcp', 'https://tools.example/mcp/']) {
    expect(mount({ publicUrl, rootPath: '/mcp' }, { host: 'box' })).toEqual(expected);
  }
  expect(mount({ publicUrl: 'https://tools.example/mcp' }, { host: 'box' })).toEqual(expected);
  expect(mount({ publicUrl: 'https://public.example', ...trusted }, forwarded).origin).toBe('https://public.example');
});
