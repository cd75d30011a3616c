// What is done with a long body or a long result, on whichever thread: read, judged, translated and encoded, by the same
// functions as a short one. Jobs, and what they come to, can be copied from thread to thread: plain data, bytes, and tools as
// JSON text, which keeps the numbers of their schemas.

import { AppError, type ErrorCode, type ErrorFields } from '../../errors.ts';
import { memberSpan } from '../../json/scan.ts';
import { isObject } from '../../json/value.ts';
import type { LongMessage, Outcome } from '../../mcp/types.ts';
import { judgeCall, outputMistake } from '../../openapi/judge.ts';
import type { Plan, PlanBody } from '../../openapi/problem.ts';
import { toResponse, type ResponseContext } from '../../openapi/response.ts';
import { textOfBody } from '../body.ts';
import { toolOf, type CopiedOperation } from './operation.ts';

export interface JudgeJob {
  readonly kind: 'judge';
  readonly body: readonly Uint8Array[];
  readonly contentType: string | undefined;
  readonly validate: boolean;
  readonly operation: CopiedOperation;
}

export type Judged =
  | { readonly kind: 'fits'; readonly argumentsText: string }
  | { readonly kind: 'unjudged'; readonly argumentsText: string; readonly reason: string }
  /** The members of an AppError, which is no plain data. */
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly detail: string; readonly fields: ErrorFields };

export interface AnswerJob {
  readonly kind: 'answer';
  readonly message: LongMessage;
  readonly context: Omit<ResponseContext, 'operation'>;
  readonly operation: CopiedOperation;
  /** Whether anybody wants to know if the result breaks its schema. */
  readonly judgesOutput: boolean;
}

export interface Answered extends Omit<Plan, 'body'> {
  readonly body: Uint8Array;
  /** How the result breaks its schema. */
  readonly mistake: string | undefined;
}

export function judge({ body, contentType, validate, operation }: JudgeJob): Judged {
  try {
    const { name } = operation;
    const checked = judgeCall(textOfBody(body), contentType, { tool: toolOf(operation), name, validate });
    if (checked.kind !== 'misfit') return checked;
    throw checked.error;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { kind: 'refused', code: error.code, detail: error.message, fields: error.fields };
  }
}

export function answer({ message, context, operation, judgesOutput }: AnswerJob): Answered {
  const tool = toolOf(operation);
  const outcome = outcomeOf(message);
  const { body, ...plan } = toResponse(outcome, { ...context, operation: { name: operation.name, tool } });
  const mistake = judgesOutput && outcome.kind === 'result' ? outputMistake(tool, outcome) : undefined;
  return { ...plan, body: bytesOf(body), mistake };
}

function outcomeOf(message: LongMessage): Outcome {
  const text = typeof message === 'string' ? message : Buffer.concat(message).toString();
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return { kind: 'unusable', detail: 'the server answered with text that is no JSON' };
  }
  const span = memberSpan(text, ['result']) ?? { start: 0, end: 0 };
  const value = isObject(parsed) ? parsed['result'] : undefined;
  return { kind: 'result', value, text: () => text.slice(span.start, span.end) };
}

/** In memory of its own, which can be handed over to another thread. */
function bytesOf(body: PlanBody): Uint8Array {
  return typeof body === 'string' ? new TextEncoder().encode(body) : new Uint8Array(Buffer.from(body.base64, 'base64'));
}
