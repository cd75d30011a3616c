// What a connection asks of a sign-in: a token to send, and another one where the server refused it. The transports know
// nothing else of OAuth.

export interface Authorizer {
  /** The access token to send, refreshed ahead of its expiry; undefined: send none. Rejects with AuthorizationRequired. */
  token(): Promise<string | undefined>;
  /**
   * The server refused `sent`. True: there is another token now, which is worth one more try. False: no token would
   * help. Rejects with AuthorizationRequired.
   */
  refused(sent: string | undefined, challenge: Challenge): Promise<boolean>;
  /** The server took `sent`: what it refuses later is not refused for ever. */
  accepted?(sent: string | undefined): void;
}

/** What a refusal says (RFC 6750, section 3; RFC 9728, section 5.1). */
export interface Challenge {
  /** 401, or 403 with `insufficient_scope`. */
  readonly status: 401 | 403;
  readonly resourceMetadataUrl: string | undefined;
  readonly scope: string | undefined;
}

/** Somebody has to sign in, or to allow more, before this upstream can be used. */
export class AuthorizationRequired extends Error {
  override readonly name = 'AuthorizationRequired';
  /** The authorization server's address, where one sign-in serves everybody. */
  readonly authorizationUrl: string | undefined;
  /** The connection as such is of use: only this request needs more rights. */
  readonly onlyMoreScope: boolean;

  constructor(
    sentence: string,
    options: {
      readonly authorizationUrl?: string | undefined;
      readonly onlyMoreScope?: boolean;
      readonly cause?: unknown;
    } = {},
  ) {
    super(sentence, { cause: options.cause });
    this.authorizationUrl = options.authorizationUrl;
    this.onlyMoreScope = options.onlyMoreScope ?? false;
  }
}

/** A sign-in that cannot begin, or came to nothing: one sentence for people that says what to do. */
export class SignInError extends Error {
  override readonly name = 'SignInError';
}
