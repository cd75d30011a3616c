// Which scopes are asked for, and whose word counts.

import { expect, test } from 'vitest';
import type { AuthorizationServer } from '../../../../src/mcp/oauth/authorization-server.ts';
import { scopeToAsk } from '../../../../src/mcp/oauth/scopes.ts';

const offers = (scopes: readonly string[]): AuthorizationServer => ({
  issuer: 'https://auth.example',
  url: 'https://auth.example/',
  metadata: {
    issuer: 'https://auth.example',
    authorization_endpoint: 'https://auth.example/authorize',
    token_endpoint: 'https://auth.example/token',
    response_types_supported: ['code'],
    scopes_supported: [...scopes],
  },
  revocationEndpoint: undefined,
  resource: undefined,
  resourceScope: undefined,
});

const none = { challenged: undefined, wanted: undefined };
const quiet = { scopes: undefined, clientMetadata: {} };

test('the refusal counts before the configuration, that before the metadata, that before client_metadata', () => {
  const server = { ...offers([]), resourceScope: 'published' };
  const config = { scopes: ['configured', 'too'], clientMetadata: { scope: 'described' } };
  expect(scopeToAsk(server, config, { ...none, challenged: 'challenged' })).toBe('challenged');
  expect(scopeToAsk(server, config, none)).toBe('configured too');
  expect(scopeToAsk(server, { ...config, scopes: undefined }, none)).toBe('published');
  expect(scopeToAsk(offers([]), { ...config, scopes: undefined }, none)).toBe('described');
  expect(scopeToAsk(offers([]), quiet, none)).toBeUndefined();
});

test('what was had before is asked for again, once', () => {
  expect(scopeToAsk(offers([]), { ...quiet, scopes: ['a', 'b'] }, { ...none, wanted: 'b c' })).toBe('a b c');
});

test('offline_access comes with it where the server offers it and refresh tokens are wanted', () => {
  const server = offers(['offline_access']);
  const scopes = ['a'];
  expect(scopeToAsk(server, { ...quiet, scopes }, none)).toBe('a offline_access');
  expect(scopeToAsk(offers(['a']), { ...quiet, scopes }, none)).toBe('a');
  expect(scopeToAsk(server, quiet, none)).toBeUndefined();
  const clientMetadata = { grant_types: ['authorization_code'] };
  expect(scopeToAsk(server, { scopes, clientMetadata }, none)).toBe('a');
});
