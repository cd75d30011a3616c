// In which form a document is wanted, as the query of its address says: `?version=3.0`, `?refs=components`,
// `?profile=gpt-actions`, in any combination. What a form looks like is decided where it is printed.

import { AppError } from '../errors.ts';
import { didYouMean } from '../nearest.ts';

export interface DocumentForm {
  readonly version: '3.1' | '3.0';
  /** Schemas in place, or as components that refer to each other, for code generators. */
  readonly refs: 'inline' | 'components';
  /** Limits of a consumer that refuses what exceeds them. */
  readonly profile: 'gpt-actions' | undefined;
}

export const defaultForm: DocumentForm = { version: '3.1', refs: 'inline', profile: undefined };

const versions: ReadonlyMap<string, DocumentForm['version']> = new Map([
  ['3.1', '3.1'],
  ['3.1.0', '3.1'],
  ['3.0', '3.0'],
  ['3.0.3', '3.0'],
]);
const refs: ReadonlyMap<string, DocumentForm['refs']> = new Map([
  ['inline', 'inline'],
  ['components', 'components'],
]);
const profiles: ReadonlyMap<string, DocumentForm['profile']> = new Map([['gpt-actions', 'gpt-actions']]);

/**
 * Throws `malformed_request` for a value that means nothing; other members of the query are somebody else's.
 * `called` is what the sentence calls a member.
 */
export function readForm(
  query: Readonly<Record<string, unknown>>,
  called: (name: string) => string = (name) => `"${name}" in the query`,
): DocumentForm {
  return {
    version: choice(query, 'version', versions, called) ?? defaultForm.version,
    refs: choice(query, 'refs', refs, called) ?? defaultForm.refs,
    profile: choice(query, 'profile', profiles, called),
  };
}

function choice<T>(
  query: Readonly<Record<string, unknown>>,
  name: string,
  choices: ReadonlyMap<string, T>,
  called: (name: string) => string,
): T | undefined {
  const given = query[name];
  if (given === undefined || given === '') return undefined;
  const found = typeof given === 'string' ? choices.get(given) : undefined;
  if (found !== undefined) return found;
  const hint = typeof given === 'string' ? didYouMean(given, choices.keys()) : '';
  throw new AppError(
    'malformed_request',
    `${called(name)} must be ${[...choices.keys()].join(' or ')}, given once.${hint}`,
  );
}
