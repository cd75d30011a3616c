// Who is calling, as far as it was proved: the key for what belongs to one user or one caller alone. Made by server/access/
// from what a request carries; everybody else only compares it.

export interface Principal {
  /**
   * Equal exactly for requests of the same user; '' for nobody in particular. Never a secret. `key` or `key:NAME` for
   * holders of a key, `jwt:ID` and `webui:ID` for users of a verified token, `session:ID` for a browser that signed in.
   */
  readonly user: string;
  /** X-Session-Id: which of the user's sessions is meant. */
  readonly sessionId: string | undefined;
  /** What a verified token says of its user, for templates and for people. */
  readonly claims?: UserClaims | undefined;
}

export interface UserClaims {
  readonly id: string;
  readonly email: string | undefined;
  readonly name: string | undefined;
}
