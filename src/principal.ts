// Who is calling, as far as it was proved: the key for what belongs to one user or one caller alone. Made by server/access/
// from what a request carries; everybody else only compares it.

export interface Principal {
  /** Equal exactly for requests of the same user; '' for nobody in particular. Never a secret. */
  readonly user: string;
  /** X-Session-Id: which of the user's sessions is meant. */
  readonly sessionId: string | undefined;
}
