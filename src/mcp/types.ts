// What the rest of the program sees of MCP: an upstream's status and catalogue, the lease that allows a call, and what
// a call came to. Types only; openapi/ and server/ import nothing else from this folder.

import type { JsonObject } from '../json/value.ts';
import type { Principal } from '../principal.ts';
import type { Trace } from '../trace.ts';

/** The six states of the contract, `GET /`. */
export type UpstreamState = 'starting' | 'ready' | 'down' | 'crash-looping' | 'authorization-required' | 'disabled';

export interface UpstreamStatus {
  readonly state: UpstreamState;
  /** The sentence for people; keeps the last reason while a retry runs. */
  readonly detail: string;
  /** When this state began, milliseconds since the epoch. */
  readonly since: number;
  /** Tools of the catalogue as last learned. */
  readonly tools: number;
  /** Connections made after the first. */
  readonly restarts: number;
  readonly inFlight: number;
  /** Calls that wait for one in flight to end. */
  readonly queued: number;
  /** Open sessions that belong to one user or caller. */
  readonly sessions: number;
  readonly lastError: string | undefined;
  /** Milliseconds since the epoch. */
  readonly nextRetryAt: number | undefined;
  /** Whether the first attempt came to an end, good or bad. */
  readonly attempted: boolean;
  /** Of the process that serves it, for stdio. */
  readonly pid: number | undefined;
  /** Where to sign in, while that is what it waits for and one sign-in serves everybody. Not for everybody's eyes. */
  readonly authorizationUrl?: string | undefined;
}

/** A tool as its server defined it (MCP, `Tool`), after checks; unknown members are kept in `definition`. */
export interface Tool {
  readonly name: string;
  readonly title: string | undefined;
  readonly description: string | undefined;
  readonly inputSchema: JsonObject;
  readonly outputSchema: JsonObject | undefined;
  readonly annotations: JsonObject | undefined;
  /** The whole definition, as received. */
  readonly definition: JsonObject;
}

/** A prompt as its server defined it (MCP, `Prompt`), after checks. */
export interface Prompt {
  readonly name: string;
  readonly title: string | undefined;
  readonly description: string | undefined;
  /** By name, each once. */
  readonly arguments: readonly PromptArgument[];
}

/** Always a string (MCP, `PromptArgument`). */
export interface PromptArgument {
  readonly name: string;
  readonly title: string | undefined;
  readonly description: string | undefined;
  readonly required: boolean;
}

/** What an upstream offers, as last learned. Immutable; a refresh makes a new one. */
export interface Catalogue {
  readonly tools: readonly Tool[];
  /** Learned only where the configuration exposes prompts. */
  readonly prompts: readonly Prompt[];
  /** What the server says that it has, besides tools. */
  readonly offers: { readonly resources: boolean; readonly prompts: boolean };
  readonly serverName: string | undefined;
  readonly serverVersion: string | undefined;
  readonly instructions: string | undefined;
  /** The negotiated protocol revision, such as 2025-11-25. */
  readonly protocolVersion: string | undefined;
}

/** A configured server as requests see it. */
export interface UpstreamHandle {
  readonly name: string;
  /** What it offers to everybody; undefined where each user signs in and has an own one. */
  readonly catalogue: Catalogue | undefined;
  /** With a principal, and where users sign in for themselves: that user's. */
  status(principal?: Principal): UpstreamStatus;
  /** undefined where nobody signs in: without an `oauth` block, and for machines' credentials. */
  readonly signIn: SignIn | undefined;
  /** What it offers this user, who signs in for himself: connects where that is not known. Lasts as long as a call would wait. */
  catalogueOf(principal: Principal, signal: CancelSignal): Promise<PersonalCatalogue>;
  /** Keeps the upstream alive until released, even when a reload retires it. */
  lease(): Lease;
  /** Tries a remote server that is down at once, whatever its pause; lasts no longer than a call waits for a connection. */
  retryNow(signal: CancelSignal): Promise<void>;
}

export type PersonalCatalogue =
  | { readonly kind: 'catalogue'; readonly catalogue: Catalogue }
  | Extract<Outcome, { kind: 'unauthorized' | 'unavailable' | 'overloaded' | 'cancelled' }>;

/** Signing in to one upstream. A user is a principal's `user`; '' where one sign-in serves everybody. */
export interface SignIn {
  readonly multiUser: boolean;
  /** Begins a sign-in: the authorization server's address for a browser. Rejects with SignInError. */
  begin(request: BeginSignIn): Promise<string>;
  /** Whether a sign-in with this `state` was begun here and is awaited. Consumes nothing. */
  awaits(state: string): boolean;
  /**
   * Ends a sign-in with the parameters that came back. `binding` is that of the browser that brings them. Rejects with
   * SignInError, whose message is a sentence for people; the state is used up in either case.
   */
  finish(params: CallbackParams, binding: string | undefined): Promise<SignedIn>;
  status(user: string): Promise<SignInStatus>;
  /** Revokes and forgets; ends what was connected with it. */
  signOut(user: string): Promise<void>;
}

export interface BeginSignIn {
  readonly user: string;
  /** Absolute; where the authorization server sends the browser back to. */
  readonly redirectUrl: string;
  /** A secret of the browser that begins; only the same may end it. undefined: whoever knows the state may. */
  readonly binding: string | undefined;
  /** An own path to go to afterwards. */
  readonly returnTo: string | undefined;
  /** An earlier session of the same browser, which ends with the sign-in. */
  readonly insteadOf?: string | undefined;
}

/** What came back in a query: what of a URLSearchParams is read. */
export interface CallbackParams {
  get(name: string): string | null;
  getAll(name: string): string[];
}

export interface SignedIn {
  readonly user: string;
  readonly returnTo: string | undefined;
}

export interface SignInStatus {
  readonly authenticated: boolean;
  /** Of the access token, milliseconds since the epoch; undefined where it is not known. */
  readonly expiresAt: number | undefined;
  readonly scope: string | undefined;
}

export interface Lease {
  call(request: CallRequest): Promise<Outcome>;
  /** Asks for something besides tools. Waits, reconnects and gives up as a call does; may be repeated once. */
  ask(request: AskRequest): Promise<Outcome>;
  /** Idempotent. */
  release(): void;
}

/** The part of an AbortSignal that a call needs. */
export interface CancelSignal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

export interface CallRequest {
  readonly tool: Tool;
  /** The arguments object as its own JSON text, forwarded exactly. */
  readonly argumentsText: string;
  /** Milliseconds since the epoch; covers waiting, sending and a retry. */
  readonly deadlineAt: number;
  readonly signal: CancelSignal;
  readonly principal: Principal;
  readonly fields?: CallerFields | undefined;
  readonly trace?: Trace | undefined;
}

/** Header fields of a caller, names in lower case; undefined where there are none. */
export interface CallerFields {
  /** These go on to the upstream. */
  readonly forwarded: Readonly<Record<string, string>> | undefined;
  /** These are asked for by templates in the server's headers or environment. */
  readonly named: Readonly<Record<string, string>> | undefined;
}

export interface AskRequest {
  readonly question: Question;
  /** As of a call. */
  readonly deadlineAt: number;
  readonly signal: CancelSignal;
  readonly principal: Principal;
  readonly fields?: CallerFields | undefined;
  readonly trace?: Trace | undefined;
}

/** A request of MCP that changes nothing. The answer to a list is all its pages, merged into one result. */
export type Question =
  | { readonly method: ListMethod }
  | { readonly method: 'resources/read'; readonly uri: string }
  /** The arguments object as its own JSON text, forwarded exactly. */
  | { readonly method: 'prompts/get'; readonly name: string; readonly argumentsText: string };

export type ListMethod = 'tools/list' | 'prompts/list' | 'resources/list' | 'resources/templates/list';

/** `text` gives its exact JSON text, `value` the same, parsed. */
export interface Result {
  readonly kind: 'result';
  readonly value: unknown;
  readonly text: () => string;
  /** What holds it, where that is so long that whoever asks for `value` or `text` holds up everything else. */
  readonly message?: LongMessage | undefined;
}

/** A JSON-RPC message as received: its bytes in pieces, or its text. Nobody has looked whether it is JSON. */
export type LongMessage = string | readonly Uint8Array[];

/** What a call, or a question, came to. Expected failures are values; only our own bugs throw. */
export type Outcome =
  /** The upstream answered with a result. */
  | Result
  /** The upstream answered with a JSON-RPC error. `dataText` gives the exact JSON text of its `data`, if it has any. */
  | {
      readonly kind: 'rpc-error';
      readonly code: number;
      readonly message: string;
      readonly dataText: () => string | undefined;
    }
  /** Never delivered: not connected, and the wait ran out. */
  | { readonly kind: 'unavailable'; readonly detail: string; readonly retryAfterMs: number }
  /** Not run: the upstream asks for a sign-in first, or for more rights than it gave. */
  | {
      readonly kind: 'unauthorized';
      readonly detail: string;
      /** The authorization server's, where one sign-in serves everybody. */
      readonly authorizationUrl: string | undefined;
    }
  /** Never sent: too many calls, or sessions, of this upstream already. */
  | { readonly kind: 'overloaded'; readonly detail: string; readonly retryAfterMs: number }
  /** Delivered, then the connection ended; it may or may not have run. */
  | { readonly kind: 'unknown'; readonly detail: string }
  /** The upstream answered, but not with what the protocol asks for. */
  | { readonly kind: 'unusable'; readonly detail: string }
  | { readonly kind: 'timeout'; readonly afterMs: number }
  | { readonly kind: 'cancelled' };
