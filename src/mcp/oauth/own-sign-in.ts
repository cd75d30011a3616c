// The sign-in that serves everybody, begun by the program itself as soon as the upstream asks for it: shows the operator
// an address, opens a browser with it where there is one, and waits for what comes back, on a port of this machine or at
// the proxy's own callback. One address holds until it was used or is about to expire; the browser opens once per need.

import type { OAuthConfig } from '../../config/types.ts';
import type { Observe } from '../../events.ts';
import { SignInError } from './authorizer.ts';
import type { CallbackPlace, ExpectedCallback, TakeCallback } from './callback-place.ts';
import type { BegunFlow } from './flow.ts';
import { loopbackRedirect, ownRedirect } from './redirects.ts';
import type { Redirect } from './registration.ts';

export interface OwnSignInOptions {
  readonly server: string;
  readonly config: OAuthConfig;
  readonly callbacks: CallbackPlace;
  /** Whether a browser was started. */
  readonly openBrowser: ((url: string) => boolean) | undefined;
  readonly begin: (redirect: Redirect) => Promise<BegunFlow>;
  readonly take: TakeCallback;
  readonly observe: Observe;
  readonly now: () => number;
}

/** Whoever opens the address needs some time to sign in. */
const reservedMs = 2 * 60_000;
/** What is wrong with the configuration is not asked again for so long. */
const failureHoldsMs = 60_000;

interface Attempt {
  /** The scope that was missed when it began. */
  readonly wanted: string | undefined;
  readonly address: Promise<string>;
  goodUntilMs: number;
  expected: ExpectedCallback | undefined;
  timer: NodeJS.Timeout | undefined;
}

export class OwnSignIn {
  readonly #options: OwnSignInOptions;
  #attempt: Attempt | undefined;
  /** Nobody likes a second window because he was slow. */
  #browserOpened = false;

  constructor(options: OwnSignInOptions) {
    this.#options = options;
  }

  /** Of the authorization server. Rejects with SignInError, or with AuthorizationServerDown. */
  address(wanted: string | undefined): Promise<string> {
    const known = this.#attempt;
    if (known !== undefined && known.wanted === wanted && this.#options.now() < known.goodUntilMs) return known.address;
    const attempt: Attempt = {
      wanted,
      // Begins a moment later, when there is an attempt to note it in.
      address: Promise.resolve().then(() => this.#begin(attempt)),
      goodUntilMs: Infinity,
      expected: undefined,
      timer: undefined,
    };
    this.#end(known);
    this.#attempt = attempt;
    return attempt.address;
  }

  /** Somebody signed in: the next need is a new one. */
  finished(): void {
    this.#browserOpened = false;
    this.close();
  }

  /** Nobody is waited for any more. Idempotent. */
  close(): void {
    const attempt = this.#attempt;
    this.#attempt = undefined;
    this.#end(attempt);
  }

  async #begin(attempt: Attempt): Promise<string> {
    const { begin, now, observe, server } = this.#options;
    try {
      const redirect = await this.#redirect(attempt);
      const { url, expiresAt } = await begin(redirect);
      if (this.#attempt !== attempt) this.#end(attempt);
      attempt.goodUntilMs = expiresAt - reservedMs;
      attempt.timer = setTimeout(() => this.#end(attempt), expiresAt - now()).unref();
      observe({ type: 'sign-in-needed', server, url, opened: this.#openBrowser(url) });
      return url;
    } catch (error) {
      this.#end(attempt);
      attempt.goodUntilMs = error instanceof SignInError ? now() + failureHoldsMs : 0;
      throw error;
    }
  }

  async #redirect(attempt: Attempt): Promise<Redirect> {
    const { config, callbacks, server, take } = this.#options;
    const own = ownRedirect(config, callbacks.own(server));
    const loopback = loopbackRedirect(config, own);
    if (loopback === undefined) return { url: own, kind: 'web' };
    // A function of this attempt's own: the end of an older one must not end this one's wait.
    attempt.expected = await callbacks.expect(loopback.port, (params) => take(params), loopback.path);
    // Where the port cannot be had: the proxy's own one.
    if (attempt.expected === undefined) return { url: own, kind: 'web' };
    const { redirectUrl } = attempt.expected;
    return { url: sameBesidesHost(loopback.written, redirectUrl) ?? redirectUrl, kind: 'native' };
  }

  #openBrowser(url: string): boolean {
    const { config, openBrowser } = this.#options;
    if (!config.useLoopback || openBrowser === undefined || this.#browserOpened) return false;
    this.#browserOpened = openBrowser(url);
    return this.#browserOpened;
  }

  #end(attempt: Attempt | undefined): void {
    clearTimeout(attempt?.timer);
    attempt?.expected?.done();
  }
}

/** `localhost`, 127.0.0.1 and [::1] are one place, but an authorization server compares letters. */
function sameBesidesHost(written: string | undefined, served: string): string | undefined {
  if (written === undefined) return undefined;
  const [a, b] = [new URL(written), new URL(served)];
  return a.port === b.port && a.pathname === b.pathname ? written : undefined;
}
