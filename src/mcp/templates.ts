// `${user.id}`, `${user.email}` and `${header:X-Name}` in the headers and the environment of a server: what they stand for
// is known when somebody calls. One without a value leaves its whole header or variable out, and what is put in is never
// read again. Which fields of a caller may be asked for is server/access/forwarded.ts.

import type { Target } from '../config/types.ts';
import type { UserClaims } from '../principal.ts';
import { asText } from './forwarding.ts';

type Values = Readonly<Record<string, string>>;

/** What is known of a caller. */
export interface CallerFacts {
  /** Of a verified token; without one nobody is a user. */
  readonly claims?: UserClaims | undefined;
  /** The header fields that templates name, in lower case, as Node gives them. */
  readonly headers?: Values | undefined;
}

export function hasTemplates(target: Target): boolean {
  return templatesOf(target).length > 0;
}

/** The header fields that the templates of this server name, in lower case, each once. Every call asks. */
export function headerNamesIn(target: Target): readonly string[] {
  let names = headerNames.get(target);
  if (names === undefined) {
    names = findHeaderNames(target);
    headerNames.set(target, names);
  }
  return names;
}

const headerNames = new WeakMap<Target, readonly string[]>();

function findHeaderNames(target: Target): readonly string[] {
  const names = templatesOf(target).flatMap(([, text]) =>
    [...text.matchAll(template)].flatMap(([, , name]) => name?.toLowerCase() ?? []),
  );
  return [...new Set(names)];
}

/** For a connection of this caller; for one of everybody, without facts. The same object where there is no template. */
export function fillTarget(target: Target, facts: CallerFacts = {}): Target {
  if (!hasTemplates(target)) return target;
  return target.kind === 'stdio'
    ? { ...target, env: fillEnv(target.env, facts, target.ownEnv) }
    : { ...target, headers: fillHeaders(target.headers, facts) };
}

/** The headers for one caller, without those that have no value for him. */
export function fillHeaders(headers: Values, facts: CallerFacts): Values {
  return fillAll(headers, Object.keys(headers), headerValue(facts));
}

/** `own` are the variables that the configuration gives: what is inherited means what it says. */
export function fillEnv(env: Values, facts: CallerFacts, own: readonly string[] = []): Values {
  return fillAll(env, own, envValue(facts));
}

/**
 * Equal exactly for callers who make the same of this server's templates; '' where it has none. A connection made for one
 * is good for another only then. May hold secrets: for comparison alone.
 */
export function fillingOf(target: Target, facts: CallerFacts): string {
  const templates = templatesOf(target);
  if (templates.length === 0) return '';
  const filled = fillTarget(target, facts);
  const values = filled.kind === 'stdio' ? filled.env : filled.headers;
  return JSON.stringify(templates.map(([name]) => values[name] ?? null));
}

/** `user.` with a claim, or `header:` with the name of a field (RFC 9110, section 5.6.2). */
const template = /\$\{(?:user\.(id|email)|header:([!#$%&'*+\-.^_`|~0-9A-Za-z]+))\}/g;

type ValueOf = (claim: 'id' | 'email' | undefined, header: string | undefined) => string | undefined;

type Templates = readonly (readonly [name: string, text: string])[];

/** Names and texts of those that hold a template. Asked at every call, and the same for as long as the target is. */
function templatesOf(target: Target): Templates {
  let templates = known.get(target);
  if (templates === undefined) {
    templates = findTemplates(target);
    known.set(target, templates);
  }
  return templates;
}

const known = new WeakMap<Target, Templates>();

function findTemplates(target: Target): Templates {
  const values = target.kind === 'stdio' ? target.env : target.headers;
  const names = target.kind === 'stdio' ? (target.ownEnv ?? []) : Object.keys(values);
  return names.flatMap((name) => {
    const text = values[name];
    return text !== undefined && text.search(template) >= 0 ? [[name, text] as const] : [];
  });
}

function fillAll(values: Values, names: readonly string[], valueOf: ValueOf): Values {
  const filled = new Map(Object.entries(values));
  for (const name of names) {
    const given = filled.get(name);
    if (given === undefined) continue;
    const text = fill(given, valueOf);
    if (text === undefined) filled.delete(name);
    else filled.set(name, text);
  }
  return Object.fromEntries(filled);
}

/** undefined where something has no value: half of a credential is none. */
function fill(text: string, valueOf: ValueOf): string | undefined {
  let isWhole = true;
  const filled = text.replaceAll(template, (_, claim?: 'id' | 'email', header?: string) => {
    const value = valueOf(claim, header) ?? '';
    if (value === '' || control.test(value)) isWhole = false;
    return value;
  });
  return isWhole ? filled : undefined;
}

/** Line ends would begin another header, and NUL ends a variable; neither stands in the name of a user. */
const control = /[\x00-\x1f\x7f]/;

/** What users are called is told in UTF-8: as bytes, for which Node takes one character each. */
function headerValue(facts: CallerFacts): ValueOf {
  return (claim, header) => {
    if (claim === undefined) return headerOf(facts, header);
    const value = facts.claims?.[claim];
    return value && Buffer.from(value, 'utf8').toString('latin1');
  };
}

function envValue(facts: CallerFacts): ValueOf {
  return (claim, header) => {
    if (claim !== undefined) return facts.claims?.[claim];
    const value = headerOf(facts, header);
    return value && asText(value);
  };
}

function headerOf({ headers = {} }: CallerFacts, name = ''): string | undefined {
  const field = name.toLowerCase();
  return Object.hasOwn(headers, field) ? headers[field] : undefined;
}
