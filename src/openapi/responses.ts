// The error answers that a call can get in this build, as shared components: those that can happen and no others. The
// codes come from the one table of errors, so that document and answers cannot differ.

import type { JsonObject } from '../json/value.ts';
import type { ServerConfig, Settings } from '../config/types.ts';
import { errorTable, type ErrorCode } from '../errors.ts';
import { PROBLEM_TYPE, problemUri } from './problem.ts';
import { asksForCredentials } from './security.ts';

/** What an operation can come to besides its result. */
export interface Failures {
  readonly codes: readonly ErrorCode[];
  /** The status of `tool_error`; undefined: the table's. */
  readonly toolErrorStatus?: number | undefined;
  /** A user's token that is no good is refused, whatever else is asked for. */
  readonly judgesTokens?: boolean;
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

/** With what else an operation of this server can come to. */
export function failuresAt({ oauth }: ServerConfig, failures: Failures): Failures {
  if (oauth === undefined) return failures;
  const judgesTokens = (oauth.webuiSecretKey ?? oauth.webuiUserJwtSecret) !== undefined;
  return { ...failures, codes: [...failures.codes, 'authorization_required'], judgesTokens };
}

/** `responses` of one operation without its 200: references by status. */
export function errorResponses(settings: Settings, failures: Failures): JsonObject {
  const answers = inOrder(answersByKey(settings, [failures]));
  return Object.fromEntries(answers.map(([key, { status }]) => [status, { $ref: `#/components/responses/${key}` }]));
}

/** `components.responses` for operations that can fail so. */
export function responseComponents(settings: Settings, failures: Iterable<Failures>): JsonObject {
  return Object.fromEntries(
    inOrder(answersByKey(settings, failures)).map(([key, answer]) => [key, toResponse(answer)]),
  );
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
    authorizationUrl: {
      type: 'string',
      format: 'uri',
      description: 'Where the user signs in: to be opened in a browser.',
    },
    data: { description: 'What the MCP server said beyond its message.' },
  },
};

interface ErrorAnswer {
  readonly status: number;
  readonly codes: readonly ErrorCode[];
}

/** By the key of its component. */
type ErrorAnswers = ReadonlyMap<string, ErrorAnswer>;

function inOrder(answers: ErrorAnswers): [string, ErrorAnswer][] {
  return [...answers].toSorted(([, a], [, b]) => a.status - b.status);
}

function answersByKey(settings: Settings, all: Iterable<Failures>): ErrorAnswers {
  const answers = new Map<string, ErrorAnswer>();
  for (const { codes, toolErrorStatus, judgesTokens = false } of all) {
    const isAuthenticated = judgesTokens || asksForCredentials(settings);
    const signsIn = codes.includes('authorization_required');
    for (const code of codes) {
      if (code === 'unauthenticated' && !isAuthenticated) continue;
      const status = (code === 'tool_error' ? toolErrorStatus : undefined) ?? errorTable[code].status;
      const key = componentKey(status, signsIn);
      const known = answers.get(key)?.codes ?? [];
      if (status >= 400 && !known.includes(code)) answers.set(key, { status, codes: [...known, code] });
    }
  }
  return answers;
}

/** One for each status, but that only some servers ask their users to sign in. */
function componentKey(status: number, signsIn: boolean): string {
  return status === errorTable.authorization_required.status && signsIn ? `Error${status}SignIn` : `Error${status}`;
}

function toResponse({ status, codes }: ErrorAnswer): JsonObject {
  const headers = {
    ...(status === errorTable.unauthenticated.status && { 'WWW-Authenticate': challengeHeader }),
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
