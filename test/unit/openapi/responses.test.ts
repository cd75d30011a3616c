import { describe, expect, it } from 'vitest';
import { AppError, errorTable, type ErrorCode } from '../../../src/errors.ts';
import type { JsonObject } from '../../../src/json/value.ts';
import { problemPlan } from '../../../src/openapi/problem.ts';
import { errorResponses, problemSchema, responseComponents } from '../../../src/openapi/responses.ts';
import { makeSettings } from './made.ts';

const open = makeSettings();
const guarded = makeSettings({ apiKey: 'k' });

describe('the error responses of a call', () => {
  it('are those that can happen', () => {
    const always = ['400', '403', '404', '413', '414', '415', '422', '431', '500', '502', '503', '504'];
    expect(Object.keys(errorResponses(open, undefined))).toEqual(always);
    expect(Object.keys(errorResponses(guarded, undefined))).toEqual([...always.slice(0, 1), '401', ...always.slice(1)]);
    expect(errorResponses(open, 418)).toHaveProperty('418', { $ref: '#/components/responses/Error418' });
  });

  it('are all there as components', () => {
    const components = responseComponents(guarded, [undefined, 418]);
    for (const reference of Object.values(errorResponses(guarded, 418)) as { $ref: string }[]) {
      expect(components).toHaveProperty(reference.$ref.slice('#/components/responses/'.length));
    }
  });

  it('have a Retry-After where answers have one', () => {
    const components = responseComponents(guarded, [undefined]);
    const withHeader = (name: string) =>
      Object.keys(components).filter(
        (key) =>
          (components[key] as JsonObject)['headers'] !== undefined &&
          name in ((components[key] as JsonObject)['headers'] as object),
      );
    expect(withHeader('Retry-After')).toEqual(['Error502', 'Error503']);
    expect(withHeader('WWW-Authenticate')).toEqual(['Error401']);
  });
});

describe('the schema of problems', () => {
  it('knows every member of every problem document', () => {
    const properties = Object.keys(problemSchema['properties'] as JsonObject);
    for (const code of Object.keys(errorTable) as ErrorCode[]) {
      const fields = { errors: [{ pointer: '#/a', detail: 'd' }], server: 's', tool: 't', retryAfter: 1, data: 1 };
      const document = JSON.parse(problemPlan(new AppError(code, 'd', fields), 'id').body) as JsonObject;
      expect(properties).toEqual(expect.arrayContaining(Object.keys(document)));
      expect(Object.keys(document)).toEqual(expect.arrayContaining(problemSchema['required'] as string[]));
    }
  });
});
