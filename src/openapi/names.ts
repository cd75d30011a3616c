// Names that the outside needs and a tool's own name cannot always be: operation ids, which models and code generators
// take for function names, and path segments. Both are unique, depend on nothing but names and their order, and keep
// the tool's name wherever it can stand. Texts (summary, description) are prepared.ts's.

import { reservedToolNames } from '../routes.ts';

/** What LLM APIs accept as a function name. */
const MAX_ID_CHARS = 64;
const HASH_CHARS = 6;
/** Far below the 8 KiB of a URL, so that prefix, server and query fit beside it. */
const MAX_ENCODED_SEGMENT_CHARS = 1024;
const MAX_WORD_CHARS = 48;

/**
 * Gives operation ids that match `^[A-Za-z_][A-Za-z0-9_-]{0,63}$` and differ in more than case. Who asks first gets the
 * plain id; whoever would repeat it gets one with a hash in it. `server` is undefined where ids carry no server.
 */
export function createOperationIds(): (server: string | undefined, tool: string) => string {
  const taken = new Set<string>();
  return (server, tool) => {
    const words = { server: serverWord(server), tool: toolWord(tool) };
    const mark = (salt: number) => hash(`${server ?? ''}\n${tool}`, salt);
    let id = joined(words.server, words.tool);
    if (id.length > MAX_ID_CHARS) id = marked(words, mark(0));
    for (let salt = 0; taken.has(id.toLowerCase()); salt++) id = marked(words, mark(salt));
    taken.add(id.toLowerCase());
    return id;
  };
}

/** The decoded path segments of one server's tools, in their order, all different. */
export function pathSegments(names: readonly string[]): string[] {
  const taken = new Set<string>();
  const plain = names.map((name) => {
    if (!canStandInPath(name) || taken.has(name)) return undefined;
    taken.add(name);
    return name;
  });
  return plain.map((segment, index) => segment ?? renamed(names[index] ?? '', taken));
}

/** A path segment as a document shows it: no `/`, no template braces. */
export function encodeSegment(segment: string): string {
  return encodeURIComponent(segment);
}

/** URL parsers resolve `.` and `..` even when they are encoded; a lone surrogate has no encoding. */
function canStandInPath(name: string): boolean {
  if (name === '' || name === '.' || name === '..' || reservedToolNames.has(name)) return false;
  return !/\p{Surrogate}/u.test(name) && encodeSegment(name).length <= MAX_ENCODED_SEGMENT_CHARS;
}

function renamed(name: string, taken: Set<string>): string {
  const word = toolWord(name).slice(0, MAX_WORD_CHARS);
  for (let salt = 0; ; salt++) {
    const segment = joined(word, hash(name, salt));
    if (!taken.has(segment)) {
      taken.add(segment);
      return segment;
    }
  }
}

/** `{server, cut}_{hash}_{tool}`, or, where the tool leaves no room for a hash, `{tool, cut}_{hash}`. */
function marked({ server, tool }: { readonly server: string; readonly tool: string }, mark: string): string {
  const end = joined(mark, tool);
  const room = MAX_ID_CHARS - end.length;
  if (room < 0) return joined(startable(tool).slice(0, MAX_ID_CHARS - HASH_CHARS - 1), mark);
  return joined(server.slice(0, Math.max(0, room - 1)), end);
}

function serverWord(server: string | undefined): string {
  return server === undefined ? '' : startable(toWord(server) ?? 'server');
}

function toolWord(tool: string): string {
  return toWord(tool) ?? 'tool';
}

/** With one `_` between them, and never two that neither had. */
function joined(left: string, right: string): string {
  const start = left.replace(/_$/, '');
  if (start === '') return startable(right);
  return right.startsWith('_') ? start + right : `${start}_${right}`;
}

function startable(word: string): string {
  return /^[A-Za-z_]/.test(word) ? word : `_${word}`;
}

/**
 * Runs of other characters become one `_`, which swallows its neighbours, so that `__` stays only where the name has it.
 * undefined if nothing readable is left.
 */
function toWord(name: string): string | undefined {
  let word = '';
  let made = false;
  for (const char of name) {
    if (word.length > MAX_ID_CHARS) break; // Too long for an id already: only the beginning will show.
    if (/[A-Za-z0-9-]/.test(char) || (char === '_' && !made)) {
      word += char;
      made = false;
    } else if (char !== '_') {
      if (!word.endsWith('_')) word += '_';
      made = true;
    }
  }
  return /[A-Za-z0-9]/.test(word) ? word : undefined;
}

/** FNV-1a, 32 bits. It only has to spread: collisions are looked for and salted. Begins with a letter. */
function hash(text: string, salt: number): string {
  let value = 0x811c9dc5;
  for (const unit of `${salt}\n${text}`) {
    value = Math.imul(value ^ (unit.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  }
  return `h${value
    .toString(36)
    .padStart(7, '0')
    .slice(-(HASH_CHARS - 1))}`;
}
