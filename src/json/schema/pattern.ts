// Regular expressions of schemas, run in linear time whatever the pattern and the text: re2js instead of the engine of
// the language. What that cannot do (lookaround, backreferences) or what would take too much room is not run at all.

import { RE2JS } from 're2js';
import { toRe2 } from './ecma-pattern.ts';
import { regexFlags } from './keywords.ts';
import { Unjudged, type Run } from './run.ts';

/** Real patterns have tens of characters, generated ones (IPv6, e-mail) some hundreds. */
const MAX_CHARS = 5_000;
/** Instructions: what `^.{0,1000}$` takes, and some. Compiling so many takes about 10 ms. */
const MAX_SIZE = 2_500;
const STEPS_TO_COMPILE = 800;
const STEPS_PER_INSTRUCTION = 30;
/** What the engine may remember of the texts it has seen. To fill it takes about 7 ms. */
const ENGINE_BYTES = 256 * 1024;
const BYTES_PER_STEP = 6;
/** Without room to remember, a character of the text costs up to 25 ns for each instruction. */
const INSTRUCTIONS_PER_STEP = 4;

export interface Pattern {
  /** Whether the pattern is found anywhere in the text; undefined for a pattern that is not run. */
  test(text: string, run: Run): boolean | undefined;
}

/** Compiles nothing before the first text comes. A source that is no regular expression ends that run. */
export function preparePattern(source: string): Pattern {
  let expression: RE2JS | false | undefined;
  return {
    test(text, run) {
      expression ??= compile(source, run) ?? false;
      if (expression === false) return undefined;
      run.spend(1 + (text.length * expression.programSize()) / INSTRUCTIONS_PER_STEP);
      const { dfa } = expression.re2();
      const bytesLeft = dfa.memBudget;
      const isFound = expression.test(text);
      const bytesTaken = bytesLeft - dfa.memBudget;
      run.spend((bytesTaken < 0 ? ENGINE_BYTES : bytesTaken) / BYTES_PER_STEP);
      return isFound;
    },
  };
}

function compile(source: string, run: Run): RE2JS | undefined {
  if (source.length > MAX_CHARS) return undefined;
  run.spend(STEPS_TO_COMPILE + source.length);
  const flags = regexFlags(source);
  if (flags === undefined) {
    throw new Unjudged(`The schema is invalid: the pattern ${JSON.stringify(source)} is no regular expression.`);
  }
  const translated = toRe2(source, flags === 'u');
  if (translated === undefined || translated.size > MAX_SIZE) return undefined;
  run.spend(translated.size * STEPS_PER_INSTRUCTION);
  try {
    const expression = RE2JS.compile(translated.text);
    const { dfa } = expression.re2();
    dfa.stateBudget = ENGINE_BYTES;
    dfa.memBudget = ENGINE_BYTES;
    return expression;
  } catch {
    return undefined; // The engine has limits of its own, such as 1,000 repetitions.
  }
}
