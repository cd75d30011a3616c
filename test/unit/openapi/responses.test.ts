import { describe, expect, it } from 'vitest';
import { AppError, errorTable, type ErrorCode } from '../../../src/errors.ts';
import type { JsonObject } from '../../../src/json/value.ts';
import { problemPlan } from '../../../src/openapi/problem.ts';
import {
  callCodes,
  errorResponses,
  failuresAt,
  problemSchema,
  responseComponents,
} from '../../../src/openapi/responses.ts';
import { makeOAuth, makeServerConfig, makeSettings } from './made.ts';

const open = makeSettings();
const guarded = makeSettings({ apiKey: 'k' });
const usual = { codes: callCodes };
const teapot = { codes: callCodes, toolErrorStatus: 418 };

describe('the error responses of a call', () => {
  it('are those that can happen', () => {
    const always = ['400', '403', '404', '406', '413', '414', '415', '422', '431', '500', '502', '503', '504'];
    expect(Object.keys(errorResponses(open, usual))).toEqual(always);
    expect(Object.keys(errorResponses(guarded, usual))).toEqual([...always.slice(0, 1), '401', ...always.slice(1)]);
    expect(errorResponses(open, teapot)).toHaveProperty('418', { $ref: '#/components/responses/Error418' });
  });

  it('are no tool error under a status that the configuration took it from', () => {
    const withOwn = responseComponents(open, [teapot]);
    expect((withOwn['Error422'] as JsonObject)['description']).not.toContain('tool_error');
    expect((withOwn['Error418'] as JsonObject)['description']).toContain('tool_error');
    expect(Object.keys(errorResponses(open, { codes: ['not_supported'] }))).toEqual(['501']);
  });

  it('are all there as components', () => {
    const components = responseComponents(guarded, [usual, teapot]);
    for (const reference of Object.values(errorResponses(guarded, teapot)) as { $ref: string }[]) {
      expect(components).toHaveProperty(reference.$ref.slice('#/components/responses/'.length));
    }
  });

  it('have a Retry-After where answers have one', () => {
    const components = responseComponents(guarded, [usual]);
    const withHeader = (name: string) =>
      Object.keys(components).filter(
        (key) =>
          (components[key] as JsonObject)['headers'] !== undefined &&
          name in ((components[key] as JsonObject)['headers'] as object),
      );
    expect(withHeader('Retry-After')).toEqual(['Error502', 'Error503']);
    expect(withHeader('WWW-Authenticate')).toEqual(['Error401']);
    expect((components['Error503'] as JsonObject)['description']).toBe(
      'Starting (`starting`), or Overloaded (`overloaded`), or Shutting down (`shutting_down`).',
    );
  });
});

describe('a server that users sign in to', () => {
  const usualAt = (oauth: ReturnType<typeof makeOAuth> | undefined) =>
    failuresAt(makeServerConfig('a', { oauth }), usual);
  const plain = usualAt(undefined);
  const signIn = usualAt(makeOAuth());
  const withTokens = usualAt(makeOAuth({ webuiSecretKey: 's' }));
  const descriptionOf = (components: JsonObject, key: string) => (components[key] as JsonObject)['description'];

  it('alone says that a sign-in may be required', () => {
    expect(plain.codes).not.toContain('authorization_required');
    expect(errorResponses(open, plain)).not.toHaveProperty('401');
    expect(errorResponses(open, signIn)['401']).toEqual({ $ref: '#/components/responses/Error401SignIn' });
    expect(errorResponses(guarded, plain)['401']).toEqual({ $ref: '#/components/responses/Error401' });
    const components = responseComponents(guarded, [plain, signIn]);
    expect(descriptionOf(components, 'Error401')).toBe('Authentication required (`unauthenticated`).');
    expect(descriptionOf(components, 'Error401SignIn')).toBe(
      'Authentication required (`unauthenticated`), or Sign-in required (`authorization_required`).',
    );
    const withoutKey = responseComponents(open, [plain, signIn]);
    expect(withoutKey).not.toHaveProperty('Error401');
    expect(descriptionOf(withoutKey, 'Error401SignIn')).toBe('Sign-in required (`authorization_required`).');
  });

  it('refuses bad tokens where it judges them, whether or not there is a key', () => {
    expect(descriptionOf(responseComponents(open, [withTokens]), 'Error401SignIn')).toContain('unauthenticated');
    const jwtSecret = usualAt(makeOAuth({ webuiUserJwtSecret: 's' }));
    expect(descriptionOf(responseComponents(open, [jwtSecret]), 'Error401SignIn')).toContain('unauthenticated');
  });

  it('differs in nothing else', () => {
    const { '401': _, ...others } = errorResponses(open, signIn);
    expect(others).toEqual(errorResponses(open, plain));
  });
});

describe('the schema of problems', () => {
  it('knows every member of every problem document', () => {
    const properties = Object.keys(problemSchema['properties'] as JsonObject);
    for (const code of Object.keys(errorTable) as ErrorCode[]) {
      const fields = {
        errors: [{ pointer: '#/a', detail: 'd' }],
        server: 's',
        tool: 't',
        retryAfter: 1,
        authorizationUrl: 'https://a/b',
        dataText: '1',
      };
      const document = JSON.parse(problemPlan(new AppError(code, 'd', fields), 'id').body) as JsonObject;
      expect(properties).toEqual(expect.arrayContaining(Object.keys(document)));
      expect(Object.keys(document)).toEqual(expect.arrayContaining(problemSchema['required'] as string[]));
    }
  });
});
