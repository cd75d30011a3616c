// The one table of errors: every code a caller can meet, with its HTTP status, its title and whether a retry can help.
// Domain code throws AppError or returns an outcome; only the server turns either into a response.
// docs/errors.md is held equal to this table, in both directions, by a test.

export interface ErrorKind {
  /** HTTP status code (RFC 9110). */
  readonly status: number;
  /** Short, human, the same for every occurrence (RFC 9457, section 3.1.3). */
  readonly title: string;
  /** Whether sending the same request again, later, can succeed. */
  readonly retryable: boolean;
}

const table = {
  malformed_request: { status: 400, title: 'Malformed request', retryable: false },
  unauthenticated: { status: 401, title: 'Authentication required', retryable: false },
  authorization_required: { status: 401, title: 'Sign-in required', retryable: false },
  forbidden: { status: 403, title: 'Forbidden', retryable: false },
  unknown_server: { status: 404, title: 'Unknown server', retryable: false },
  unknown_tool: { status: 404, title: 'Unknown tool', retryable: false },
  not_found: { status: 404, title: 'Not found', retryable: false },
  method_not_allowed: { status: 405, title: 'Method not allowed', retryable: false },
  not_acceptable: { status: 406, title: 'Not acceptable', retryable: false },
  request_timeout: { status: 408, title: 'Request timeout', retryable: true },
  payload_too_large: { status: 413, title: 'Payload too large', retryable: false },
  uri_too_long: { status: 414, title: 'URI too long', retryable: false },
  unsupported_media_type: { status: 415, title: 'Unsupported media type', retryable: false },
  invalid_arguments: { status: 422, title: 'Invalid arguments', retryable: false },
  tool_error: { status: 422, title: 'The tool reported an error', retryable: false },
  headers_too_large: { status: 431, title: 'Request header fields too large', retryable: false },
  client_closed_request: { status: 499, title: 'Client closed request', retryable: false },
  internal: { status: 500, title: 'Internal error', retryable: false },
  not_supported: { status: 501, title: 'Not supported by the server', retryable: false },
  upstream_error: { status: 502, title: 'Upstream error', retryable: false },
  upstream_unavailable: { status: 502, title: 'Upstream unavailable', retryable: true },
  outcome_unknown: { status: 502, title: 'Outcome unknown', retryable: false },
  starting: { status: 503, title: 'Starting', retryable: true },
  overloaded: { status: 503, title: 'Overloaded', retryable: true },
  shutting_down: { status: 503, title: 'Shutting down', retryable: true },
  timeout: { status: 504, title: 'Timeout', retryable: false },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof table;

export const errorTable: Readonly<Record<ErrorCode, ErrorKind>> = table;

/** One wrong place in a request, as RFC 9457 section 3 shows them. */
export interface ErrorPlace {
  /** A URI fragment holding a JSON Pointer (RFC 6901), such as "#/items/0/id". */
  readonly pointer: string;
  readonly detail: string;
}

/** Members of a problem document beyond type, title, status, detail, code and instance; each only where it applies. */
export interface ErrorFields {
  readonly errors?: readonly ErrorPlace[];
  readonly server?: string;
  readonly tool?: string;
  /** Seconds until a retry makes sense; also sent as Retry-After. */
  readonly retryAfter?: number;
  /** The member `data`, as JSON text, so that its numbers keep their spelling. */
  readonly dataText?: string;
  /** Overrides the table's status (`toolErrorStatus`). */
  readonly status?: number;
  /** Where the user signs in, for `authorization_required`. */
  readonly authorizationUrl?: string;
  /** Methods for the Allow header of a 405. */
  readonly allow?: readonly string[];
}

/** An error that a caller or operator can cause. `message` is one sentence that says what is wrong and what to do. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly fields: ErrorFields;

  constructor(code: ErrorCode, detail: string, fields: ErrorFields = {}, options?: ErrorOptions) {
    super(detail, options);
    this.code = code;
    this.fields = fields;
  }
}

/** The message of anything thrown, for a sentence that people read. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
