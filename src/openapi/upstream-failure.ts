// The sentences for what can become of every request to an upstream, whether it is a call or a question: the upstream
// asks for a sign-in, cannot be had, has too much to do, answers with what is no answer, or does not answer in time. What
// depends on what was asked is told by failure.ts and exposed.ts.

import { AppError } from '../errors.ts';
import type { Outcome } from '../mcp/types.ts';
import { asSentence } from './text.ts';

export type UpstreamFailure = Extract<
  Outcome,
  { kind: 'unauthorized' | 'unavailable' | 'overloaded' | 'unusable' | 'timeout' }
>;

/** Who failed whom. */
export interface FailedRequest {
  readonly server: string;
  /** Begins a sentence about what did not answer. */
  readonly subject: string;
  /** Where the server or the tool has a time of its own; undefined: the global one holds. */
  readonly ownTimeoutMs: number | undefined;
}

export function upstreamFailure(outcome: UpstreamFailure, { server, subject, ownTimeoutMs }: FailedRequest): AppError {
  const name = `The server ${JSON.stringify(server)}`;
  switch (outcome.kind) {
    case 'unauthorized':
      return signInNeeded(server, outcome);
    case 'unavailable':
      return later('upstream_unavailable', `${name} is not available`, outcome);
    case 'overloaded':
      return later('overloaded', `${name} has too much to do`, outcome);
    case 'unusable':
      return new AppError('upstream_error', `${name} gave no usable answer: ${asSentence(outcome.detail)}`);
    case 'timeout': {
      const option = ownTimeoutMs === undefined ? '--call-timeout' : 'its "timeout" in the configuration';
      const seconds = Math.round(outcome.afterMs / 100) / 10;
      const detail = `${subject} did not answer within ${seconds} s and was cancelled: ask for less, or raise ${option}.`;
      return new AppError('timeout', detail);
    }
  }
}

/** The address stands alone between spaces, so that a chat makes a link of all of it and of nothing else. */
function signInNeeded(
  server: string,
  { detail, authorizationUrl }: Extract<Outcome, { kind: 'unauthorized' }>,
): AppError {
  // The state of the upstream names it too; once is enough.
  const reason = authorizationUrl === undefined ? detail : detail.replace(`: open ${authorizationUrl}`, '');
  const why = `The server ${JSON.stringify(server)} needs a sign-in: ${asSentence(reason)}`;
  if (authorizationUrl === undefined) return new AppError('authorization_required', why);
  const todo = `Open ${authorizationUrl} in a browser to sign in, then call again.`;
  return new AppError('authorization_required', `${why} ${todo}`, { authorizationUrl });
}

/** Nothing was sent, so that the same request may be sent again. */
function later(
  code: 'upstream_unavailable' | 'overloaded',
  what: string,
  { detail, retryAfterMs }: { readonly detail: string; readonly retryAfterMs: number },
): AppError {
  const retryAfter = Math.max(1, Math.ceil(retryAfterMs / 1000));
  return new AppError(code, `${what}: ${asSentence(detail)} Try again in ${retryAfter} s.`, { retryAfter });
}
