import { describe, expect, test } from 'vitest';
import type { AccessKey, Config, JwtConfig, Settings } from '../../../src/config/types.ts';
import type { Binding } from '../../../src/server/access/rules.ts';
import { bindHost, bindSentence, bindWarning, originsSentence } from '../../../src/server/bind.ts';
import { defaultSettings, serverConfig, stdioTarget } from '../../support.ts';

const key: AccessKey = {
  name: 'ci',
  digest: '00'.repeat(32),
  servers: undefined,
  tools: undefined,
  readOnly: false,
  expiresAt: undefined,
};
const jwt: JwtConfig = {
  algorithms: ['HS256'],
  secret: 's',
  jwks: undefined,
  issuer: undefined,
  audience: undefined,
  userClaim: 'sub',
};

function configOf(settings: Partial<Settings>, oauth = false): Config {
  const server = serverConfig(stdioTarget('any'));
  return {
    mode: 'many',
    settings: { ...defaultSettings, ...settings },
    // Only that there is one matters here.
    servers: [oauth ? { ...server, oauth: {} as NonNullable<typeof server.oauth> } : server],
    file: undefined,
    hotReload: false,
    ignoredKeys: [],
  };
}

const everywhere: Binding = { address: '::', port: 8000, scheme: 'http' };
const here: Binding = { address: '127.0.0.1', port: 8000, scheme: 'http' };

describe.each<[string, Partial<Settings>, string, string]>([
  ['the key', { apiKey: 'k' }, 'an API key guards', 'the API key'],
  ['a named key', { keys: [key] }, 'API keys guard', 'an API key'],
  ["users' tokens", { jwt }, "users' tokens guard", "a user's token"],
])('where %s guards every server', (_name, settings, reason, ticket) => {
  const config = configOf(settings);

  test('every interface is bound, and every origin may call', () => {
    expect(bindHost(config.settings)).toBeUndefined();
    expect(bindSentence(config, everywhere)).toBe(
      `Listening on all interfaces, port 8000, because ${reason} every server; --host changes that.`,
    );
    expect(originsSentence(config)).toBe(`Web pages of every origin may call, with ${ticket}.`);
    expect(bindWarning(config, everywhere)).toBeUndefined();
  });
});

test.each([false, true])('where nothing does only this machine is served, signing in or not: %s', (oauth) => {
  const config = configOf({}, oauth);
  expect(bindHost(config.settings)).toBe('127.0.0.1');
  expect(bindSentence(config, here)).toMatch(/^Listening on 127\.0\.0\.1:8000 only, because no --api-key/);
  expect(originsSentence(config)).toMatch(/^Only web pages of this machine may call/);
  expect(bindWarning(config, everywhere)).toMatch(/^Anybody who can reach this address/);
});

test('an explicit address and explicit origins win', () => {
  const config = configOf({ host: '10.1.2.3', corsAllowOrigins: ['https://a.example'], keys: [key] });
  expect(bindHost(config.settings)).toBe('10.1.2.3');
  expect(bindHost({ ...config.settings, host: 'localhost' })).toBe('127.0.0.1');
  expect(bindSentence(config, { ...here, address: '10.1.2.3' })).toBe('Listening on 10.1.2.3:8000, as --host says.');
  expect(originsSentence(config)).toBe('Web pages of https://a.example may call, as --cors-allow-origins says.');
});
