// What the pages show, as plain strings and numbers: filled from a Snapshot and the upstreams' status by the routes.
// Addresses are parts, joined in one place (links.ts). Nothing here holds a key, an argument or a result.

import type { UpstreamState } from '../../mcp/types.ts';

/** What every page needs. */
export interface PageModel {
  /** The configured name, or `mcpo`. */
  readonly title: string;
  /** The program's own version; it also makes the addresses of the assets new with each release. */
  readonly version: string;
  /** '' or '/path': where a reverse proxy mounts the program. */
  readonly rootPath: string;
  /** '' or '/path': under which all server routes live. */
  readonly pathPrefix: string;
  /** What other programs use: absolute, root path and path prefix included, no trailing slash. */
  readonly baseUrl: string;
}

/** What asks for the key: nothing, calls, or calls, documents and pages (`--strict-auth`). */
export type Access = 'open' | 'key' | 'key-everywhere';

export interface ServerModel {
  readonly name: string;
  /** '' for the server at the root, else '/name', percent-encoded. Follows the base URL. */
  readonly path: string;
  readonly state: UpstreamState;
  /** The sentence for people. */
  readonly detail: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly restarts: number;
  readonly inFlight: number;
  /** Calls that wait for one in flight to end. */
  readonly queued: number;
  /** Open sessions of users or callers. */
  readonly sessions: number;
  /** Milliseconds since the epoch. */
  readonly nextRetryAt: number | undefined;
  /** undefined while nothing has been learned. */
  readonly tools: readonly ToolModel[] | undefined;
  /** undefined where nobody signs in. */
  readonly signIn: SignInModel | undefined;
}

/** How a server stands with whoever reads the page. */
export interface SignInModel {
  /** Each user signs in for himself; else one sign-in serves everybody. */
  readonly multiUser: boolean;
  readonly authenticated: boolean;
  /** Who the reader is, where a token said so. */
  readonly account: string | undefined;
  /** Of the access token, milliseconds since the epoch; undefined where it is not known. */
  readonly expiresAt: number | undefined;
  /** undefined where there is no need. */
  readonly signInUrl: string | undefined;
  /** Where a form signs out; undefined where nobody is signed in. */
  readonly signOutPath: string | undefined;
}

export interface ToolModel {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  /** May have many lines. */
  readonly description: string;
  /** '/name', percent-encoded. Follows the server's path. */
  readonly path: string;
  readonly requiredArguments: readonly string[];
  /** Whether the tool says that it changes nothing (`readOnlyHint`). */
  readonly readOnly: boolean;
  /** How fit it is for a first try: 0 is best, undefined never (openapi/first-try.ts). */
  readonly rank: number | undefined;
  /** Arguments for a first try. */
  readonly example: ExampleArguments;
}

export interface ExampleArguments {
  /** A JSON object. */
  readonly text: string;
  /** Whether some value is only a placeholder of the right type. */
  readonly placeholders: boolean;
}
