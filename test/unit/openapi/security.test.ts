import { describe, expect, it } from 'vitest';
import { isGuarded } from '../../../src/config/guarded.ts';
import type { AccessKey, JwtConfig } from '../../../src/config/types.ts';
import { asksForCredentials, securityOf } from '../../../src/openapi/security.ts';
import { makeSettings } from './made.ts';

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
  secret: 'secret-key',
  jwks: undefined,
  issuer: undefined,
  audience: undefined,
  userClaim: 'sub',
};

const byKey = [{ bearer: [] }, { basic: [] }, { apiKey: [] }];

describe('what a call needs', () => {
  it.each([
    ['nothing', {}, []],
    ['the key', { apiKey: 'secret-key' }, byKey],
    ['a key of the file', { keys: [key] }, byKey],
    ["a user's token", { jwt }, [{ bearer: [] }]],
    ["a key, which a user's token does not replace", { apiKey: 'secret-key', jwt }, byKey],
    ['the same with a key of the file', { keys: [key], jwt }, byKey],
  ])('is %s', (_, more, expected) => {
    const settings = makeSettings(more);
    const { security, securitySchemes = {} } = securityOf(settings);
    expect(security).toEqual(expected);
    expect(Object.keys(securitySchemes)).toEqual(expected.flatMap((each) => Object.keys(each)));
    expect(asksForCredentials(settings)).toBe(expected.length > 0);
    // What guards the program, and decides about its bind, is what its document asks for.
    expect(asksForCredentials(settings)).toBe(isGuarded(settings));
    expect(JSON.stringify(securityOf(settings))).not.toMatch(/secret-key|0000/);
  });

  it('is a token of a user where nothing else will do, and the key otherwise', () => {
    expect(securityOf(makeSettings({ jwt })).securitySchemes?.['bearer']).toMatchObject({ bearerFormat: 'JWT' });
    const { securitySchemes } = securityOf(makeSettings({ apiKey: 'k', jwt }));
    expect(securitySchemes?.['bearer']).not.toHaveProperty('bearerFormat');
  });
});
