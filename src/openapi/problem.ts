// The one builder of problem documents (RFC 9457) and of plans in general: status, headers and body of an answer.
// Models read these texts as they are: short, flat, no traces. Who may be asked for credentials, CORS and the request
// id's header are the server's.

import { errorTable, type AppError, type ErrorCode } from '../errors.ts';

/** An answer, ready to be sent. */
export interface Plan {
  readonly status: number;
  /** Without Content-Length. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: PlanBody;
  /** For logs and metrics: an error code of the table, or `ok`. */
  readonly code: ErrorCode | 'ok';
}

/** Text is sent as UTF-8, base64 as the bytes it stands for. */
export type PlanBody = string | { readonly base64: string };

export type ProblemPlan = Plan & { readonly body: string };

export const PROBLEM_TYPE = 'application/problem+json';

/** `requestId` becomes `instance`, which is a URI reference: the id's characters are unreserved ones. */
export function problemPlan(error: AppError, requestId: string): ProblemPlan {
  const { title, status: usual } = errorTable[error.code];
  const { status = usual, errors, server, tool, retryAfter, dataText, allow, authorizationUrl } = error.fields;
  const headers: Record<string, string> = { 'Content-Type': PROBLEM_TYPE };
  const seconds = retryAfter === undefined ? undefined : wholeSeconds(retryAfter);
  if (seconds !== undefined) headers['Retry-After'] = String(seconds);
  if (allow !== undefined) headers['Allow'] = allow.join(', ');
  const members = {
    type: problemUri(error.code),
    title,
    status,
    detail: error.message,
    code: error.code,
    instance: requestId,
    errors,
    server,
    tool,
    retryAfter: seconds,
    authorizationUrl,
  };
  const text = JSON.stringify(members);
  const body = dataText === undefined ? text : `${text.slice(0, -1)},"data":${dataText}}`;
  return { status, headers, body, code: error.code };
}

/** Identifies the kind of problem; there is nothing to be found under it. */
export function problemUri(code: string): string {
  return `urn:mcpo:error:${code}`;
}

/** Retry-After knows no fractions, and zero would be a loop. */
function wholeSeconds(seconds: number): number {
  return Math.max(1, Math.ceil(seconds));
}
