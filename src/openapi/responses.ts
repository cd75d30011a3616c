// The error answers that a call can get in this build, as shared components: those that can happen and no others. The
// codes come from the one table of errors, so that document and answers cannot differ.

import type { JsonObject } from '../json/value.ts';
import type { Settings } from '../config/types.ts';
import { errorTable, type ErrorCode } from '../errors.ts';
import { PROBLEM_TYPE, problemUri } from './problem.ts';

/** What an operation can come to besides its result. */
export interface Failures {
  readonly codes: readonly ErrorCode[];
  /** The status of `tool_error`; undefined: the table's. */
  readonly toolErrorStatus?: number | undefined;
}

/** Codes that a call to a tool can come to. `client_closed_request` is never seen by anybody. */
export const callCodes: readonly ErrorCode[] = [
  'malformed_request',
  'unauthenticated',
  'forbidden',
  'unknown_server',
  'unknown_tool',
  'not_acceptable',
  'payload_too_large',
  'uri_too_long',
  'unsupported_media_type',
  'invalid_arguments',
  'tool_error',
  'headers_too_large',
  'internal',
  'upstream_error',
  'upstream_unavailable',
  'outcome_unknown',
  'starting',
  'overloaded',
  'shutting_down',
  'timeout',
];

/** `responses` of one operation without its 200: references by status. */
export function errorResponses(settings: Settings, failures: Failures): JsonObject {
  const statuses = [...codesByStatus(settings, [failures]).keys()].toSorted((a, b) => a - b);
  return Object.fromEntries(
    statuses.map((status) => [status, { $ref: `#/components/responses/${componentKey(status)}` }]),
  );
}

/** `components.responses` for operations that can fail so. */
export function responseComponents(settings: Settings, failures: Iterable<Failures>): JsonObject {
  const components = [...codesByStatus(settings, failures)].toSorted(([a], [b]) => a - b);
  return Object.fromEntries(components.map(([status, codes]) => [componentKey(status), responseObject(status, codes)]));
}

/** The problem document, RFC 9457, with the members that are ours. */
export const problemSchema: JsonObject = {
  type: 'object',
  description: 'Problem details (RFC 9457).',
  required: ['type', 'title', 'status', 'detail', 'code', 'instance'],
  properties: {
    type: { type: 'string', format: 'uri-reference', description: 'Identifies the kind of problem.' },
    title: { type: 'string', description: 'The kind of problem in a few words.' },
    status: { type: 'integer', description: 'The HTTP status code.' },
    detail: { type: 'string', description: 'What went wrong here, and what can be done about it.' },
    code: { type: 'string', enum: Object.keys(errorTable), description: 'The kind of problem, for programs.' },
    instance: { type: 'string', description: 'The id of the request, as in the header X-Request-Id.' },
    errors: {
      type: 'array',
      description: 'What is wrong with the arguments, place by place.',
      items: {
        type: 'object',
        required: ['pointer', 'detail'],
        properties: {
          pointer: { type: 'string', description: 'A JSON Pointer as a URI fragment.' },
          detail: { type: 'string', description: 'What is wrong there.' },
        },
      },
    },
    server: { type: 'string', description: 'The MCP server that was called.' },
    tool: { type: 'string', description: 'The tool that was called.' },
    retryAfter: { type: 'integer', description: 'Seconds after which a retry makes sense.' },
    data: { description: 'What the MCP server said beyond its message.' },
  },
};

function codesByStatus(settings: Settings, all: Iterable<Failures>): ReadonlyMap<number, readonly ErrorCode[]> {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const { codes, toolErrorStatus } of all) {
    for (const code of codes) {
      if (code === 'unauthenticated' && settings.apiKey === undefined) continue;
      const status = (code === 'tool_error' ? toolErrorStatus : undefined) ?? errorTable[code].status;
      const known = byStatus.get(status) ?? [];
      if (status >= 400 && !known.includes(code)) byStatus.set(status, [...known, code]);
    }
  }
  return byStatus;
}

function componentKey(status: number): string {
  return `Error${status}`;
}

function responseObject(status: number, codes: readonly ErrorCode[]): JsonObject {
  const headers = {
    ...(codes.includes('unauthenticated') && { 'WWW-Authenticate': challengeHeader }),
    ...(codes.some((code) => errorTable[code].retryable) && { 'Retry-After': retryHeader }),
  };
  return {
    description: `${codes.map((code) => `${errorTable[code].title} (\`${code}\`)`).join(', or ')}.`,
    ...(Object.keys(headers).length > 0 && { headers }),
    content: {
      [PROBLEM_TYPE]: { schema: { $ref: '#/components/schemas/Problem' }, example: exampleProblem(status, codes) },
    },
  };
}

/** Pages that make up a value would show the same code for every status. */
function exampleProblem(status: number, [code = 'internal']: readonly ErrorCode[]): JsonObject {
  const { title } = errorTable[code];
  return { type: problemUri(code), title, status, detail: `${title}: what exactly.`, code, instance: '6f1c0a9be2d1-1' };
}

const challengeHeader = { description: 'How to authenticate.', schema: { type: 'string' } };
const retryHeader = { description: 'Seconds after which a retry makes sense.', schema: { type: 'integer' } };
