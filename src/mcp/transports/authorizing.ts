// Requests with the token of a sign-in: every request of an upstream passes here, the client library's and ours. One that
// the server refuses is sent once more where there is another token by then. Where tokens come from is ../oauth/'s.

import { messageOf } from '../../errors.ts';
import type { Agent } from '../../net/agent.ts';
import type { Answer, RequestOptions } from '../../net/exchange.ts';
import { AuthorizationRequired, type Authorizer, type Challenge } from '../oauth/authorizer.ts';
import type { Reply } from './transport.ts';

/** What of an agent requests need. */
export type Sender = Pick<Agent, 'request'>;

/** There is no token to send, though nobody has to sign in: the request was not sent, or refused unread. */
export class TokenUnavailable extends Error {
  override readonly name = 'TokenUnavailable';
}

/** Bodies must be text: they may be sent twice. */
export function authorizing(agent: Sender, authorizer: Authorizer | undefined): Sender {
  if (authorizer === undefined) return agent;
  let last: string | undefined;
  return {
    request: async (options) => {
      // A session is ended as it was used: by then its user may have signed out.
      if (options.method === 'DELETE') return agent.request(withToken(options, last));
      const sent = await told(authorizer.token());
      last = sent;
      const response = await agent.request(withToken(options, sent));
      const challenge = challengeOf(response);
      if (challenge === undefined) {
        if (response.statusCode < 400) authorizer.accepted?.(sent);
        return response;
      }
      let again: boolean;
      try {
        again = await told(authorizer.refused(sent, challenge));
      } catch (error) {
        response.body.letPass();
        throw error;
      }
      if (!again) return response;
      response.body.letPass();
      last = await told(authorizer.token());
      const second = await agent.request(withToken(options, last));
      if (second.statusCode < 400) authorizer.accepted?.(last);
      return second;
    },
  };
}

/** The reply where `error` is about signing in: whatever was asked did not run. */
export function unauthorizedReply(error: unknown): Reply | undefined {
  if (error instanceof TokenUnavailable) return { kind: 'undelivered', detail: error.message, gone: true };
  if (!(error instanceof AuthorizationRequired)) return undefined;
  const { message, authorizationUrl, onlyMoreScope } = error;
  return { kind: 'unauthorized', detail: message, authorizationUrl, gone: !onlyMoreScope };
}

async function told<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof AuthorizationRequired ? error : new TokenUnavailable(messageOf(error), { cause: error });
  }
}

function withToken(options: RequestOptions, token: string | undefined): RequestOptions {
  if (token === undefined) return options;
  const others = Object.entries(options.headers);
  const kept = others.filter(([name]) => name.toLowerCase() !== 'authorization');
  return { ...options, headers: { ...Object.fromEntries(kept), authorization: `Bearer ${token}` } };
}

/** RFC 6750, section 3.1: a 403 is about the token only where it says so. */
function challengeOf({ statusCode: status, headers }: Answer): Challenge | undefined {
  if (status !== 401 && status !== 403) return undefined;
  const bearer = /(?:^|[,\s])bearer\s+(.*)$/is.exec([headers['www-authenticate'] ?? ''].flat().join(', '))?.[1] ?? '';
  if (status === 403 && parameterOf(bearer, 'error') !== 'insufficient_scope') return undefined;
  return {
    status,
    resourceMetadataUrl: parameterOf(bearer, 'resource_metadata'),
    scope: parameterOf(bearer, 'scope'),
  };
}

function parameterOf(challenge: string, name: string): string | undefined {
  const found = new RegExp(String.raw`(?:^|[,\s])${name}\s*=\s*(?:"([^"]*)"|([^\s,"]+))`, 'i').exec(challenge);
  return found?.[1] ?? found?.[2];
}
