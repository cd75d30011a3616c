import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/errors.ts';
import { problemPlan } from '../../../src/openapi/problem.ts';

describe('problemPlan', () => {
  it('builds a short problem document', () => {
    const { status, headers, body } = problemPlan(new AppError('unknown_tool', 'There is no tool "x".'), 'abc-1');
    expect(status).toBe(404);
    expect(headers).toEqual({ 'Content-Type': 'application/problem+json' });
    expect(JSON.parse(body)).toEqual({
      type: 'urn:mcpo:error:unknown_tool',
      title: 'Unknown tool',
      status: 404,
      detail: 'There is no tool "x".',
      code: 'unknown_tool',
      instance: 'abc-1',
    });
  });

  it('shows further members where they apply', () => {
    const fields = {
      errors: [{ pointer: '#/a', detail: 'must be a number' }],
      server: 's',
      tool: 't',
      status: 500,
    };
    const plan = problemPlan(new AppError('tool_error', 'No.', fields, { cause: new Error('secret') }), 'id');
    expect(plan.status).toBe(500);
    expect(JSON.parse(plan.body)).toMatchObject(fields);
    expect(plan.body).not.toContain('secret');
  });

  it('shows data in its own spelling', () => {
    const dataText = '{"id": 9007199254740993, "price": 1.10}';
    const { body } = problemPlan(new AppError('upstream_error', 'No.', { dataText }), 'id');
    expect(body).toContain(`,"data":${dataText}}`);
    expect(JSON.parse(body)).toMatchObject({ detail: 'No.', data: { price: 1.1 } });
  });

  it('says when to come back in whole seconds, at least one', () => {
    const at = (retryAfter: number) => problemPlan(new AppError('starting', 'Soon.', { retryAfter }), 'id');
    expect(at(0).headers['Retry-After']).toBe('1');
    expect(at(1.2).headers['Retry-After']).toBe('2');
    expect(JSON.parse(at(1.2).body)).toMatchObject({ retryAfter: 2 });
  });

  it('says where to sign in', () => {
    const authorizationUrl = 'https://tools.acme.dev/oauth/notes/authorize?ticket=t';
    const { status, body } = problemPlan(new AppError('authorization_required', 'No.', { authorizationUrl }), 'id');
    expect(status).toBe(401);
    expect(JSON.parse(body)).toMatchObject({ code: 'authorization_required', authorizationUrl });
    expect(problemPlan(new AppError('authorization_required', 'No.'), 'id').body).not.toContain('authorizationUrl');
  });

  it('names the methods that a path has', () => {
    const { headers } = problemPlan(new AppError('method_not_allowed', 'No.', { allow: ['GET', 'HEAD'] }), 'id');
    expect(headers['Allow']).toBe('GET, HEAD');
  });
});
