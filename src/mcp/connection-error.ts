// Why a connection could not be made, in a sentence for people. Also holds what decides about the next try; the policy
// itself is restart-policy.ts.

import type { AuthorizationRequired } from './oauth/authorizer.ts';

export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  /** Trying again soon makes no sense: the command cannot be started at all. */
  readonly hopeless: boolean;
  /** The child ended by itself. */
  readonly crashed: boolean;
  /** Somebody has to sign in first. */
  readonly signIn: AuthorizationRequired | undefined;

  constructor(
    sentence: string,
    options: {
      readonly hopeless?: boolean;
      readonly crashed?: boolean;
      readonly signIn?: AuthorizationRequired;
      readonly cause?: unknown;
    } = {},
  ) {
    super(sentence, { cause: options.cause });
    this.hopeless = options.hopeless ?? false;
    this.crashed = options.crashed ?? false;
    this.signIn = options.signIn;
  }
}

/** `awaits`: what did not come; `lastWords`: what came instead. */
export function noAnswer(
  limits: { readonly connectTimeoutMs: number },
  { awaits = 'answer to initialize', lastWords = '', cause }: NoAnswer = {},
): ConnectionError {
  const said = lastWords === '' ? '' : `: ${lastWords}`;
  const seconds = limits.connectTimeoutMs / 1000;
  return new ConnectionError(`no ${awaits} within ${seconds} s (--connection-timeout)${said}`, { cause });
}

interface NoAnswer {
  readonly awaits?: string | undefined;
  readonly lastWords?: string | undefined;
  readonly cause?: unknown;
}
