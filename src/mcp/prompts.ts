// The prompts of an upstream, learned from prompts/list and judged one by one, as the tools are: a malformed one costs
// itself alone, and one whose definition did not change is the same object again. Tools come first: prompts that cannot
// be had are a sentence, never a failure.

import { isObject } from '../json/value.ts';
import type { Connection } from './connection.ts';
import { listPages } from './pages.ts';
import { replySentence } from './transports/transport.ts';
import type { Prompt, PromptArgument } from './types.ts';

export interface LearnedPrompts {
  readonly prompts: readonly Prompt[];
  /** What was wrong with them, for the operator. */
  readonly problems: readonly string[];
}

/** The tools wait for the prompts, but not for long. */
const maxListMs = 10_000;

/** Never rejects. `previous` stay where a list cannot be had. */
export async function listPrompts(
  connection: Connection,
  previous: () => readonly Prompt[],
  latestAt: number,
  signal: AbortSignal,
): Promise<LearnedPrompts> {
  const deadlineAt = Math.min(latestAt, Date.now() + maxListMs);
  const listed = await listPages(connection, 'prompts/list', { deadlineAt, signal });
  if (listed.kind !== 'items') {
    return { prompts: previous(), problems: [`its prompts could not be listed: ${replySentence(listed)}`] };
  }
  const known = new Map(previous().map((prompt) => [definitionTexts.get(prompt), prompt]));
  const prompts = new Map<string, Prompt>();
  const problems: string[] = [];
  for (const text of listed.items) {
    const prompt = known.get(text) ?? toPrompt(text);
    if (typeof prompt === 'string') problems.push(`a prompt is left out: ${prompt}`);
    else if (prompts.has(prompt.name)) problems.push(`a prompt is left out: ${prompt.name} is there already`);
    else prompts.set(prompt.name, prompt);
  }
  return { prompts: [...prompts.values()], problems };
}

/** By which a prompt is known again in the next list. */
const definitionTexts = new WeakMap<Prompt, string>();

/** Or what is wrong with it. */
function toPrompt(text: string): Prompt | string {
  const definition: unknown = JSON.parse(text);
  if (!isObject(definition)) return 'it is no object';
  const { name, title, description, arguments: given } = definition;
  if (typeof name !== 'string' || name === '') return 'it has no name';
  if (given !== undefined && given !== null && !Array.isArray(given)) return `the arguments of ${name} are no list`;
  const taken = new Map<string, PromptArgument>();
  for (const one of (given ?? []) as unknown[]) {
    if (!isObject(one) || typeof one['name'] !== 'string') return `${name} has an argument without a name`;
    taken.set(one['name'], toArgument(one['name'], one));
  }
  const prompt = { name, title: textOf(title), description: textOf(description), arguments: [...taken.values()] };
  definitionTexts.set(prompt, text);
  return prompt;
}

function toArgument(
  name: string,
  { title, description, required }: { readonly [key: string]: unknown },
): PromptArgument {
  return { name, title: textOf(title), description: textOf(description), required: required === true };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}
