// The validator of one schema, without generated code: whatever schema and value are, a judgement costs bounded time,
// bounded stack, and no access to anything outside. Made in no time; what a schema says is prepared where values come
// to it. A value that fits is looked at once, one that does not a second time, to say why.

import type { JsonObject } from '../value.ts';
import type { Check } from './check.ts';
import { Report } from './report.ts';
import { Run, Unjudged } from './run.ts';
import { Schemas } from './schemas.ts';
import type { Validator, Verdict } from './verdict.ts';

/**
 * Dialects by `$schema`: draft-06 to 2020-12, and 2020-12 for a schema that names none. `format` and content keywords
 * are annotations. Keywords that are invalid in a part of the schema that the value does not come to are not found.
 */
export function createValidator(schema: JsonObject): Validator {
  const schemas = new Schemas(schema);
  const run = new Run();
  return {
    validate(value, maxFailures) {
      try {
        run.reset();
        return schemas.root.test(value, run) ? VALID : refuse(schemas.root, value, run, maxFailures);
      } catch (error) {
        return { kind: 'unjudged', reason: reasonOf(error) };
      }
    },
  };
}

const VALID: Verdict = { kind: 'valid' };

/** The value is known not to fit. Where looking for more reasons takes too long, those found are enough. */
function refuse(root: Check, value: unknown, run: Run, maxFailures: number): Verdict {
  const report = new Report(Math.max(1, maxFailures));
  run.reset();
  try {
    root.explain(value, run, report);
  } catch (error) {
    if (report.failures.length === 0) throw error;
  }
  return { kind: 'invalid', failures: report.inOrder(value) };
}

/** A defect of ours must not refuse a call; the reason tells it to whoever reads the events. */
function reasonOf(error: unknown): string {
  return error instanceof Unjudged ? error.reason : `The validator failed: ${String(error)}.`;
}
