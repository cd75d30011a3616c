// Of a sign-in that is needed; the other sentences are tested where calls and questions come to them.
import { describe, expect, it } from 'vitest';
import { askFailure } from '../../../src/openapi/exposed.ts';
import { outcomePlan } from '../../../src/openapi/failure.ts';
import { upstreamFailure } from '../../../src/openapi/upstream-failure.ts';
import { makeOperation } from './made.ts';

const authorizationUrl = 'https://tools.acme.dev/oauth/notes/authorize?ticket=t';
const asked = { server: 'notes', subject: 'The tool "list"', ownTimeoutMs: undefined };

function unauthorized(detail: string, url: string | undefined = authorizationUrl) {
  return { kind: 'unauthorized', detail, authorizationUrl: url } as const;
}

describe('a sign-in that is needed', () => {
  it('says why, and where, with an address that a chat can show', () => {
    const { code, message, fields } = upstreamFailure(unauthorized('you have not signed in to it'), asked);
    expect(code).toBe('authorization_required');
    expect(message).toBe(
      `The server "notes" needs a sign-in: you have not signed in to it. Open ${authorizationUrl} in a browser to sign in, then call again.`,
    );
    expect(fields).toEqual({ authorizationUrl });
    // Chats take everything up to the next space for the address.
    expect(message.split(' ')).toContain(authorizationUrl);
  });

  it('says which right is missing', () => {
    const { message } = upstreamFailure(
      unauthorized('this call takes the scope "write", which nobody allowed.'),
      asked,
    );
    expect(message).toContain(
      'needs a sign-in: this call takes the scope "write", which nobody allowed. Open https://',
    );
  });

  it('says why alone where there is no address', () => {
    const { message, fields } = upstreamFailure(
      { ...unauthorized('give it a "client_id"'), authorizationUrl: undefined },
      asked,
    );
    expect(message).toBe('The server "notes" needs a sign-in: give it a "client_id".');
    expect(fields).toEqual({});
  });

  it('is the same of a call and of a question', () => {
    const outcome = unauthorized('you have not signed in to it');
    const context = { requestId: 'id', server: 'notes', operation: makeOperation({ name: 'list' }) };
    const { status, code, body } = outcomePlan(outcome, context);
    expect({ status, code }).toEqual({ status: 401, code: 'authorization_required' });
    const problem = JSON.parse(body) as Record<string, unknown>;
    expect(problem).toMatchObject({ authorizationUrl, server: 'notes', tool: 'list' });
    const error = askFailure(outcome, { server: 'notes', ownTimeoutMs: undefined });
    expect(error).toMatchObject({ code: 'authorization_required', fields: { authorizationUrl } });
    expect(error.message).toBe(problem['detail']);
  });
});
