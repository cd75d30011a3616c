// Where the browser comes back to from the authorization server. What mcp/ needs of it, as an interface: listening is
// server/'s, and app.ts puts the two together.

export interface CallbackPlace {
  /**
   * Takes what comes back to a port of this machine's loopback address until `done` is called. undefined: the port
   * cannot be had. Several sign-ins may share a port: each `take` is asked until one knows the parameters.
   * `path` is where the browser comes to, `/callback` if nothing is said; what `redirectUrl` says holds.
   */
  expect(port: number, take: TakeCallback, path?: string): Promise<ExpectedCallback | undefined>;
  /** Absolute address of the proxy's own `/oauth/{server}/callback`. */
  own(server: string): string;
}

/** undefined: these parameters are not for this sign-in. Never rejects. */
export type TakeCallback = (params: URLSearchParams) => Promise<CallbackPage | undefined>;

/** What the browser shows in the end. */
export interface CallbackPage {
  readonly title: string;
  readonly detail: string;
  readonly ok: boolean;
}

export interface ExpectedCallback {
  /** Absolute; what the authorization server is told. */
  readonly redirectUrl: string;
  /** Idempotent. */
  done(): void;
}
