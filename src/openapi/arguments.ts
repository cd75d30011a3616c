// Judges the arguments of a call by the tool's own schema, before its server sees them: forwarded as they came, with
// gentle corrections, or refused with sentences that a model can act on. A schema that cannot judge stops no call.
// Structured results are judged too, for whoever wants to know; nothing hangs on that.

import { AppError } from '../errors.ts';
import { applyEdits } from '../json/edit.ts';
import { coerce, MAX_FAILURES } from '../json/schema/coerce.ts';
import { createValidator } from '../json/schema/validate.ts';
import type { Validator } from '../json/schema/verdict.ts';
import type { JsonObject } from '../json/value.ts';
import type { Tool } from '../mcp/types.ts';
import { tellFailures } from './failure-sentences.ts';
import type { GivenArguments } from './request.ts';

export type CheckedArguments =
  /** `argumentsText` is to be forwarded: what was received, but for gentle corrections. */
  | { readonly kind: 'fits'; readonly argumentsText: string }
  /** `invalid_arguments`. */
  | { readonly kind: 'misfit'; readonly error: AppError }
  /** To be forwarded as received; the reason is one sentence, for the operator. */
  | { readonly kind: 'unjudged'; readonly argumentsText: string; readonly reason: string };

/** `name` is the tool's as people see it. */
export function checkArguments(
  tool: Pick<Tool, 'inputSchema'>,
  name: string,
  { argumentsText, value }: GivenArguments,
): CheckedArguments {
  const schema = tool.inputSchema;
  if (!admitsObjects(schema)) {
    return { kind: 'unjudged', argumentsText, reason: 'The inputSchema of the tool is not one of objects.' };
  }
  const validator = validatorOf(schema);
  const verdict = validator.validate(value, MAX_FAILURES);
  if (verdict.kind === 'valid') return { kind: 'fits', argumentsText };
  if (verdict.kind === 'unjudged') return { kind: 'unjudged', argumentsText, reason: verdict.reason };
  const coerced = coerce(value, verdict.failures, validator);
  if (coerced !== undefined) return { kind: 'fits', argumentsText: applyEdits(argumentsText, coerced.edits) };
  const { places, summary } = tellFailures(verdict.failures, { schema, showValues: true });
  const detail = `The arguments of ${JSON.stringify(name)} are not right: ${summary}.`;
  return { kind: 'misfit', error: new AppError('invalid_arguments', detail, { errors: places }) };
}

/** As many as a sentence tells, and one to know that there are more. */
const MAX_OUTPUT_FAILURES = 4;

/** How a result's structuredContent breaks the tool's outputSchema, in one sentence without its values; undefined if it does not. */
export function checkOutput(tool: Pick<Tool, 'name' | 'outputSchema'>, value: unknown): string | undefined {
  const schema = tool.outputSchema;
  if (schema === undefined) return undefined;
  const verdict = validatorOf(schema).validate(value, MAX_OUTPUT_FAILURES);
  if (verdict.kind !== 'invalid') return undefined;
  const { summary } = tellFailures(verdict.failures, { schema, showValues: false });
  return `The structuredContent of ${JSON.stringify(tool.name)} breaks its outputSchema: ${summary}.`;
}

/** By schema: a catalogue keeps the same object for the same definition. */
const validators = new WeakMap<JsonObject, Validator>();

/** Made when it is first needed. */
export function validatorOf(schema: JsonObject): Validator {
  let validator = validators.get(schema);
  if (validator === undefined) {
    validator = createValidator(schema);
    validators.set(schema, validator);
  }
  return validator;
}

/** Arguments are an object always: a root of another type would refuse every call. */
function admitsObjects({ type }: JsonObject): boolean {
  return type === 'object' || type === undefined || (Array.isArray(type) && type.includes('object'));
}
